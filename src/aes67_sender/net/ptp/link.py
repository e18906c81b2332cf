"""Number and state of an interface, as often and as cheaply as a PTP port asks for them."""

from __future__ import annotations

import contextlib
import socket
import struct
import sys
from typing import TYPE_CHECKING, Final

import psutil

from aes67_sender.net.ptp.membership import Link

if TYPE_CHECKING:
    from aes67_sender.model.interface import Interface

_ON_LINUX: Final = bool(sys.platform == "linux")
# linux/sockios.h and linux/if.h
_SIOCGIFFLAGS: Final = 0x8913
_IFF_UP: Final = 1 << 0
_IFF_RUNNING: Final = 1 << 6
_NAME_BYTES: Final = 16
_IFREQ_BYTES: Final = 40


def look_at(interface: Interface, sock: socket.socket) -> Link | None:
    """``None`` where the interface is gone; ``sock`` is any socket, to ask by."""
    if _ON_LINUX:
        import fcntl  # noqa: PLC0415  not on Windows

        name = interface.name.encode()
        with contextlib.suppress(OSError):
            index = socket.if_nametoindex(interface.name)
            answer = fcntl.ioctl(sock, _SIOCGIFFLAGS, name.ljust(_IFREQ_BYTES, b"\0"))
            flags: int = struct.unpack_from("=H", answer, _NAME_BYTES)[0]
            both = _IFF_UP | _IFF_RUNNING
            return Link(index, running=flags & both == both)
        return None
    stats = psutil.net_if_stats().get(interface.name)
    if stats is None:
        return None
    index = 0
    if sys.platform != "win32":
        with contextlib.suppress(OSError):
            index = socket.if_nametoindex(interface.name)
    return Link(index, running=stats.isup)
