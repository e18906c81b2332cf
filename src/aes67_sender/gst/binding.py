"""The one place that imports ``gi``. Importing it initialises nothing: ``runtime.load()`` does.

Raises:
    MachineError: at import, when PyGObject or GStreamer's introspection data is missing.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import warnings

from aes67_sender.errors import MachineError
from aes67_sender.gst.registry import keep_writable
from aes67_sender.gst.remedy import REMEDY

# The wheels put gi outside of sys.path. Their .pth file corrects that in a site directory, but not under
# PYTHONPATH or pip --target.
if importlib.util.find_spec("gi") is None and importlib.util.find_spec("gstreamer_libs") is not None:
    importlib.import_module("gstreamer_libs").setup_python_environment()
keep_writable(os.environ)

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
