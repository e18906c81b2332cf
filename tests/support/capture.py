"""Captured RTP packets as arrays, and what can be said of them. Pure: no network, no clock.

Written from RFC 791, 768, 3550, 3190 and 3551, and shares nothing with the sender.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

Bytes = npt.NDArray[np.uint8]
Ints = npt.NDArray[np.int64]

_IP: Final = 14
_UDP: Final = _IP + 20
_RTP: Final = _UDP + 8
_PAYLOAD: Final = _RTP + 12


@dataclass(frozen=True, slots=True)
class Capture:
    """RTP packets in order of arrival, one row each; ``payload`` is padded with zeros to the longest.

    ``arrival_ns`` is the kernel's CLOCK_REALTIME. ``receiver_drops`` counts packets that the kernel threw away because
    the receiver was slow: with any of them, gaps prove nothing against the sender. ``malformed`` counts UDP packets to
    the wanted ports that are no plain RTP (another version, extension, CSRC, padding, IP options, fragments).
    """

    arrival_ns: Ints
    source_mac: npt.NDArray[np.str_]
    source: npt.NDArray[np.str_]
    source_port: Ints
    destination: npt.NDArray[np.str_]
    port: Ints
    ttl: Ints
    dscp: Ints
    sequence: Ints
    stamp: Ints
    ssrc: Ints
    payload_type: Ints
    marker: npt.NDArray[np.bool_]
    payload_bytes: Ints
    payload: Bytes
    receiver_drops: int = 0
    malformed: int = 0

    def __len__(self) -> int:
        return len(self.arrival_ns)

    def only(self, rows: npt.NDArray[np.bool_] | slice) -> Capture:
        """Some of the packets."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        chosen: dict[str, Any] = {key: value[rows] for key, value in values.items() if isinstance(value, np.ndarray)}
        return replace(self, **chosen)

    def streams(self) -> dict[tuple[str, int], Capture]:
        """The packets of each destination address and port."""
        return {(address, port): self.stream(address, port) for address, port in self.destinations()}

    def stream(self, address: str, port: int = 5004) -> Capture:
        """The packets to one address and port."""
        return self.only((self.destination == address) & (self.port == port))

    def destinations(self) -> set[tuple[str, int]]:
        """The addresses and ports that packets went to."""
        return {(str(address), int(port)) for address, port in zip(self.destination, self.port, strict=True)}

    def save(self, path: Path) -> None:
        np.savez(path, **{field.name: getattr(self, field.name) for field in fields(self)})

    @staticmethod
    def load(path: Path) -> Capture:
        with np.load(path) as stored:
            values: dict[str, Any] = {name: stored[name] for name in stored.files}
        drops, malformed = int(values.pop("receiver_drops")), int(values.pop("malformed"))
        return Capture(**values, receiver_drops=drops, malformed=malformed)


def parse_frames(
    frames: Bytes, lengths: Ints, arrival_ns: Ints, *, ports: Iterable[int], receiver_drops: int = 0
) -> Capture:
    """Parse Ethernet frames, one per row; frames that are not UDP to ``ports`` are passed over."""
    if frames.shape[1] < _PAYLOAD:
        raise ValueError(f"frames of {frames.shape[1]} bytes hold no RTP header")
    header = frames[:, :_PAYLOAD].astype(np.int64)
    port = _number(header, _UDP + 2, 2)
    wanted = (lengths >= _UDP + 8) & (_number(header, 12, 2) == 0x0800) & (header[:, _IP + 9] == 17)
    wanted &= np.isin(port, list(ports))
    size = _number(header, _UDP + 4, 2) - 20
    plain = (header[:, _IP] == 0x45) & (_number(header, _IP + 6, 2) & 0x3FFF == 0)
    plain &= (header[:, _RTP] == 0x80) & (size >= 0) & (lengths >= _PAYLOAD + size)
    rows = wanted & plain
    header, size = header[rows], size[rows]
    longest = int(size.max(initial=0))
    payload = frames[rows, _PAYLOAD : _PAYLOAD + longest].copy()
    payload[np.arange(payload.shape[1])[None, :] >= size[:, None]] = 0
    return Capture(
        arrival_ns=arrival_ns[rows],
        source_mac=_mac_texts(frames[rows, 6:12]),
        source=_address_texts(_number(header, _IP + 12, 4)),
        source_port=_number(header, _UDP, 2),
        destination=_address_texts(_number(header, _IP + 16, 4)),
        port=port[rows],
        ttl=header[:, _IP + 8],
        dscp=header[:, _IP + 1] >> 2,
        sequence=_number(header, _RTP + 2, 2),
        stamp=_number(header, _RTP + 4, 4),
        ssrc=_number(header, _RTP + 8, 4),
        payload_type=header[:, _RTP + 1] & 0x7F,
        marker=header[:, _RTP + 1] >= 0x80,
        payload_bytes=size,
        payload=payload,
        receiver_drops=receiver_drops,
        malformed=int(np.count_nonzero(wanted & ~plain)),
    )


