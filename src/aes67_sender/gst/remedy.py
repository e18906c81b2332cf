"""How GStreamer gets onto a computer, for the hints of errors. Importable without it."""

from __future__ import annotations

import platform
import sys
from typing import Final

#: The version of the wheels that pyproject.toml names.
WHEELS: Final = "1.28.7"
#: The first Python that has none.
TOO_NEW: Final = (3, 15)


def gstreamer_remedy(system: str, machine: str, python: tuple[int, int]) -> str:
    """What to do where GStreamer is missing; the arguments are as ``sys.platform`` and ``platform.machine()`` say."""
    if system == "linux":
        return (
            "Install it with: sudo apt install python3-gi gir1.2-gstreamer-1.0 gir1.2-gst-plugins-base-1.0 "
            "gstreamer1.0-plugins-base gstreamer1.0-plugins-good, and use a venv made with --system-site-packages."
        )
    if system not in {"win32", "darwin"}:
        return "Install GStreamer 1.22 or later and PyGObject as packages of your system."
    if python >= TOO_NEW:
        newest = f"{TOO_NEW[0]}.{TOO_NEW[1] - 1}"
        return f"There is no GStreamer {WHEELS} for Python {python[0]}.{python[1]}: use Python {newest} or older."
    if system == "win32" and machine != "AMD64":
        return (
            f"There is no GStreamer {WHEELS} for Windows on {machine or 'this processor'}. Tones need none; for other "
            "sources use a computer with an Intel or AMD processor."
        )
    return "Install it again with: pip install --force-reinstall aes67-sender"


REMEDY: Final = gstreamer_remedy(sys.platform, platform.machine(), sys.version_info[:2])
