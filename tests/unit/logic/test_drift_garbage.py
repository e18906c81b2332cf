"""Whatever stamps come: no exception, and positions that can be used."""

from __future__ import annotations

from itertools import pairwise
from math import isfinite

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aes67_sender.logic.drift import SourceClock

SECOND_NS = 10**9
#: Near the truth, far from it, nowhere.
stamps = st.one_of(
    st.integers(-100_000, 100_000), st.integers(-(10**9), 10**10), st.integers(-(2**62), 2**62), st.just(0)
)
blocks = st.lists(
    st.tuples(st.integers(1, 100_000), stamps, st.booleans(), st.booleans(), st.booleans()), min_size=1, max_size=60
)


@settings(max_examples=150, deadline=None)
@given(st.sampled_from([44_100, 48_000, 96_000]), st.floats(-3000, 3000), blocks)
def test_positions_can_be_used_whatever_the_stamps(
    rate_hz: int, rate_ppm: float, given_blocks: list[tuple[int, int, bool, bool, bool]]
) -> None:
    clock, sum_ns, end = SourceClock(rate_hz, rate_ppm=rate_ppm), 10**18, 0
    for frames, off_ns, kept, gap, backlog in given_blocks:
        sum_ns += off_ns if kept else 0
        verdict = clock.add(frames, sum_ns + (0 if kept else off_ns), gap=gap, backlog=backlog)
        assert verdict in {"continues", "gap", "late"}
        sum_ns += frames * SECOND_NS // rate_hz
        end += frames
        assert clock.end == end
        assert isfinite(clock.rate_ppm)
        assert abs(clock.rate_ppm) <= 2000 + 1e-9
        assert clock.jitter_ns >= 0
    now_ns = clock.time_of(clock.end)
    times_ns = [now_ns + round(step * SECOND_NS) for step in (-3600, -60, -1, -1e-3, -1e-9, 0, 1e-9, 1e-3, 1, 60, 3600)]
    positions = [clock.position_at(time_ns) for time_ns in times_ns]
    assert all(isfinite(part) and 0 <= part < 1 for _, part in positions)
    for (before, had), (after, has) in pairwise(positions):
        assert after - before + has - had > 0
    for time_ns, (whole, part) in zip(times_ns, positions, strict=True):
        assert clock.time_of(whole, part) == pytest.approx(time_ns, abs=1)


@settings(max_examples=30, deadline=None)
@given(st.lists(stamps, min_size=1, max_size=50), st.integers(-1000, 1000))
def test_whatever_the_stamps_were_good_ones_are_found_back_to(garbage: list[int], ppm: int) -> None:
    clock, now_ns = SourceClock(48_000), 10**18
    for off_ns in garbage:
        clock.add(480, now_ns + off_ns)
        now_ns += 10**7
    for _ in range(3_000):
        clock.add(480, now_ns)
        now_ns += round(1e7 / (1 + ppm * 1e-6))
    assert clock.rate_ppm == pytest.approx(ppm, abs=5)
    assert clock.time_of(clock.end) == pytest.approx(now_ns, abs=2_000_000)
