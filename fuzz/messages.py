"""A message of each type, to begin with."""

from __future__ import annotations

from typing import Final

from aes67_sender.wire.ptp import Flag, Message, Tlv
from aes67_sender.wire.ptp_messages import (
    Announce,
    Body,
    ClockQuality,
    DelayReq,
    DelayResp,
    FollowUp,
    Management,
    PdelayReq,
    PdelayResp,
    PdelayRespFollowUp,
    Signaling,
    Sync,
)
from aes67_sender.wire.ptp_types import ClockIdentity, PortIdentity

MASTERS: Final = tuple(PortIdentity(ClockIdentity(bytes([0x10 + number]) * 8), 1) for number in range(4))
FOLLOWER: Final = PortIdentity(ClockIdentity(b"\x20" * 8), 1)
_TLVS: Final = (Tlv(8, bytes(16)), Tlv(9, bytes(20)), Tlv(0x2004, b""))


def announce(master: PortIdentity, priority1: int = 128) -> Announce:
    """As a master without GPS."""
    return Announce(0, 37, priority1, ClockQuality(248, 0xFE, 0xFFFF), 128, master.clock, 0, 0xA0)


def bodies(time_ns: int, master: PortIdentity, asking: PortIdentity, priority1: int = 128) -> tuple[Body, ...]:
    """One of each type."""
    return (
        Sync(time_ns),
        FollowUp(time_ns),
        DelayResp(time_ns, asking),
        announce(master, priority1),
        PdelayReq(time_ns),
        PdelayResp(time_ns, asking),
        PdelayRespFollowUp(time_ns, asking),
        DelayReq(time_ns),
        Signaling(asking),
        Management(asking, 1, 1, 0),
    )


EACH_TYPE: Final = tuple(
    Message(body, MASTERS[0], 0, 7, Flag.TWO_STEP, -5, tlvs=_TLVS if number > 2 else ())
    for number, body in enumerate(bodies(1_700_000_000_123_456_789, MASTERS[0], FOLLOWER))
)
