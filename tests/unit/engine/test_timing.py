from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from aes67_sender.engine.transmit.meter import dbfs, percentile_us
from aes67_sender.engine.transmit.tables import LATENESS_BINS
from aes67_sender.engine.transmit.timing import bin_upper_us, frame_of_media_ns, lateness_bin, media_ns_of_frame
from aes67_sender.units import frames_at, ns_at

rates = st.sampled_from([44_100, 48_000, 96_000])


@given(media_ns=st.integers(0, 2**62), rate_hz=rates)
def test_compiled_and_exact_arithmetic_agree(media_ns: int, rate_hz: int) -> None:
    frame = frames_at(media_ns, rate_hz)
    assert frame_of_media_ns(media_ns, rate_hz) == frame
    assert media_ns_of_frame(frame, rate_hz) == ns_at(frame, rate_hz)
    assert frames_at(ns_at(frame, rate_hz), rate_hz) == frame
    assert frames_at(ns_at(frame, rate_hz) - 1, rate_hz) == frame - 1


@given(late_ns=st.integers(-(10**9), 10**11))
def test_a_lateness_bin_is_three_percent_wide(late_ns: int) -> None:
    index = lateness_bin(late_ns)
    late_us = max(late_ns, 0) // 1000
    assert 0 <= index < LATENESS_BINS
    assert late_us <= bin_upper_us(index) <= late_us * 1.0323 or index == LATENESS_BINS - 1
    assert index == 0 or bin_upper_us(index - 1) < late_us


def test_percentiles() -> None:
    counts = np.zeros(LATENESS_BINS, np.int64)
    assert percentile_us(counts, 0.5) == 0
    counts[10], counts[60] = 98, 2
    assert percentile_us(counts, 0.5) == 10
    assert percentile_us(counts, 0.99) == 60


def test_dbfs_has_a_floor() -> None:
    assert dbfs(1.0) == 0
    assert dbfs(0.0) == dbfs(1e-12) == -144
