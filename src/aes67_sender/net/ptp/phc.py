"""Stamps of an interface's own clock (PHC), told in time of the monotonic clock."""

from __future__ import annotations

from collections import deque
from typing import Final

from aes67_sender.units import NS_PER_MS, NS_PER_S, NS_PER_US

#: Between two looks at the PHC: its rate changes by some ppm when somebody steers it, so 125 ms cost below 1 µs.
LOOK_EVERY_NS: Final = NS_PER_S // 8
_LOOKS: Final = 16
#: With less between its ends, noise of the looks says more than the slope.
_BASELINE_NS: Final = 50 * NS_PER_MS
#: 500 ppm over a look is 63 µs; what is farther off than this was stepped.
_STEP_NS: Final = 200 * NS_PER_US


class PhcMap:
    """A line through the last two seconds of looks at both clocks. Reads no clock itself. One thread."""

    def __init__(self) -> None:
        #: PHC, monotonic.
        self._looks: deque[tuple[int, int]] = deque(maxlen=_LOOKS)
        self._slope = 1.0
        self._centre = (0, 0)
        self.steps = 0

    def observe(self, before_ns: int, phc_ns: int, after_ns: int) -> None:
        """The PHC read between two readings of the monotonic clock."""
        middle_ns = (before_ns + after_ns) // 2
        if self._looks and abs(self._convert(phc_ns) - middle_ns) > _STEP_NS + (after_ns - before_ns):
            self._looks.clear()
            self.steps += 1
        self._looks.append((phc_ns, middle_ns))
        self._fit()

    def is_due(self, now_ns: int) -> bool:
        """Whether to look again."""
        return not self._looks or now_ns - self._looks[-1][1] >= LOOK_EVERY_NS

    def monotonic_ns(self, phc_ns: int, *, earliest_ns: int, latest_ns: int) -> int | None:
        """A stamp in monotonic time; ``None`` if it is outside of these bounds, as across a step of the PHC."""
        if not self._looks:
            return None
        converted = self._convert(phc_ns)
        # Looks and rate are known to about a microsecond.
        if not earliest_ns - 10 * NS_PER_US <= converted <= latest_ns + 10 * NS_PER_US:
            return None
        return converted

    def _convert(self, phc_ns: int) -> int:
        return self._centre[1] + round((phc_ns - self._centre[0]) * self._slope)

    def _fit(self) -> None:
        """Least squares, about the means; the differences are small enough for floats, the times are not."""
        last_phc_ns, last_mono_ns = self._looks[-1]
        if last_mono_ns - self._looks[0][1] < _BASELINE_NS:
            self._slope, self._centre = 1.0, (last_phc_ns, last_mono_ns)
            return
        x = [phc_ns - last_phc_ns for phc_ns, _ in self._looks]
        y = [mono_ns - last_mono_ns for _, mono_ns in self._looks]
        mean_x, mean_y = sum(x) / len(x), sum(y) / len(y)
        above = sum((a - mean_x) * (b - mean_y) for a, b in zip(x, y, strict=True))
        below = sum((a - mean_x) ** 2 for a in x)
        self._slope = above / below
        self._centre = last_phc_ns + round(mean_x), last_mono_ns + round(mean_y)
