"""Judges a sample-rate converter: what it makes of tones, beside what mathematics makes of them."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from aes67_sender.engine.resample import Resampler

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

Floats = npt.NDArray[np.float64]
#: Ratio of source to target, per block.
Steps = Callable[[int], float]

LEVEL = 10 ** (-1 / 20)


@dataclass(frozen=True, slots=True)
class Converted:
    """``samples``: shape (frames,), and ``positions`` in the source, in frames from the tone's phase 0."""

    samples: Floats
    positions: Floats


def block_sizes(most: int = 1000) -> Iterator[int]:
    """From 48 on, never the same for long."""
    random = np.random.default_rng(1)
    while True:
        yield int(random.integers(48, most + 1))


def wandering(nominal: float, ppm: float = 200.0, period_blocks: int = 40) -> Steps:
    """A ratio that swings by ``ppm`` around ``nominal``."""
    return lambda block: nominal * (1 + ppm * 1e-6 * math.sin(2 * math.pi * block / period_blocks))


def convert_tone(
    source_hz: int, target_hz: int, tone_hz: float, steps: Steps | None = None, frames: int = 40_000
) -> Converted:
    """A tone at -1 dBFS through a converter, in blocks of all sizes; what the edges of the sound touch is left out."""
    resampler = Resampler(1, source_hz, target_hz)
    reach = resampler.reach_frames
    steps = steps or wandering(source_hz / target_hz, 0.0)
    # Weeks after the first frame.
    first = 30_000_000_000
    resampler.restart(first)
    count = math.ceil(frames * source_hz / target_hz * 1.001) + 4 * reach
    tone = LEVEL * np.sin(2 * np.pi * tone_hz / source_hz * np.arange(count))
    frame, fraction, pushed = first + reach, 0.25, 0
    outputs, positions = [], []
    done = 0
    for block, size in enumerate(block_sizes()):
        step = steps(block)
        needed = math.ceil(fraction + size * step) + frame - first + reach + 1
        resampler.push(tone[pushed:needed, np.newaxis].astype(np.float32))
        pushed = max(pushed, min(needed, count))
        if done >= frames or resampler.renderable(frame, fraction, step) < size:
            break
        outputs.append(resampler.render(frame, fraction, step, size)[:, 0].astype(np.float64))
        positions.append((frame - first) + (fraction + np.arange(size) * step))
        whole = math.floor(fraction + size * step)
        frame, fraction = frame + whole, fraction + size * step - whole
        done += size
    return Converted(np.concatenate(outputs), np.concatenate(positions))


@dataclass(frozen=True, slots=True)
class Tone:
    """Of a converted tone: ``gain_db``, ``delay_frames`` of the source, and ``rest_db``, all that is not the tone."""

    gain_db: float
    delay_frames: float
    rest_db: float


def judge_tone(converted: Converted, radians_per_frame: float) -> Tone:
    """Take the tone out of it, at a fixed gain and phase; what is left is noise, distortion and images."""
    phase = radians_per_frame * converted.positions
    basis = np.column_stack((np.sin(phase), np.cos(phase)))
    (sine, cosine), *_ = np.linalg.lstsq(basis, converted.samples)
    rest = converted.samples - basis @ (sine, cosine)
    gain = math.hypot(sine, cosine)
    return Tone(
        gain_db=20 * math.log10(gain / LEVEL),
        delay_frames=-math.atan2(cosine, sine) / radians_per_frame,
        rest_db=20 * math.log10(math.sqrt(2 * float(np.mean(rest**2))) / gain),
    )


def thd_n_db(source_hz: int, target_hz: int, tone_hz: float, steps: Steps | None = None) -> float:
    """All that is not the tone, relative to it."""
    converted = convert_tone(source_hz, target_hz, tone_hz, steps)
    return judge_tone(converted, 2 * math.pi * tone_hz / source_hz).rest_db


def gain_db(source_hz: int, target_hz: int, tone_hz: float) -> float:
    """At one frequency."""
    converted = convert_tone(source_hz, target_hz, tone_hz, frames=max(4000, target_hz // int(tone_hz) * 3))
    return judge_tone(converted, 2 * math.pi * tone_hz / source_hz).gain_db


def flatness_db(source_hz: int, target_hz: int, tones_hz: Iterable[float]) -> float:
    """The largest distance from 0 dB."""
    return max(abs(gain_db(source_hz, target_hz, tone_hz)) for tone_hz in tones_hz)


def peak_within_db(converted: Converted, target_hz: int, low_hz: float, high_hz: float) -> float:
    """The strongest line between two frequencies, relative to a tone at the test's level; needs a constant ratio."""
    samples = converted.samples
    window: Any = np.kaiser(len(samples), 20.0)
    spectrum = abs(np.fft.rfft(samples * window)) / (window.sum() / 2 * LEVEL)
    hz = np.fft.rfftfreq(len(samples), 1 / target_hz)
    return 20 * math.log10(spectrum[(hz >= low_hz) & (hz <= high_hz)].max() + 1e-20)
