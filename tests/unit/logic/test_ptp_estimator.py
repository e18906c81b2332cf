"""The estimator against masters whose time is known. Local time in seconds since ``START_NS``."""

from __future__ import annotations

from random import Random

import pytest

from aes67_sender.logic.ptp.estimator import FEWEST_SAMPLES, MOST_SAMPLES, Estimator
from aes67_sender.units import NS_PER_MS, NS_PER_S, NS_PER_US
from support.ptp_world import EPOCH_NS, START_NS, Path

#: Kernel stamps are taken so much before or after the wire.
STAMP_FLOOR_NS = 1_000


class Lab:
    """Syncs eight times a second, one answer a second, unless told otherwise."""

    def __init__(self, path: Path | None = None, *, rate_ppm: float = 0.0, sync_s: float = 0.125) -> None:
        self.estimator = Estimator()
        self.path = path or Path()
        self.rate_ppm = rate_ppm
        self.sync_s = sync_s
        self.ahead_ns = 0
        self.answers = True
        self.now_ns = START_NS
        self._random = Random(99)

    def true_ns(self, local_ns: int) -> int:
        elapsed_ns = local_ns - START_NS
        return EPOCH_NS + self.ahead_ns + elapsed_ns + round(elapsed_ns * self.rate_ppm * 1e-6)

    def run(self, seconds: float) -> Lab:
        syncs = round(seconds / self.sync_s)
        every = max(round(1 / self.sync_s), 1)
        for number in range(syncs):
            self.now_ns += round(self.sync_s * NS_PER_S)
            self.sync()
            if self.answers and number % every == 1 % every:
                self.answer()
        return self

    def sync(self) -> None:
        crossing_ns = self.path.crossing_ns()
        if crossing_ns is not None:
            self.estimator.forward(self.now_ns + crossing_ns, self.true_ns(self.now_ns))

    def answer(self) -> None:
        left_ns = self.now_ns + round(self._random.uniform(1, 100) * NS_PER_MS)
        crossing_ns = self.path.crossing_ns(back=True)
        if crossing_ns is not None:
            self.estimator.backward(left_ns, self.true_ns(left_ns + crossing_ns))

    @property
    def error_ns(self) -> int:
        estimate = self.estimator.estimate
        assert estimate is not None
        return estimate.master_at(self.now_ns) - self.true_ns(self.now_ns)

    @property
    def rate_error_ppm(self) -> float:
        estimate = self.estimator.estimate
        assert estimate is not None
        return abs(estimate.rate_ppm - self.rate_ppm)


def test_says_nothing_before_it_has_heard_both_directions() -> None:
    lab = Lab()
    lab.answers = False
    lab.run(3)
    assert (lab.estimator.estimate, lab.estimator.delay_ns, lab.estimator.syncs) == (None, None, 24)
    lab.answer()
    assert abs(lab.error_ns) < 10
    assert lab.estimator.delay_ns == 2_000


@pytest.mark.parametrize("rate_ppm", [-100.0, 0.0, 3.3, 100.0])
def test_without_noise_it_is_right_at_once_whatever_the_rate(rate_ppm: float) -> None:
    lab = Lab(rate_ppm=rate_ppm).run(2)
    assert abs(lab.error_ns) < 500
    lab.run(10)
    assert abs(lab.error_ns) < 20
    assert lab.rate_error_ppm < 0.001


@pytest.mark.parametrize(
    ("path", "limit_ns"),
    [
        (Path(queue_us=1), 500),
        (Path(queue_us=30), 10_000),
        (Path(queue_us=5, loss=0.3), 3_000),
        (Path(queue_us=5, stalls=0.04), 3_000),
        (Path(queue_us=200, stalls=0.02, loss=0.05), 60_000),
    ],
)
def test_noise_is_seen_through(path: Path, limit_ns: int) -> None:
    path.random.seed(1)
    lab = Lab(path, rate_ppm=-27.0).run(20)
    worst_ns = 0
    for _ in range(40):
        lab.run(0.5)
        worst_ns = max(worst_ns, abs(lab.error_ns))
    assert worst_ns < limit_ns
    assert lab.estimator.jumps == 0


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("queue_us", [1, 30])
def test_the_rate_carries_through_a_minute_of_holdover(seed: int, queue_us: int) -> None:
    lab = Lab(Path(queue_us=queue_us, random=Random(seed)), rate_ppm=54.0).run(40)
    lab.now_ns += 60 * NS_PER_S
    assert abs(lab.error_ns) < 20 * NS_PER_US * queue_us


