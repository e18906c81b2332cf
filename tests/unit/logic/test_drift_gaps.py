"""What is a gap in a source, and what is only a machine that was busy."""

from __future__ import annotations

import pytest

from aes67_sender.logic.drift import SourceClock
from support.card import Card, bursts, clumsy, gaps, jack, play, polled, thread

MS = 1_000_000
DRIVERS = {
    "jack": (jack, (256,)),
    "jack-64": (jack, (64,)),
    "jack-clumsy": (clumsy(0.05, 10), (256,)),
    "thread": (thread(300), (480,)),
    "poor thread": (thread(2000), (480,)),
    "long blocks": (thread(300), (4800,)),
    "bursts": (bursts(20), (480,)),
    "uneven bursts": (bursts(15, 25), (480,)),
    "noisy bursts": (bursts(20, jitter_us=5000), (480,)),
    "other blocks": (bursts(20), (256, 64)),
    "polled": (polled(10.7), (480,)),
}
drivers = pytest.mark.parametrize("driver", DRIVERS)


def running(driver: str, seconds: float = 30) -> tuple[SourceClock, Card]:
    late, sizes = DRIVERS[driver]
    clock, card = SourceClock(48_000), Card(54, late=late, sizes=sizes)
    assert not gaps(clock, card, seconds)
    return clock, card


@drivers
@pytest.mark.parametrize("pause_s", [5.0, 3 * 86_400.0])
def test_a_pause_is_a_gap_by_the_third_block(driver: str, pause_s: float) -> None:
    clock, card = running(driver)
    wrong_ppm = abs(clock.rate_ppm - 54)
    card.pause(pause_s)
    judged = list(play(clock, card, 0.5))
    first = next(index for index, (_, verdict) in enumerate(judged) if verdict == "gap")
    fresh = [block for block, _ in judged[: first + 1] if not block.backlog]
    # Bursts hold several blocks, and stamps of which none agrees with another take longer.
    assert len(fresh) <= (3 if driver != "noisy bursts" else 6)
    assert clock.gaps == 1
    assert clock.gap_ns == pytest.approx(pause_s * 1e9, abs=8 * MS)
    assert not gaps(clock, card, 30)
    assert abs(clock.rate_ppm - 54) < wrong_ppm + (20 if driver == "noisy bursts" else 2)


@pytest.mark.parametrize("driver", ["jack", "jack-64", "thread", "long blocks"])
@pytest.mark.parametrize(("lost_ms", "said"), [(64 / 48, True), (5, False), (5, True), (-20, False), (100, False)])
def test_lost_frames_are_a_gap_of_their_length(driver: str, lost_ms: float, said: bool) -> None:
    clock, card = running(driver)
    before_ns = clock.time_of(clock.end) - card.time_of(clock.end)
    card.pause(lost_ms / 1e3, said=said)
    found = gaps(clock, card, 2)
    assert len(found) == 1
    assert found[0][1] == pytest.approx(lost_ms * 1e6, abs=0.5 * MS)
    after_ns = clock.time_of(clock.end) - card.time_of(clock.end)
    assert after_ns == pytest.approx(before_ns, abs=0.15 * MS)


def test_a_lost_period_of_64_frames_is_found_without_the_drivers_word() -> None:
    clock, card = running("jack-64")
    card.pause(64 / 48_000)
    (block, size_ns), *more = gaps(clock, card, 2)
    assert not more
    assert size_ns == pytest.approx(64 / 48_000 * 1e9, abs=0.05 * MS)
    assert block.first - 30 * 48_000 <= 3 * 64


@drivers
def test_what_the_driver_tells_is_a_gap_at_once(driver: str) -> None:
    clock, card = running(driver)
    card.pause(0.1, said=True)
    judged = list(play(clock, card, 0.2))
    first = next(index for index, (block, _) in enumerate(judged) if not block.backlog)
    assert judged[first][1] == "gap"
    assert clock.gaps == 1
    assert not gaps(clock, card, 20)


def test_a_driver_that_tells_of_lost_frames_where_none_are_is_not_believed() -> None:
    clock, card = running("jack")
    card.pause(0, said=True)
    assert not gaps(clock, card, 5)


def test_a_gap_placed_by_a_late_stamp_is_placed_anew() -> None:
    clock, card = running("jack")
    card.pause(0.01, said=True)
    card.stall(0.052)
    found = gaps(clock, card, 2)
    assert len(found) <= 2
    assert clock.gaps == 1
    assert sum(size_ns for _, size_ns in found) == pytest.approx(10 * MS, abs=0.1 * MS)
    assert clock.time_of(clock.end) == pytest.approx(card.time_of(clock.end), abs=0.1 * MS)


@drivers
@pytest.mark.parametrize("called", [True, False])
def test_a_stall_of_the_machine_is_no_gap(driver: str, called: bool) -> None:
    late, sizes = DRIVERS[driver]
    clock, card = SourceClock(48_000), Card(54, late=late, sizes=sizes)
    for block in card.blocks(30):
        clock.add(block.frames, block.captured_ns, backlog=block.backlog and called)
    before_ns = clock.time_of(clock.end) - card.time_of(clock.end)
    for stall_s in (0.1, 0.3, 0.2, 0.05, 1.5):
        card.stall(stall_s)
        for block in card.blocks(3):
            assert clock.add(block.frames, block.captured_ns, backlog=block.backlog and called) != "gap"
    after_ns = clock.time_of(clock.end) - card.time_of(clock.end)
    assert after_ns == pytest.approx(before_ns, abs=2 * MS)


def test_a_stall_right_after_a_pause_does_not_hide_it() -> None:
    clock, card = running("jack")
    card.pause(5)
    card.stall(0.1)
    found = gaps(clock, card, 2)
    assert sum(size_ns for _, size_ns in found) == pytest.approx(5e9, abs=0.1 * MS)


def test_a_late_first_block_does_not_matter_for_long() -> None:
    clock, card = SourceClock(48_000), Card(54)
    card.stall(0.12)
    for block, _ in play(clock, card, 4):
        assert block.first < 96_000 or abs(clock.time_of(block.first) - block.true_ns) < 0.05 * MS
    assert clock.rate_ppm == pytest.approx(54, abs=3)


def test_pauses_one_after_another_leave_the_rate_alone() -> None:
    clock, card = running("thread")
    for _ in range(10):
        card.pause(3)
        assert len(gaps(clock, card, 5)) == 1
    assert clock.rate_ppm == pytest.approx(54, abs=2)


def test_a_source_that_is_always_behind_is_followed_all_the_same() -> None:
    clock, card = SourceClock(48_000), Card(54)
    for block in card.blocks(120):
        assert clock.add(block.frames, block.captured_ns, backlog=True) == "continues"
    assert clock.rate_ppm == pytest.approx(54, abs=2)


def test_a_block_without_frames_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one frame"):
        SourceClock(48_000).add(0, 0)


def test_there_is_no_position_before_the_first_block() -> None:
    with pytest.raises(ValueError, match="before its first block"):
        SourceClock(48_000).position_at(0)
