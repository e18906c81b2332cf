"""Sound that tells where each sample comes from, and WAV files of it.

A *counter* sample holds its frame number and its channel, so one sample proves channel map, order and bit-exactness:
24 bits: 16 bits frame, 6 bits channel (counted from 1); 16 bits: 11 bits frame, 4 bits channel. Never
negative and never zero: zero means silence.
"""

from __future__ import annotations

import wave
from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from pathlib import Path

Ints = npt.NDArray[np.int32]
_BITS: Final = {16: (11, 4), 24: (16, 6)}


def counter(frames: int, channels: int, *, start: int = 0, bits: Literal[16, 24] = 24) -> Ints:
    """Counter samples, shape (frames, channels), integers of ``bits`` bits."""
    frame_bits, channel_bits = _BITS[bits]
    if channels >= 1 << channel_bits:
        raise ValueError(f"{channels} channels do not fit {channel_bits} bits")
    number = (np.arange(start, start + frames, dtype=np.int64) % (1 << frame_bits)).astype(np.int32)
    return number[:, None] << channel_bits | np.arange(1, channels + 1, dtype=np.int32)


def read_counter(samples: Ints, *, bits: Literal[16, 24] = 24) -> tuple[Ints, Ints]:
    """The frame numbers and the channels (from 1; 0 where there is silence) that counter samples hold."""
    _, channel_bits = _BITS[bits]
    return samples >> channel_bits, samples & ((1 << channel_bits) - 1)


def counter_steps(samples: Ints, *, bits: Literal[16, 24] = 24) -> Ints:
    """The advance of channel 0 from one frame to the next; all ones when nothing is lost or repeated."""
    frame_bits, _ = _BITS[bits]
    numbers, _ = read_counter(samples[:, 0], bits=bits)
    return np.diff(numbers) % (1 << frame_bits)


def sine(
    frames: int,
    frequencies_hz: list[float],
    *,
    rate_hz: int = 48_000,
    level_dbfs: float = -20,
    bits: Literal[16, 24] = 24,
) -> Ints:
    """One sine per channel, shape (frames, channels), integers of ``bits`` bits; 0 dBFS is a full-scale peak."""
    amplitude = 10 ** (level_dbfs / 20) * ((1 << (bits - 1)) - 1)
    turns = np.arange(frames)[:, None] * np.array(frequencies_hz) / rate_hz
    wave_form: Ints = np.round(amplitude * np.sin(2 * np.pi * turns)).astype(np.int32)
    return wave_form


def write_wav(path: Path, samples: Ints, *, rate_hz: int = 48_000, bits: Literal[16, 24] = 24) -> Path:
    """Write integers of ``bits`` bits, shape (frames, channels), as a PCM WAV file."""
    octets = samples.astype("<i4").view(np.uint8).reshape(*samples.shape, 4)[..., : bits // 8]
    with wave.open(str(path), "wb") as file:
        file.setnchannels(samples.shape[1])
        file.setsampwidth(bits // 8)
        file.setframerate(rate_hz)
        file.writeframes(np.ascontiguousarray(octets).tobytes())
    return path


def read_wav(path: Path) -> Ints:
    """The samples of a PCM WAV file of 16 or 24 bits as integers, shape (frames, channels)."""
    with wave.open(str(path), "rb") as file:
        width, channels = file.getsampwidth(), file.getnchannels()
        octets = np.frombuffer(file.readframes(file.getnframes()), np.uint8).reshape(-1, channels, width)
    wide = np.zeros((*octets.shape[:2], 4), np.uint8)
    wide[..., 4 - width :] = octets
    return wide.view("<i4")[..., 0] >> (8 * (4 - width))


def exact_tone(
    frame: npt.NDArray[np.integer[Any]], *, rate_hz: int, frequency_hz: int, level_dbfs: float, bits: int = 24
) -> Ints:
    """The sender's documented tone at the given media-clock frames, as integers of ``bits`` bits."""
    period = rate_hz * 1000
    turns = frame % period * (frequency_hz * 1000) % period
    wave_form = (10 ** (level_dbfs / 20) * np.sin(turns * (2 * np.pi / period))).astype(np.float32).astype(np.float64)
    integers: Ints = np.rint(wave_form * (1 << (bits - 1))).astype(np.int32)
    return integers
