"""When another epoch is believed: at once the first time, and later the more often there was one.

Each step is 10 ms of silence, another run of time stamps and a new session description. A grandmaster that hops between
two times, or two of them that take turns, must not cost that every second.
"""

from __future__ import annotations

from collections import deque
from typing import Final

from aes67_sender.units import NS_PER_S

#: Steps are remembered for so long, and so many of them.
MEMORY_NS: Final = 600 * NS_PER_S
_MOST: Final = 6
#: What another epoch must last after one step, after two twice as long, and so on: a minute at most.
FIRST_NS: Final = 2 * NS_PER_S


class StepDoubt:
    """Doubt about one media clock's epochs. Time is monotonic ns; one owner."""

    def __init__(self) -> None:
        self._steps: deque[int] = deque(maxlen=_MOST)
        self._away_ns: int | None = None

    def patience_ns(self, now_ns: int) -> int:
        """How long another epoch must last now; 0 where there was no step lately."""
        while self._steps and now_ns - self._steps[0] > MEMORY_NS:
            self._steps.popleft()
        return FIRST_NS << len(self._steps) - 1 if self._steps else 0

    @property
    def steps(self) -> int:
        """Those remembered."""
        return len(self._steps)

    def stays(self) -> None:
        """A reading agrees with the epoch there is."""
        self._away_ns = None

    def believes(self, now_ns: int) -> bool:
        """Whether a reading of another epoch is to be believed."""
        if self._away_ns is None:
            self._away_ns = now_ns
        return now_ns - self._away_ns >= self.patience_ns(now_ns)

    def stepped(self, now_ns: int) -> None:
        """There was a step."""
        self._steps.append(now_ns)
        self._away_ns = None
