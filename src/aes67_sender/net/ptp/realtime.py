"""Stamps of the system clock, told in time of the monotonic clock."""

from __future__ import annotations

import time
from typing import Final

from aes67_sender.monotonic import monotonic_ns
from aes67_sender.units import NS_PER_US

#: The two clocks run at one rate, so their distance can only jump. What looks like less than this is rounding.
_SMALLEST_STEP_NS: Final = NS_PER_US


class RealtimeOffset:
    """CLOCK_REALTIME minus CLOCK_MONOTONIC: constant but for steps of the system clock (Linux; suspend is one too).

    Each ``observe`` bounds it; all bounds since the last step together narrow it down to some ten ns.
    Reads no clock itself. One thread.
    """

    def __init__(self) -> None:
        self._low_ns: int | None = None
        self._high_ns = 0
        self._stepped_ns: int | None = None
        self.steps = 0

    def observe(self, before_ns: int, realtime_ns: int, after_ns: int) -> None:
        """The system clock read between two readings of the monotonic clock."""
        low, high = realtime_ns - after_ns, realtime_ns - before_ns
        if self._low_ns is None:
            self._low_ns, self._high_ns = low, high
            return
        apart = max(low - self._high_ns, self._low_ns - high)
        if apart <= 0:
            self._low_ns, self._high_ns = max(low, self._low_ns), min(high, self._high_ns)
            return
        self._low_ns, self._high_ns = low, high
        if apart > _SMALLEST_STEP_NS:
            self._stepped_ns = after_ns
            self.steps += 1

    @property
    def uncertainty_ns(self) -> int:
        """The largest error of a conversion."""
        return (self._high_ns - (self._low_ns or 0) + 1) // 2

    def monotonic_ns(self, realtime_ns: int, *, earliest_ns: int, latest_ns: int) -> int | None:
        """A stamp in monotonic time; ``None`` if it is outside of these bounds, or from before the last step.

        Call ``observe`` after the stamp was read: it finds a step between stamp and now. A stamp from before a step
        back by less than its own age is not found out; it is wrong by less than that age.
        """
        if self._low_ns is None:
            return None
        converted = realtime_ns - (self._low_ns + self._high_ns) // 2
        tolerance = self.uncertainty_ns
        if not earliest_ns - tolerance <= converted <= latest_ns + tolerance:
            return None
        if self._stepped_ns is not None and converted < self._stepped_ns:
            return None
        return converted


def observe_now(offset: RealtimeOffset, times: int = 1) -> int:
    """Let it see both clocks; gives the monotonic time afterwards."""
    after_ns = 0
    for _ in range(times):
        before_ns = monotonic_ns()
        realtime_ns = time.time_ns()
        after_ns = monotonic_ns()
        offset.observe(before_ns, realtime_ns, after_ns)
    return after_ns