@pytest.mark.parametrize(
    "path",
    [
        Path(queue_us=0.5),
        Path(queue_us=20),
        Path(queue_us=100),
        Path(queue_us=20, queue_back_us=0.01),
        Path(queue_us=3, stalls=0.05, loss=0.2),
    ],
    ids=repr,
)
def test_the_error_is_within_what_it_admits(path: Path) -> None:
    told, beyond = 0, 0
    for seed in range(6):
        path.random.seed(seed)
        lab = Lab(path, rate_ppm=seed - 3.0)
        for _ in range(16):
            lab.run(1)
            estimate = lab.estimator.estimate
            if estimate is not None and lab.estimator.syncs > FEWEST_SAMPLES:
                told += 1
                beyond += abs(lab.error_ns) > 3 * estimate.sigma_at(lab.now_ns) + STAMP_FLOOR_NS
    assert told > 70
    assert beyond <= told / 100


def test_what_it_admits_grows_with_the_time_since_the_newest_sync() -> None:
    estimate = Lab(Path(queue_us=10)).run(10).estimator.estimate
    assert estimate is not None
    assert estimate.sigma_at(estimate.local_ns) == estimate.sigma_ns
    assert estimate.sigma_at(estimate.local_ns + 60 * NS_PER_S) > 3 * estimate.sigma_ns


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("step_ns", [20 * NS_PER_US, 300 * NS_PER_US])
def test_a_small_step_of_the_master_is_followed_within_seconds(step_ns: int, sign: int) -> None:
    lab = Lab(Path(queue_us=1), rate_ppm=12.0).run(15)
    lab.ahead_ns = sign * step_ns
    lab.run(8)
    assert abs(lab.error_ns) < 3_000
    assert lab.estimator.jumps == 0
    assert lab.run(20).rate_error_ppm < 0.1


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("step_ns", [2 * NS_PER_MS, NS_PER_S, 3600 * NS_PER_S])
def test_a_large_step_is_one_jump_and_keeps_the_rate(step_ns: int, sign: int) -> None:
    lab = Lab(Path(queue_us=1), rate_ppm=12.0).run(12)
    lab.ahead_ns = sign * step_ns
    lab.run(2)
    assert lab.estimator.jumps == 1
    assert abs(lab.error_ns) < 3_000
    assert lab.rate_error_ppm < 1
    lab.run(10)
    assert lab.estimator.jumps == 1


def test_a_jump_may_be_to_another_rate_too() -> None:
    lab = Lab(Path(queue_us=1), rate_ppm=12.0).run(40)
    lab.ahead_ns, lab.rate_ppm = 3600 * NS_PER_S, -188.0
    lab.run(4)
    assert lab.estimator.jumps == 1
    assert abs(lab.error_ns) < 3_000
    assert lab.rate_error_ppm < 3


@pytest.mark.parametrize("queue_us", [0.1, 5])
@pytest.mark.parametrize("change_ppm", [20, -50, 120, 300, -300])
def test_a_master_that_is_slewed_is_followed_within_seconds_and_without_a_jump(
    change_ppm: int, queue_us: float
) -> None:
    lab = Lab(Path(queue_us=queue_us), rate_ppm=12.0).run(60)
    lab.ahead_ns = lab.true_ns(lab.now_ns) - EPOCH_NS - (lab.now_ns - START_NS)
    lab.rate_ppm += change_ppm
    # What the new rate alone would have added since the start.
    lab.ahead_ns -= round((lab.now_ns - START_NS) * lab.rate_ppm * 1e-6)
    lab.run(15)
    assert lab.estimator.jumps == 0
    assert lab.rate_error_ppm < 2
    assert abs(lab.error_ns) < 20 * NS_PER_US


def test_between_a_jump_and_the_next_answer_there_is_no_estimate_but_the_delay_is_remembered() -> None:
    lab = Lab().run(10)
    lab.answers = False
    lab.ahead_ns = 3600 * NS_PER_S
    lab.run(1)
    assert (lab.estimator.is_settling, lab.estimator.estimate, lab.estimator.delay_ns) == (True, None, 2_000)
    lab.answer()
    assert (lab.estimator.is_settling, lab.estimator.delay_ns) == (False, 2_000)
    assert abs(lab.error_ns) < 100


def test_a_congestion_that_holds_up_some_quick_syncs_alike_is_no_jump() -> None:
    lab = Lab(Path(queue_us=1), sync_s=1 / 64).run(10)
    lab.path.out_ns += 5 * NS_PER_MS
    lab.run(0.15)
    lab.path.out_ns -= 5 * NS_PER_MS
    lab.run(1)
    assert lab.estimator.jumps == 0
    assert abs(lab.error_ns) < 500


@pytest.mark.parametrize("longer_ns", [50_000, 3 * NS_PER_MS, -1_500])
def test_another_path_does_not_move_the_time(longer_ns: int) -> None:
    lab = Lab(Path(queue_us=0.2), rate_ppm=-5.0).run(10)
    lab.path.out_ns += longer_ns
    lab.path.back_ns += longer_ns
    for _ in range(50):
        lab.run(1)
        assert lab.estimator.estimate is None or abs(lab.error_ns) < 2_000
    assert lab.estimator.delay_ns == pytest.approx(2_000 + longer_ns, abs=500)


