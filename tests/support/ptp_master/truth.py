"""What time the scripted grandmaster serves, as a function of CLOCK_MONOTONIC: the truth that tests judge by."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True)
class Truth:
    """In force from ``monotonic_ns`` on: ``ptp_ns`` then, running at ``rate_ppm`` against CLOCK_MONOTONIC."""

    monotonic_ns: int
    ptp_ns: int
    rate_ppm: float = 0.0

    def at(self, monotonic_ns: int) -> int:
        """PTP time; exact, also long after."""
        elapsed_ns = monotonic_ns - self.monotonic_ns
        return self.ptp_ns + elapsed_ns + round(elapsed_ns * Fraction(self.rate_ppm) / 1_000_000)

    def changed(self, now_ns: int, *, jump_ns: int = 0, rate_ppm: float | None = None) -> Truth:
        """From now on another rate, or another time."""
        return Truth(now_ns, self.at(now_ns) + jump_ns, self.rate_ppm if rate_ppm is None else rate_ppm)

    def as_json(self) -> dict[str, Any]:
        """For a line of JSON."""
        return asdict(self)


def in_force(truths: Sequence[Truth], monotonic_ns: int) -> Truth:
    """The one that holds at an instant, the first one also before it began."""
    return next((truth for truth in reversed(truths) if truth.monotonic_ns <= monotonic_ns), truths[0])


def realtime_minus_monotonic_ns(readings: int = 200) -> int:
    """CLOCK_REALTIME minus CLOCK_MONOTONIC, a constant of the kernel until somebody sets the clock."""
    best: tuple[int, int] | None = None
    for _ in range(readings):
        before_ns, utc_ns, after_ns = time.monotonic_ns(), time.time_ns(), time.monotonic_ns()
        if best is None or after_ns - before_ns < best[0]:
            best = after_ns - before_ns, utc_ns - (before_ns + after_ns) // 2
    assert best
    return best[1]


def system_truth() -> Truth:
    """The truth of a ptp4l grandmaster, which serves CLOCK_REALTIME."""
    return Truth(0, realtime_minus_monotonic_ns())
