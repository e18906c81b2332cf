from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aes67_sender.gst.rawsamples import FORMATS, to_float


@pytest.mark.parametrize(
    ("raw_format", "data", "value"),
    [
        ("S8", "80", -1.0),
        ("U8", "00", -1.0),
        ("U8", "80", 0.0),
        ("S16LE", "0080", -1.0),
        ("S16BE", "7fff", 32767 / 32768),
        ("S24LE", "ffff7f", 8388607 / 8388608),
        ("S24LE", "ffffff", -1 / 8388608),
        ("S24BE", "800000", -1.0),
        ("S24_32LE", "ffffff00", -1 / 8388608),
        ("S24_32LE", "010000ff", 1 / 8388608),
        ("S24_32BE", "00800000", -1.0),
        ("S32LE", "00000080", -1.0),
        ("S32BE", "40000000", 0.5),
        ("F32LE", "0000003f", 0.5),
        ("F32BE", "bf000000", -0.5),
        ("F64LE", "000000000000e03f", 0.5),
        ("F64BE", "bfe0000000000000", -0.5),
    ],
)
def test_known_samples(raw_format: str, data: str, value: float) -> None:
    assert raw_format in FORMATS
    assert to_float(bytes.fromhex(data), raw_format, 1).tolist() == [[value]]


@given(st.lists(st.integers(-(2**23), 2**23 - 1), min_size=2, max_size=60).filter(lambda values: len(values) % 2 == 0))
def test_every_24_bit_sample_is_exact(values: list[int]) -> None:
    data = b"".join(value.to_bytes(3, "little", signed=True) for value in values)
    floats = to_float(data, "S24LE", 2)
    assert floats.dtype == np.float32
    assert (floats.astype(np.float64) * 2**23).ravel().tolist() == values


@given(st.sampled_from(FORMATS), st.binary(max_size=64), st.integers(1, 5), st.booleans())
def test_any_bytes_give_whole_frames(raw_format: str, data: bytes, channels: int, interleaved: bool) -> None:
    with np.errstate(all="ignore"):
        floats = to_float(data, raw_format, channels, interleaved=interleaved)
    assert floats.shape[1] == channels
    assert floats.flags.c_contiguous


def test_planes_become_frames() -> None:
    data = np.array([1, 2, 3, 10, 20, 30], "<f4").tobytes()
    assert to_float(data, "F32LE", 2, interleaved=False).tolist() == [[1, 10], [2, 20], [3, 30]]
