"""The gains of a delay-locked loop: those of a least-squares fit at first, of a narrow loop later.

A Kalman filter of phase and rate. Its steady state is the loop of Adriaensen, "Using a DLL to filter time" (2005,
section 3: gains sqrt(2) w and w squared); on the way there it is the least-squares line through all there was. The
variances are counted in units of the noise itself (that of stamps averaged over a second is 1), so that the gains do
not depend on how well the noise is known; what is known of phase and rate beforehand is expressed as the time over
which stamps would have to be collected to know as much.
"""

from __future__ import annotations

from math import sqrt
from typing import Final

#: (w T)² of the loop whose memory is as long as a least-squares fit over T: rate gains of 6 / T² for both.
_MEMORY_SQUARED: Final = 6.0


class LoopGains:
    """What is known of phase and rate, and thus how much an error may tell of either. Call from one thread."""

    __slots__ = ("_cross", "_phase", "_rate", "_wander")

    def __init__(self, memory_s: float) -> None:
        self._phase = self._cross = self._rate = self._wander = 0.0
        self.remember(memory_s)

    def remember(self, memory_s: float) -> None:
        """Become as narrow as a fit over ``memory_s``, in the end."""
        self._wander = (_MEMORY_SQUARED / (memory_s * memory_s)) ** 2

    def fitted(self, over_s: float, likely: float) -> float:
        """Phase and rate were just fitted to the stamps of ``over_s``; rates within ``likely`` deviations are likely.

        ``likely`` is in the unit of ``rate_deviation``. Returns the part of the fitted rate to believe.
        """
        fit = 12 / over_s**3
        trust = likely**2 / (likely**2 + fit)
        self._phase, self._cross, self._rate = (1 + 3 * trust) / over_s, trust * 6 / over_s**2, trust * fit
        return trust

    def widen_phase(self, measured_s: float) -> None:
        """The phase is known from ``measured_s`` of stamps only, and tells nothing of the rate."""
        self._phase, self._cross = max(self._phase, 1 / measured_s), 0.0

    def widen_rate(self, known_s: float) -> None:
        """The rate is known no better than from a fit over ``known_s``."""
        self._rate = max(self._rate, 12 / known_s**3)

    @property
    def memory_s(self) -> float:
        """Over how many seconds of stamps the phase is averaged now."""
        return 4 / self._phase if self._phase else 0.0

    @property
    def rate_deviation(self) -> float:
        """Standard deviation of the rate, for stamps that scatter by one second when averaged over one second."""
        return sqrt(max(self._rate, 0.0))

    def step(self, step_s: float) -> None:
        """Let ``step_s`` go by."""
        wander = self._wander * step_s
        self._phase += step_s * (2 * self._cross + step_s * (self._rate + wander / 3))
        self._cross += step_s * (self._rate + wander / 2)
        self._rate += wander

    def take(self, weight_s: float) -> tuple[float, float]:
        """Use a stamp that stands for ``weight_s``: the parts of its error that correct phase and rate (1/s)."""
        spread = self._phase + 1 / weight_s
        phase_gain, rate_gain = self._phase / spread, self._cross / spread
        self._rate -= rate_gain * self._cross
        self._cross -= phase_gain * self._cross
        self._phase -= phase_gain * self._phase
        return phase_gain, rate_gain