def join(parts: Sequence[Capture]) -> Capture:
    """One capture of several, in their order."""
    longest = max(part.payload.shape[1] for part in parts)
    wide = [
        replace(part, payload=np.pad(part.payload, ((0, 0), (0, longest - part.payload.shape[1])))) for part in parts
    ]
    arrays = [field.name for field in fields(Capture) if isinstance(getattr(parts[0], field.name), np.ndarray)]
    joined: dict[str, Any] = {name: np.concatenate([getattr(part, name) for part in wide]) for name in arrays}
    drops, malformed = sum(part.receiver_drops for part in parts), sum(part.malformed for part in parts)
    return Capture(**joined, receiver_drops=drops, malformed=malformed)


def _number(header: Ints, at: int, size: int) -> Ints:
    """The big-endian number at a byte offset, for each row."""
    weights: Ints = 256 ** np.arange(size - 1, -1, -1, dtype=np.int64)
    number: Ints = header[:, at : at + size] @ weights
    return number


def _address_texts(numbers: Ints) -> npt.NDArray[np.str_]:
    unique, inverse = np.unique(numbers, return_inverse=True)
    return np.array([str(ipaddress.IPv4Address(int(number))) for number in unique], dtype="U15")[inverse]


def _mac_texts(rows: Bytes) -> npt.NDArray[np.str_]:
    unique, inverse = np.unique(rows, axis=0, return_inverse=True)
    return np.array([bytes(row).hex(":") for row in unique], dtype="U17")[inverse.reshape(-1)]


@dataclass(frozen=True, slots=True)
class Gap:
    """``missing`` packets did not come before packet number ``index``; negative: it came late or twice."""

    index: int
    missing: int


@dataclass(frozen=True, slots=True)
class Analysis:
    """What a receiver sees of one stream.

    ``stamp_errors`` are packets whose stamp did not advance by the payload times the advance in sequence number.
    ``lag_us`` is arrival minus stamp, media clock offset 0: one packet time and more for a sender that sends what it
    has just sampled. Its sign is right within 12 h at 48 kHz.
    """

    packets: int
    gaps: tuple[Gap, ...]
    stamp_errors: tuple[int, ...]
    stamp_steps: frozenset[int]
    payload_sizes: frozenset[int]
    ssrcs: frozenset[int]
    lag_us: npt.NDArray[np.float64]

    @property
    def lost(self) -> int:
        return sum(gap.missing for gap in self.gaps if gap.missing > 0)

    def lag_percentile_us(self, percent: float) -> float:
        return float(np.percentile(self.lag_us, percent))


def analyse(stream: Capture, *, rate_hz: int = 48_000, frames: int = 48) -> Analysis:
    """Judge one stream; ``frames`` is the number of samples per channel in each packet."""
    if len(stream) == 0:
        raise AssertionError("no packets were captured")
    steps = _signed(np.diff(stream.sequence), 16)
    stamp_steps = _signed(np.diff(stream.stamp), 32)
    return Analysis(
        packets=len(stream),
        gaps=tuple(Gap(int(at) + 1, int(steps[at]) - 1) for at in np.flatnonzero(steps != 1)),
        stamp_errors=tuple(int(at) + 1 for at in np.flatnonzero(stamp_steps != steps * frames)),
        stamp_steps=frozenset(stamp_steps.tolist()),
        payload_sizes=frozenset(stream.payload_bytes.tolist()),
        ssrcs=frozenset(stream.ssrc.tolist()),
        lag_us=_lag_us(stream, rate_hz),
    )


def _lag_us(stream: Capture, rate_hz: int) -> npt.NDArray[np.float64]:
    seconds, rest_ns = np.divmod(stream.arrival_ns, 1_000_000_000)
    whole, part = np.divmod(rest_ns * rate_hz, 1_000_000_000)
    behind = _signed(seconds * rate_hz + whole - stream.stamp, 32)
    lag: npt.NDArray[np.float64] = (behind + part / 1e9) * (1e6 / rate_hz)
    return lag


def _signed(difference: Ints, bits: int) -> Ints:
    """A difference of numbers that wrap, as the shorter way round."""
    half = 1 << (bits - 1)
    return (difference + half) % (1 << bits) - half


def samples(stream: Capture, *, channels: int, encoding: Literal["L24", "L16"] = "L24") -> npt.NDArray[np.int32]:
    """All samples in order of arrival as integers, shape (frames, channels). Needs packets of one size."""
    width = {"L24": 3, "L16": 2}[encoding]
    sizes = set(stream.payload_bytes.tolist())
    if len(sizes) != 1 or sizes.pop() % (width * channels):
        raise AssertionError(f"payloads of {set(stream.payload_bytes.tolist())} bytes are not whole {encoding} frames")
    octets = stream.payload.reshape(-1, channels, width).astype(np.int32)
    value = octets[..., 0] << 24 | octets[..., 1] << 16
    if encoding == "L16":
        return value >> 16
    return (value | octets[..., 2] << 8) >> 8
