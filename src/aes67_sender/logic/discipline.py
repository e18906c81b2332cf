"""From a provider's readings to the media clock: what is filtered, slewed, stepped, and when.

Pure: time comes in with the readings. Two lines are kept. The *estimate* is fitted to the readings: a least-squares
line over all of them at first, over a fading memory later (an alpha-beta filter with expanding memory). The *media
clock* is what packets go by: it has no steps, and is steered on to the estimate no faster than it may.
"""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median
from typing import Final

from aes67_sender.model.clock import ClockMapping
from aes67_sender.units import NS_PER_MS, NS_PER_S, NS_PER_US

#: Readings judged together, so that one wild reading cannot move the clock.
BATCH: Final = 5
#: The filter's age when nothing is known but the anchor: the next batch then gives the whole slope.
YOUNGEST: Final = 2
#: Its age when it goes on with a known rate.
GROWN: Final = 12
_NS_PER_S_TO_PPM: Final = 1e-3


@dataclass(frozen=True, slots=True)
class DisciplineSettings:
    """How the media clock follows.

    ``slew_limit_ppm`` bounds what corrects phase, beyond the rate. It is ten times that in the first ``fresh_s`` of an
    epoch, when receivers begin to play anew. For raw readings it is so too in the first ``settle_s``, and further than
    ``far_ns`` away: a receiver with a buffer of a millisecond is silent there.
    ``step_ns``: readings further away than this, in ``step_batches`` batches running, are a new epoch and not slewed;
    ``filtered_step_ns`` is the same for filtered readings, which need no second look.
    ``jump_ns``: once the rate is known, residuals beyond it move the phase only.
    ``memory_batches`` is how much the estimate remembers.
    """

    slew_limit_ppm: float = 20.0
    rate_limit_ppm: float = 1000.0
    fresh_s: float = 5.0
    settle_s: float = 20.0
    steer_s: float = 1.0
    fresh_steer_s: float = 0.2
    far_ns: int = 500 * NS_PER_US
    step_ns: int = 10 * NS_PER_MS
    filtered_step_ns: int = 1 * NS_PER_MS
    step_batches: int = 2
    jump_ns: int = 200 * NS_PER_US
    memory_batches: int = 100


