"""PTP version 2 messages as octets (IEEE 1588-2008, clause 13)."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Final

EVENT_PORT: Final = 319
GENERAL_PORT: Final = 320

SYNC, DELAY_REQ, PDELAY_REQ, PDELAY_RESP = 0x0, 0x1, 0x2, 0x3
FOLLOW_UP, DELAY_RESP, PDELAY_RESP_FOLLOW_UP, ANNOUNCE = 0x8, 0x9, 0xA, 0xB
NAMES: Final = {
    SYNC: "sync",
    DELAY_REQ: "delay_req",
    PDELAY_REQ: "pdelay_req",
    PDELAY_RESP: "pdelay_resp",
    FOLLOW_UP: "follow_up",
    DELAY_RESP: "delay_resp",
    PDELAY_RESP_FOLLOW_UP: "pdelay_resp_follow_up",
    ANNOUNCE: "announce",
}
_CONTROL: Final = {SYNC: 0, DELAY_REQ: 1, FOLLOW_UP: 2, DELAY_RESP: 3}
_EVENT_KINDS: Final = {SYNC, DELAY_REQ, PDELAY_REQ, PDELAY_RESP}

ALTERNATE_MASTER, TWO_STEP, UNICAST = 0x0100, 0x0200, 0x0400
UTC_OFFSET_VALID, PTP_TIMESCALE = 0x0004, 0x0008
NO_INTERVAL: Final = 0x7F

_HEADER: Final = struct.Struct("!BBHBxHq4x8sHHBb")
_ANNOUNCE: Final = struct.Struct("!10xhxBBBHB8sHB")


@dataclass(frozen=True, slots=True)
class Header:
    """``correction`` is in units of 2**-16 ns; ``source`` is the ten octets of a port identity."""

    kind: int
    domain: int
    source: bytes
    sequence: int
    flags: int = 0
    correction: int = 0
    log_interval: int = 0
    sdo: int = 0

    @property
    def is_event(self) -> bool:
        """Whether it belongs on the event port, and is stamped."""
        return self.kind in _EVENT_KINDS


def encode(header: Header, body: bytes) -> bytes:
    """One message."""
    head = _HEADER.pack(
        header.sdo << 4 | header.kind,
        2,
        _HEADER.size + len(body),
        header.domain,
        header.flags,
        header.correction,
        header.source[:8],
        int.from_bytes(header.source[8:]),
        header.sequence & 0xFFFF,
        _CONTROL.get(header.kind, 5),
        header.log_interval,
    )
    return head + body


def decode(octets: bytes) -> tuple[Header, bytes] | None:
    """Header and body; ``None`` for what is not PTP version 2."""
    if len(octets) < _HEADER.size or octets[1] & 0x0F != 2:
        return None
    first, _, size, domain, flags, correction, clock, port, sequence, _, interval = _HEADER.unpack_from(octets)
    source = clock + port.to_bytes(2)
    header = Header(first & 0x0F, domain, source, sequence, flags, correction, interval, first >> 4)
    return header, octets[_HEADER.size : size]


def timestamp(ptp_ns: int) -> bytes:
    """Ten octets: seconds in 48 bits, nanoseconds in 32."""
    seconds, ns = divmod(ptp_ns, 1_000_000_000)
    return seconds.to_bytes(6) + ns.to_bytes(4)


def announce_body(
    *,
    utc_offset_s: int,
    priority1: int,
    clock_class: int,
    priority2: int,
    grandmaster: bytes,
    steps_removed: int,
) -> bytes:
    """What follows the header of an Announce; accuracy 100 ns, internal oscillator."""
    quality = (clock_class, 0x21, 0x4E5D)
    return _ANNOUNCE.pack(utc_offset_s, priority1, *quality, priority2, grandmaster, steps_removed, 0xA0)


def correction_of(ns: float) -> int:
    """Nanoseconds as a correctionField."""
    return round(ns * 65536)
