from __future__ import annotations

import math
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aes67_sender.logic.alarms import CLIPPING_SHOWN_S, Watched, problems
from aes67_sender.model.levels import LevelWindow


@dataclass(frozen=True)
class Settings:
    id: str = "main"
    alert_silence_s: float | None = 10.0
    alert_silence_dbfs: float = -60.0
    alert_clipping: bool = True


def window(*peaks_dbfs: float) -> LevelWindow:
    return LevelWindow(peaks_dbfs, peaks_dbfs)


def watched(*moments: tuple[float, tuple[float, ...]]) -> Watched:
    found = Watched()
    for at_s, peaks_dbfs in moments:
        found = found.after(at_s, [window(*peaks_dbfs)], (0,) * len(peaks_dbfs))
    return found


def codes(of: Watched, now_s: float, settings: Settings | None = None) -> list[str]:
    return [problem.code for problem in problems(settings or Settings(), of, now_s)]


def test_silence_of_all_channels_is_a_problem_after_its_time() -> None:
    loud = watched((0.0, (-20.0, -80.0)), (1.0, (-20.0, -80.0)))
    assert codes(loud.after(10.9, [window(-61.0, -144.0)], (0, 0)), 10.9) == []
    silent = loud.after(11.0, [window(-61.0, -144.0)], (0, 0))
    problem = problems(Settings(), silent, 11.0)[0]
    assert (problem.code, problem.severity, problem.path) == ("stream.silent", "warning", "streams.main")
    assert problem.text == "main has been silent for 10 s: no peak above -60 dBFS."
    assert codes(silent, 11.0, Settings(alert_silence_s=None)) == []
    assert codes(silent, 11.0, Settings(alert_silence_dbfs=-65.0)) == []


def test_one_channel_that_sounds_is_enough_and_ends_the_alarm() -> None:
    silent = watched((0.0, (-100.0, -100.0)), (20.0, (-100.0, -100.0)))
    assert codes(silent, 20.0) == ["stream.silent"]
    assert codes(silent.after(20.05, [window(-100.0, -59.9)], (0, 0)), 20.05) == []


def test_silence_counts_from_the_first_window_and_not_without_windows() -> None:
    assert codes(Watched(), 100.0) == []
    assert codes(watched((100.0, (-144.0,))), 200.0) == []
    assert codes(watched((100.0, (-math.inf,)), (110.0, (-math.inf,))), 200.0) == ["stream.silent"]


def test_a_peak_in_any_of_the_windows_of_a_report_is_heard() -> None:
    quiet = watched((0.0, (-90.0,)))
    assert quiet.after(30.0, [window(-10.0), window(-90.0)], (0,)).silent_s(-60.0) == 0.0


@given(st.lists(st.floats(-144, 0).map(lambda level: round(level, 1)), min_size=1, max_size=60), st.floats(-120, 0))
def test_how_long_it_is_silent_is_known_for_any_threshold(peaks_dbfs: list[float], threshold_dbfs: float) -> None:
    found = watched(*((float(at_s), (peak,)) for at_s, peak in enumerate(peaks_dbfs)))
    loud = [at_s for at_s, peak in enumerate(peaks_dbfs) if peak > threshold_dbfs]
    assert found.silent_s(threshold_dbfs) == len(peaks_dbfs) - 1 - max(loud, default=0)


def test_clipping_names_its_channels_for_five_seconds() -> None:
    clean = Watched().after(1.0, [], (0, 0, 0))
    clipped = clean.after(2.0, [], (3, 0, 1))
    problem = problems(Settings(), clipped, 2.0)[0]
    assert (problem.code, problem.path) == ("stream.clipping", "streams.main")
    assert problem.text == "main clips on channels 1, 3."
    later = clipped.after(4.0, [], (3, 0, 2))
    assert problems(Settings(), later, 2.0 + CLIPPING_SHOWN_S)[0].text == "main clips on channel 3."
    assert codes(later, 4.0 + CLIPPING_SHOWN_S) == []
    assert codes(clipped, 2.0, Settings(alert_clipping=False)) == []
    assert codes(clean, 1.0) == []


@pytest.mark.parametrize(("count", "expected"), [(0, []), (2, ["stream.clipping"]), (7, ["stream.clipping"])])
def test_the_next_engine_counts_from_nought(count: int, expected: list[str]) -> None:
    before = Watched().after(1.0, [], (5,)).of_next_engine()
    assert codes(before.after(20.0, [], (count,)), 20.0) == expected
