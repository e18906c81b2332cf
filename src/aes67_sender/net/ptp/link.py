"""Number and state of an interface, as often and as cheaply as a PTP port asks for them."""

from __future__ import annotations

import contextlib
import socket
import struct
import sys
from typing import TYPE_CHECKING, Final

import psutil

from aes67_sender.net.ptp.membership import Link

if sys.platform == "linux":
    import fcntl

if TYPE_CHECKING:
    from aes67_sender.model.interface import Interface

# linux/sockios.h and linux/if.h
_SIOCGIFFLAGS: Final = 0x8913
_IFF_UP: Final = 1 << 0
_IFF_RUNNING: Final = 1 << 6
_NAME_BYTES: Final = 16
_IFREQ_BYTES: Final = 40


def look_at(interface: Interface, sock: socket.socket) -> Link | None:
    """``None`` where the interface is gone; ``sock`` is any socket, to ask by."""
    link: Link | None = None
    if sys.platform == "linux":
        name = interface.name.encode()
        with contextlib.suppress(OSError):
            index = socket.if_nametoindex(interface.name)
            answer = fcntl.ioctl(sock, _SIOCGIFFLAGS, name.ljust(_IFREQ_BYTES, b"\0"))
            flags: int = struct.unpack_from("=H", answer, _NAME_BYTES)[0]
            both = _IFF_UP | _IFF_RUNNING
            link = Link(index, running=flags & both == both)
    elif stats := psutil.net_if_stats().get(interface.name):
        link = Link(0, running=stats.isup)
        if sys.platform != "win32":
            with contextlib.suppress(OSError):
                link = Link(socket.if_nametoindex(interface.name), running=stats.isup)
    return link
