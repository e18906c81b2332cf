"""From the four times of PTP to one line: the master's time as a function of the local clock.

A packet is never early. So of many one-way times the shortest tell most, and the more a packet was held up, the less
it counts: all times of the last half minute, of both directions, are fitted at once by weighted least squares, with
phase, rate and path delay as unknowns. When the newest times contradict the fit, the past is forgotten.
"""

from __future__ import annotations

from collections import deque
from dataclasses import replace
from statistics import median, median_low
from typing import TYPE_CHECKING, Final

from aes67_sender.logic.ptp.fit import FEW, NEWEST, SMALLEST_SCATTER_NS, Delay, Estimate, Prior, refine, trend_ppm
from aes67_sender.units import NS_PER_MS, NS_PER_S, PPM

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from aes67_sender.logic.ptp.fit import Sample

#: At eight Syncs a second the last half minute; at slower rates the last minute, and never fewer than some, unless old.
MOST_SAMPLES: Final = 256
LONGEST_NS: Final = 60 * NS_PER_S
FEWEST_SAMPLES: Final = 16
OLDEST_NS: Final = 240 * NS_PER_S
#: Of faster Syncs the least held up of each so long counts: a hundred a second tell no more about the rate than ten.
SLOT_NS: Final = 100 * NS_PER_MS
#: How far a rate is trusted (standard deviation): a crystal's before anything is known, and one measured before a jump.
CRYSTAL_PPM: Final = 100.0
KNOWN_PPM: Final = 1.0
AGAIN_NS: Final = 30 * NS_PER_S
#: A known rate is forgotten when packets run away from it by so many standard deviations, and by so much.
RUNAWAY_SIGMAS: Final = 8.0
RUNAWAY_PPM: Final = 5.0
#: A rate that no crystal has shows in the newest Syncs before the rest lets the fit follow; queues do not fill so fast.
SLEWED_PPM: Final = 100.0
#: The newest packets are asked whether the fit still holds: so many of each direction, so many scatters off.
FORWARD_JURY: Final = 12
BACKWARD_JURY: Final = 4
DISSENT: Final = 8.0
#: A difference that no path makes, beyond its scatter: the master has another time, once so many Syncs running agree on
#: it for so long.
JUMP_NS: Final = NS_PER_MS
JUMP_JURY: Final = 4
JUMP_SPAN_NS: Final = 300 * NS_PER_MS
MOST_SUSPECTS: Final = 32
#: A path delay beyond ``JUMP_NS`` is rare enough to be asked for twice, and one that differs by so much, three times.
SECOND_OPINION: Final = 2
THIRD_OPINION: Final = 3
#: Before there is a rate, Syncs of one clock may drift apart by so much; and no network is longer than this.
UNKNOWN_RATE: Final = 1000 * PPM
LONGEST_DELAY_NS: Final = NS_PER_S
_STARTING: Final = (1000.0, 10.0, 3.0, 1.0)
_SETTLED: Final = (1.0,)


class _Suspects:
    """Packets that contradict the fit and, running, agree with each other: the first, and the newest."""

    def __init__(self) -> None:
        self.samples: deque[Sample] = deque(maxlen=MOST_SUSPECTS)
        self.count = 0
        self._first: tuple[int, int] = (0, 0)

    def add(self, sample: Sample, off_ns: int) -> None:
        """One that is so far off the fit; one that disagrees with those before begins anew."""
        if self.count and abs(off_ns - self._first[1]) >= JUMP_NS:
            self.clear()
        if not self.count:
            self._first = sample[0], off_ns
        self.count += 1
        self.samples.append(sample)

    @property
    def span_ns(self) -> int:
        """For how long they have agreed."""
        return self.samples[-1][0] - self._first[0] if self.samples else 0

    def clear(self) -> None:
        """The fit holds."""
        self.samples.clear()
        self.count = 0


