from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aes67_sender.logic.frame_line import FrameLine

WEEK_FRAMES = 7 * 86_400 * 48_000
rates = st.floats(-2e-3, 2e-3)
anchors = st.integers(0, 2**62)
frame_rates = st.sampled_from([44_100, 48_000, 96_000])


def exact_ns(line: FrameLine, frame: int) -> Fraction:
    nominal_ns = Fraction((frame - line.frame) * 10**9, line.rate_hz)
    return line.time_ns + Fraction(line.part_ns) + nominal_ns / (1 + Fraction(line.rate))


@given(frame_rates, anchors, rates, st.floats(0, 1, exclude_max=True), st.integers(-(10**8), 10**8))
def test_times_are_exact_to_the_nanosecond(rate_hz: int, time_ns: int, rate: float, part: float, ahead: int) -> None:
    line = FrameLine(rate_hz, 10**10, time_ns, rate, part)
    assert abs(line.time_of(10**10 + ahead) - exact_ns(line, 10**10 + ahead)) <= 1


@given(frame_rates, anchors, rates, st.integers(-(10**7), 10**7), st.floats(0, 1, exclude_max=True))
def test_the_position_at_a_frames_time_is_that_frame(
    rate_hz: int, time_ns: int, rate: float, ahead: int, fraction: float
) -> None:
    line = FrameLine(rate_hz, 10**10, time_ns, rate)
    whole, part = line.position_at(line.time_of(10**10 + ahead, fraction))
    assert 0 <= part < 1
    # A nanosecond is a ten-thousandth of a frame.
    assert whole - 10**10 - ahead + part - fraction == pytest.approx(0, abs=2e-4)


def test_an_anchor_that_moves_for_weeks_stays_on_the_line() -> None:
    line = FrameLine(48_000, 0, 10**18, 54.321e-6)
    start = line.copy()
    for frame in range(0, 4 * WEEK_FRAMES, WEEK_FRAMES // 9_973):
        line.advance(frame)
    assert abs(line.time_ns + Fraction(line.part_ns) - exact_ns(start, line.frame)) < Fraction(1, 100)


def test_a_shift_moves_every_frame() -> None:
    line = FrameLine(48_000, 5, 1_000, 1e-4, 0.75)
    before_ns = exact_ns(line, 77)
    line.shift(-1_234.5)
    assert 0 <= line.part_ns < 1
    assert float(exact_ns(line, 77) - before_ns) == pytest.approx(-1_234.5)
