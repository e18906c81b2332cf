"""The sound in the packets: levels, silence, clipping."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from aes67_sender.logic.verify.findings import Finding
from aes67_sender.model.packet import BYTES_PER_SAMPLE
from aes67_sender.units import SILENCE_DBFS

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt

    from aes67_sender.logic.verify.expectation import StreamFormat
    from aes67_sender.logic.verify.packets import Flags, Packets

#: So many samples at full scale in a row are clipped, not loud.
_CLIPPED: Final = 3


@dataclass(frozen=True, slots=True)
class ChannelLevel:
    """One channel over the whole time, in dBFS; ``clips`` counts places, not samples. RMS is that of the samples."""

    peak_dbfs: float
    rms_dbfs: float
    clips: int


class SoundJudge:
    """Fed with one sender's packets; those of another size than the format's are passed over."""

    def __init__(self, stream: StreamFormat) -> None:
        self._stream = stream
        self._full = 1 << (8 * BYTES_PER_SAMPLE[stream.encoding] - 1)
        self._peaks = np.zeros(stream.channels, np.int64)
        self._squares = np.zeros(stream.channels)
        self._frames = 0
        self._clips = np.zeros(stream.channels, np.int64)
        self._before = np.zeros((_CLIPPED, stream.channels), np.bool_)

    def add(self, packets: Packets) -> None:
        """Some packets."""
        size = self._stream.payload_bytes
        octets = b"".join(payload for payload in packets.payloads if len(payload) == size)
        if not octets:
            return
        sound = samples(octets, self._stream)
        self._peaks = np.maximum(self._peaks, np.abs(sound).max(axis=0))
        self._squares += np.square(sound.astype(np.float64)).sum(axis=0)
        self._frames += len(sound)
        self._count_clips((sound >= self._full - 1) | (sound <= -self._full))

    def _count_clips(self, full: Flags) -> None:
        """Where three samples at full scale end, with none such right before."""
        full = np.concatenate([self._before, full])
        self._before = full[-_CLIPPED:]
        self._clips += (full[3:] & full[2:-1] & full[1:-2] & ~full[:-3]).sum(axis=0)

    @property
    def levels(self) -> tuple[ChannelLevel, ...]:
        """A level for each channel; empty before the first sample."""
        if not self._frames:
            return ()
        rms = np.sqrt(self._squares / self._frames)
        return tuple(
            ChannelLevel(_dbfs(float(peak) / self._full), _dbfs(float(each) / self._full), int(clips))
            for peak, each, clips in zip(self._peaks, rms, self._clips, strict=True)
        )

    def findings(self) -> Iterator[Finding]:
        """The verdicts."""
        levels = self.levels
        if not levels:
            text = "No packet has the size that the SDP describes: its sound cannot be read."
            yield Finding("silence", "Sound", "unknown", text)
            return
        silent = [number for number, level in enumerate(levels, 1) if level.peak_dbfs <= SILENCE_DBFS]
        clipped = [number for number, level in enumerate(levels, 1) if level.clips]
        figures = {"silent_channels": len(silent), "channels": len(levels)}
        if len(silent) == len(levels):
            text = f"All {len(levels)} channels are digital silence."
            yield Finding("silence", "Sound", "warn", text, "See that the sender's source runs.", figures)
        elif silent:
            text = f"Digital silence on {_channels(silent)}."
            yield Finding("silence", "Sound", "warn", text, "See what feeds it, unless nothing should.", figures)
        else:
            yield Finding("silence", "Sound", "pass", "Every channel carries something.", figures=figures)
        count = sum(level.clips for level in levels)
        if clipped:
            text = f"Clipped {count} times, on {_channels(clipped)}."
            yield Finding("clipping", "Clipping", "warn", text, "Turn the source down.", {"clips": count})
        else:
            yield Finding("clipping", "Clipping", "pass", "Nowhere.", figures={"clips": 0})


def samples(octets: bytes, stream: StreamFormat) -> npt.NDArray[np.int32]:
    """Whole packets' payloads as integers, shape (frames, channels); L24 is RFC 3190 4, L16 RFC 3551 4.5.11."""
    if stream.encoding == "L16":
        return np.frombuffer(octets, ">i2").astype(np.int32).reshape(-1, stream.channels)
    three = np.frombuffer(octets, np.uint8).reshape(-1, 3)
    four = np.zeros((len(three), 4), np.uint8)
    four[:, :3] = three
    return (four.view(">i4").astype(np.int32) >> 8).reshape(-1, stream.channels)


def _dbfs(share: float) -> float:
    return round(20 * math.log10(share), 1) if share > 0 else SILENCE_DBFS


def _channels(numbers: list[int]) -> str:
    shown = ", ".join(str(number) for number in numbers[:8])
    more = f" and {len(numbers) - 8} more" if len(numbers) > 8 else ""  # noqa: PLR2004  as many as were shown
    return f"channel{'s' if len(numbers) > 1 else ''} {shown}{more}"
