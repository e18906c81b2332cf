"""Levels of sound as they are measured."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

#: Level windows per second, each as long as the other: 50 ms.
METER_WINDOWS_PER_S: Final = 20


@dataclass(frozen=True, slots=True)
class LevelWindow:
    """The levels of 50 ms, per channel, as sent: after all gains.

    Both in dB relative to full scale, not below -144: a sine that just reaches full scale has a peak of 0 and an RMS
    of -3.01.
    """

    peaks_dbfs: tuple[float, ...]
    rms_dbfs: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Reading:
    """What a device delivers at the moment, to choose one by.

    ``peaks_dbfs`` per channel, empty while nothing comes; ``why`` is a sentence where it ``failed``.
    """

    state: Literal["waiting", "opening", "open", "failed"]
    peaks_dbfs: tuple[float, ...] = ()
    why: str = ""
