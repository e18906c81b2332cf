from __future__ import annotations

import pytest

from aes67_sender.gst import runtime
from aes67_sender.gst.mediaclock import MediaGstClock
from aes67_sender.model.clock import ClockMapping
from aes67_sender.monotonic import monotonic_ns

pytestmark = pytest.mark.gst
EPOCH_NS = 1_796_212_800_000_000_000


@pytest.fixture(autouse=True)
def _gst() -> None:
    runtime.load()


def error_ns(clock: MediaGstClock) -> int:
    """The smallest of many readings, each between two of the monotonic clock: a stall spoils one, not all."""
    errors = []
    for _ in range(50):
        before_ns = monotonic_ns()
        read_ns = clock.gst_clock.get_time()
        after_ns = monotonic_ns()
        errors.append(abs(read_ns - clock.mapping.media_at((before_ns + after_ns) // 2)))
    return min(errors)


@pytest.mark.parametrize("rate_ppm", [0.0, 12.34, -99.9, 250.0])
@pytest.mark.parametrize("age_s", [0, 3600])
def test_it_agrees_with_the_mapping(rate_ppm: float, age_s: int) -> None:
    anchor_ns = max(monotonic_ns() - age_s * 1_000_000_000, 0)
    assert error_ns(MediaGstClock(ClockMapping(anchor_ns, EPOCH_NS, rate_ppm, 1))) < 20_000


def test_it_follows_new_mappings() -> None:
    clock = MediaGstClock(ClockMapping(monotonic_ns(), EPOCH_NS, 0.0, 1))
    before = clock.gst_clock
    clock.apply(ClockMapping(monotonic_ns(), EPOCH_NS + 3600 * 10**9, 50.0, 2))
    assert error_ns(clock) < 20_000
    assert clock.gst_clock is before
    assert clock.generation == 0


def test_a_step_back_makes_a_new_clock() -> None:
    clock = MediaGstClock(ClockMapping(monotonic_ns(), EPOCH_NS, 0.0, 1))
    clock.gst_clock.get_time()
    clock.apply(ClockMapping(monotonic_ns(), EPOCH_NS - 3600 * 10**9, 0.0, 2))
    assert error_ns(clock) < 20_000
    assert clock.generation == 1
