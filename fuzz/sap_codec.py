"""The SAP codec and directory on any octets: decoded is encoded to the same packet, or the one error is raised."""

from __future__ import annotations

import zlib
from ipaddress import IPv4Address, IPv6Address
from typing import Final

from aes67_sender.errors import WireError
from aes67_sender.logic.sap_directory import Limits, SapDirectory
from aes67_sender.wire.sap import SapPacket, decode, encode

_SDP: Final = (
    b"v=0\r\no=- 29054176 29054179 IN IP4 192.168.178.134\r\ns=Stage : 32\r\nc=IN IP4 239.69.205.203/32\r\nt=0 0\r\n"
    b"m=audio 5004 RTP/AVP 96\r\na=rtpmap:96 L24/48000/2\r\na=ptime:1\r\n"
    b"a=ts-refclk:ptp=IEEE1588-2008:00-1D-C1-FF-FE-14-E6-22:0\r\na=mediaclk:direct=0\r\n"
)
_V4: Final = IPv4Address("192.168.178.134")
_V6: Final = IPv6Address("fe80::1")

SEEDS: Final = (
    encode(SapPacket("announce", 0x1234, _V4, _SDP)),
    encode(SapPacket("delete", 0x1234, _V4, _SDP)),
    encode(SapPacket("announce", 7, _V6, _SDP, payload_type=None, authentication=bytes(8))),
    encode(SapPacket("announce", 7, _V4, _SDP, compressed=True)),
    encode(SapPacket("announce", 7, _V4, bytes(20), payload_type=None, encrypted=True)),
    bytes.fromhex("21000007c0a80001") + zlib.compress(bytes(100_000)),
)
_LIMITS: Final = Limits(sessions=2, candidates=1)


def check(octets: bytes) -> None:
    """Raises on anything that must not happen."""
    try:
        packet = decode(octets)
    except WireError:
        return
    assert decode(encode(packet)) == packet
    directory = SapDirectory(_LIMITS)
    for now_s in range(3):
        directory.hear(packet, float(now_s))
        directory.sessions(float(now_s))
    assert directory.count <= _LIMITS.sessions + _LIMITS.candidates
