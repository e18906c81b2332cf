from __future__ import annotations

import gc
import struct
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

_SETTLE_S: Final = 3.0


@pytest.fixture
def no_thread_left() -> Iterator[None]:
    """No Python thread outlives the test."""
    before = set(threading.enumerate())
    yield
    deadline = time.monotonic() + _SETTLE_S
    while (left := set(threading.enumerate()) - before) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not left


def open_descriptors() -> int:
    gc.collect()
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


def write_wav(path: Path, samples: NDArray[np.int32], rate_hz: int, bits: int, mask: int | None = None) -> None:
    """A WAV file of (frames, channels) integers; with a mask, WAVE_FORMAT_EXTENSIBLE (Microsoft, 2007)."""
    channels, width = samples.shape[1], bits // 8
    data = samples.astype("<i4").view(np.uint8).reshape(-1, 4)[:, :width].tobytes()
    tag = 1 if mask is None else 0xFFFE
    head = struct.pack("<HHIIHH", tag, channels, rate_hz, rate_hz * channels * width, channels * width, bits)
    if mask is not None:
        pcm = bytes.fromhex("0100000000001000800000aa00389b71")
        head += struct.pack("<HHI", 22, bits, mask) + pcm
    chunks = b"fmt " + struct.pack("<I", len(head)) + head + b"data" + struct.pack("<I", len(data)) + data
    path.write_bytes(b"RIFF" + struct.pack("<I", 4 + len(chunks)) + b"WAVE" + chunks)


def noise(frames: int, channels: int, bits: int) -> NDArray[np.int32]:
    """Full-scale integers, both extremes among them."""
    top = 2 ** (bits - 1)
    made = np.random.default_rng(1).integers(-top, top, (frames, channels), dtype=np.int32)
    made[0], made[1] = -top, top - 1
    return made


def as_float(samples: NDArray[np.int32], bits: int) -> NDArray[np.float32]:
    exact: NDArray[np.float32] = (samples / 2 ** (bits - 1)).astype(np.float32)
    return exact