def test_a_first_answer_that_was_held_up_does_not_decide() -> None:
    lab = Lab()
    lab.answers = False
    lab.run(1)
    lab.estimator.backward(lab.now_ns, lab.true_ns(lab.now_ns + 50 * NS_PER_MS))
    assert lab.estimator.estimate is None
    lab.answers = True
    lab.run(3)
    assert abs(lab.error_ns) < 100


def test_a_long_way_is_believed_when_it_is_told_twice() -> None:
    lab = Lab(Path(out_ns=20 * NS_PER_MS, back_ns=20 * NS_PER_MS)).run(3)
    assert abs(lab.error_ns) < 100
    assert lab.estimator.delay_ns == 20 * NS_PER_MS


def test_answers_that_fall_out_of_the_fit_for_good_are_believed_in_the_end() -> None:
    lab = Lab().run(10)
    lab.path.back_ns = 4 * NS_PER_MS
    lab.run(2)
    assert abs(lab.error_ns) < 100
    lab.run(25)
    assert lab.estimator.delay_ns == pytest.approx(2_001_000, abs=10_000)


def test_answers_of_another_time_are_never_believed() -> None:
    lab = Lab().run(10)
    for _ in range(20):
        lab.run(1)
        lab.estimator.backward(lab.now_ns, lab.true_ns(lab.now_ns) - 3600 * NS_PER_S)
    assert abs(lab.error_ns) < 100


def test_when_answers_cease_the_delay_is_what_it_was_however_the_rate_wanders() -> None:
    lab = Lab(Path(queue_us=0.5)).run(10)
    lab.answers = False
    for minute in range(6):
        # A crystal that warms up, without a step of the phase.
        before_ns = lab.true_ns(lab.now_ns)
        lab.rate_ppm = 0.1 * minute
        lab.ahead_ns += before_ns - lab.true_ns(lab.now_ns)
        lab.run(60)
        assert abs(lab.error_ns) < 5_000


def test_a_long_silence_is_a_new_beginning() -> None:
    lab = Lab(Path(queue_us=1), rate_ppm=3.0).run(40)
    lab.now_ns += 600 * NS_PER_S
    lab.ahead_ns = 400 * NS_PER_US
    lab.sync()
    assert lab.estimator.estimate is None
    lab.run(3)
    assert abs(lab.error_ns) < 5_000


def test_old_syncs_that_are_played_again_change_nothing() -> None:
    lab = Lab(Path(queue_us=0.2)).run(20)
    recorded = [lab.true_ns(lab.now_ns - number * NS_PER_S // 8) for number in range(20)]
    for number, old_ns in enumerate(recorded):
        lab.run(0.25)
        # At once, a moment after another one, in no rhythm.
        lab.estimator.forward(lab.now_ns + number * 1000, old_ns)
    assert lab.estimator.jumps == 0
    assert abs(lab.error_ns) < 500


@pytest.mark.parametrize("sync_s", [1 / 128, 1 / 64, 1 / 8, 1, 2])
def test_any_rate_of_syncs_will_do_and_the_memory_is_bounded(sync_s: float) -> None:
    lab = Lab(Path(queue_us=2), rate_ppm=20.0, sync_s=sync_s).run(30 if sync_s < 1 else 100)
    assert abs(lab.error_ns) < 2_500
    assert lab.rate_error_ppm < 0.5
    assert lab.estimator.syncs <= MOST_SAMPLES
    assert lab.estimator.span_ns > 20 * NS_PER_S


def test_a_known_delay_needs_no_answers() -> None:
    lab = Lab()
    lab.answers = False
    lab.estimator.fix_delay(2_000)
    lab.run(2)
    assert abs(lab.error_ns) < 10
    lab.estimator.fix_delay(1_500)
    assert lab.error_ns == pytest.approx(-500, abs=10)


@pytest.mark.parametrize("step_ns", [40 * NS_PER_US, -40 * NS_PER_US])
def test_a_step_is_noticed_with_a_known_delay_too(step_ns: int) -> None:
    lab = Lab(Path(queue_us=0.5))
    lab.answers = False
    lab.estimator.fix_delay(2_000)
    lab.run(10)
    lab.ahead_ns = step_ns
    lab.run(6)
    assert abs(lab.error_ns) < 2_000


@pytest.mark.parametrize("delay_ns", [2_000, 30 * NS_PER_MS])
def test_a_delay_that_was_guessed_is_measured_once_there_are_answers(delay_ns: int) -> None:
    lab = Lab(Path(out_ns=delay_ns, back_ns=delay_ns))
    lab.answers = False
    lab.estimator.fix_delay(0)
    lab.run(5)
    assert lab.error_ns == pytest.approx(-delay_ns, abs=100)
    lab.answers = True
    lab.run(4)
    lab.estimator.fix_delay(None)
    assert abs(lab.error_ns) < 100
