"""How much latency a live stream takes, told by how much was spare before each of its blocks."""

from __future__ import annotations

import random
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aes67_sender.logic.latency import LatencyTarget

if TYPE_CHECKING:
    from collections.abc import Callable

MS = 1_000_000
SECOND = 1_000 * MS
SLEW = 100e-6


class Stream:
    """Plays with the latency the target asks for: at once where sound ran out, slowly where there is too much."""

    def __init__(self, target: LatencyTarget, block_ms: float, late_ms: Callable[[random.Random], float]) -> None:
        self.target = target
        self.now_ns = 10**18
        self.dry = 0
        self.targets: list[int] = []
        self._block_ns = round(block_ms * MS)
        self._late_ms = late_ms
        self._random = random.Random(5)
        target.expect(self._block_ns)
        self.latency_ns = target.target_ns

    def run(self, seconds: float, *, also_late_ms: float = 0.0) -> None:
        """``also_late_ms``: once, at the beginning."""
        end_ns = self.now_ns + round(seconds * SECOND)
        while self.now_ns < end_ns:
            late_ns = round((self._late_ms(self._random) + also_late_ms) * MS)
            also_late_ms = 0.0
            spare_ns = self.latency_ns - self._block_ns - late_ns
            excess_ns = max(0, self.latency_ns - self.target.target_ns)
            self.target.observe(self.now_ns + late_ns, spare_ns, self._block_ns, excess_ns=excess_ns)
            if spare_ns < 0:
                self.dry += 1
                self.latency_ns = max(self.latency_ns, self.target.target_ns)
            slew_ns = round(self._block_ns * SLEW)
            self.latency_ns = max(self.target.target_ns, self.latency_ns - slew_ns)
            if not self.targets or self.targets[-1] != self.target.target_ns:
                self.targets.append(self.target.target_ns)
            self.now_ns += self._block_ns


def quiet(chance: random.Random) -> float:
    return 0.1 + chance.expovariate(1 / 0.05)


def jack(**more: float) -> Stream:
    stream = Stream(LatencyTarget(None), 256 / 48, quiet)
    stream.run(60, **more)
    return stream


def test_auto_begins_at_20_ms_or_three_blocks() -> None:
    target = LatencyTarget(None)
    assert target.target_ns == 20 * MS
    target.observe(0, 15 * MS, 5 * MS)
    assert target.target_ns == 20 * MS
    longer = LatencyTarget(None)
    longer.expect(20 * MS)
    assert longer.target_ns == 60 * MS
    longer.observe(0, 15 * MS, 20 * MS)
    assert longer.target_ns == 60 * MS


def test_a_quiet_machine_with_jack_gets_little_latency_after_ten_seconds() -> None:
    stream = jack()
    assert len(stream.targets) == 2
    assert 7 * MS < stream.targets[-1] < 12 * MS
    assert stream.dry == 0


@pytest.mark.parametrize(
    ("block_ms", "late_ms"),
    [
        (64 / 48, quiet),
        (1024 / 48, quiet),
        (10, lambda chance: chance.expovariate(1.0)),
        (10, lambda chance: chance.uniform(0, 20)),
        (5, lambda chance: chance.choice((0.0, 5.0, 10.0, 15.0)) + chance.expovariate(2)),
    ],
)
def test_latency_settles_without_running_dry_again_and_again(
    block_ms: float, late_ms: Callable[[random.Random], float]
) -> None:
    stream = Stream(LatencyTarget(None), block_ms, late_ms)
    stream.run(30)
    # Twenty milliseconds may be too few to begin with.
    assert stream.dry <= 3
    settled = stream.targets[-1]
    stream.dry = 0
    stream.run(200 * block_ms)
    assert stream.dry <= 1
    assert stream.dry or stream.targets[-1] == settled
    assert stream.targets[-1] < (2 * block_ms + 45) * MS


