"""Starts GStreamer, once, and finds its elements."""

from __future__ import annotations

import importlib.util
import logging
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Final

from aes67_sender.errors import MachineError
from aes67_sender.gst.binding import REMEDY, GLib, Gst

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aes67_sender.gst.elements import Value

log = logging.getLogger(__name__)
OLDEST: Final = (1, 22)
_NEEDED: Final = (
    "appsink",
    "appsrc",
    "audioconvert",
    "capsfilter",
    "decodebin",
    "fdsrc",
    "filesrc",
    "rawaudioparse",
)
_JACK_REMEDY: Final = (
    "Install it with: sudo apt install gstreamer1.0-plugins-good libjack-jackd2-0"
    if sys.platform == "linux"
    else "Install JACK 2 from https://jackaudio.org, then start the sender again."
)
_lock = threading.Lock()
_loaded = False


def load() -> None:
    """Initialise GStreamer; later calls return at once. Any thread; the first call may take seconds.

    Raises:
        MachineError: GStreamer does not start, is older than 1.22, or lacks plugins no source can do without.
    """
    global _loaded  # noqa: PLW0603  GStreamer itself is one per process
    with _lock:
        if _loaded:
            return
        try:
            Gst.init(None)
        except GLib.Error as error:
            raise MachineError(f"GStreamer does not start: {error.message}.", hint=REMEDY) from error
        if version() < OLDEST:
            found = ".".join(map(str, version()))
            raise MachineError(f"GStreamer {found} is too old: 1.22 or later is needed.", hint=REMEDY)
        if missing := missing_elements():
            raise MachineError(f"GStreamer lacks the elements {', '.join(missing)}.", hint=REMEDY)
        _quieten()
        _loaded = True


def missing_elements() -> tuple[str, ...]:
    """Those that no source can do without and that are not there. After ``Gst.init``."""
    return tuple(name for name in _NEEDED if find(name) is None)


def _quieten() -> None:
    """Send GStreamer's own warnings to the log: on stderr they would spoil the live status."""
    levels = GLib.LogLevelFlags.LEVEL_WARNING | GLib.LogLevelFlags.LEVEL_CRITICAL
    for domain in ("GStreamer", "GStreamer-Audio"):
        GLib.log_set_handler(domain, levels, _log, None)


def _log(domain: str | None, _level: GLib.LogLevelFlags, text: str, _data: None) -> None:
    # Any thread of GStreamer; a logging handler that fails prints its own traceback.
    log.debug("%s: %s", domain, text)


def version() -> tuple[int, int, int]:
    """GStreamer's version: major, minor, micro. Not before ``load()``: some bindings refuse it then."""
    major, minor, micro, _ = Gst.version()
    return major, minor, micro


def find(factory: str) -> Gst.ElementFactory | None:
    """The factory of that name, ``None`` when its plugin is not installed."""
    found = Gst.ElementFactory.find(factory)
    if found is None and factory == "jackaudiosrc" and sys.platform != "linux":
        return _find_jack_after_all()
    return found


def _find_jack_after_all() -> Gst.ElementFactory | None:
    """Load the wheel's JACK plugin by file: cached as empty when JACK was installed after GStreamer's first run."""
    package = importlib.util.find_spec("gstreamer_plugins")
    if package is None or package.origin is None:
        return None
    name = "gstjack.dll" if sys.platform == "win32" else "libgstjack.dylib"
    try:
        Gst.Plugin.load_file(str(Path(package.origin).parent / "lib" / "gstreamer-1.0" / name))
    except GLib.Error:
        return None
    return Gst.ElementFactory.find("jackaudiosrc")


def element(factory: str, name: str, props: Mapping[str, Value]) -> Gst.Element:
    """Make one element with all its properties set; enums and caps are given as gst-launch writes them.

    Raises:
        MachineError: the element's plugin is not installed.
    """
    found = find(factory)
    # create() returns None or raises, depending on the version; factories found beforehand do neither.
    made = found.create(name or None) if found is not None else None
    if made is None:
        raise MachineError(f"GStreamer lacks the element {factory}.", hint=_remedy(factory))
    for key, value in props.items():
        if isinstance(value, str):
            Gst.util_set_object_arg(made, key, value)
        else:
            made.set_property(key, value)
    return made


def _remedy(factory: str) -> str:
    if factory == "jackaudiosrc":
        return _JACK_REMEDY
    return REMEDY
