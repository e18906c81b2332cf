"""The media clock as a value: a linear mapping from the monotonic clock to media (PTP) time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from aes67_sender.units import PPM

ClockState = Literal["listening", "locking", "locked", "holdover", "free-running"]
ProviderName = Literal["builtin", "gstreamer", "system", "free-run", "grandmaster"]
#: What a user may ask for.
ClockMode = Literal["auto", ProviderName]


@dataclass(frozen=True, slots=True)
class ClockMapping:
    """``media = media_ns + (monotonic - monotonic_ns) * (1 + rate_ppm * 1e-6)``.

    ``anchor`` counts the epochs: it rises when media time was stepped, and only then.
    """

    monotonic_ns: int
    media_ns: int
    rate_ppm: float
    anchor: int

    def media_at(self, monotonic_ns: int) -> int:
        """Media time in ns at a CLOCK_MONOTONIC instant (QPC on Windows)."""
        elapsed_ns = monotonic_ns - self.monotonic_ns
        return self.media_ns + elapsed_ns + round(elapsed_ns * self.rate_ppm * PPM)

    def monotonic_at(self, media_ns: int) -> int:
        """The CLOCK_MONOTONIC instant of a media time, to the nanosecond within hours of the anchor point."""
        elapsed_ns = media_ns - self.media_ns
        rate = self.rate_ppm * PPM
        return self.monotonic_ns + elapsed_ns - round(elapsed_ns * rate / (1 + rate))


@dataclass(frozen=True, slots=True)
class ClockReading:
    """What a clock provider knows at one instant.

    ``monotonic_ns``/``media_ns`` is one simultaneous reading of both clocks, ``None`` while there is no time to give.
    ``uncertainty_ns`` bounds the error of that one reading; ``accuracy_ns`` is the provider's own judgement of its
    distance from the grandmaster. ``grandmaster`` is an EUI-64 as ``00-1d-c1-ff-fe-12-34-56``.
    ``rate_ppm`` is given by who has filtered both phase and rate already: such a reading is taken as it is.
    """

    state: ClockState
    why: str
    monotonic_ns: int = 0
    media_ns: int | None = None
    uncertainty_ns: int = 0
    rate_ppm: float | None = None
    grandmaster: str | None = None
    steps_removed: int | None = None
    offset_ns: int | None = None
    path_delay_ns: int | None = None
    accuracy_ns: int | None = None
    timestamping: str = "none"
