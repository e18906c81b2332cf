"""Raw samples, as decoders give them, to float. NumPy only: GStreamer's audioconvert 1.22 crashes at 64 channels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

#: GStreamer's names of the formats ``to_float`` knows.
FORMATS: Final = (
    *("S8", "U8", "S16LE", "S16BE", "S24LE", "S24BE", "S24_32LE", "S24_32BE"),
    *("S32LE", "S32BE", "F32LE", "F32BE", "F64LE", "F64BE"),
)
_INTEGERS: Final = {"S8": ("i1", 8), "S16": ("i2", 16), "S24_32": ("i4", 24), "S32": ("i4", 32)}


def to_float(data: bytes, raw_format: str, channels: int, *, interleaved: bool = True) -> NDArray[np.float32]:
    """Samples as float32 (frames, channels), C-contiguous, full scale 1.0; exact up to 24 bits.

    A frame cut off at the end is left out.
    """
    order = ">" if raw_format.endswith("BE") else "<"
    kind = raw_format.removesuffix("LE").removesuffix("BE")
    width = {"S8": 1, "U8": 1, "S16": 2, "S24": 3, "F64": 8}.get(kind, 4)
    whole = data[: len(data) - len(data) % (width * channels)]
    flat = _decode(whole, kind, order)
    shaped = flat.reshape(-1, channels) if interleaved else flat.reshape(channels, -1).T
    return np.ascontiguousarray(shaped)


def _decode(data: bytes, kind: str, order: str) -> NDArray[np.float32]:
    if kind in ("F32", "F64"):
        return np.frombuffer(data, f"{order}f{int(kind[1:]) // 8}").astype(np.float32)
    if kind == "U8":
        return (np.frombuffer(data, np.uint8).astype(np.float32) - np.float32(128)) / np.float32(128)
    if kind == "S24":
        wide = np.zeros((len(data) // 3, 4), np.uint8)
        octets = np.frombuffer(data, np.uint8).reshape(-1, 3)
        # Into the upper three bytes, so that the sign needs no care.
        wide[:, 1:] = octets if order == "<" else octets[:, ::-1]
        return wide.view("<i4")[:, 0].astype(np.float32) / np.float32(2**31)
    dtype, bits = _INTEGERS[kind]
    whole = np.frombuffer(data, f"{order}{dtype}")
    if kind == "S24_32":
        whole, bits = whole.astype(np.int32) << 8, 32
    return whole.astype(np.float32) / np.float32(2 ** (bits - 1))
