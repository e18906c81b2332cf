from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from aes67_sender.logic.media_clock import LATEST_NS, PATIENCE_LOCKING_S, PATIENCE_S, MediaClock
from aes67_sender.logic.step_doubt import MEMORY_NS
from aes67_sender.model.clock import ClockMapping, ClockReading

if TYPE_CHECKING:
    from collections.abc import Callable

S = 10**9
START_NS = 1000 * S
TAI_NS = 1_796_212_800 * S
GM = "00-1d-c1-ff-fe-12-34-56"


def local() -> ClockReading:
    return ClockReading("free-running", "own clock", START_NS, TAI_NS)


def heard(now_ns: int, media_ns: int) -> ClockReading:
    return ClockReading("locked", "locked", now_ns, media_ns, grandmaster=GM)


def listening() -> ClockReading:
    return ClockReading("listening", "No master is heard.")


def test_streams_wait_for_the_grandmaster_and_anchor_once() -> None:
    clock = MediaClock(START_NS, local)
    assert clock.observe(START_NS + S, listening()) is None
    assert clock.state == "listening"
    mapping = clock.observe(START_NS + 2 * S, heard(START_NS + 2 * S, 12345 * S))
    assert mapping is not None
    assert (mapping.anchor, clock.state, clock.grandmaster) == (1, "locked", GM)
    assert mapping.media_at(START_NS + 2 * S) == 12345 * S


def test_without_one_they_start_on_the_local_clock_and_step_once_when_it_comes() -> None:
    clock = MediaClock(START_NS, local)
    now_ns = START_NS + round((PATIENCE_S + 1) * S)
    mapping = clock.observe(now_ns, listening())
    assert mapping is not None
    assert (clock.state, clock.grandmaster, mapping.anchor) == ("free-running", None, 1)
    assert mapping.media_at(now_ns) == TAI_NS + now_ns - START_NS
    assert "own clock" in clock.why
    now_ns += S
    mapping = clock.observe(now_ns, heard(now_ns, 777 * S))
    assert mapping is not None
    assert (clock.state, clock.grandmaster, mapping.anchor) == ("locked", GM, 2)
    assert mapping.media_at(now_ns) == 777 * S


def test_a_master_that_is_heard_is_given_more_time() -> None:
    clock = MediaClock(START_NS, local)
    measuring = ClockReading("locking", "A master is heard.")
    assert clock.observe(START_NS + round((PATIENCE_S + 1) * S), measuring) is None
    assert clock.observe(START_NS + round((PATIENCE_LOCKING_S + 1) * S), measuring) is not None
    assert clock.state == "free-running"


def test_a_grandmaster_that_agrees_with_the_local_clock_costs_no_step() -> None:
    clock = MediaClock(START_NS, local)
    now_ns = START_NS + round((PATIENCE_S + 1) * S)
    clock.observe(now_ns, listening())
    mapping = clock.observe(now_ns + S, heard(now_ns + S, TAI_NS + now_ns + S - START_NS + 500_000))
    assert mapping is not None
    assert (clock.state, mapping.anchor) == ("locked", 1)


def test_who_is_told_to_wait_waits_for_ever() -> None:
    clock = MediaClock(START_NS, None)
    assert clock.observe(START_NS + 10_000 * S, listening()) is None
    assert clock.state == "listening"


def test_a_lost_grandmaster_is_held_over_and_its_return_is_no_step() -> None:
    clock = MediaClock(START_NS, local)
    for tick in range(100):
        now_ns = START_NS + tick * S // 20
        clock.observe(now_ns, heard(now_ns, 777 * S + now_ns))
    now_ns = START_NS + 60 * S
    mapping = clock.observe(now_ns, listening())
    assert mapping is not None
    assert (clock.state, clock.grandmaster, mapping.anchor) == ("holdover", GM, 1)
    assert abs(mapping.media_at(now_ns) - 777 * S - now_ns) < 1000
    mapping = clock.observe(now_ns + S, heard(now_ns + S, 777 * S + now_ns + S))
    assert mapping is not None
    assert (clock.state, mapping.anchor) == ("locked", 1)


def test_a_successor_without_a_grandmaster_runs_free_and_joins_when_one_comes() -> None:
    clock = MediaClock(START_NS, local, mapping=ClockMapping(START_NS - S, TAI_NS, 0.0, 1))
    assert (clock.state, clock.grandmaster) == ("free-running", None)
    assert clock.observe(START_NS, listening()) is not None
    mapping = clock.observe(START_NS + S, heard(START_NS + S, TAI_NS + 2 * S + 8_000_000))
    assert mapping is not None
    assert mapping.anchor == 2


