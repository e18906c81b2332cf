"""The first line through a source's stamps, which one wild stamp at its start cannot tilt."""

from __future__ import annotations

from math import sqrt
from statistics import median
from typing import Final

from aes67_sender.logic.frame_line import FrameLine
from aes67_sender.units import NS_PER_S

LENGTH_S: Final = 1
FEWEST: Final = 8
#: The median of the sizes of normal errors, in standard deviations.
NORMAL: Final = 0.67


class FirstFit:
    """The stamps of the first second. Call from one thread."""

    def __init__(self, rate_hz: int) -> None:
        self._rate_hz = rate_hz
        self._stamps: list[tuple[int, int]] = []

    def add(self, frame: int, captured_ns: int) -> None:
        """Take one more; frames rise."""
        self._stamps.append((frame, captured_ns))

    @property
    def length_s(self) -> float:
        """How long it is by now."""
        return (self._stamps[-1][0] - self._stamps[0][0]) / self._rate_hz if self._stamps else 0.0

    @property
    def complete(self) -> bool:
        """Whether there is enough."""
        return len(self._stamps) >= FEWEST and self.length_s >= LENGTH_S

    def slope(self, limit: float) -> float:
        """The rate, as a part of the nominal one: the median from each stamp to the one half a window later.

        A quarter of the stamps may be anywhere.
        """
        half = len(self._stamps) // 2
        pairs = zip(self._stamps, self._stamps[half:], strict=False)
        paces = [
            (later[1] - sooner[1]) * self._rate_hz / ((later[0] - sooner[0]) * NS_PER_S) for sooner, later in pairs
        ]
        # Stamps of nonsense have no pace; the limit takes care of the rest.
        pace = max(median(paces), 1 / (1 + 2 * limit))
        return max(-limit, min(limit, 1 / pace - 1))

    def deviation(self, rate: float) -> float:
        """The likely error of a rate fitted to them, by how they scatter about its line."""
        _, errors = self.line(self._stamps[-1][0], rate)
        usual_s = median(abs(error_ns) for _, error_ns in errors) / NS_PER_S / NORMAL
        return usual_s * sqrt(12 / len(errors)) / self.length_s

    def line(self, frame: int, rate: float) -> tuple[FrameLine, list[tuple[int, int]]]:
        """The line of that rate amid the stamps, anchored at ``frame``, and each stamp's frame and error in ns."""
        origin, start_ns = self._stamps[0]
        line = FrameLine(self._rate_hz, origin, start_ns, rate)
        errors = [(first, captured_ns - line.time_of(first)) for first, captured_ns in self._stamps]
        middle_ns = median(error_ns for _, error_ns in errors)
        line.shift(middle_ns)
        line.advance(frame)
        return line, [(first, error_ns - round(middle_ns)) for first, error_ns in errors]
