"""Packets as they came, one by one and as columns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aes67_sender.wire.rtp import RtpPacket

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

UNKNOWN: Final = -1


@dataclass(frozen=True, slots=True)
class Heard:
    """One packet. ``arrival_ns`` is the receiver's clock; ``ttl``, ``dscp`` are -1, ``mac`` empty where not known."""

    arrival_ns: int
    packet: RtpPacket
    source: str = ""
    ttl: int = UNKNOWN
    dscp: int = UNKNOWN
    mac: str = ""


@dataclass(frozen=True, slots=True)
class Packets:
    """Some packets in order of arrival, a row each. ``odd``: contributing sources, an extension, or padding."""

    arrival_ns: Ints
    sequence: Ints
    stamp: Ints
    ssrc: Ints
    payload_type: Ints
    payload_bytes: Ints
    ttl: Ints
    dscp: Ints
    marker: Flags
    odd: Flags
    source: npt.NDArray[np.object_]
    payloads: tuple[bytes, ...]

    def __len__(self) -> int:
        return len(self.payloads)

    def only(self, rows: Flags) -> Packets:
        """Some of them."""
        chosen: dict[str, Any] = {name: getattr(self, name)[rows] for name in _COLUMNS}
        return Packets(**chosen, payloads=tuple(self.payloads[at] for at in np.flatnonzero(rows)))


_COLUMNS: Final = tuple(name for name in Packets.__dataclass_fields__ if name != "payloads")


def columns(heard: Sequence[Heard]) -> Packets:
    """The same packets as columns."""
    numbers = np.array(
        [
            (
                each.arrival_ns,
                each.packet.sequence,
                each.packet.stamp,
                each.packet.ssrc,
                each.packet.payload_type,
                len(each.packet.payload),
                each.ttl,
                each.dscp,
            )
            for each in heard
        ],
        np.int64,
    ).reshape(-1, 8)
    arrival_ns, sequence, stamp, ssrc, payload_type, payload_bytes, ttl, dscp = numbers.T
    return Packets(
        arrival_ns,
        sequence,
        stamp,
        ssrc,
        payload_type,
        payload_bytes,
        ttl,
        dscp,
        marker=np.array([each.packet.marker for each in heard], np.bool_),
        odd=np.array([_is_odd(each.packet) for each in heard], np.bool_),
        source=np.array([each.source for each in heard], np.object_),
        payloads=tuple(each.packet.payload for each in heard),
    )


def signed(difference: Ints, bits: int) -> Ints:
    """Differences of numbers that wrap, as the shorter way round."""
    half = 1 << (bits - 1)
    return (difference + half) % (1 << bits) - half


def _is_odd(packet: RtpPacket) -> bool:
    return bool(packet.csrcs or packet.extension or packet.padding_bytes)


@dataclass(frozen=True, slots=True)
class Steps:
    """From each packet to the next, the last one of the batch before included: as long as the batch, or one less."""

    sequence: Ints
    stamp: Ints
    arrival_ns: Ints


class Stepper:
    """Makes steps of batches; knows the last packet of the batch before."""

    def __init__(self) -> None:
        self._last: tuple[int, int, int] | None = None

    def __call__(self, packets: Packets) -> Steps:
        """The steps to these packets."""
        rows = (packets.sequence, packets.stamp, packets.arrival_ns)
        if self._last is not None:
            sequence, stamp, arrival_ns = (
                np.concatenate([[last], row]) for last, row in zip(self._last, rows, strict=True)
            )
        else:
            sequence, stamp, arrival_ns = rows
        self._last = tuple(int(row[-1]) for row in rows)  # type: ignore[assignment]  # three rows
        return Steps(signed(np.diff(sequence), 16), signed(np.diff(stamp), 32), np.diff(arrival_ns))
