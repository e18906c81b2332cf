"""The loop that follows a frame counter through stamps that scatter: phase and rate, without judging gaps.

* Of every quarter of a second only the earliest stamp counts: what makes stamps scatter makes them late, and goes on
  for a while. JACK's times on a busy machine are up to 100 us late for a second at a time; by all of them a loop was
  30 ppm off after ten seconds, by the earliest 1 ppm. Bursts scatter no more at all.
* The *estimate* begins as a fit and ends as a narrow loop (``drift_gains``). The *output* is what others see: it has no
  steps and is steered on to the estimate, which takes the stamps' noise out of its pace.
* A stamp beyond the usual scatter is passed over. If stamps stay on one side, the loop is wrong, and widens: its phase
  at first, its rate if that was not it.
"""

from __future__ import annotations

from collections import deque
from math import sqrt
from statistics import median
from typing import Final

from aes67_sender.logic.drift_gains import LoopGains
from aes67_sender.logic.drift_start import FirstFit
from aes67_sender.logic.frame_line import FrameLine
from aes67_sender.logic.scatter import Scatter
from aes67_sender.units import NS_PER_S, NS_PER_US, PPM

#: Crystals are within 1000 ppm; what is between is for the loop's own swing.
RATE_LIMIT: Final = 2000 * PPM
#: Averaged over this the stamps of JACK (8 us) give a pace that wanders by 0.01 ppm, and a crystal that wanders by
#: 3 ppm within an hour is followed within 6 us. Noisier stamps want more, as the fourth root of their scatter; the last
#: is for bursts of 20 ms.
MEMORY_S: Final = 80.0
MEMORY_FOR_NS: Final = 20 * NS_PER_US
LONGEST_MEMORY_S: Final = 300.0
#: The output follows the estimate in this part of its memory, and no faster than nobody hears: 500 ppm are 0.9 cents.
STEER_SHARE: Final = 15
STEER_LIMIT: Final = 500 * PPM
#: A kept rate counts as much as stamps of so many seconds: a poor card needs that long to do better. A good one with
#: another rate is found out by its strain.
KNOWN_S: Final = 40.0
#: What is known of a crystal of which nothing is known: one of five times that is believed if the stamps are good.
UNKNOWN_RATE: Final = 200 * PPM
#: Below this no scatter is believed: stamps without any noise are simulated ones.
LEAST_USUAL_NS: Final = 10 * NS_PER_US
#: Assumed of the first second of stamps, so that they count for more than what is known of crystals in general.
FIRST_USUAL_NS: Final = 100 * NS_PER_US
#: The usual error is what this share does not exceed; so many standard deviations, were they normal.
USUAL: Final = 0.8
DEVIATIONS: Final = 1.3
#: Beyond so many times the usual a stamp tells of the machine, not of the crystal.
PASS_OVER: Final = 5
#: Earliest stamps are late together for seconds, by up to this, on a machine that is busy: no strain.
LEAST_STRAIN_NS: Final = 50 * NS_PER_US
#: Strain is the mean error over this time, and over this many stamps at least.
STRAIN_S: Final = 0.5
STRAIN_STAMPS: Final = 6
#: After strain the phase is the median of so many stamps.
RECENT: Final = 5
#: Phase and rate that are wrong again after so long are not wrong for the same reason.
STRAIN_AGAIN_S: Final = 60.0
#: The earliest of so long, and of so many stamps, counts; but no longer is waited for them. After a long time without
#: any it stands for no more than this.
WINDOW_S: Final = 0.25
WINDOW_STAMPS: Final = 4
LONGEST_WINDOW_S: Final = 1.0
#: So many earliest stamps tell how they scatter.
FEWEST_KNOWN: Final = 4
#: A kept rate is forgotten if the first seconds are at odds with it by so many deviations, and so much.
ODDS: Final = 6
LEAST_ODDS: Final = 20 * PPM


