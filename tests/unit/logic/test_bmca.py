"""Which of two masters is better: IEEE 1588-2008 figures 27 and 28, as linuxptp's bmc.c has them."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from aes67_sender.logic.ptp.bmca import Candidate
from aes67_sender.wire.ptp_messages import ClockQuality
from aes67_sender.wire.ptp_types import ClockIdentity, PortIdentity


def clock(number: int) -> ClockIdentity:
    return ClockIdentity(bytes([number]) * 8)


MASTER = Candidate(128, ClockQuality(6, 0x21, 100), 128, clock(0x10), 1, PortIdentity(clock(0x20), 5))

#: Each worse than the one before by the field that counts most; all that counts less is better.
FALLING = [
    Candidate(1, ClockQuality(255, 0xFF, 0xFFFF), 255, clock(0xF0), 254, PortIdentity(clock(0xF0), 9)),
    Candidate(2, ClockQuality(6, 0xFF, 0xFFFF), 255, clock(0xF1), 254, PortIdentity(clock(0xF1), 9)),
    Candidate(2, ClockQuality(7, 0x20, 0xFFFF), 255, clock(0xF2), 254, PortIdentity(clock(0xF2), 9)),
    Candidate(2, ClockQuality(7, 0x21, 1), 255, clock(0xF3), 254, PortIdentity(clock(0xF3), 9)),
    Candidate(2, ClockQuality(7, 0x21, 2), 1, clock(0xF4), 254, PortIdentity(clock(0xF4), 9)),
    Candidate(2, ClockQuality(7, 0x21, 2), 2, clock(0x01), 254, PortIdentity(clock(0xF5), 9)),
    Candidate(2, ClockQuality(7, 0x21, 2), 2, clock(0x02), 0, PortIdentity(clock(0x02), 1)),
]
BY = ["priority1", "class", "accuracy", "variance", "priority2", "identity"]


@pytest.mark.parametrize(("better", "worse"), [*pairwise(FALLING)], ids=BY)
def test_of_two_grandmasters_the_first_field_that_differs_decides(better: Candidate, worse: Candidate) -> None:
    assert better.beats(worse)
    assert not worse.beats(better)


@pytest.mark.parametrize(
    "longer",
    [
        replace(MASTER, steps_removed=2, sender=PortIdentity(clock(0x01), 1)),
        replace(MASTER, steps_removed=3, sender=PortIdentity(clock(0x01), 1)),
        replace(MASTER, sender=PortIdentity(clock(0x21), 1)),
        replace(MASTER, sender=PortIdentity(clock(0x20), 6)),
        replace(MASTER, priority1=0, quality=ClockQuality(0, 0, 0), priority2=0, steps_removed=2),
    ],
    ids=["one step", "two steps", "a sender's identity", "a sender's port", "a step, whatever else is said"],
)
def test_of_two_ways_to_one_grandmaster_the_shorter_is_better(longer: Candidate) -> None:
    assert MASTER.beats(longer)
    assert not longer.beats(MASTER)


def test_identities_compare_as_unsigned_octets() -> None:
    low = replace(MASTER, grandmaster=ClockIdentity(bytes.fromhex("7fffffffffffffff")))
    assert low.beats(replace(MASTER, grandmaster=ClockIdentity(bytes.fromhex("8000000000000000"))))


def test_nobody_beats_itself() -> None:
    assert not MASTER.beats(MASTER)


# Few values each, so that many are equal.
few = st.integers(0, 2)
clocks = few.map(clock)
ports = st.builds(PortIdentity, clocks, st.integers(1, 2))
candidates = st.builds(Candidate, few, st.builds(ClockQuality, few, few, few), few, clocks, few, ports)


@st.composite
def consistent(draw: st.DrawFn) -> list[Candidate]:
    """Candidates of which those of one grandmaster say the same of it."""
    said = draw(st.fixed_dictionaries({clock(number): candidates for number in range(3)}))
    ways = draw(st.lists(st.tuples(clocks, few, ports), min_size=3, max_size=3))
    return [
        replace(said[master], grandmaster=master, steps_removed=steps, sender=sender) for master, steps, sender in ways
    ]


def linuxptp(a: Candidate, b: Candidate) -> int:
    """``dscmp`` and ``dscmp2``: below zero if ``a`` is better; the receiver is the same port for both."""

    def sign(one: object, other: object) -> int:
        return 0 if one == other else -1 if one < other else 1  # type: ignore[operator]

    if a.grandmaster != b.grandmaster:
        return (
            sign(a.priority1, b.priority1)
            or sign(a.quality.clock_class, b.quality.clock_class)
            or sign(a.quality.accuracy, b.quality.accuracy)
            or sign(a.quality.variance, b.quality.variance)
            or sign(a.priority2, b.priority2)
            or sign(a.grandmaster.octets, b.grandmaster.octets)
        )
    if abs(a.steps_removed - b.steps_removed) > 1:
        return sign(a.steps_removed, b.steps_removed)
    return sign(a.steps_removed, b.steps_removed) or sign(a.sender.encode(), b.sender.encode())


@given(candidates, candidates)
def test_it_is_linuxptps_comparison(a: Candidate, b: Candidate) -> None:
    assert a.beats(b) == (linuxptp(a, b) < 0)


@given(candidates, candidates)
def test_two_never_beat_each_other_and_one_does_unless_both_came_the_same_way(a: Candidate, b: Candidate) -> None:
    same_way = (a.grandmaster, a.steps_removed, a.sender) == (b.grandmaster, b.steps_removed, b.sender)
    assert a.beats(b) + b.beats(a) == (not same_way)


@given(consistent())
def test_who_beats_the_better_beats_the_worse(three: list[Candidate]) -> None:
    a, b, c = three
    assume(a.beats(b) and b.beats(c))
    assert a.beats(c)


def test_masters_that_contradict_each_other_about_one_grandmaster_may_beat_each_other_in_a_circle() -> None:
    stale = replace(MASTER, priority1=1, steps_removed=2)
    near = replace(MASTER, priority1=10, steps_removed=1)
    other = replace(MASTER, priority1=5, grandmaster=clock(0x11))
    assert near.beats(stale)
    assert stale.beats(other)
    assert other.beats(near)
