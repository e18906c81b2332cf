"""Session descriptions as others announce them, and their packets."""

from __future__ import annotations

from ipaddress import IPv4Address

from aes67_sender.wire.sap import SapMessage, SapPacket

HERE = "192.168.1.20"
THERE = "192.168.1.77"


def description(
    name: str = "Stage",
    *,
    session_id: int = 1,
    version: int = 1,
    origin: str = THERE,
    address: str = "239.69.7.1",
    port: int = 5004,
) -> str:
    """What a stage box says of a stream of two channels."""
    return (
        f"v=0\r\no=- {session_id} {version} IN IP4 {origin}\r\ns={name}\r\nc=IN IP4 {address}/32\r\nt=0 0\r\n"
        f"m=audio {port} RTP/AVP 97\r\na=recvonly\r\na=rtpmap:97 L24/48000/2\r\na=ptime:1\r\n"
        "a=ts-refclk:ptp=IEEE1588-2008:00-1D-C1-FF-FE-12-34-56:0\r\na=mediaclk:direct=0\r\n"
    )


def packet(text: str, number: int = 7, *, message: SapMessage = "announce", origin: str = THERE) -> SapPacket:
    """As it comes from the network."""
    return SapPacket(message, number, IPv4Address(origin), text.encode())


def sdp_version(text: str) -> int:
    """The version of the session in a description's ``o=`` line."""
    return int(text.split("o=- ")[1].split()[1])
