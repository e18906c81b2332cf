from __future__ import annotations

import math

import pytest

from aes67_sender.logic.levels import HELD_WINDOWS, STALE_S, Held
from aes67_sender.model.levels import LevelWindow
from aes67_sender.units import SILENCE_DBFS


def window(peak_dbfs: float, rms_dbfs: float) -> LevelWindow:
    return LevelWindow((peak_dbfs,), (rms_dbfs,))


def test_the_peak_of_300_ms_is_the_largest_and_the_rms_that_of_all() -> None:
    held = Held()
    for number in range(20):
        held = held.after(number * 0.05, [window(-10.0 - number, -20.0 if number % 2 else -40.0)])
    levels = held.levels(1.0)
    assert levels.peaks_dbfs == (-10.0 - (20 - HELD_WINDOWS),)
    assert levels.rms_dbfs[0] == pytest.approx(10 * math.log10((10**-2 + 10**-4) / 2), abs=0.05)


def test_several_windows_at_once_count_as_if_they_had_come_one_by_one() -> None:
    windows = [window(-float(number), -float(number)) for number in range(10)]
    one_by_one = Held()
    for each in windows:
        one_by_one = one_by_one.after(1.0, [each])
    assert Held().after(1.0, windows) == one_by_one


def test_levels_that_are_not_renewed_are_none() -> None:
    held = Held().after(1.0, [window(-3.0, -6.0)]).after(1.5, [])
    assert held.levels(1.0 + STALE_S - 0.01).peaks_dbfs == (-3.0,)
    assert held.levels(1.0 + STALE_S) == LevelWindow((), ())
    assert Held().levels(0.0) == LevelWindow((), ())
    assert held.after(9.0, [window(-30.0, -40.0)]).levels(9.0).peaks_dbfs == (-30.0,), "the old ones do not count"


def test_a_new_number_of_channels_begins_anew() -> None:
    held = Held().after(1.0, [LevelWindow((-3.0, -4.0), (-5.0, -6.0))]).after(1.05, [window(-20.0, -30.0)])
    assert held.levels(1.1) == window(-20.0, -30.0)


def test_silence_is_a_number_and_no_rms_is_none() -> None:
    held = Held().after(1.0, [LevelWindow((-math.inf, math.nan, -200.0), ())])
    assert held.levels(1.0) == LevelWindow((SILENCE_DBFS,) * 3, ())
