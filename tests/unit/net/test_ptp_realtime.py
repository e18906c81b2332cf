"""Stamps of the system clock in monotonic time, with clocks moved by hand."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from aes67_sender.net.ptp.realtime import RealtimeOffset, observe_now
from aes67_sender.units import NS_PER_S

OFFSET_NS = 1_700_000_000 * NS_PER_S + 123_456_789
FOREVER = 1 << 62


class Clocks:
    """Both clocks of a machine, and the time it takes to read them."""

    def __init__(self) -> None:
        self.mono_ns = 1000 * NS_PER_S
        self.offset_ns = OFFSET_NS
        self.random = random.Random(1)

    def real_ns(self) -> int:
        return self.mono_ns + self.offset_ns

    def show(self, offset: RealtimeOffset, longest_ns: int = 400) -> None:
        before = self.mono_ns
        self.mono_ns += self.random.randrange(longest_ns)
        real = self.real_ns()
        self.mono_ns += self.random.randrange(longest_ns)
        offset.observe(before, real, self.mono_ns)


def known(clocks: Clocks) -> RealtimeOffset:
    offset = RealtimeOffset()
    for _ in range(50):
        clocks.show(offset)
    return offset


def convert(offset: RealtimeOffset, real_ns: int, latest_ns: int = FOREVER) -> int | None:
    return offset.monotonic_ns(real_ns, earliest_ns=0, latest_ns=latest_ns)


def test_nothing_is_known_before_the_first_look() -> None:
    assert convert(RealtimeOffset(), OFFSET_NS) is None


def test_many_looks_narrow_the_offset_down() -> None:
    clocks = Clocks()
    offset = RealtimeOffset()
    clocks.show(offset)
    first_ns = offset.uncertainty_ns
    for _ in range(200):
        clocks.show(offset)
    assert offset.uncertainty_ns < first_ns // 4
    converted = convert(offset, clocks.real_ns())
    assert converted is not None
    assert abs(converted - clocks.mono_ns) <= offset.uncertainty_ns


@given(st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 10_000)), min_size=1, max_size=50))
def test_the_error_is_never_larger_than_said(looks: list[tuple[int, int]]) -> None:
    offset, mono = RealtimeOffset(), NS_PER_S
    for before, after in looks:
        offset.observe(mono, mono + before + OFFSET_NS, mono + before + after)
        mono += before + after
    converted = convert(offset, mono + OFFSET_NS)
    assert converted is not None
    assert abs(converted - mono) <= offset.uncertainty_ns


def test_a_slow_look_spoils_nothing() -> None:
    clocks = Clocks()
    offset = known(clocks)
    before_ns = offset.uncertainty_ns
    clocks.show(offset, longest_ns=50_000_000)
    assert offset.uncertainty_ns <= before_ns
    assert offset.steps == 0


def test_a_stamp_that_straddles_a_step_is_dropped() -> None:
    for step_ns in (3600 * NS_PER_S, -3600 * NS_PER_S, NS_PER_S, -NS_PER_S):
        clocks = Clocks()
        offset = known(clocks)
        stamp_ns = clocks.real_ns()
        clocks.mono_ns += 1_000_000
        clocks.offset_ns += step_ns
        clocks.show(offset)
        assert offset.steps == 1
        assert convert(offset, stamp_ns, latest_ns=clocks.mono_ns) is None


def test_stamps_after_a_step_count_again() -> None:
    clocks = Clocks()
    offset = known(clocks)
    clocks.offset_ns -= 40 * NS_PER_S
    clocks.show(offset)
    clocks.mono_ns += 1_000_000
    converted = convert(offset, clocks.real_ns(), latest_ns=clocks.mono_ns)
    assert converted is not None
    assert abs(converted - clocks.mono_ns) <= offset.uncertainty_ns


def test_a_stamp_of_the_future_or_of_long_ago_is_none() -> None:
    clocks = Clocks()
    offset = known(clocks)
    now_ns = clocks.mono_ns
    real_ns = clocks.real_ns()
    assert offset.monotonic_ns(real_ns + 5_000, earliest_ns=0, latest_ns=now_ns) is None
    assert offset.monotonic_ns(real_ns - 5_000, earliest_ns=now_ns, latest_ns=FOREVER) is None


def test_rounding_is_no_step() -> None:
    clocks = Clocks()
    offset = known(clocks)
    clocks.offset_ns += 500
    for _ in range(50):
        clocks.show(offset)
    assert offset.steps == 0
    converted = convert(offset, clocks.real_ns())
    assert converted is not None
    assert abs(converted - clocks.mono_ns) <= 500


def test_the_clocks_of_this_machine_keep_their_distance() -> None:
    offset = RealtimeOffset()
    observe_now(offset, times=100)
    assert offset.steps == 0
