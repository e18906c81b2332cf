"""Listens for IGMP queries, and gives a querier cause to ask."""

from __future__ import annotations

import contextlib
import socket
import struct
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

from aes67_sender.errors import MachineError
from aes67_sender.logic.doctor.multicast import QuerierFacts
from aes67_sender.net.receive_socket import Wanted, open_receive_socket

if TYPE_CHECKING:
    from aes67_sender.model.interface import Interface

_PROC_IGMP: Final = Path("/proc/net/igmp")
#: Left at once after joining, so that a querier asks whether anybody stays.
_PROBE_GROUP: Final = "239.255.67.253"
_PROBE_PORT: Final = 56_768
_JOINED_S: Final = 0.3
_IGMP: Final = 2
_QUERY: Final = 0x11
_VERSION_3_BYTES: Final = 12
_IP_HEADER_BYTES: Final = 20
_LONGEST_BYTES: Final = 2048
# linux/if_packet.h, linux/if_ether.h
_SOL_PACKET: Final = 263
_PACKET_ADD_MEMBERSHIP: Final = 1
_PACKET_MR_ALLMULTI: Final = 2
_ETH_P_IP: Final = 0x0800


def listen_for_querier(interface: Interface, seconds: float) -> QuerierFacts:
    """Blocks for ``seconds``. Hears queries where this user may; asks nothing itself, but leaves a group."""
    found: dict[str, int] = {}
    sock = _open(interface)
    if sock is None:
        return QuerierFacts(interface.name, seconds, listened=False, queriers={}, remembers=_remembers(interface.name))
    with sock:
        until_s = time.monotonic() + seconds
        _join_and_leave(interface, min(_JOINED_S, seconds / 4))
        while (left_s := until_s - time.monotonic()) > 0:
            sock.settimeout(left_s)
            with contextlib.suppress(OSError):
                query = query_in(sock.recv(_LONGEST_BYTES))
                if query and query[0] != interface.address:
                    found[query[0]] = query[1]
    return QuerierFacts(interface.name, seconds, listened=True, queriers=found, remembers=_remembers(interface.name))


def query_in(packet: bytes) -> tuple[str, int] | None:
    """Who asks in an IPv4 packet, and in which version (RFC 1112, 2236, 3376); ``None`` for all that is no query."""
    if len(packet) < _IP_HEADER_BYTES or packet[0] >> 4 != 4 or packet[9] != _IGMP:  # noqa: PLR2004  IPv4
        return None
    igmp = packet[(packet[0] & 0x0F) * 4 : int.from_bytes(packet[2:4])]
    if len(igmp) < 8 or igmp[0] != _QUERY:  # noqa: PLR2004  the shortest there is
        return None
    version = 3 if len(igmp) >= _VERSION_3_BYTES else 2 if igmp[1] else 1
    return socket.inet_ntoa(packet[12:16]), version


def _open(interface: Interface) -> socket.socket | None:
    sock: socket.socket | None = None
    try:
        if sys.platform == "linux":
            sock = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(_ETH_P_IP))
            sock.bind((interface.name, _ETH_P_IP))
            # Queries about one group go to that group, which has just been left.
            membership = struct.pack("@iHH8s", socket.if_nametoindex(interface.name), _PACKET_MR_ALLMULTI, 0, bytes(8))
            sock.setsockopt(_SOL_PACKET, _PACKET_ADD_MEMBERSHIP, membership)
        else:
            sock = socket.socket(socket.AF_INET, socket.SOCK_RAW, _IGMP)
            sock.bind((interface.address or "", 0))
    except OSError:
        if sock is not None:
            sock.close()
        return None
    return sock


def _join_and_leave(interface: Interface, joined_s: float) -> None:
    with contextlib.suppress(MachineError), open_receive_socket(Wanted(_PROBE_GROUP, _PROBE_PORT, interface)):
        time.sleep(joined_s)


def _remembers(name: str) -> bool:
    """Whether the kernel speaks an older version than 3 here because a querier of that version has been heard."""
    with contextlib.suppress(OSError):
        return is_older_version(_PROC_IGMP.read_text(), name)
    return False


def is_older_version(table: str, name: str) -> bool:
    """From the text of ``/proc/net/igmp``: ``4  eth0  :  1  V2``."""
    for line in table.splitlines():
        words = line.replace(":", " ").split()
        if len(words) >= 4 and words[1] == name:  # noqa: PLR2004  number, name, groups, version
            return words[3] in {"V1", "V2"}
    return False
