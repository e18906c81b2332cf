"""A straight line between a frame counter and monotonic time, exact for as long as it is kept near."""

from __future__ import annotations

from math import floor

from aes67_sender.units import NS_PER_S


class FrameLine:
    """``frame`` falls on ``time_ns + part_ns``; from there frames come at ``rate_hz * (1 + rate)`` per second.

    Counters and times are integers of any size, floats hold only what is left of a nanosecond and what the rate adds
    since the anchor: move the anchor along with ``advance`` and nothing is lost in weeks. Call from one thread.
    """

    __slots__ = ("frame", "part_ns", "rate", "rate_hz", "time_ns")

    def __init__(self, rate_hz: int, frame: int, time_ns: int, rate: float, part_ns: float = 0.0) -> None:
        self.rate_hz = rate_hz
        self.frame = frame
        self.time_ns = time_ns
        self.part_ns = part_ns
        self.rate = rate

    def copy(self) -> FrameLine:
        """The same line, to be moved on its own."""
        return FrameLine(self.rate_hz, self.frame, self.time_ns, self.rate, self.part_ns)

    def advance(self, frame: int) -> None:
        """Move the anchor along the line, to ``frame``."""
        self.time_ns, self.part_ns = self._time_of(frame, 0.0)
        self.frame = frame

    def shift(self, late_ns: float) -> None:
        """Let every frame fall so much later."""
        part_ns = self.part_ns + late_ns
        carry_ns = floor(part_ns)
        self.time_ns += carry_ns
        self.part_ns = part_ns - carry_ns

    def behind_ns(self, other: FrameLine) -> float:
        """How much later this anchor falls than the other's, which must be at the same frame."""
        return (self.time_ns - other.time_ns) + (self.part_ns - other.part_ns)

    def position_at(self, monotonic_ns: int) -> tuple[int, float]:
        """Number of the frame at an instant, and how much of it has passed (0 up to 1)."""
        elapsed_ns = monotonic_ns - self.time_ns
        frames, rest = divmod(elapsed_ns * self.rate_hz, NS_PER_S)
        # The exact part stands in the integers; this is what the rate and the split nanosecond add.
        more = (elapsed_ns * self.rate - self.part_ns * (1 + self.rate)) * self.rate_hz
        part = (rest + more) / NS_PER_S
        whole = floor(part)
        fraction = part - whole
        # A tiny negative number rounds to a whole frame.
        return (self.frame + frames + whole, fraction) if fraction < 1 else (self.frame + frames + whole + 1, 0.0)

    def time_of(self, frame: int, fraction: float = 0.0) -> int:
        """The instant of a position, to the nearest nanosecond."""
        time_ns, part_ns = self._time_of(frame, fraction)
        return time_ns + round(part_ns)

    def _time_of(self, frame: int, fraction: float) -> tuple[int, float]:
        nominal_ns, rest = divmod((frame - self.frame) * NS_PER_S, self.rate_hz)
        more_ns = (rest + fraction * NS_PER_S) / self.rate_hz
        part_ns = self.part_ns + more_ns - (nominal_ns + more_ns) * self.rate / (1 + self.rate)
        carry_ns = floor(part_ns)
        return self.time_ns + nominal_ns + carry_ns, part_ns - carry_ns
