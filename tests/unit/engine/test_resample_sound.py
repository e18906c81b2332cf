"""What the converter does to sound, against mathematics."""

from __future__ import annotations

import math

import numpy as np
import pytest

from aes67_sender.engine.resample import Resampler
from aes67_sender.engine.resample.design import design, pass_hz
from support.converter import (
    LEVEL,
    convert_tone,
    flatness_db,
    gain_db,
    judge_tone,
    peak_within_db,
    thd_n_db,
    wandering,
)

PAIRS = [(48_000, 48_000), (44_100, 48_000), (96_000, 48_000), (48_000, 44_100), (48_000, 96_000)]
MORE_PAIRS = [(8_000, 48_000), (32_000, 48_000), (192_000, 48_000), (192_000, 44_100), (88_200, 96_000)]
FLAT_HZ = (20, 100, 1000, 5000, 10_000, 15_000, 18_000, 19_000, 20_000)


@pytest.mark.parametrize("tone_hz", [997, 10_000, 18_000])
@pytest.mark.parametrize("pair", PAIRS)
def test_a_tone_stays_clean_while_the_ratio_swings(pair: tuple[int, int], tone_hz: float) -> None:
    assert thd_n_db(*pair, tone_hz, wandering(pair[0] / pair[1], ppm=200)) < -138


@pytest.mark.parametrize("pair", MORE_PAIRS)
def test_other_rates_are_as_clean(pair: tuple[int, int]) -> None:
    assert thd_n_db(*pair, 997, wandering(pair[0] / pair[1])) < -138


@pytest.mark.parametrize("pair", PAIRS)
def test_all_that_can_be_heard_passes_unchanged(pair: tuple[int, int]) -> None:
    assert flatness_db(*pair, FLAT_HZ) < 1e-4


@pytest.mark.parametrize("tone_hz", [1000, 5000, 15_000, 20_000])
@pytest.mark.parametrize("pair", [(44_100, 48_000), (48_000, 96_000)])
def test_a_tone_has_no_images_at_a_higher_rate(pair: tuple[int, int], tone_hz: float) -> None:
    converted = convert_tone(*pair, tone_hz)
    assert peak_within_db(converted, pair[1], 0, tone_hz - 100) < -140
    assert peak_within_db(converted, pair[1], tone_hz + 100, pair[1] / 2) < -140


@pytest.mark.parametrize(
    ("pair", "tones_hz"),
    [
        ((96_000, 48_000), (28_000, 29_123, 35_000, 40_000, 47_000)),
        ((48_000, 44_100), (22_100, 23_000, 23_900)),
        ((192_000, 44_100), (24_100, 30_000, 44_000, 60_000, 88_000, 95_000)),
    ],
)
def test_what_the_target_rate_cannot_carry_is_not_heard(pair: tuple[int, int], tones_hz: tuple[float, ...]) -> None:
    peaks = [peak_within_db(convert_tone(*pair, tone_hz), pair[1], 0, 20_000) for tone_hz in tones_hz]
    assert max(peaks) < -138


@pytest.mark.parametrize("tone_hz", [20_500, 22_000, 23_500])
def test_what_folds_back_between_nearly_equal_rates_is_not_heard(tone_hz: float) -> None:
    converted = convert_tone(48_000, 48_000, tone_hz, wandering(1 + 100e-6, ppm=0))
    assert peak_within_db(converted, 48_000, 0, 20_000) < -138


def test_the_tests_of_noise_and_flatness_find_a_bad_converter() -> None:
    converted = convert_tone(48_000, 48_000, 997, frames=4000)
    noise = np.random.default_rng(1).normal(0, LEVEL * 1e-6 / math.sqrt(2), len(converted.samples))
    converted.samples[:] = converted.samples * 1.001 + noise
    judged = judge_tone(converted, 2 * math.pi * 997 / 48_000)
    assert judged.rest_db == pytest.approx(-120, abs=0.5)
    assert judged.gain_db == pytest.approx(0.00868, abs=1e-4)
    assert gain_db(96_000, 48_000, 23_999) == pytest.approx(-6, abs=0.1)


@pytest.mark.parametrize("tone_hz", [50, 997, 19_000])
@pytest.mark.parametrize("pair", PAIRS)
def test_a_tone_keeps_its_place_in_time(pair: tuple[int, int], tone_hz: float) -> None:
    judged = judge_tone(convert_tone(*pair, tone_hz, frames=8000), 2 * math.pi * tone_hz / pair[0])
    assert abs(judged.delay_frames) < 1e-4


@pytest.mark.parametrize("pair", [*PAIRS, *MORE_PAIRS])
def test_an_impulse_lands_where_it_was(pair: tuple[int, int]) -> None:
    source_hz, target_hz = pair
    resampler = Resampler(1, source_hz, target_hz)
    reach = resampler.reach_frames
    source = np.zeros((6 * reach, 1), np.float32)
    source[3 * reach] = 1.0
    resampler.push(source)
    step, fraction = source_hz / target_hz, 0.377
    count = resampler.renderable(reach, fraction, step)
    samples = resampler.render(reach, fraction, step, count)[:, 0]
    from_impulse = reach + fraction + np.arange(count) * step - 3 * reach
    for hz in (100.0, 1000.0, 0.9 * pass_hz(*pair)):
        radians = 2 * np.pi * hz / source_hz
        answer = np.sum(samples * np.exp(-1j * radians * from_impulse)) * step
        assert abs(answer) == pytest.approx(1, abs=1e-5)
        assert abs(np.angle(answer) / radians) < 1e-3


def test_at_whole_positions_between_equal_rates_the_sound_is_unchanged() -> None:
    resampler = Resampler(2, 48_000, 48_000)
    sound = np.random.default_rng(1).uniform(-1, 1, (500, 2)).astype(np.float32)
    resampler.push(sound)
    np.testing.assert_array_equal(resampler.render(100, 0.0, 1.0, 300), sound[100:400])


def test_the_delay_is_short() -> None:
    reach_ms = {pair: Resampler(1, *pair).reach_frames / pair[0] * 1000 for pair in PAIRS}
    assert reach_ms[48_000, 48_000] < 0.6
    assert max(reach_ms.values()) < 1.2


def test_converters_of_the_same_rates_share_a_table() -> None:
    assert design(44_100, 48_000) is design(44_100, 48_000)
    assert design(44_100, 48_000).table.nbytes < 2e6
    assert not design(44_100, 48_000).table.flags.writeable
