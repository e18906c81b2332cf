"""How far stamps usually are from where they should be: quantiles over a sliding window."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import deque
from typing import Final

from aes67_sender.units import NS_PER_MS

#: Long enough to hold the rare ones, short enough to forget a bad time soon.
WINDOW_S: Final = 10
#: Kept however old they are: with blocks of a second, ten seconds would hold no distribution.
FEWEST: Final = 100
#: The worst of so many parts of a second is one entry, so that short blocks cost no more than long ones.
CELLS_PER_S: Final = 100
#: Before there is anything to go by: the bursts of a poor card.
UNKNOWN_NS: Final = 10 * NS_PER_MS
ENOUGH: Final = 8


class Scatter:
    """Sizes of errors in ns, of the last ten seconds of frames. Call from one thread."""

    def __init__(self, rate_hz: int, *, enough: int = ENOUGH) -> None:
        """``enough`` are as many as tell something."""
        self._enough = enough
        self._window_frames = WINDOW_S * rate_hz
        self._cell_frames = max(1, rate_hz // CELLS_PER_S)
        self._cell_end: int | None = None
        self._cell_ns = 0
        self._kept: deque[tuple[int, int]] = deque()
        self._sorted: list[int] = []

    def add(self, frame: int, error_ns: int) -> None:
        """Take the error of the stamp of ``frame``, which does not fall."""
        if self._cell_end is not None and frame < self._cell_end:
            self._cell_ns = max(self._cell_ns, abs(error_ns))
            return
        if self._cell_end is not None:
            self._kept.append((frame, self._cell_ns))
            insort(self._sorted, self._cell_ns)
            while len(self._kept) > FEWEST and self._kept[0][0] < frame - self._window_frames:
                _, old_ns = self._kept.popleft()
                del self._sorted[bisect_left(self._sorted, old_ns)]
        self._cell_end = frame + self._cell_frames
        self._cell_ns = abs(error_ns)

    def quantile_ns(self, share: float) -> int:
        """What ``share`` of the errors do not exceed; ``UNKNOWN_NS`` until there are a few."""
        known = len(self._sorted)
        return self._sorted[min(known - 1, int(share * known))] if known >= self._enough else UNKNOWN_NS
