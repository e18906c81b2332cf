"""UDP in IPv4 packets that were captured whole (RFC 791, 768)."""

from __future__ import annotations

import socket
from dataclasses import dataclass
from typing import Final

_UDP_PROTOCOL: Final = 17
_UDP_HEADER_BYTES: Final = 8
_IP_HEADER_BYTES: Final = 20
_MORE_OR_OFFSET: Final = 0x3FFF


@dataclass(frozen=True, slots=True)
class Datagram:
    """A UDP datagram that came. ``ttl`` and ``dscp`` are -1, ``mac`` empty where not known.

    ``arrival_ns`` is on the monotonic clock; from a file, on that of who captured it. ``fragment``: a part only.
    """

    octets: bytes
    arrival_ns: int
    source: str
    ttl: int = -1
    dscp: int = -1
    destination: str = ""
    port: int = 0
    mac: str = ""
    fragment: bool = False


def udp_in(packet: bytes, arrival_ns: int, mac: str = "") -> Datagram | None:
    """The datagram in an IPv4 packet; ``None`` for all else, whatever the octets. Fragments have no port but 0."""
    if len(packet) < _IP_HEADER_BYTES or packet[0] >> 4 != 4 or packet[9] != _UDP_PROTOCOL:  # noqa: PLR2004  IPv4
        return None
    start, end = (packet[0] & 0x0F) * 4, int.from_bytes(packet[2:4])
    # An interface that cuts large packets itself is captured before it has written their length.
    udp = packet[start : end or len(packet)]
    fragment = int.from_bytes(packet[6:8]) & _MORE_OR_OFFSET != 0
    if start < _IP_HEADER_BYTES or (len(udp) < _UDP_HEADER_BYTES and not fragment):
        return None
    first = int.from_bytes(packet[6:8]) & 0x1FFF == 0 and len(udp) >= _UDP_HEADER_BYTES
    return Datagram(
        octets=udp[_UDP_HEADER_BYTES : int.from_bytes(udp[4:6])] if first else b"",
        arrival_ns=arrival_ns,
        source=socket.inet_ntoa(packet[12:16]),
        ttl=packet[8],
        dscp=packet[1] >> 2,
        destination=socket.inet_ntoa(packet[16:20]),
        port=int.from_bytes(udp[2:4]) if first else 0,
        mac=mac,
        fragment=fragment,
    )
