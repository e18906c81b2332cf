"""The RTP codec on any octets: it decodes what it can encode again to the same, or raises its one error."""

from __future__ import annotations

from aes67_sender.wire.rtp import RtpExtension, RtpPacket, encode
from support.wire_checks import check_rtp as check

__all__ = ["SEEDS", "check"]

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
