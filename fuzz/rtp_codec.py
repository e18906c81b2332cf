"""The RTP codec on any octets: it decodes what it can encode again to the same, or raises its one error."""

from __future__ import annotations

from aes67_sender.errors import WireError
from aes67_sender.wire.rtp import RtpExtension, RtpPacket, decode, encode

SEEDS = (
    encode(RtpPacket(97, 1, 48, 0xCAFEBABE, bytes(12))),
    encode(
        RtpPacket(
            98,
            0xFFFF,
            0xFFFF_FFFF,
            0,
            bytes(6),
            csrcs=(1, 2),
            extension=RtpExtension(0xBEDE, bytes(8)),
            padding_bytes=3,
        )
    ),
)


def check(octets: bytes) -> None:
    """Raises on anything that must not happen."""
    try:
        packet = decode(octets)
    except WireError:
        return
    again = encode(packet)
    assert len(again) == len(octets)
    assert decode(again) == packet
    assert packet.padding_bytes or again == octets
