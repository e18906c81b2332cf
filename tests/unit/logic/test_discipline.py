from __future__ import annotations

import random
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aes67_sender.logic.discipline import Discipline
from aes67_sender.model.clock import ClockMapping

START_NS = 10**12
EPOCH_NS = 1_796_212_800_000_000_000
TICK_NS = 50_000_000


class Grandmaster:
    """True media time, and readings of it with jitter."""

    def __init__(self, rate_ppm: float, jitter_ns: float = 0.0, seed: int = 1) -> None:
        self.rate_ppm = rate_ppm
        self.step_ns = 0
        self._jitter_ns = jitter_ns
        self._random = random.Random(seed)

    def at(self, monotonic_ns: int) -> int:
        elapsed_ns = monotonic_ns - START_NS
        return EPOCH_NS + self.step_ns + elapsed_ns + round(elapsed_ns * self.rate_ppm * 1e-6)

    def read(self, monotonic_ns: int) -> int:
        return self.at(monotonic_ns) + round(self._random.gauss(0, self._jitter_ns))


def follow(clock: Discipline, master: Grandmaster, start_ns: int, seconds: float) -> tuple[int, list[ClockMapping]]:
    mappings = []
    now_ns = start_ns
    for _ in range(round(seconds * 1e9 / TICK_NS)):
        mappings.append(clock.follow(now_ns, master.read(now_ns)))
        now_ns += TICK_NS
    return now_ns, mappings


@pytest.mark.parametrize("rate_ppm", [0.0, -100.0, 54.0, 250.0])
def test_phase_and_rate_converge(rate_ppm: float) -> None:
    clock, master = Discipline(), Grandmaster(rate_ppm)
    now_ns, mappings = follow(clock, master, START_NS, 30)
    assert abs(mappings[-1].media_at(now_ns) - master.at(now_ns)) < 200
    assert clock.rate_ppm == pytest.approx(rate_ppm, abs=0.05)
    assert {mapping.anchor for mapping in mappings} == {1}


def test_jitter_of_a_poor_provider_is_smoothed() -> None:
    clock, master = Discipline(), Grandmaster(30.0, jitter_ns=100_000)
    now_ns, _ = follow(clock, master, START_NS, 60)
    errors = []
    for _ in range(600):
        now_ns, mappings = follow(clock, master, now_ns, TICK_NS / 1e9)
        errors.append(mappings[-1].media_at(now_ns) - master.at(now_ns))
    assert sum(error**2 for error in errors) ** 0.5 / len(errors) ** 0.5 < 100_000 / 4


@pytest.mark.parametrize(("jump_ns", "limit_ppm"), [(400_000, 20), (2_000_000, 200)])
def test_media_time_is_continuous_and_slew_is_limited(jump_ns: int, limit_ppm: float) -> None:
    clock, master = Discipline(), Grandmaster(10.0)
    now_ns, _ = follow(clock, master, START_NS, 60)
    master.step_ns = jump_ns
    _, mappings = follow(clock, master, now_ns, 20)
    for before, after in pairwise(mappings):
        assert after.media_ns == before.media_at(after.monotonic_ns)
        assert abs(after.rate_ppm - clock.rate_ppm) < limit_ppm + 10
    assert mappings[-1].anchor == 1


def test_a_new_epoch_is_one_step_and_only_when_it_lasts() -> None:
    clock, master = Discipline(), Grandmaster(10.0)
    now_ns, _ = follow(clock, master, START_NS, 30)
    master.step_ns = 3600 * 10**9
    now_ns, mappings = follow(clock, master, now_ns, 0.3)
    assert mappings[-1].anchor == 1
    master.step_ns = 0
    now_ns, mappings = follow(clock, master, now_ns, 5)
    assert mappings[-1].anchor == 1
    assert abs(mappings[-1].media_at(now_ns) - master.at(now_ns)) < 1000
    master.step_ns = -3600 * 10**9
    now_ns, mappings = follow(clock, master, now_ns, 5)
    assert mappings[-1].anchor == 2
    assert abs(mappings[-1].media_at(now_ns) - master.at(now_ns)) < 1000


@pytest.mark.parametrize(("age_s", "limit_ppm"), [(1, 200.0), (6, 20.0)])
def test_filtered_readings_are_slewed_within_the_limit_and_faster_while_the_epoch_is_fresh(
    age_s: int, limit_ppm: float
) -> None:
    discipline = Discipline()
    discipline.adopt(0, 10**18, 0.0)
    now_ns = age_s * 10**9
    discipline.adopt(now_ns, 10**18 + now_ns, 0.0)
    mapping = discipline.adopt(now_ns + 1, 10**18 + now_ns + 900_000, 0.0)
    assert mapping.rate_ppm == pytest.approx(limit_ppm)
    assert mapping.anchor == 1


def test_one_wild_reading_moves_nothing() -> None:
    clock, master = Discipline(), Grandmaster(0.0)
    now_ns, _ = follow(clock, master, START_NS, 30)
    clock.follow(now_ns, master.at(now_ns) + 5_000_000)
    now_ns += TICK_NS
    _, mappings = follow(clock, master, now_ns, 1)
    assert all(
        abs(mapping.media_at(mapping.monotonic_ns) - master.at(mapping.monotonic_ns)) < 1000 for mapping in mappings
    )


def test_holdover_goes_on_at_the_last_rate() -> None:
    clock, master = Discipline(), Grandmaster(42.0)
    now_ns, _ = follow(clock, master, START_NS, 60)
    mapping = clock.coast(now_ns)
    later_ns = now_ns + 60 * 10**9
    assert abs(mapping.media_at(later_ns) - master.at(later_ns)) < 20_000


def test_a_handed_over_clock_continues() -> None:
    clock, master = Discipline(), Grandmaster(42.0)
    now_ns, mappings = follow(clock, master, START_NS, 60)
    successor = Discipline(mapping=mappings[-1])
    mapping = successor.coast(now_ns)
    assert mapping.anchor == 1
    assert abs(mapping.media_at(now_ns) - master.at(now_ns)) < 1000
    assert successor.follow(now_ns, master.read(now_ns)).anchor == 1


@given(readings=st.lists(st.tuples(st.integers(1, 10**9), st.integers(0, 2**62)), min_size=1, max_size=60))
def test_media_time_never_runs_backwards_within_an_epoch(readings: list[tuple[int, int]]) -> None:
    clock = Discipline()
    now_ns, previous = START_NS, None
    for elapsed_ns, media_ns in readings:
        now_ns += elapsed_ns
        mapping = clock.follow(now_ns, media_ns)
        if previous is not None and previous.anchor == mapping.anchor:
            assert mapping.media_ns >= previous.media_ns
        assert abs(mapping.rate_ppm) <= 1200.001
        previous = mapping


@given(rate_ppm=st.floats(-1000, 1000), elapsed_ns=st.integers(-(10**13), 10**13), media_ns=st.integers(0, 2**62))
def test_a_mapping_and_its_inverse_agree(rate_ppm: float, elapsed_ns: int, media_ns: int) -> None:
    mapping = ClockMapping(START_NS, media_ns, rate_ppm, 1)
    there = mapping.media_at(START_NS + elapsed_ns)
    assert abs(mapping.monotonic_at(there) - (START_NS + elapsed_ns)) <= 2
