"""The converter's history: what it keeps, and that nothing depends on how sound is cut into calls."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from aes67_sender.engine.resample import Resampler
from aes67_sender.engine.resample.design import design

WEEKS_FRAME = 30_000_000_000
REACH = Resampler(1, 48_000, 48_000).reach_frames


def noise(frames: int, channels: int = 1) -> np.ndarray:
    return np.random.default_rng(7).uniform(-1, 1, (frames, channels)).astype(np.float32)


def filled(sound: np.ndarray, first: int = 0) -> Resampler:
    resampler = Resampler(sound.shape[1], 48_000, 48_000)
    resampler.restart(first)
    resampler.push(sound)
    return resampler


def expected(sound: np.ndarray, positions: np.ndarray) -> np.ndarray:
    """The same filter in double precision, without interpolation: good to 1e-5 with noise."""
    table = design(48_000, 48_000).table.astype(np.float64)
    taps, phases = table.shape[1], len(table) - 1
    # Behind it too: a position that is rounded up to the next frame needs one more, which counts nothing.
    padded = np.concatenate((np.zeros((4 * taps, sound.shape[1])), sound, np.zeros((1, sound.shape[1]))))
    rows = []
    for position in positions:
        frame, phase = divmod(round(position * phases), phases)
        begin = 4 * taps + frame - (taps // 2 - 1)
        rows.append(table[phase] @ padded[begin : begin + taps])
    return np.array(rows)


@given(
    pushes=st.lists(st.integers(0, 3000), min_size=1, max_size=8),
    renders=st.lists(st.integers(0, 700), min_size=1, max_size=8),
    # Steps and fractions that a double can hold exactly, added up too.
    step=st.integers(2**31, 2**33).map(lambda word: word / 2**32),
    fraction=st.integers(0, 2**32 - 1).map(lambda word: word / 2**32),
)
def test_the_samples_do_not_depend_on_how_sound_is_cut(
    pushes: list[int], renders: list[int], step: float, fraction: float
) -> None:
    sound = noise(sum(pushes), 3)
    at_once = filled(sound, WEEKS_FRAME)
    count = at_once.renderable(WEEKS_FRAME, fraction, step)
    wanted = at_once.render(WEEKS_FRAME, fraction, step, count).copy()
    resampler = Resampler(3, 48_000, 48_000)
    resampler.restart(WEEKS_FRAME)
    begin, done, pieces = 0, 0, []
    for number, size in enumerate(pushes):
        resampler.push(sound[begin : begin + size])
        begin += size
        position = fraction + done * step
        frame, rest = WEEKS_FRAME + int(position), position % 1
        ready = resampler.renderable(frame, rest, step)
        piece = ready if number == len(pushes) - 1 else min(renders[number % len(renders)], ready)
        pieces.append(resampler.render(frame, rest, step, piece).copy())
        done += piece
    np.testing.assert_array_equal(np.concatenate(pieces), wanted)


@pytest.mark.parametrize("channels", [1, 2, 5, 64])
def test_every_channel_comes_out_as_itself(channels: int) -> None:
    sound = noise(400, channels)
    samples = filled(sound).render(100, 0.25, 1.125, 200)
    assert samples.shape == (200, channels)
    assert samples.dtype == np.float32
    assert samples.flags.c_contiguous
    np.testing.assert_allclose(samples, expected(sound, 100.25 + np.arange(200) * 1.125), atol=1e-5)


def test_the_ring_goes_round_without_a_seam() -> None:
    sound = noise(100_000)
    resampler = Resampler(1, 48_000, 48_000)
    for begin in range(0, len(sound), 997):
        resampler.push(sound[begin : begin + 997])
    at = len(sound) - 24_000
    samples = resampler.render(at, 0.5, 1.0, 24_000 - REACH)
    np.testing.assert_allclose(samples, expected(sound, at + 0.5 + np.arange(24_000 - REACH)), atol=1e-5)


def test_a_push_longer_than_the_history_leaves_its_end() -> None:
    sound = noise(70_000)
    resampler = filled(sound, WEEKS_FRAME)
    assert resampler.end == WEEKS_FRAME + 70_000
    samples = resampler.render(WEEKS_FRAME + 69_000, 0.0, 1.0, 900)
    np.testing.assert_array_equal(samples, sound[69_000:69_900])


def test_half_a_second_is_kept_and_older_frames_are_refused() -> None:
    resampler = filled(noise(70_000), WEEKS_FRAME)
    oldest = resampler.end - 24_000
    assert resampler.render(oldest, 0.0, 1.0, 10).any()
    assert resampler.renderable(oldest, 0.0, 1.0) == 24_000 - REACH
    too_old = oldest - 2
    assert resampler.renderable(too_old, 0.0, 1.0) == 0
    with pytest.raises(ValueError, match="are kept"):
        resampler.render(too_old, 0.0, 1.0, 10)


@example(frame=0, fraction=0.0, step=1.9999999999999996)
@example(frame=216, fraction=0.0, step=3.9999999999999996)
@given(
    frame=st.integers(-100, 600),
    fraction=st.floats(-3, 3) | st.sampled_from([-1e-20, -5e-324, 0.0, 1 - 2**-53]),
    step=st.floats(0.1, 5),
)
def test_exactly_as_much_can_be_rendered_as_is_said(frame: int, fraction: float, step: float) -> None:
    sound = noise(500)
    resampler = filled(sound)
    count = resampler.renderable(frame, fraction, step)
    positions = frame + (fraction + np.arange(count) * step)
    samples = resampler.render(frame, fraction, step, count)
    np.testing.assert_allclose(samples, expected(sound, positions).reshape(-1, 1), atol=1e-3)
    with pytest.raises(ValueError, match="need source frames up to"):
        resampler.render(frame, fraction, step, count + 1)


def test_the_reach_is_as_wide_as_is_said() -> None:
    resampler = filled(noise(200))
    assert resampler.renderable(100, 0.999, 1.0) == 100 - REACH
    assert resampler.renderable(199 - REACH, 0.0, 1.0) == 1
    assert resampler.renderable(200 - REACH, 0.0, 1.0) == 0


def test_what_lies_before_the_first_frame_is_silence() -> None:
    sound = noise(24_000)
    resampler = filled(sound, WEEKS_FRAME)
    assert not resampler.render(WEEKS_FRAME - 100_000, 0.5, 1.0, 99_900).any()
    samples = resampler.render(WEEKS_FRAME - 50, 0.5, 1.0, 100)
    np.testing.assert_allclose(samples, expected(sound, np.arange(100) - 49.5), atol=1e-5)


def test_the_silence_is_as_long_as_the_first_frame_is_kept() -> None:
    resampler = filled(noise(24_000 + REACH))
    assert not resampler.render(-100_000, 0.0, 1.0, 99_900).any()
    resampler.push(noise(1))
    assert resampler.renderable(-100_000, 0.0, 1.0) == 0
    with pytest.raises(ValueError, match="are kept"):
        resampler.render(-100_000, 0.0, 1.0, 99_900)


def test_a_restart_forgets_the_sound_before() -> None:
    resampler = filled(noise(70_000))
    resampler.restart(5)
    assert resampler.end == 5
    assert resampler.renderable(5, 0.0, 1.0) == 0
    resampler.push(np.zeros((1000, 1), np.float32))
    assert not resampler.render(-500, 0.3, 1.0, 1400).any()


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_what_is_no_number_is_gone_after_the_filters_length(bad: float) -> None:
    sound = noise(1000)
    clean = filled(sound).render(100, 0.3, 1.0, 800).copy()
    sound[500] = bad
    samples = filled(sound).render(100, 0.3, 1.0, 800)
    touched = np.flatnonzero(~np.isfinite(samples[:, 0])) + 100
    assert touched.tolist() == list(range(500 - REACH, 500 + REACH))
    others = np.setdiff1d(np.arange(800), touched - 100)
    np.testing.assert_array_equal(samples[others], clean[others])


def test_samples_of_any_layout_are_taken() -> None:
    sound = noise(300, 2)
    wanted = filled(sound).render(100, 0.3, 1.0, 100).copy()
    read_only = np.frombuffer(sound.tobytes(), np.float32).reshape(300, 2)
    unaligned = np.frombuffer(b"." + sound.tobytes(), np.float32, offset=1).reshape(300, 2)
    strided = np.repeat(sound, 2, axis=1)[:, ::2]
    for other in (read_only, unaligned, strided, np.asfortranarray(sound), sound.astype(np.float64)):
        np.testing.assert_array_equal(filled(other).render(100, 0.3, 1.0, 100), wanted)


def test_the_same_memory_is_used_again() -> None:
    resampler = filled(noise(1000))
    largest = resampler.render(100, 0.0, 1.0, 800)
    assert np.shares_memory(largest, resampler.render(100, 0.5, 1.0, 100))
    assert np.shares_memory(largest, resampler.render(100, 0.5, 1.0, 800))


@pytest.mark.parametrize(("fraction", "step"), [(0.0, 0.0), (0.0, -1.0), (0.0, np.nan), (0.0, np.inf), (np.nan, 1.0)])
def test_senseless_positions_are_refused(fraction: float, step: float) -> None:
    resampler = filled(noise(500))
    with pytest.raises(ValueError, match="cannot render from"):
        resampler.render(100, fraction, step, 1)
    with pytest.raises(ValueError, match="cannot render from"):
        resampler.renderable(100, fraction, step)


def test_no_frames_are_none_and_fewer_are_refused() -> None:
    resampler = filled(noise(500, 2))
    assert resampler.render(10_000, 0.0, 1.0, 0).shape == (0, 2)
    with pytest.raises(ValueError, match="cannot render -1 frames"):
        resampler.render(100, 0.0, 1.0, -1)


def test_a_wrong_number_of_channels_is_refused() -> None:
    resampler = Resampler(2, 48_000, 48_000)
    with pytest.raises(ValueError, match=r"shape \(4, 3\) for 2 channels"):
        resampler.push(np.zeros((4, 3), np.float32))
    with pytest.raises(ValueError, match="cannot convert 0 channels"):
        Resampler(0, 48_000, 48_000)


PLAIN = """
import json, numpy as np
from aes67_sender.engine.resample import Resampler, prepare
prepare()
resampler = Resampler(2, 48_000, 48_000)
resampler.push((np.arange(300, dtype=np.float32).reshape(150, 2) % 7 - 3) / 3)
# The second so little below a frame that its fraction rounds to 1: beyond the table, which only Python would notice.
pieces = [resampler.render(*place, 40).tolist() for place in ((40, 0.3, 1.0001), (40, -1e-20, 1.0))]
print(json.dumps(pieces))
"""


def test_plain_python_gives_the_same() -> None:
    def output(disabled: str) -> np.ndarray:
        environment = {**os.environ, "NUMBA_DISABLE_JIT": disabled}
        run = subprocess.run([sys.executable, "-c", PLAIN], env=environment, capture_output=True, text=True, check=True)
        return np.array(json.loads(run.stdout))

    np.testing.assert_allclose(output("1"), output("0"), atol=1e-6)
