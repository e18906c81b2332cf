"""The one place that imports ``gi``. Importing it initialises nothing: ``runtime.load()`` does.

Raises:
    MachineError: at import, when PyGObject or GStreamer's introspection data is missing.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
import warnings
from typing import Final

from aes67_sender.errors import MachineError

REMEDY: Final = (
    "Install it with: sudo apt install python3-gi gir1.2-gstreamer-1.0 gir1.2-gst-plugins-base-1.0 "
    "gstreamer1.0-plugins-base gstreamer1.0-plugins-good, and use a venv made with --system-site-packages."
    if sys.platform == "linux"
    else "Install it again with: pip install --force-reinstall aes67-sender"
)

# The wheels put gi outside of sys.path. Their .pth file corrects that in a site directory, but not under
# PYTHONPATH or pip --target.
if importlib.util.find_spec("gi") is None and importlib.util.find_spec("gstreamer_libs") is not None:
    importlib.import_module("gstreamer_libs").setup_python_environment()

try:
    import gi  # noqa: TID251  this module is the importer the rule speaks of

    for _namespace in ("Gst", "GstApp", "GstAudio", "GstNet"):
        gi.require_version(_namespace, "1.0")
    with warnings.catch_warnings():
        # PyGObject before 3.44 imports its repository in a way that Python deprecates.
        warnings.simplefilter("ignore", ImportWarning)
        from gi.repository import GLib, Gst, GstApp, GstAudio, GstNet  # noqa: TID251  see above
except ImportError as error:
    raise MachineError("Python's binding for GStreamer (PyGObject) is not installed.", hint=REMEDY) from error
except ValueError as error:
    raise MachineError(f"GStreamer is not installed completely: {error}.", hint=REMEDY) from error

__all__ = ["REMEDY", "GLib", "Gst", "GstApp", "GstAudio", "GstNet"]
