"""What a stream is said to be, by its SDP, or taken to be, by its first packets."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

import numpy as np

from aes67_sender.model.packet import BYTES_PER_SAMPLE, PACKET_TIMES_US, RATES_HZ, Encoding
from aes67_sender.units import NS_PER_S

if TYPE_CHECKING:
    from aes67_sender.logic.verify.packets import Packets

#: ``ptp``: this grandmaster. ``traceable``: any that is. ``local``: the sender's own clock. ``none``: not said.
ReferenceKind = Literal["ptp", "traceable", "local", "none"]

#: So far a rate that was counted may be from a nominal one.
_RATE_TOLERANCE: Final = 0.03
_FEWEST: Final = 16


@dataclass(frozen=True, slots=True)
class StreamFormat:
    """What packets hold; ``frames`` are samples per channel in each."""

    encoding: Encoding
    rate_hz: int
    channels: int
    frames: int

    @property
    def frame_bytes(self) -> int:
        """One sample of each channel, in bytes."""
        return self.channels * BYTES_PER_SAMPLE[self.encoding]

    @property
    def payload_bytes(self) -> int:
        """RTP payload in bytes."""
        return self.frames * self.frame_bytes

    @property
    def packet_ns(self) -> float:
        """The exact packet time."""
        return self.frames * NS_PER_S / self.rate_hz

    def __str__(self) -> str:
        return f"{self.encoding}/{self.rate_hz}/{self.channels}"


@dataclass(frozen=True, slots=True)
class Expectation:
    """What the SDP says. ``frames`` come from ``a=ptime``, ``framecount`` from its attribute; ``None``: not said.

    ``sources`` are those of ``a=source-filter``, ``origin`` is the address in ``o=``. ``mediaclk_offset`` is ``None``
    for a media clock of the sender's own.
    """

    name: str
    address: str
    port: int
    encoding: Encoding
    rate_hz: int
    channels: int
    payload_type: int
    frames: int | None = None
    framecount: int | None = None
    ttl: int | None = None
    origin: str | None = None
    sources: tuple[str, ...] = ()
    reference: ReferenceKind = "none"
    grandmaster: str | None = None
    domain: int | None = None
    mediaclk_offset: int | None = 0
    mediaclk_told: bool = True

    def format(self, packets: Packets) -> StreamFormat | None:
        """What its packets hold: as said, or where no packet time is said, as the first packets have it."""
        frames = self.frames or self.framecount or typical_stamp_step(packets)
        return StreamFormat(self.encoding, self.rate_hz, self.channels, frames) if frames else None


def typical_stamp_step(packets: Packets) -> int | None:
    """By how many frames stamps advance from one packet to the next; ``None`` without two in a row."""
    in_row = np.diff(packets.sequence) % (1 << 16) == 1
    steps = np.diff(packets.stamp)[in_row] % (1 << 32)
    if not steps.size:
        return None
    return Counter(steps.tolist()).most_common(1)[0][0] or None


def guess_format(packets: Packets) -> StreamFormat | None:
    """What packets without an SDP most likely hold; ``None`` if they are too few, or are no L16 or L24 at all.

    Samples of 3 bytes are believed before those of 2: six bytes may be two channels of L24 or three of L16.
    """
    frames = typical_stamp_step(packets)
    if frames is None or len(packets) < _FEWEST:
        return None
    payload_bytes = Counter(packets.payload_bytes.tolist()).most_common(1)[0][0]
    frame_bytes, rest = divmod(payload_bytes, frames)
    if rest or not frame_bytes:
        return None
    steps = np.diff(packets.sequence) % (1 << 16)
    span_ns = int(packets.arrival_ns[-1] - packets.arrival_ns[0])
    counted_hz = float(steps.sum()) * frames * NS_PER_S / span_ns if span_ns else 0.0
    nearest_hz = min(RATES_HZ, key=lambda rate_hz: abs(rate_hz - counted_hz))
    if abs(nearest_hz - counted_hz) > _RATE_TOLERANCE * nearest_hz or frames > max(PACKET_TIMES_US.values()) * 2:
        return None
    encodings: tuple[Encoding, ...] = ("L24", "L16")
    for encoding in encodings:
        channels, rest = divmod(frame_bytes, BYTES_PER_SAMPLE[encoding])
        if not rest:
            return StreamFormat(encoding, nearest_hz, channels, frames)
    return None
