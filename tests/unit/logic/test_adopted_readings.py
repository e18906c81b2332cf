"""Readings whose provider has filtered phase and rate already."""

from __future__ import annotations

from itertools import pairwise

import pytest

from aes67_sender.logic.discipline import Discipline
from aes67_sender.model.clock import ClockMapping

START_NS = 10**12
EPOCH_NS = 1_796_212_800_000_000_000
TICK_NS = 50_000_000


class Truth:
    """PTP time, and a media clock that adopts it."""

    def __init__(self, rate_ppm: float = 20.0) -> None:
        self.rate_ppm = rate_ppm
        self.ahead_ns = 0
        self.now_ns = START_NS
        self.clock = Discipline()

    def at(self, monotonic_ns: int) -> int:
        elapsed_ns = monotonic_ns - START_NS
        return EPOCH_NS + self.ahead_ns + elapsed_ns + round(elapsed_ns * self.rate_ppm * 1e-6)

    def adopt(self, seconds: float) -> list[ClockMapping]:
        mappings = []
        for _ in range(round(seconds * 1e9 / TICK_NS)):
            self.now_ns += TICK_NS
            mappings.append(self.clock.adopt(self.now_ns, self.at(self.now_ns), self.rate_ppm))
        return mappings


def test_the_first_one_anchors_at_its_rate() -> None:
    truth = Truth(20.0)
    (mapping,) = truth.adopt(0.05)
    assert mapping == ClockMapping(truth.now_ns, truth.at(truth.now_ns), 20.0, 1)


@pytest.mark.parametrize("ahead_ns", [900_000, -900_000, 50_000])
def test_below_a_millisecond_the_clock_is_slewed_without_a_step(ahead_ns: int) -> None:
    truth = Truth()
    truth.adopt(25)
    truth.ahead_ns = ahead_ns
    mappings = truth.adopt(60)
    assert {mapping.anchor for mapping in mappings} == {1}
    for before, after in pairwise(mappings):
        assert after.media_ns == before.media_at(after.monotonic_ns)
        assert abs(after.rate_ppm - 20) <= 20.001
    assert abs(truth.clock.error_ns(truth.now_ns)) < 200


@pytest.mark.parametrize("ahead_ns", [1_100_000, -1_100_000, 3600 * 10**9])
def test_beyond_a_millisecond_it_is_one_step(ahead_ns: int) -> None:
    truth = Truth()
    truth.adopt(2)
    truth.ahead_ns = ahead_ns
    mappings = truth.adopt(10)
    assert {mapping.anchor for mapping in mappings} == {2}
    assert mappings[0].media_ns == truth.at(mappings[0].monotonic_ns)


def test_without_readings_it_goes_on_at_the_rate_last_adopted() -> None:
    truth = Truth(33.0)
    truth.adopt(5)
    truth.now_ns += 60 * 10**9
    mapping = truth.clock.coast(truth.now_ns)
    assert abs(mapping.media_at(truth.now_ns) - truth.at(truth.now_ns)) < 100


def test_raw_readings_after_filtered_ones_change_neither_time_nor_rate_at_once() -> None:
    truth = Truth(33.0)
    truth.adopt(5)
    truth.clock.restart(truth.now_ns)
    before = truth.clock.mapping
    assert before is not None
    for _ in range(4):
        truth.now_ns += TICK_NS
        mapping = truth.clock.follow(truth.now_ns, truth.at(truth.now_ns) + 300_000)
        assert abs(mapping.media_at(truth.now_ns) - before.media_at(truth.now_ns)) <= 1
    assert truth.clock.rate_ppm == pytest.approx(33.0)
