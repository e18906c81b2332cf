"""How fast and how exactly a source's crystal is found."""

from __future__ import annotations

from itertools import pairwise
from statistics import fmean, pstdev
from typing import TYPE_CHECKING

import pytest

from aes67_sender.logic.drift import SourceClock
from support.card import Card, bursts, busy, clumsy, gaps, play, thread

if TYPE_CHECKING:
    from collections.abc import Iterable

    from aes67_sender.logic.drift import Verdict
    from support.card import Block, Lateness

SAMPLE_NS = 20_833
#: Eight windows of a quarter of a second, of blocks that do not fit in evenly.
BEGUN_S = 2.3


def error_ns(clock: SourceClock, block: Block) -> int:
    return clock.time_of(block.first) - block.true_ns


def paces_ppm(clock: SourceClock, played: Iterable[tuple[Block, Verdict]]) -> list[float]:
    """How fast positions went by in each second."""
    read: list[tuple[int, int, float]] = []
    for block, _ in played:
        if not read or block.true_ns - read[-1][0] > 10**9:
            read.append((block.true_ns, *clock.position_at(block.true_ns)))
    return [
        ((whole - was + part - had) / ((now_ns - then_ns) * 48e-6) - 1) * 1e6
        for (then_ns, was, had), (now_ns, whole, part) in pairwise(read)
    ]


@pytest.mark.parametrize("sizes", [(256,), (64,), (1024,), (480,), (64, 1024, 128)])
@pytest.mark.parametrize("ppm", [-100, 54, 200, 1000])
def test_a_crystal_is_known_to_half_a_ppm_within_seconds(ppm: float, sizes: tuple[int, ...]) -> None:
    clock, card = SourceClock(48_000), Card(ppm, sizes=sizes)
    errors = []
    for block, verdict in play(clock, card, 30):
        assert verdict == "continues"
        seconds = block.first / 48_000
        assert seconds < BEGUN_S or clock.settled
        assert seconds < 20 or abs(clock.rate_ppm - ppm) < 0.5
        errors += [error_ns(clock, block)] if seconds > 5 else []
    # The earliest stamps are always early by about the same.
    assert max(errors) - min(errors) < SAMPLE_NS


def test_a_quiet_driver_gives_a_pace_without_wander() -> None:
    clock, card = SourceClock(48_000), Card(54)
    assert not gaps(clock, card, 240)
    paces = paces_ppm(clock, play(clock, card, 120))
    assert len(paces) > 100
    assert pstdev(paces) < 0.04
    assert all(abs(pace - 54) < 0.1 for pace in paces)


