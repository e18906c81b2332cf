from __future__ import annotations

from aes67_sender.gst.timeline import Arrivals, Timeline


def test_a_time_line_extends_from_the_point_before() -> None:
    line = Timeline()
    assert line.monotonic_at(0) is None
    line.add(100, 10_100)
    line.add(200, 10_250)
    assert line.monotonic_at(50) == 10_050
    assert line.monotonic_at(199) == 10_199
    assert line.monotonic_at(200) == 10_250
    assert line.monotonic_at(500) == 10_550


def test_a_time_line_forgets() -> None:
    line = Timeline(memory=2)
    for index in range(5):
        line.add(index * 10, index * 10 + index)
    assert line.monotonic_at(0) == 3


def test_a_late_arrival_does_not_move_the_time_of_capture() -> None:
    arrivals, ms = Arrivals(), 1_000_000
    late_ms = [0, 0, 30, 25, 20, 0, 3, 0]
    captured = [
        arrivals.captured_ns(index * 5 * ms, 5 * ms, (1000 + index * 5 + 5 + late) * ms)
        for index, late in enumerate(late_ms)
    ]
    assert captured == [(1000 + index * 5) * ms for index in range(len(late_ms))]


def test_frames_that_a_device_lost_without_a_word_count_after_half_a_second() -> None:
    arrivals, ms = Arrivals(), 1_000_000
    lost_ms = [0 if index < 50 else 40 for index in range(200)]
    errors = [
        arrivals.captured_ns(index * 5 * ms, 5 * ms, (index * 5 + 5 + lost) * ms) - (index * 5 + lost) * ms
        for index, lost in enumerate(lost_ms)
    ]
    assert errors[49:51] == [0, -40 * ms]
    assert errors[-1] == 0
