"""Hours and days of a source: no gap that is none, and a fill that stays where it is."""

from __future__ import annotations

from statistics import fmean
from typing import Any

import pytest

from aes67_sender.logic.drift import SourceClock
from support.card import Card, Lateness, bursts, clumsy, gaps, jack, play, polled, thread

MS = 1_000_000
DAY_S = 86_400
CALM = {
    "jack": (jack, (1024, 2048)),
    "jack-64": (jack, (64,)),
    "jack-clumsy": (clumsy(0.05, 10), (256,)),
    "thread": (thread(300), (480,)),
    "poor thread": (thread(2000), (480, 1024)),
    "bursts": (bursts(20), (480,)),
    "uneven bursts": (bursts(15, 25), (480,)),
    "noisy bursts": (bursts(20, jitter_us=5000), (480,)),
    "polled": (polled(20), (256,)),
    "polled at the pace of its blocks": (polled(20), (480,)),
}


def soak(*values: Any) -> Any:
    return pytest.param(*values, marks=[pytest.mark.soak, pytest.mark.timeout(3600)])


@pytest.mark.parametrize("driver", CALM)
@pytest.mark.parametrize("seconds", [300, soak(4 * 3600)])
def test_a_driver_that_loses_nothing_has_no_gaps(driver: str, seconds: float) -> None:
    late, sizes = CALM[driver]
    clock, card = SourceClock(48_000), Card(54, late=late, sizes=sizes, wander_ppm=3)
    assert gaps(clock, card, seconds) == []


@pytest.mark.parametrize("driver", ["jack", "thread", "bursts", "uneven bursts"])
@pytest.mark.parametrize("minutes", [3, soak(240)])
def test_stalls_now_and_then_are_no_gaps(driver: str, minutes: int) -> None:
    late, sizes = CALM[driver]
    clock, card = SourceClock(48_000), Card(-20, late=late, sizes=sizes)
    for minute in range(minutes):
        assert gaps(clock, card, 57 + minute % 5) == []
        card.stall((0.1, 0.3, 0.15, 0.2)[minute % 4])


@pytest.mark.parametrize(
    ("days", "late", "sizes"),
    [
        (7, thread(300), (72_000, 120_000)),
        (0.15, bursts(20, jitter_us=2000), (4_800, 9_600)),
        soak(7, thread(300), (4_096, 16_384)),
    ],
)
def test_the_fill_stays_where_it_is_for_a_week(days: float, late: Lateness, sizes: tuple[int, ...]) -> None:
    """The fill is what was delivered and not played; whoever plays goes by ``position_at``."""
    period_s = 8 * 3600
    clock = SourceClock(48_000)
    card = Card(54, late=late, sizes=sizes, wander_ppm=3, period_s=period_s)
    assert gaps(clock, card, 1200) == []
    fills_ms = []
    for _, verdict in play(clock, card, days * DAY_S):
        assert verdict != "gap"
        whole, part = clock.position_at(card.time_of(card.end))
        fills_ms.append((clock.end - whole - part) / 48)
    mean_ms = fmean(fills_ms)
    assert max(abs(fill_ms - mean_ms) for fill_ms in fills_ms) < 2
