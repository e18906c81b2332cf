"""Whether stamps that are far off stay so: a gap, or a machine that was busy."""

from __future__ import annotations

from collections import deque
from typing import Final

from aes67_sender.units import NS_PER_S

#: Stamps in a row that must agree.
AGREE: Final = 3
#: They differ by no more than this part of the error, or than the scatter.
ALIKE: Final = 8
#: Blocks that come this much faster than they were captured are a backlog: what they are late by goes away.
DRAINING: Final = 0.75


class LateRun:
    """The last stamps that were all beyond the scatter, on one side. Call from one thread."""

    def __init__(self, rate_hz: int) -> None:
        self._rate_hz = rate_hz
        self._run: deque[tuple[int, int, int]] = deque()

    def __bool__(self) -> bool:
        return bool(self._run)

    def add(self, frame: int, captured_ns: int, error_ns: int) -> tuple[int, int] | None:
        """Take one more; returns frame and error of one that no longer matters."""
        if self._run and (self._run[-1][2] > 0) != (error_ns > 0):
            self._run.clear()
        self._run.append((frame, captured_ns, error_ns))
        if len(self._run) <= AGREE:
            return None
        frame, _, error_ns = self._run.popleft()
        return frame, error_ns

    def clear(self) -> list[tuple[int, int]]:
        """Forget them; returns their frames and errors."""
        run = [(frame, error_ns) for frame, _, error_ns in self._run]
        self._run.clear()
        return run

    def held_ns(self, scatter_ns: int) -> int | None:
        """The error they agree on, which is that of the least late; ``None`` if they do not, or are too few."""
        if len(self._run) < AGREE:
            return None
        errors = [error_ns for _, _, error_ns in self._run]
        least_ns = min(errors)
        if max(errors) - least_ns > max(scatter_ns, abs(least_ns) // ALIKE):
            return None
        (first, began_ns, _), (last, ended_ns, _) = self._run[0], self._run[-1]
        captured_ns = (last - first) * NS_PER_S // self._rate_hz
        return least_ns if ended_ns - began_ns >= DRAINING * captured_ns else None