def test_positions_are_constant_within_a_sample() -> None:
    clock, card = SourceClock(48_000), Card(54)
    errors = sorted(error_ns(clock, block) for block, _ in play(clock, card, 120) if block.first > 480_000)
    spread_ns = errors[len(errors) * 199 // 200] - errors[len(errors) // 200]
    assert spread_ns < SAMPLE_NS / 4
    assert 10_000 < clock.jitter_ns < 40_000


@pytest.mark.parametrize("late", [bursts(20, jitter_us=2000), bursts(15, 25), bursts(20, jitter_us=5000), thread(2000)])
def test_bursts_of_20_ms_make_a_pace_of_a_few_ppm(late: Lateness) -> None:
    clock, card = SourceClock(48_000), Card(54, late=late, sizes=(480,))
    assert not gaps(clock, card, 300)
    played = list(play(clock, card, 1))
    assert all(verdict == "continues" for _, verdict in played)
    paces = paces_ppm(clock, play(clock, card, 120))
    assert all(abs(pace - 54) < 4 for pace in paces)


def test_a_pattern_of_bursts_gives_a_constant_mean() -> None:
    clock, card = SourceClock(48_000), Card(-30, late=bursts(10, 30, jitter_us=10), sizes=(480,))
    assert not gaps(clock, card, 300)
    errors = [error_ns(clock, block) for block, _ in play(clock, card, 120)]
    assert max(abs(error - fmean(errors)) for error in errors) < 1_000 * 50


def test_wild_stamps_pull_nothing() -> None:
    calm, wild = SourceClock(48_000), SourceClock(48_000)
    assert not gaps(calm, Card(54), 60)
    card = Card(54, late=clumsy(0.03, 15))
    assert not gaps(wild, card, 60)
    errors = [error_ns(wild, block) for block, _ in play(wild, card, 30)]
    assert max(errors) - min(errors) < 6_000
    assert wild.rate_ppm == pytest.approx(54, abs=0.1)


def test_a_machine_that_is_busy_for_a_moment_pulls_nothing() -> None:
    clock, card = SourceClock(48_000), Card(54, sizes=(64,))
    assert not gaps(clock, card, 30)
    before = fmean(error_ns(clock, block) for block, _ in play(clock, card, 1))
    for _ in range(20):
        card.stall(0.0008)
        assert not gaps(clock, card, 1)
    errors = [error_ns(clock, block) - before for block, _ in play(clock, card, 1)]
    assert max(map(abs, errors)) < 2_000


@pytest.mark.parametrize("ppm", [-100, 54, 200])
def test_a_machine_that_is_busy_all_the_time_costs_less_than_a_sample(ppm: float) -> None:
    clock, card = SourceClock(48_000), Card(ppm, late=busy(50), sizes=(1024,))
    assert not gaps(clock, card, 60)
    errors, rates = [], []
    for block, verdict in play(clock, card, 300):
        assert verdict == "continues"
        errors.append(error_ns(clock, block))
        rates.append(clock.rate_ppm)
    assert max(errors) - min(errors) < SAMPLE_NS
    assert all(abs(rate - ppm) < 0.5 for rate in rates)


def test_a_gap_on_a_busy_machine_leaves_the_rate_alone() -> None:
    clock, card = SourceClock(48_000), Card(54, late=busy(80), sizes=(1024,))
    assert not gaps(clock, card, 30)
    for _ in range(5):
        card.pause(0.043, said=True)
        for _ in play(clock, card, 10):
            assert clock.rate_ppm == pytest.approx(54, abs=5)


@pytest.mark.parametrize("ppm", [-990, -800, 700])
def test_a_crystal_far_from_nominal_is_known_within_seconds(ppm: float) -> None:
    clock, card = SourceClock(48_000), Card(ppm)
    assert not gaps(clock, card, 5)
    errors = [error_ns(clock, block) for block, _ in play(clock, card, 10)]
    assert max(errors) - min(errors) < SAMPLE_NS
    assert clock.rate_ppm == pytest.approx(ppm, abs=2)


def test_a_crystal_that_wanders_is_followed() -> None:
    clock, card = SourceClock(48_000), Card(54, late=thread(100), sizes=(4096,), wander_ppm=3, period_s=3600)
    assert not gaps(clock, card, 600)
    errors = [error_ns(clock, block) for block, _ in play(clock, card, 3600)]
    assert max(errors) - min(errors) < 100_000


def test_a_kept_rate_is_used_at_once() -> None:
    clock, card = SourceClock(48_000, rate_ppm=54.0), Card(54.5, late=bursts(20, jitter_us=2000), sizes=(480,))
    assert clock.rate_ppm == pytest.approx(54.0)
    assert not gaps(clock, card, 30)
    paces = paces_ppm(clock, play(clock, card, 60))
    assert all(abs(pace - 54.5) < 15 for pace in paces)


@pytest.mark.parametrize(("late", "settle_s"), [(None, 20), (thread(300), 30), (bursts(15, 25), 70)])
@pytest.mark.parametrize("ppm", [-900, 600])
def test_a_kept_rate_that_is_wrong_is_found_out(ppm: float, late: Lateness | None, settle_s: float) -> None:
    clock, card = SourceClock(48_000, rate_ppm=54.0), Card(ppm, late=late, sizes=(480,))
    assert not gaps(clock, card, settle_s)
    assert clock.rate_ppm == pytest.approx(ppm, abs=20)


@pytest.mark.parametrize(("late", "settle_s"), [(None, 5), (thread(300), 10), (bursts(15, 25), 60), (thread(2000), 40)])
@pytest.mark.parametrize("ppm", [-746, 64, 1000])
def test_a_card_whose_rate_is_switched_is_followed(ppm: float, late: Lateness | None, settle_s: float) -> None:
    clock, card = SourceClock(48_000), Card(54, late=late, sizes=(480,))
    assert not gaps(clock, card, 30)
    card.switch(ppm)
    assert len(gaps(clock, card, settle_s)) <= 1
    assert not gaps(clock, card, 60)
    assert clock.rate_ppm == pytest.approx(ppm, abs=5)


@pytest.mark.parametrize("late", [thread(300), thread(2000), bursts(20), bursts(15, 25)])
def test_positions_have_no_steps_once_begun(late: Lateness) -> None:
    clock, card = SourceClock(48_000), Card(200, late=late, sizes=(480,))
    assert not gaps(clock, card, BEGUN_S)
    before_ns = None
    for block, _ in play(clock, card, 20):
        # The crystal's steps, and what the output may hurry.
        now_ns = clock.time_of(block.first)
        assert before_ns is None or abs(now_ns - before_ns - 10**7) < 2_600e-6 * 10**7
        before_ns = now_ns