def test_sound_that_ran_out_takes_more_latency_at_once() -> None:
    stream = jack()
    before_ns = stream.target.target_ns
    stream.run(0.01, also_late_ms=30)
    # A block, its lateness, the margin.
    assert stream.target.target_ns == pytest.approx((256 / 48 + 30 + 256 / 96) * MS, abs=1 * MS)
    assert stream.target.target_ns > before_ns
    assert stream.dry == 1
    stream.run(600)
    assert stream.dry == 1


def test_a_rough_start_is_forgotten_soon() -> None:
    stream = jack(also_late_ms=120)
    assert stream.dry == 1
    assert max(stream.targets) > 120 * MS
    assert stream.targets[-1] < 12 * MS


def test_the_blocks_of_one_accident_count_once() -> None:
    target = LatencyTarget(None)
    for index in range(300):
        target.observe(index * 5 * MS, 14 * MS, 5 * MS)
    for index in range(20):
        target.observe(1_600 * MS + index, -(100 - 5 * index) * MS, 5 * MS)
    assert target.target_ns == pytest.approx(122.5 * MS, abs=1 * MS)


def test_latency_comes_down_slowly_after_an_accident() -> None:
    stream = Stream(LatencyTarget(None), 20, quiet)
    stream.run(60)
    stream.run(0.01, also_late_ms=50)
    high_ns = stream.target.target_ns
    stream.run(1190)
    assert stream.target.target_ns == high_ns
    stream.run(5400)
    assert stream.target.target_ns < high_ns * 4 / 5
    shrunk = stream.targets[2:]
    assert all(after >= before * 3 // 4 - 1 for before, after in pairwise(shrunk))
    assert stream.dry == 1


def test_what_comes_every_hour_is_heard_a_few_times_a_day_at_most() -> None:
    stream = Stream(LatencyTarget(None), 100, quiet)
    for hour in range(24):
        if hour == 12:
            stream.dry = 0
        stream.run(1)
        stream.run(3600 - 1, also_late_ms=150)
    assert stream.dry <= 3


def test_configured_latency_stays_and_what_is_needed_is_told() -> None:
    target = LatencyTarget(5)
    assert (target.target_ns, target.needed_ns) == (5 * MS, 0)
    stream = Stream(target, 256 / 48, lambda chance: chance.uniform(0, 3))
    stream.run(1)
    assert stream.targets == [5 * MS]
    assert stream.dry > 0
    needed_ns = target.needed_ns
    assert 8 * MS < needed_ns < 14 * MS
    enough = Stream(LatencyTarget(needed_ns / MS), 256 / 48, lambda chance: chance.uniform(0, 3))
    enough.run(60)
    assert enough.dry == 0


def test_what_is_needed_recovers_after_an_accident() -> None:
    stream = Stream(LatencyTarget(30), 5, quiet)
    stream.run(20)
    stream.run(1, also_late_ms=200)
    assert stream.target.needed_ns > 200 * MS
    stream.run(1800)
    assert stream.target.needed_ns < 10 * MS


@pytest.mark.parametrize(("configured_ms", "target_ms"), [(0.1, 3), (3, 3), (7.5, 7.5), (9_999, 1000)])
def test_latency_is_limited(configured_ms: float, target_ms: float) -> None:
    assert LatencyTarget(configured_ms).target_ns == round(target_ms * MS)


def test_a_pause_of_the_source_is_not_taken_for_lateness() -> None:
    stream = jack()
    before_ns = stream.target.target_ns
    stream.target.observe(stream.now_ns, -5 * SECOND, 5 * MS)
    assert stream.target.target_ns == before_ns


@given(st.none() | st.floats(0, 5000), st.lists(st.tuples(st.integers(0, 10**12), st.integers(-(10**11), 10**11))))
def test_targets_are_within_limits_whatever_is_measured(
    configured_ms: float | None, measured: list[tuple[int, int]]
) -> None:
    target, now_ns = LatencyTarget(configured_ms), 0
    for elapsed_ns, spare_ns in measured:
        now_ns += elapsed_ns
        target.observe(now_ns, spare_ns, 10 * MS)
        assert 3 * MS <= target.target_ns <= 1000 * MS
        assert target.needed_ns == 0 or 3 * MS <= target.needed_ns <= 1000 * MS
