"""The media clock for GStreamer: a system clock calibrated to media time, whichever provider gives that."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from aes67_sender.gst.binding import Gst
from aes67_sender.monotonic import monotonic_ns

if TYPE_CHECKING:
    from aes67_sender.model.clock import ClockMapping

#: Denominator of the calibration's rate: 1e-12 is a thousandth of the smallest drift anybody measures.
_RATE_UNIT: Final = 10**12
#: A ``GstClock`` never goes back; it stands still instead. Longer than this is not waited for.
_PATIENCE_NS: Final = 1_000_000


class MediaGstClock:
    """Follows a ``ClockMapping``: internal time is the monotonic clock, external time is media time, in ns.

    ``runtime.load()`` must have run. ``apply`` and the readers may be in different threads.
    ``generation`` rises when media time stepped back: a ``GstClock`` cannot follow that, so there is a new one, and
    pipelines that run on the old one must be rebuilt.
    """

    def __init__(self, mapping: ClockMapping) -> None:
        self.generation = 0
        self._mapping = mapping
        self._clock = self._make(mapping)

    @property
    def gst_clock(self) -> Gst.Clock:
        """For ``Pipeline.use_clock``."""
        return self._clock

    @property
    def mapping(self) -> ClockMapping:
        """The mapping in force."""
        return self._mapping

    def apply(self, mapping: ClockMapping) -> None:
        """Follow another mapping from now on."""
        now_ns = monotonic_ns()
        steps_back = mapping.media_at(now_ns) < self._mapping.media_at(now_ns) - _PATIENCE_NS
        if steps_back:
            self._clock = self._make(mapping)
        else:
            _calibrate(self._clock, mapping)
        self._mapping = mapping
        self.generation += steps_back

    @staticmethod
    def _make(mapping: ClockMapping) -> Gst.Clock:
        clock = system_clock()
        _calibrate(clock, mapping)
        return clock


def system_clock() -> Gst.Clock:
    """A new clock that reads ``aes67_sender.monotonic``."""
    return Gst.SystemClock(name="media-clock", clock_type=Gst.ClockType.MONOTONIC)


def _calibrate(clock: Gst.Clock, mapping: ClockMapping) -> None:
    numerator = _RATE_UNIT + round(mapping.rate_ppm * _RATE_UNIT / 1_000_000)
    clock.set_calibration(mapping.monotonic_ns, mapping.media_ns, numerator, _RATE_UNIT)
