"""Alarms of levels: a stream that is silent for too long, samples at full scale."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, Protocol

from aes67_sender.model.problem import Problem

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aes67_sender.model.levels import LevelWindow

#: So long after the last sample at full scale the problem is shown, in seconds.
CLIPPING_SHOWN_S: Final = 5.0


class AlertSettings(Protocol):
    """What of a stream's config says which alarms are wanted."""

    @property
    def id(self) -> str:
        """The stream."""

    @property
    def alert_silence_s(self) -> float | None:
        """So many seconds of silence are a problem; ``None``: they are not."""

    @property
    def alert_silence_dbfs(self) -> float:
        """Silence is when no peak is above this level."""

    @property
    def alert_clipping(self) -> bool:
        """Whether samples at full scale are a problem."""


@dataclass(frozen=True, slots=True)
class Watched:
    """What alarms must know of one stream's past, whatever their settings will be. Times in seconds.

    ``loudest``: when there was how high a peak, in dBFS, each higher than all after it: so it holds the last time that
    any level was passed. ``clipped``: the engine's count per channel, ``clipped_at_s`` when it last grew.
    """

    since_s: float = math.nan
    until_s: float = math.nan
    loudest: tuple[tuple[float, float], ...] = ()
    clipped: tuple[int, ...] = ()
    clipped_at_s: tuple[float, ...] = ()

    def after(self, at_s: float, windows: Sequence[LevelWindow], clipped: Sequence[int]) -> Watched:
        """With what one more report says."""
        watched = self if tuple(clipped) == self.clipped else self._with_clipped(at_s, tuple(clipped))
        if not windows:
            return watched
        since_s, loudest = at_s if math.isnan(self.since_s) else self.since_s, self.loudest
        peaks = [peak for window in windows for peak in window.peaks_dbfs if math.isfinite(peak)]
        if peaks:
            highest = round(max(peaks), 1)
            loudest = (*(each for each in loudest if each[1] > highest), (at_s, highest))
        return replace(watched, since_s=since_s, until_s=at_s, loudest=loudest)

    def of_next_engine(self) -> Watched:
        """Its counters begin at nought."""
        return replace(self, clipped=(0,) * len(self.clipped))

    def silent_s(self, threshold_dbfs: float) -> float:
        """How long no channel had a peak above the threshold, up to the last window."""
        if not self.until_s >= self.since_s:
            return 0.0
        loud_s = max((at_s for at_s, dbfs in self.loudest if dbfs > threshold_dbfs), default=self.since_s)
        return self.until_s - loud_s

    def _with_clipped(self, at_s: float, clipped: tuple[int, ...]) -> Watched:
        known = len(self.clipped) == len(clipped)
        before = self.clipped if known else (0,) * len(clipped)
        last_s = self.clipped_at_s if known else (-math.inf,) * len(clipped)
        return replace(
            self,
            clipped=clipped,
            clipped_at_s=tuple(
                at_s if now > then else channel_s for now, then, channel_s in zip(clipped, before, last_s, strict=True)
            ),
        )


def problems(settings: AlertSettings, watched: Watched, now_s: float) -> list[Problem]:
    """The alarms of one stream that are asked for and on."""
    found = []
    path = f"streams.{settings.id}"
    if settings.alert_silence_s is not None:
        silent_s = watched.silent_s(settings.alert_silence_dbfs)
        if silent_s >= settings.alert_silence_s:
            threshold = f"{settings.alert_silence_dbfs:g} dBFS"
            text = f"{settings.id} has been silent for {silent_s:.0f} s: no peak above {threshold}."
            hint = "Check that its source plays, the channels it takes, gains and mutes."
            found.append(Problem("stream.silent", "warning", text, hint, path))
    if settings.alert_clipping:
        clipping = [
            str(channel)
            for channel, at_s in enumerate(watched.clipped_at_s, start=1)
            if now_s - at_s < CLIPPING_SHOWN_S
        ]
        if clipping:
            text = f"{settings.id} clips on channel{'s' if len(clipping) > 1 else ''} {', '.join(clipping)}."
            hint = "Lower the level of its source, or gain_db."
            found.append(Problem("stream.clipping", "warning", text, hint, path))
    return found
