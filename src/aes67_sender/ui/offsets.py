"""The offsets of the last minutes."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from aes67_sender.ui.chart import Sample

#: What a chart can show, in seconds: the shortest that holds the whole history.
SPANS_S: Final = (60, 120, 300, 600)


class Offsets:
    """Remembers one offset per item shown, for ten minutes."""

    def __init__(self) -> None:
        self._samples: deque[Sample] = deque()

    def add(self, at_s: float, offset_ns: float | None) -> None:
        """One more; ``at_s`` never goes back, except where another sender answers: then all begins anew."""
        if self._samples and at_s < self._samples[-1][0]:
            self._samples.clear()
        self._samples.append((at_s, offset_ns))
        while self._samples[0][0] < at_s - SPANS_S[-1]:
            self._samples.popleft()

    @property
    def last_s(self) -> float | None:
        """When the newest was, ``None`` before the first."""
        return self._samples[-1][0] if self._samples else None

    @property
    def samples(self) -> list[Sample]:
        """All of them, the oldest first."""
        return list(self._samples)

    @property
    def span_s(self) -> int:
        """What a chart is to show."""
        age_s = self._samples[-1][0] - self._samples[0][0] if self._samples else 0.0
        return next((span_s for span_s in SPANS_S if age_s <= span_s), SPANS_S[-1])

    def known(self, last_s: float) -> list[float]:
        """Those of the last seconds that are known."""
        if not self._samples:
            return []
        since_s = self._samples[-1][0] - last_s
        return [value for at_s, value in self._samples if at_s >= since_s and value is not None]

    def means(self, count: int, each_s: float) -> list[float | None]:
        """The means of ``count`` pieces of time, each so long, up to now; ``None`` where nothing was known."""
        if not self._samples:
            return [None] * count
        last = int(self._samples[-1][0] // each_s)
        pieces: list[list[float]] = [[] for _ in range(count)]
        for at_s, value in self._samples:
            place = int(at_s // each_s) - last + count - 1
            if place >= 0 and value is not None:
                pieces[place].append(value)
        return [sum(piece) / len(piece) if piece else None for piece in pieces]