class DriftLoop:
    """Phase and rate of a frame counter. Call from one thread.

    ``scatter`` is that of all stamps about the loop, ``output`` the line to go by.
    """

    def __init__(self, rate_hz: int, captured_ns: int, step_s: float, rate: float) -> None:
        """Frame 0 was captured at ``captured_ns``; ``rate`` is what is known of the crystal, 0 if nothing is."""
        self.scatter = Scatter(rate_hz)
        # That of the earliest ones.
        self._scatter = Scatter(rate_hz, enough=FEWEST_KNOWN)
        # How late each was, its time and its frame.
        self._window: list[tuple[int, int, int]] = []
        self._rate_hz = rate_hz
        self._estimate = FrameLine(rate_hz, 0, captured_ns, _limited(rate, RATE_LIMIT))
        self.output = self._estimate.copy()
        self._known = rate != 0
        self._first: FirstFit | None = FirstFit(rate_hz)
        self._weight_s = step_s
        self._used = 0
        self._strain_ns = 0.0
        self._recent: deque[int] = deque(maxlen=RECENT)
        self._unsure = 0
        self._changed: int | None = None
        self._changed_late = False
        self._gains = LoopGains(MEMORY_S)
        self._gains.widen_phase(step_s)
        self._widen_rate()

    @property
    def rate(self) -> float:
        """The crystal against the monotonic clock, as a part: 1e-6 is 1 ppm fast."""
        return self._estimate.rate

    @property
    def begun(self) -> bool:
        """Whether the first second is over, so that there is a scatter to go by."""
        return self._first is None

    @property
    def phased(self) -> bool:
        """Whether the phase is more than what the very first stamp said."""
        return self._first is None or self._used > 0

    @property
    def rate_deviation(self) -> float:
        """The likely error of ``rate``."""
        return self._gains.rate_deviation * self._noise_s()

    def advance(self, frame: int) -> float:
        """Go on to ``frame``, the first of a block; returns the seconds since the one before."""
        step_s = (frame - self._estimate.frame) / self._rate_hz
        self._estimate.advance(frame)
        self.output.advance(frame)
        self._gains.step(step_s)
        return step_s

    def error_ns(self, captured_ns: int) -> int:
        """How late a stamp of the present frame is."""
        return captured_ns - self._estimate.time_ns

    def absorb(self, captured_ns: int, step_s: float) -> None:
        """Learn from a stamp that is no gap."""
        error_ns = self.error_ns(captured_ns)
        # About the mean of their own: a loop that is wrong makes no scatter.
        self.scatter.add(self._estimate.frame, error_ns - round(self._strain_ns))
        self._window.append((error_ns, captured_ns, self._estimate.frame))
        passed_s = (self._estimate.frame - self._used) / self._rate_hz + step_s
        if passed_s >= WINDOW_S and (len(self._window) >= WINDOW_STAMPS or passed_s >= LONGEST_WINDOW_S):
            self._learn(*min(self._window), passed_s)
            self._window = []

    def _learn(self, error_ns: int, captured_ns: int, captured_frame: int, step_s: float) -> None:
        frame, usual_ns = self._estimate.frame, self._usual_ns()
        self._scatter.add(frame, error_ns - round(self._strain_ns))
        self._recent.append(error_ns)
        self._weight_s = min(step_s, LONGEST_WINDOW_S)
        if self._first is None:
            # What placed the phase may have been late itself; a stamp that is early is not.
            unsure, self._unsure = self._unsure, max(self._unsure - 1, 0)
            if abs(error_ns) <= PASS_OVER * usual_ns or (unsure and error_ns < 0):
                self._used = frame
                self._follow(error_ns - self._estimate.part_ns)
            self._feel_strain(error_ns, max(usual_ns, LEAST_STRAIN_NS), step_s)
            return
        # The very first stamp may have been late, the later ones are not likely to be.
        self._estimate.shift(error_ns / 2 if self._first.length_s else error_ns)
        self._used = frame
        # Without a rate yet, the earliest of a window is its first or its last, not any.
        self._first.add(captured_frame, captured_ns)
        if self._first.complete:
            self._adopt(self._first)

    def jump(self, late_ns: int, step_s: float, *, told: bool) -> None:
        """Take a gap: the phase is what a stamp says, the rate is what it was. ``told`` by the driver."""
        self._estimate.shift(late_ns)
        self.output = self._estimate.copy()
        # The crystal may have wandered while nothing was heard of it.
        self._gains.step(max(late_ns, 0) / NS_PER_S)
        self._gains.widen_phase(step_s)
        self._used = self._estimate.frame
        self._window = []
        self._change(late_ns, told=told)
        self._unsure = RECENT
        if self._first:
            self._first = FirstFit(self._rate_hz)

    def steer(self, step_s: float) -> None:
        """Point the output at the estimate."""
        if self._first:
            self.output = self._estimate.copy()
            return
        behind_s = self._estimate.behind_ns(self.output) / NS_PER_S
        within_s = max(self._gains.memory_s / STEER_SHARE, 2 * step_s)
        self.output.rate = self._estimate.rate - _limited(behind_s / within_s, STEER_LIMIT)

    def _follow(self, error_ns: float) -> None:
        usual_ns = self._usual_ns()
        memory_s = MEMORY_S * sqrt(sqrt(max(1.0, usual_ns / MEMORY_FOR_NS)))
        self._gains.remember(min(memory_s, LONGEST_MEMORY_S))
        phase_gain, rate_gain = self._gains.take(self._weight_s)
        self._estimate.shift(phase_gain * error_ns)
        self._estimate.rate = _limited(self._estimate.rate - rate_gain * error_ns / NS_PER_S, RATE_LIMIT)

    def _adopt(self, fit: FirstFit) -> None:
        """The first second is over: from now on there is a rate and a scatter to go by."""
        self._first = None
        frame = self._estimate.frame
        fitted = fit.slope(RATE_LIMIT)
        if abs(fitted - self._estimate.rate) > ODDS * fit.deviation(fitted) + LEAST_ODDS:
            self._known = False
        rate = self._estimate.rate if self._known else fitted
        self._estimate, errors = fit.line(frame, rate)
        self._scatter = Scatter(self._rate_hz, enough=FEWEST_KNOWN)
        for stamped, error_ns in errors:
            self._scatter.add(stamped, error_ns)
        if not self._known:
            trust = self._gains.fitted(fit.length_s, UNKNOWN_RATE / self._noise_s())
            self._estimate, _ = fit.line(frame, rate * trust)
            self._known = True
        self.output = self._estimate.copy()

    def _feel_strain(self, error_ns: int, usual_ns: int, step_s: float) -> None:
        """Widen when the stamps stay on one side: their mean is as far off as they usually are singly.

        An error counts for no more than twice the usual, so that it takes a third of a second of late stamps.
        """
        share = step_s / max(STRAIN_S, STRAIN_STAMPS * step_s)
        self._strain_ns += share * (_limited(error_ns, 2 * usual_ns) - self._strain_ns)
        if abs(self._strain_ns) > usual_ns:
            wrong_ns = round(median(self._recent))
            self._estimate.shift(wrong_ns)
            self._gains.widen_phase(RECENT * self._weight_s)
            self._change(wrong_ns, told=False)

    def _change(self, error_ns: int, *, told: bool) -> None:
        """Note that the phase was wrong. If it is so again on the same side, the rate may be, as far as explains it."""
        frame, late = self._estimate.frame, error_ns > 0
        if self._changed is not None and late == self._changed_late and not told:
            since_s = (frame - self._changed) / self._rate_hz
            explained = abs(error_ns) / NS_PER_S / since_s
            if since_s < STRAIN_AGAIN_S and explained <= RATE_LIMIT:
                self._known = False
                self._widen_rate(explained)
        self._changed, self._changed_late = None if told else frame, late
        self._strain_ns = 0.0
        self._recent.clear()

    def _widen_rate(self, unknown: float = UNKNOWN_RATE) -> None:
        """Know no more of the rate than that it is off by as much as ``unknown``, or than what was kept of it."""
        unknown_s = (self._noise_s() * sqrt(12) / unknown) ** (2 / 3)
        self._gains.widen_rate(KNOWN_S if self._known else unknown_s)

    def _noise_s(self) -> float:
        """Standard deviation of the stamps averaged over a second, in s, if they scatter independently."""
        usual_ns = FIRST_USUAL_NS if self._first else self._usual_ns()
        return usual_ns / DEVIATIONS / NS_PER_S * sqrt(self._weight_s)

    def _usual_ns(self) -> int:
        """What most errors do not exceed."""
        return max(self._scatter.quantile_ns(USUAL), LEAST_USUAL_NS)


def _limited(value: float, limit: float) -> float:
    return max(-limit, min(limit, value))