def test_a_clock_that_can_only_be_read_badly_is_not_called_locked() -> None:
    clock = MediaClock(START_NS, local)
    clock.observe(START_NS, heard(START_NS, 777 * S))
    for second in range(1, 6):
        now_ns = START_NS + second * S
        bad = ClockReading("locked", "locked", now_ns, 777 * S + second * S, uncertainty_ns=300_000, grandmaster=GM)
        clock.observe(now_ns, bad)
    assert clock.state == "holdover"
    assert "precisely" in clock.why


def test_a_reading_taken_across_a_stall_is_dropped() -> None:
    clock = MediaClock(START_NS, local)
    for tick in range(100):
        now_ns = START_NS + tick * S // 20
        clock.observe(now_ns, heard(now_ns, 777 * S + now_ns))
    for tick in range(100, 140):
        now_ns = START_NS + tick * S // 20
        stalled = ClockReading("locked", "locked", now_ns, 778 * S + now_ns, uncertainty_ns=50_000_000, grandmaster=GM)
        mapping = clock.observe(now_ns, stalled)
    assert mapping is not None
    assert (clock.state, mapping.anchor) == ("locked", 1)
    assert abs(mapping.media_at(now_ns) - 777 * S - now_ns) < 1000


def test_a_successor_holds_the_clock_it_was_handed() -> None:
    clock = MediaClock(START_NS, local, mapping=ClockMapping(START_NS - S, TAI_NS, 12.0, 3), grandmaster=GM)
    assert (clock.state, clock.grandmaster) == ("holdover", GM)
    mapping = clock.observe(START_NS, listening())
    assert mapping is not None
    assert mapping.anchor == 3
    assert mapping.media_at(START_NS) == TAI_NS + S + 12_000


def filtered(now_ns: int, media_ns: int) -> ClockReading:
    return ClockReading("locked", "locked", now_ns, media_ns, rate_ppm=0.0, grandmaster=GM)


@pytest.mark.parametrize("read", [heard, filtered])
@pytest.mark.parametrize("period_s", [1, 3, 10])
def test_a_time_that_hops_to_and_fro_is_followed_less_and_less(
    read: Callable[[int, int], ClockReading], period_s: int
) -> None:
    clock, hour_ns = MediaClock(START_NS, local), 3600 * S
    states, before = set(), 0
    for tick in range(600 * 20):
        now_ns = START_NS + tick * S // 20
        hop_ns = hour_ns * (tick // (20 * period_s) % 2)
        mapping = clock.observe(now_ns, read(now_ns, 777 * S + now_ns + hop_ns))
        assert mapping is not None
        if mapping.anchor == before and clock.state == "locked":
            assert abs(mapping.media_at(now_ns) - 777 * S - now_ns - hop_ns) < S or read is heard
        states.add(clock.state)
        before = mapping.anchor
    assert before <= 8
    assert states == {"locked", "holdover"}


def test_a_second_epoch_that_lasts_is_followed_after_a_while_and_the_third_later() -> None:
    clock, waited_s = MediaClock(START_NS, local), []
    clock.observe(START_NS, filtered(START_NS, 777 * S))
    now_ns = START_NS
    for epoch in (1, 2, 3):
        for tick in range(60 * 20):
            now_ns += S // 20
            mapping = clock.observe(now_ns, filtered(now_ns, 777 * S + now_ns + epoch * 3600 * S))
            assert mapping is not None
            if mapping.anchor == epoch + 1:
                waited_s.append(tick // 20)
                break
            assert (clock.state, "has jumped" in clock.why) == ("holdover", True)
    assert waited_s == [0, 2, 4]
    now_ns += round(MEMORY_NS * 1.1)
    mapping = clock.observe(now_ns, filtered(now_ns, 777 * S + now_ns))
    assert mapping is not None
    assert mapping.anchor == 5, "forgiven: the first one is believed at once"


@pytest.mark.parametrize("media_ns", [-1, LATEST_NS, (1 << 48) * S])
def test_a_time_that_media_time_cannot_count_is_not_followed(media_ns: int) -> None:
    clock = MediaClock(START_NS, local)
    assert clock.observe(START_NS, filtered(START_NS, media_ns)) is None
    assert "1970" in clock.why
    clock.observe(START_NS + S, filtered(START_NS + S, 777 * S))
    mapping = clock.observe(START_NS + 2 * S, filtered(START_NS + 2 * S, media_ns))
    assert mapping is not None
    assert (clock.state, mapping.anchor, mapping.media_at(START_NS + 2 * S)) == ("holdover", 1, 778 * S)
