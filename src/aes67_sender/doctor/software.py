"""Gathers what is installed."""

from __future__ import annotations

import contextlib
import importlib.metadata
import importlib.util
import os
import platform
import shutil
import stat
import struct
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from aes67_sender.doctor.child import ask
from aes67_sender.doctor.rights import CAP_NET_BIND_SERVICE, has_capability
from aes67_sender.gst.inspection import facts_from
from aes67_sender.logic.doctor.software import HelperFacts, PythonFacts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aes67_sender.logic.doctor.software import GStreamerFacts

_OWN_NAME: Final = "aes67-sender"
_WHEELS: Final = "gstreamer-"
#: The first scan of all plug-ins; half a minute on a slow disk under Windows.
_INSPECTION_S: Final = 80.0
_HELPER: Final = "gst-ptp-helper.exe" if sys.platform == "win32" else "gst-ptp-helper"
#: Where distributions put it; the name of the folder in the middle is the machine's on Debian.
_HELPER_FOLDERS: Final = (
    "/usr/lib/*/gstreamer1.0/gstreamer-1.0",
    "/usr/libexec/gstreamer-1.0",
    "/usr/lib/gstreamer-1.0",
    "/usr/lib64/gstreamer-1.0",
    "/opt/homebrew/libexec/gstreamer-1.0",
    "/Library/Frameworks/GStreamer.framework/Versions/1.0/libexec/gstreamer-1.0",
)
#: struct vfs_cap_data: magic, permitted and inheritable, lower half first.
_FILE_CAPABILITIES: Final = struct.Struct("<III")


def python_facts() -> PythonFacts:
    """This Python, and GStreamer's wheels if there are any."""
    wheels: dict[str, str] = {}
    for each in importlib.metadata.distributions():
        name = (each.metadata["Name"] or "").casefold().replace("_", "-")
        if name.startswith(_WHEELS):
            # The first on the path is the one that is imported.
            wheels.setdefault(name, each.version)
    try:
        own = importlib.metadata.version(_OWN_NAME)
    except importlib.metadata.PackageNotFoundError:
        own = "not installed"
    return PythonFacts(sys.version_info[:3], 8 * struct.calcsize("P"), own, wheels)


def gstreamer_facts() -> GStreamerFacts:
    """By a process of its own; its first scan of plug-ins may take ten seconds.

    Raises:
        ChildError: it crashed or hung.
    """
    return facts_from(ask("aes67_sender.gst.inspection", within_s=_INSPECTION_S))


def helper_facts(first_unprivileged: int | None) -> HelperFacts:
    """GStreamer's PTP helper; ``first_unprivileged``: from which port on anybody may open ports."""
    found = next(_helpers(), None)
    if found is None:
        return HelperFacts("")
    if sys.platform == "win32":
        return HelperFacts(str(found), needs_rights=False)
    status = found.stat()
    setuid_root = bool(status.st_mode & stat.S_ISUID) and status.st_uid == 0
    free = first_unprivileged is not None and first_unprivileged <= 319  # noqa: PLR2004  PTP's first port
    # A program inherits what its user may, if not what another program's file may.
    allowed = has_capability(CAP_NET_BIND_SERVICE) if sys.platform == "linux" else os.geteuid() == 0
    return HelperFacts(str(found), setuid_root=setuid_root, may_bind=_may_bind(found) or free or bool(allowed))


def _helpers() -> Iterator[Path]:
    named = os.environ.get("GST_PTP_HELPER_1_0") or os.environ.get("GST_PTP_HELPER")
    if named:
        if Path(named).is_file():
            yield Path(named)
        return
    package = importlib.util.find_spec("gstreamer_libs")
    if package is not None and package.origin is not None:
        yield from _in(Path(package.origin).parent / "libexec" / "gstreamer-1.0")
    for folder in _HELPER_FOLDERS:
        for each in sorted(Path("/").glob(folder[1:])):
            yield from _in(each)
    on_path = shutil.which(_HELPER)
    if on_path:
        yield Path(on_path)


def _in(folder: Path) -> Iterator[Path]:
    with contextlib.suppress(OSError):
        if (folder / _HELPER).is_file():
            yield folder / _HELPER


def _may_bind(path: Path) -> bool:
    if sys.platform != "linux":
        return False
    with contextlib.suppress(OSError, struct.error):
        _, permitted, _ = _FILE_CAPABILITIES.unpack_from(os.getxattr(path, "security.capability"))
        return bool(permitted & CAP_NET_BIND_SERVICE)
    return False


def system_name() -> str:
    """The operating system in a few words, for reports; no name of the computer."""
    release = platform.release()
    with contextlib.suppress(OSError):
        release = f"{platform.freedesktop_os_release().get('PRETTY_NAME', '')}, kernel {release}"
    return f"{platform.system()} {release}, {platform.machine()}"