class Estimator:
    """One master's clock. One owner; local times may come out of order by what packets do."""

    def __init__(self, rate_ppm: float = 0.0) -> None:
        """``rate_ppm`` is the best guess of the master's rate before its first packet."""
        self._prior = Prior(rate_ppm, CRYSTAL_PPM)
        self._forgotten_ns: int | None = None
        self._forward: deque[Sample] = deque(maxlen=MOST_SAMPLES)
        self._backward: deque[Sample] = deque(maxlen=MOST_SAMPLES)
        self._suspects = _Suspects()
        self._odd_answers = _Suspects()
        self._forward_excess: deque[float] = deque(maxlen=NEWEST)
        self._backward_excess: deque[float] = deque(maxlen=BACKWARD_JURY)
        #: Of the newest Syncs and answers.
        self._scatter_ns = [SMALLEST_SCATTER_NS, SMALLEST_SCATTER_NS]
        self._fixed: Delay | None = None
        self._measured: Delay | None = None
        self._line: Estimate | None = None
        self._delay_ns: int | None = None
        self._has_new_answer = False
        #: How often the master's time turned out to be another.
        self.jumps = 0
        #: Whether such a jump is why there is no estimate now.
        self.is_settling = False

    @property
    def estimate(self) -> Estimate | None:
        """The newest fit; ``None`` before there were packets of both directions, or a fixed delay."""
        return self._line

    @property
    def delay_ns(self) -> int | None:
        """The path delay measured or fixed last, also when a jump has made the rest worthless."""
        return self._delay_ns

    @property
    def syncs(self) -> int:
        """How many Syncs the fit rests on."""
        return len(self._forward)

    @property
    def answers(self) -> int:
        """How many Delay_Resps the fit rests on."""
        return len(self._backward)

    @property
    def span_ns(self) -> int:
        """The time that the Syncs of the fit cover."""
        return self._forward[-1][0] - self._forward[0][0] if self._forward else 0

    def fix_delay(self, delay_ns: int | None) -> None:
        """Take the path delay as known instead of measuring it by ``backward``: peer delay, or a guess."""
        fixed = None if delay_ns is None else Delay(delay_ns)
        if fixed != self._fixed:
            self._fixed = fixed
            self._fit()

    def forward(self, local_ns: int, master_ns: int) -> None:
        """A Sync came at ``local_ns``; it left, corrections added, at ``master_ns``."""
        if self._forward and local_ns - self._forward[-1][0] > LONGEST_NS:
            # No rate holds for so long, and nobody knows which way the packets take now.
            self._forget([], [])
        if self._is_suspect(local_ns, master_ns) or not self._is_best_of_slot(local_ns, master_ns):
            return
        self._forward.append((local_ns, master_ns))
        self._drop_old(local_ns)
        if self._line is not None:
            self._forward_excess.append(self._line.master_at(local_ns) - master_ns - self._line.delay_ns)
            self._hear_jury()
        self._fit()

    def backward(self, local_ns: int, master_ns: int) -> None:
        """A Delay_Req left at ``local_ns``; it came, corrections subtracted, at ``master_ns``."""
        sample, line = (local_ns, master_ns), self._line
        if line is None:
            self._backward.append(sample)
            self._fit()
            return
        excess_ns = master_ns - line.master_at(local_ns) - line.delay_ns
        if abs(excess_ns) < JUMP_NS + DISSENT * min(self._scatter_ns):
            self._backward_excess.append(excess_ns)
        elif self._backward or abs(line.delay_ns + excess_ns // 2) >= JUMP_NS:
            self._odd_answers.add(sample, excess_ns)
            delay_ns = line.delay_ns + excess_ns // 2
            if self._odd_answers.count < THIRD_OPINION or not -JUMP_NS < delay_ns < LONGEST_DELAY_NS:
                return
            # The way is another one, or the first answer was held up.
            self._backward.clear()
            self._backward.extend(self._odd_answers.samples)
            self._backward.pop()
            self._backward_excess.clear()
        self._odd_answers.clear()
        self._backward.append(sample)
        self._has_new_answer = True

    def _is_suspect(self, local_ns: int, master_ns: int) -> bool:
        """Whether a Sync tells another time; it counts only once enough others, running, tell the same one."""
        line = self._line
        if line is None:
            return False
        off_ns = line.master_at(local_ns) - line.delay_ns - master_ns
        if abs(off_ns) < JUMP_NS + DISSENT * self._scatter_ns[0]:
            self._suspects.clear()
            return False
        self._suspects.add((local_ns, master_ns), off_ns)
        if self._suspects.count >= JUMP_JURY and self._suspects.span_ns >= JUMP_SPAN_NS:
            self.jumps += 1
            self.is_settling = True
            self._forget(list(self._suspects.samples), [], same_clock=False)
        return True

    def _is_best_of_slot(self, local_ns: int, master_ns: int) -> bool:
        """Whether this Sync was held up less than that of the same slot, whose place it takes then."""
        if not self._forward or self._forward[-1][0] // SLOT_NS != local_ns // SLOT_NS:
            return True
        before_local_ns, before_master_ns = self._forward[-1]
        rate = self._line.rate_ppm if self._line else self._prior.rate_ppm
        gained_ns = master_ns - before_master_ns - (local_ns - before_local_ns) * (1 + rate * PPM)
        if gained_ns <= 0:
            return False
        self._forward.pop()
        if self._forward_excess:
            self._forward_excess.pop()
        return True

    def _drop_old(self, now_ns: int) -> None:
        if self._backward and now_ns - self._backward[-1][0] > LONGEST_NS:
            # Nobody answers any more; the rate of then is not that of now.
            self._backward.clear()
            self._backward_excess.clear()
        for samples in (self._forward, self._backward):
            # Both directions must be of one time, or a change of path looks like an offset until both have forgotten.
            since_ns = max(self._forward[0][0], now_ns - LONGEST_NS)
            while samples and samples[0][0] < (since_ns if len(samples) > FEWEST_SAMPLES else now_ns - OLDEST_NS):
                samples.popleft()

    def _hear_jury(self) -> None:
        """No packet is faster than the path: if most of the newest are, the fit is wrong about the present.

        And if every one of the newest is slower, the path is longer now, or, if nobody answers, the time another.
        """
        if len(self._forward) < 2 * FORWARD_JURY:
            return
        limit_ns, answers_limit_ns = (DISSENT * each for each in self._scatter_ns)
        excess, answers = self._forward_excess, self._backward_excess
        early = len(excess) >= FORWARD_JURY and median(list(excess)[-FORWARD_JURY:]) < -limit_ns
        early |= len(answers) == BACKWARD_JURY and median(answers) < -answers_limit_ns
        all_answers_late = len(answers) == BACKWARD_JURY and min(answers) > answers_limit_ns
        late = (
            len(excess) == NEWEST and min(excess) > limit_ns and (all_answers_late or self._known_delay() is not None)
        )
        keep = list(self._forward)[-FORWARD_JURY:]
        slewed = self._line is not None and _runs_away(keep, self._line, SLEWED_PPM)
        if early or late or slewed:
            answers_kept = [sample for sample in self._backward if sample[0] >= keep[0][0]]
            self._forget(keep, answers_kept, same_clock=not slewed)

    def _forget(self, forward: list[Sample], backward: list[Sample], *, same_clock: bool = True) -> None:
        """Keep these packets and the rate alone. Without a packet of the other direction there is no estimate.

        Who jumped may be another clock by now (not ``same_clock``), with a rate of its own.
        """
        line = self._line
        if line is not None:
            # Twice within a short time: it is not the phase alone.
            again = self._forgotten_ns is not None and line.local_ns - self._forgotten_ns < AGAIN_NS
            known = line.rate_sigma_ppm < KNOWN_PPM and same_clock and not again
            self._prior = Prior(line.rate_ppm, KNOWN_PPM if known else CRYSTAL_PPM)
            self._forgotten_ns = line.local_ns
        _replace(self._forward, forward)
        _replace(self._backward, backward)
        for doubts in (self._suspects, self._odd_answers):
            doubts.clear()
        self._forward_excess.clear()
        self._backward_excess.clear()
        self._line = self._measured = None
        self._fit()

    def _known_delay(self) -> Delay | None:
        """What the delay is taken for, if it is not measured: fixed, or as measured when there were answers still."""
        return self._fixed or (None if self._backward else self._measured)

    def _fit(self) -> None:
        if not self._forward or (not self._backward and self._known_delay() is None):
            return
        line = self._line or self._first_line()
        if line is None:
            return
        if self._prior.sigma_ppm == KNOWN_PPM and _runs_away(self._forward, line, RUNAWAY_PPM):
            # The master itself has been slewed: what was known of its rate would hold the fit back for half a minute.
            self._prior = replace(self._prior, sigma_ppm=CRYSTAL_PPM)
        prior = replace(self._prior, delay=self._known_delay())
        for breadth in _SETTLED if len(self._forward) > FEW * 2 else _STARTING:
            line, *self._scatter_ns = refine(line, self._forward, self._backward, prior, breadth)
        self._line, self._delay_ns, self.is_settling = line, line.delay_ns, False
        if prior.delay is None and (self._has_new_answer or self._measured is None):
            self._measured, self._has_new_answer = Delay(line.delay_ns, line.delay_sigma_ns), False

    def _first_line(self) -> Estimate | None:
        """From the median Sync and the fastest answer that fits it; what does not fit is dropped for good."""
        rate = 1 + self._prior.rate_ppm * PPM
        local_ns, master_ns = self._forward[-1]

        def apart_ns(sample: Sample) -> int:
            return sample[1] - master_ns - round((sample[0] - local_ns) * rate)

        middle_ns = median_low(apart_ns(sample) for sample in self._forward)

        def fits(sample: Sample, away_ns: int) -> bool:
            return abs(away_ns) < JUMP_NS + abs(sample[0] - local_ns) * UNKNOWN_RATE

        _replace(self._forward, [sample for sample in self._forward if fits(sample, apart_ns(sample) - middle_ns)])
        known = self._known_delay()
        if known is not None:
            delay_ns = known.ns
        else:
            delays = [(sample, (apart_ns(sample) - middle_ns) // 2) for sample in self._backward]
            delays = [each for each in delays if -JUMP_NS < each[1] < LONGEST_DELAY_NS]
            delay_ns = min((each for _, each in delays), default=LONGEST_DELAY_NS)
            agreeing = [sample for sample, each in delays if fits(sample, each - delay_ns)]
            if len(agreeing) < (1 if delay_ns < JUMP_NS else SECOND_OPINION):
                # One that no others confirm was held up.
                _replace(self._backward, [sample for sample, _ in delays])
                return None
            _replace(self._backward, agreeing)
        return Estimate(local_ns, master_ns + middle_ns + delay_ns, self._prior.rate_ppm, delay_ns)


def _runs_away(samples: Collection[Sample], line: Estimate, least_ppm: float) -> bool:
    """Whether Syncs go another rate than the line; a step among them, as of another path, does not look so."""
    if len(samples) < FORWARD_JURY:
        return False
    slope_ppm, sigma_ppm = trend_ppm(line, samples)
    return abs(slope_ppm) > max(RUNAWAY_SIGMAS * sigma_ppm, least_ppm)


def _replace(samples: deque[Sample], kept: Iterable[Sample]) -> None:
    kept = list(kept)
    samples.clear()
    samples.extend(kept)
