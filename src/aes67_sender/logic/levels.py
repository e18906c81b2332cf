"""Levels for the eye: the windows of the last 300 ms taken together."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from aes67_sender.model.levels import LevelWindow
from aes67_sender.units import SILENCE_DBFS

if TYPE_CHECKING:
    from collections.abc import Sequence

#: 300 ms, as a VU meter averages.
HELD_WINDOWS: Final = 6
#: When nothing came for so long, the levels are no longer those of now, in seconds.
STALE_S: Final = 1.0
NO_LEVELS: Final = LevelWindow((), ())


@dataclass(frozen=True, slots=True)
class Held:
    """The last windows of one stream or source, and when the newest came, in seconds."""

    at_s: float = -math.inf
    windows: tuple[LevelWindow, ...] = ()

    def after(self, at_s: float, windows: Sequence[LevelWindow]) -> Held:
        """With more windows, oldest first."""
        if not windows:
            return self
        kept = self.windows if at_s - self.at_s < STALE_S else ()
        return Held(at_s, (*kept, *windows)[-HELD_WINDOWS:])

    def levels(self, now_s: float) -> LevelWindow:
        """Largest peaks and RMS of all the windows, per channel, to a tenth; none if they are stale."""
        if not self.windows or now_s - self.at_s >= STALE_S:
            return NO_LEVELS
        return LevelWindow(
            tuple(max(map(_readable, peaks)) for peaks in _by_channel([each.peaks_dbfs for each in self.windows])),
            tuple(_mean_dbfs(levels) for levels in _by_channel([each.rms_dbfs for each in self.windows])),
        )


def _by_channel(windows: list[tuple[float, ...]]) -> list[tuple[float, ...]]:
    """Turned around, without windows from before the number of channels changed."""
    return list(zip(*(window for window in windows if len(window) == len(windows[-1])), strict=True))


def _mean_dbfs(levels_dbfs: Sequence[float]) -> float:
    squares = [10 ** (_readable(level) / 10) for level in levels_dbfs]
    return _readable(10 * math.log10(sum(squares) / len(squares)))


def _readable(dbfs: float) -> float:
    """To a tenth, and silence as a number: JSON for others knows no infinity."""
    return max(SILENCE_DBFS, round(dbfs, 1)) if math.isfinite(dbfs) else SILENCE_DBFS
