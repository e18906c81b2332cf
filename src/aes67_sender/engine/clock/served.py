"""The time that a grandmaster of ours serves: this computer's, as TAI."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from aes67_sender.engine.clock.system_time import kernel_time, read_together, system_time_ns
from aes67_sender.logic.system_clock import assumed_tai_utc
from aes67_sender.model.clock import ClockMapping
from aes67_sender.units import NS_PER_S
from aes67_sender.wire.ptp import Flag

if TYPE_CHECKING:
    from aes67_sender.logic.system_clock import TaiUtcOffset


@dataclass(frozen=True, slots=True)
class ServedTime:
    """``mapping`` leads from the monotonic clock to it; ``flags`` and ``utc_offset_s`` are what to announce.

    The offset is announced as valid only if somebody knows it. ``sentence`` says where it is from.
    """

    mapping: ClockMapping
    flags: Flag
    utc_offset_s: int
    sentence: str


def computer_time(tai_utc_offset: TaiUtcOffset) -> ServedTime:
    """This computer's time now, counted on by the monotonic clock: setting the clock later changes nothing."""
    kernel = kernel_time()
    tai_utc_s, sentence = assumed_tai_utc(tai_utc_offset, kernel)
    known = tai_utc_offset != "auto" or bool(kernel.tai_utc_s)
    now_ns, system_ns, _ = read_together(system_time_ns)
    return ServedTime(
        ClockMapping(now_ns, system_ns + tai_utc_s * NS_PER_S, 0.0, 0),
        Flag.PTP_TIMESCALE | (Flag.UTC_OFFSET_VALID if known else Flag.NONE),
        tai_utc_s,
        sentence,
    )