class Discipline:
    """One media clock. Call from one thread; the monotonic time must not fall."""

    def __init__(self, settings: DisciplineSettings | None = None, *, mapping: ClockMapping | None = None) -> None:
        """``mapping`` goes on with an earlier clock (another engine's), at its rate."""
        self._settings = settings or DisciplineSettings()
        self._mapping = mapping
        self._estimate = mapping
        self._age = GROWN if mapping else YOUNGEST
        self._batch: list[tuple[int, int]] = []
        self._beyond = 0
        self._filtered = False
        self._begun_ns = mapping.monotonic_ns if mapping else 0
        self._anchored_ns: int | None = None

    @property
    def mapping(self) -> ClockMapping | None:
        """The media clock now; ``None`` before the first anchor."""
        return self._mapping

    @property
    def rate_ppm(self) -> float:
        """The estimated rate of media time against the monotonic clock, without what corrects phase."""
        return self._estimate.rate_ppm if self._estimate else 0.0

    def step_ns(self, *, filtered: bool) -> int:
        """Beyond which difference a reading tells of another epoch; for a filtered one, its accuracy comes on top."""
        return self._settings.filtered_step_ns if filtered else self._settings.step_ns

    def error_ns(self, monotonic_ns: int) -> int:
        """How far the media clock is from the estimate; positive when it is ahead."""
        if self._mapping is None or self._estimate is None:
            return 0
        return self._mapping.media_at(monotonic_ns) - self._estimate.media_at(monotonic_ns)

    def anchor(self, monotonic_ns: int, media_ns: int) -> ClockMapping:
        """Begin a new epoch at this reading: the one step there is."""
        previous = self._mapping.anchor if self._mapping else 0
        self._mapping = self._estimate = ClockMapping(monotonic_ns, media_ns, self.rate_ppm, previous + 1)
        self._forget(monotonic_ns, GROWN if previous else YOUNGEST)
        self._anchored_ns = monotonic_ns
        return self._mapping

    def restart(self, monotonic_ns: int) -> None:
        """Another provider speaks from now on: keep time and rate, forget its predecessor's readings."""
        self._forget(monotonic_ns, GROWN)

    def follow(self, monotonic_ns: int, media_ns: int) -> ClockMapping:
        """Take one raw reading of the provider, and steer the clock towards it; the first one anchors."""
        self._filtered = False
        if self._mapping is None or self._estimate is None:
            return self.anchor(monotonic_ns, media_ns)
        self._batch.append((monotonic_ns, media_ns - self._estimate.media_at(monotonic_ns)))
        if len(self._batch) == BATCH:
            middle_ns = self._batch[BATCH // 2][0]
            residual_ns = round(median(residual_ns for _, residual_ns in self._batch))
            self._batch.clear()
            self._beyond = self._beyond + 1 if abs(residual_ns) > self._settings.step_ns else 0
            if self._beyond >= self._settings.step_batches:
                return self.anchor(monotonic_ns, media_ns)
            if not self._beyond:
                self._learn(self._estimate, middle_ns, residual_ns)
        return self._steer(self._mapping, monotonic_ns)

    def adopt(self, monotonic_ns: int, media_ns: int, rate_ppm: float, accuracy_ns: int = 0) -> ClockMapping:
        """Take a reading whose provider has filtered phase and rate, and steer the clock towards it.

        ``accuracy_ns`` bounds the error of the reading: what it may explain is no new epoch.
        """
        self._filtered = True
        self._batch.clear()
        anchor = self._mapping.anchor if self._mapping else 0
        self._estimate = ClockMapping(monotonic_ns, media_ns, rate_ppm, anchor)
        self._age = GROWN
        step_ns = self._settings.filtered_step_ns + accuracy_ns
        if self._mapping is None or abs(self.error_ns(monotonic_ns)) > step_ns:
            return self.anchor(monotonic_ns, media_ns)
        return self._steer(self._mapping, monotonic_ns)

    def coast(self, monotonic_ns: int) -> ClockMapping:
        """No reading: go on along the estimate. Needs an anchor."""
        if self._mapping is None:
            raise ValueError("a clock must be anchored before it can coast")
        self._batch.clear()
        return self._steer(self._mapping, monotonic_ns)

    def _forget(self, monotonic_ns: int, age: int) -> None:
        self._batch.clear()
        self._beyond = 0
        self._age = age
        self._begun_ns = monotonic_ns

    def _learn(self, estimate: ClockMapping, monotonic_ns: int, residual_ns: int) -> None:
        """Expanding-memory alpha-beta filter: the least-squares line through everything so far."""
        elapsed_s = max(monotonic_ns - estimate.monotonic_ns, 1) / NS_PER_S
        span = self._age * (self._age + 1)
        alpha, beta = 2 * (2 * self._age - 1) / span, 6 / span
        if self._age >= GROWN and abs(residual_ns) > self._settings.jump_ns:
            # A provider that jumped tells nothing about the rate.
            beta = 0.0
        rate_ppm = estimate.rate_ppm + beta * residual_ns / elapsed_s * _NS_PER_S_TO_PPM
        self._estimate = ClockMapping(
            monotonic_ns,
            estimate.media_at(monotonic_ns) + round(alpha * residual_ns),
            _limited(rate_ppm, self._settings.rate_limit_ppm),
            estimate.anchor,
        )
        self._age = min(self._age + 1, self._settings.memory_batches)

    def _steer(self, mapping: ClockMapping, monotonic_ns: int) -> ClockMapping:
        error_ns = self.error_ns(monotonic_ns)
        settings = self._settings
        fresh = self._anchored_ns is not None and monotonic_ns - self._anchored_ns < settings.fresh_s * NS_PER_S
        settling = monotonic_ns - self._begun_ns < settings.settle_s * NS_PER_S
        hurry = fresh or (not self._filtered and (settling or abs(error_ns) > settings.far_ns))
        limit_ppm = settings.slew_limit_ppm * (10 if hurry else 1)
        # Raw readings are noisy at first; filtered ones may be followed closely.
        steer_s = settings.fresh_steer_s if fresh and self._filtered else settings.steer_s
        correction_ppm = -error_ns / steer_s * _NS_PER_S_TO_PPM
        self._mapping = ClockMapping(
            monotonic_ns,
            mapping.media_at(monotonic_ns),
            self.rate_ppm + _limited(correction_ppm, limit_ppm),
            mapping.anchor,
        )
        return self._mapping


def _limited(value: float, limit: float) -> float:
    return max(-limit, min(limit, value))
