"""What Linux tells beside a datagram: its stamps, and the interface it came by (``recvmsg``'s ancillary data)."""

from __future__ import annotations

import socket
import struct
from typing import TYPE_CHECKING, Final, TypeAlias

from aes67_sender.units import NS_PER_S

if TYPE_CHECKING:
    from collections.abc import Iterable

ControlMessages: TypeAlias = "Iterable[tuple[int, int, bytes]]"
#: The kernel's stamp (ns of CLOCK_REALTIME) and the interface's (ns of its PHC); ``None`` where not taken.
Stamps: TypeAlias = tuple[int | None, int | None]

# Not in the socket module. asm-generic/socket.h; the "new" one has 64-bit times on 32-bit machines too (Linux 5.1).
SO_TIMESTAMPING_NEW: Final = 65
# linux/in.h
IP_PKTINFO: Final = 8
# linux/errqueue.h: struct scm_timestamping64, times of software, (unused), raw hardware.
_STAMPS: Final = struct.Struct("=6q")
# linux/in.h: struct in_pktinfo.
_PKTINFO: Final = struct.Struct("=i4s4s")
#: Room for stamps, pktinfo, and struct sock_extended_err with an address, each with its header.
CONTROL_BYTES: Final = 256


def stamps_of(messages: ControlMessages) -> Stamps:
    """The stamps, if the system has told any."""
    for level, kind, data in messages:
        if level == socket.SOL_SOCKET and kind == SO_TIMESTAMPING_NEW and len(data) >= _STAMPS.size:
            software_s, software_ns, _, _, raw_s, raw_ns = _STAMPS.unpack_from(data)
            # Zero is how the kernel writes "not taken".
            return (software_s * NS_PER_S + software_ns) or None, (raw_s * NS_PER_S + raw_ns) or None
    return None, None


def interface_of(messages: ControlMessages) -> int | None:
    """Index of the interface it came by; ``None`` if not told."""
    for level, kind, data in messages:
        if level == socket.IPPROTO_IP and kind == IP_PKTINFO and len(data) >= _PKTINFO.size:
            index: int = _PKTINFO.unpack_from(data)[0]
            return index
    return None
