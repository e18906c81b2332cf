"""The bodies of PTP version 2 messages (IEEE 1588-2008 clause 13): frozen records, and their octets.

Reserved fields are kept, so that what is decoded can be encoded again to the same octets. Times are integers of ns.
``decode`` wants at least ``SIZE`` octets, and raises ``ValueError``, which ``ptp`` turns into ``WireError``.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from enum import IntEnum
from typing import ClassVar, Final, Self

from aes67_sender.units import NS_PER_S
from aes67_sender.wire.ptp_types import ClockIdentity, PortIdentity

_TIMESTAMP: Final = struct.Struct("!HII")
_PORT_BYTES: Final = 10
_MAX_SECONDS: Final = (1 << 48) - 1


class MessageType(IntEnum):
    """IEEE 1588-2008 table 19. Those below 8 are event messages: their times of sending and arrival are measured."""

    SYNC = 0x0
    DELAY_REQ = 0x1
    PDELAY_REQ = 0x2
    PDELAY_RESP = 0x3
    FOLLOW_UP = 0x8
    DELAY_RESP = 0x9
    PDELAY_RESP_FOLLOW_UP = 0xA
    ANNOUNCE = 0xB
    SIGNALING = 0xC
    MANAGEMENT = 0xD

    @property
    def is_event(self) -> bool:
        """Whether it goes to the event port and is time-stamped."""
        return self < MessageType.FOLLOW_UP

    @property
    def label(self) -> str:
        """As the standard writes it: ``Follow_Up``."""
        return self.name.title()


def encode_time(ns: int) -> bytes:
    """Ten octets: 48 bits of seconds, 32 of ns. ValueError beyond."""
    seconds, rest_ns = divmod(ns, NS_PER_S)
    if not 0 <= seconds <= _MAX_SECONDS:
        raise ValueError(f"{ns} ns is no PTP time")
    return _TIMESTAMP.pack(seconds >> 32, seconds & 0xFFFFFFFF, rest_ns)


def decode_time(octets: bytes) -> int:
    """Ns, from the first ten octets; 10⁹ ns and more are an error, not another second."""
    high, low, ns = _TIMESTAMP.unpack_from(octets)
    if ns >= NS_PER_S:
        raise ValueError(f"a second has no {ns} ns")
    return (high << 32 | low) * NS_PER_S + ns  # type: ignore[no-any-return]


def _decode_port(octets: bytes, start: int) -> PortIdentity:
    return PortIdentity.decode(octets[start : start + _PORT_BYTES])


@dataclass(frozen=True, slots=True)
class _TimeOnly:
    """A time stamp and nothing else."""

    SIZE: ClassVar = 10

    origin_ns: int = 0

    def encode(self) -> bytes:
        """Ten octets."""
        return encode_time(self.origin_ns)

    @classmethod
    def decode(cls, octets: bytes) -> Self:
        """From ten octets."""
        return cls(decode_time(octets))


@dataclass(frozen=True, slots=True)
class Sync(_TimeOnly):
    """Sync. A one-step master's ``origin_ns`` is the time it left; a two-step master's counts for nothing."""

    TYPE: ClassVar = MessageType.SYNC


@dataclass(frozen=True, slots=True)
class DelayReq(_TimeOnly):
    """Delay_Req; nobody needs its ``origin_ns``."""

    TYPE: ClassVar = MessageType.DELAY_REQ


@dataclass(frozen=True, slots=True)
class FollowUp(_TimeOnly):
    """Follow_Up: when the Sync of the same sequence number left."""

    TYPE: ClassVar = MessageType.FOLLOW_UP


@dataclass(frozen=True, slots=True)
class PdelayReq:
    """Pdelay_Req. ``reserved`` makes it as long as the answer."""

    TYPE: ClassVar = MessageType.PDELAY_REQ
    SIZE: ClassVar = 20
    _RESERVED: ClassVar = struct.Struct("10s")

    origin_ns: int = 0
    reserved: bytes = bytes(_RESERVED.size)

    def encode(self) -> bytes:
        """20 octets."""
        # struct would pad or cut it without a word.
        if len(self.reserved) != self._RESERVED.size:
            raise ValueError(f"{len(self.reserved)} reserved octets of {self._RESERVED.size}")
        return encode_time(self.origin_ns) + self.reserved

    @classmethod
    def decode(cls, octets: bytes) -> Self:
        """From 20 octets."""
        return cls(decode_time(octets), *cls._RESERVED.unpack_from(octets, _TIMESTAMP.size))


@dataclass(frozen=True, slots=True)
class _Answer:
    """A time stamp for the port that asked."""

    SIZE: ClassVar = 20

    time_ns: int
    requesting: PortIdentity

    def encode(self) -> bytes:
        """20 octets."""
        return encode_time(self.time_ns) + self.requesting.encode()

    @classmethod
    def decode(cls, octets: bytes) -> Self:
        """From 20 octets."""
        return cls(decode_time(octets), _decode_port(octets, _TIMESTAMP.size))


@dataclass(frozen=True, slots=True)
class DelayResp(_Answer):
    """Delay_Resp: when the Delay_Req came."""

    TYPE: ClassVar = MessageType.DELAY_RESP


@dataclass(frozen=True, slots=True)
class PdelayResp(_Answer):
    """Pdelay_Resp: when the Pdelay_Req came."""

    TYPE: ClassVar = MessageType.PDELAY_RESP


@dataclass(frozen=True, slots=True)
class PdelayRespFollowUp(_Answer):
    """Pdelay_Resp_Follow_Up: when the Pdelay_Resp left."""

    TYPE: ClassVar = MessageType.PDELAY_RESP_FOLLOW_UP


@dataclass(frozen=True, slots=True)
class ClockQuality:
    """IEEE 1588-2008 5.3.7; lower is better."""

    clock_class: int
    accuracy: int
    variance: int


@dataclass(frozen=True, slots=True)
class Announce:
    """Announce: who the grandmaster is, and how good. ``utc_offset_s`` is TAI minus UTC as announced, true or not."""

    TYPE: ClassVar = MessageType.ANNOUNCE
    SIZE: ClassVar = 30
    _WIRE: ClassVar = struct.Struct("!hBBBBHB8sHB")

    origin_ns: int
    utc_offset_s: int
    priority1: int
    quality: ClockQuality
    priority2: int
    grandmaster: ClockIdentity
    steps_removed: int
    time_source: int
    reserved: int = 0

    def encode(self) -> bytes:
        """30 octets."""
        quality = (self.quality.clock_class, self.quality.accuracy, self.quality.variance)
        master = (self.priority2, self.grandmaster.octets, self.steps_removed, self.time_source)
        return encode_time(self.origin_ns) + self._WIRE.pack(
            self.utc_offset_s, self.reserved, self.priority1, *quality, *master
        )

    @classmethod
    def decode(cls, octets: bytes) -> Self:
        """From 30 octets."""
        utc_offset_s, reserved, priority1, clock_class, accuracy, variance, priority2, master, steps, source = (
            cls._WIRE.unpack_from(octets, _TIMESTAMP.size)
        )
        quality = ClockQuality(clock_class, accuracy, variance)
        identity = ClockIdentity(master)
        time_ns = decode_time(octets)
        return cls(time_ns, utc_offset_s, priority1, quality, priority2, identity, steps, source, reserved)


@dataclass(frozen=True, slots=True)
class Signaling:
    """Signaling: what is signalled stands in the TLVs."""

    TYPE: ClassVar = MessageType.SIGNALING
    SIZE: ClassVar = 10

    target: PortIdentity

    def encode(self) -> bytes:
        """Ten octets."""
        return self.target.encode()

    @classmethod
    def decode(cls, octets: bytes) -> Self:
        """From ten octets."""
        return cls(_decode_port(octets, 0))


@dataclass(frozen=True, slots=True)
class Management:
    """Management: what is managed stands in the TLVs. ``action`` is a whole octet, its upper half reserved."""

    TYPE: ClassVar = MessageType.MANAGEMENT
    SIZE: ClassVar = 14

    target: PortIdentity
    starting_hops: int
    hops: int
    action: int
    reserved: int = 0

    def encode(self) -> bytes:
        """14 octets."""
        return self.target.encode() + struct.pack("4B", self.starting_hops, self.hops, self.action, self.reserved)

    @classmethod
    def decode(cls, octets: bytes) -> Self:
        """From 14 octets."""
        return cls(_decode_port(octets, 0), *struct.unpack_from("4B", octets, _PORT_BYTES))


Body = (
    Sync
    | DelayReq
    | PdelayReq
    | PdelayResp
    | FollowUp
    | DelayResp
    | PdelayRespFollowUp
    | Announce
    | Signaling
    | Management
)

BODIES: Final[dict[MessageType, type[Body]]] = {
    MessageType.SYNC: Sync,
    MessageType.DELAY_REQ: DelayReq,
    MessageType.PDELAY_REQ: PdelayReq,
    MessageType.PDELAY_RESP: PdelayResp,
    MessageType.FOLLOW_UP: FollowUp,
    MessageType.DELAY_RESP: DelayResp,
    MessageType.PDELAY_RESP_FOLLOW_UP: PdelayRespFollowUp,
    MessageType.ANNOUNCE: Announce,
    MessageType.SIGNALING: Signaling,
    MessageType.MANAGEMENT: Management,
}
