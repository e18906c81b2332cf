"""Percentiles of a stream of numbers in bounded memory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from aes67_sender.logic.verify.packets import Floats

_BINS: Final = 20_000


class Histogram:
    """20 000 bins of one width, from ``low`` on; least, greatest and mean are exact, whatever falls outside."""

    def __init__(self, width: float, low: float) -> None:
        self._width = width
        self._low = low
        # One bin more at each end for what falls outside.
        self._counts = np.zeros(_BINS + 2, np.int64)
        self.count = 0
        self.least = np.inf
        self.greatest = -np.inf
        self._sum = 0.0

    @classmethod
    def around(cls, centre: float, width: float) -> Histogram:
        """As far to either side."""
        return cls(width, centre - width * _BINS / 2)

    def add(self, values: Floats) -> None:
        """Count them."""
        if not values.size:
            return
        self.count += values.size
        self.least = min(self.least, float(values.min()))
        self.greatest = max(self.greatest, float(values.max()))
        self._sum += float(values.sum())
        at = np.clip(np.floor((values - self._low) / self._width) + 1, 0, _BINS + 1).astype(np.int64)
        self._counts += np.bincount(at, minlength=_BINS + 2)

    @property
    def mean(self) -> float:
        """Of all values; needs one."""
        return self._sum / self.count

    def quantile(self, share: float) -> float:
        """The value below which this share lies, to the width of a bin; needs one value."""
        at = int(np.searchsorted(np.cumsum(self._counts), share * self.count))
        if at > _BINS:
            return self.greatest
        middle = self._low + (at - 0.5) * self._width if at else self.least
        return float(min(max(middle, self.least), self.greatest))
