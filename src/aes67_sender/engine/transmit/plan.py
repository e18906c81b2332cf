"""What a transmitter is asked to do: feeds, streams, and room for more."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from aes67_sender.errors import SenderError
from aes67_sender.units import NS_PER_MS, NS_PER_S

if TYPE_CHECKING:
    from aes67_sender.model.packet import PacketFormat
    from aes67_sender.model.protocol import StreamHandover

#: Later than this a packet is of no use: AES67 7.5 allows 17 packet times, small receivers buffer a few ms.
LATE_LIMIT_PACKETS: Final = 17
LATE_LIMIT_NS: Final = 4 * NS_PER_MS


class CapacityError(SenderError):
    """The tables of a running transmitter have no room for what is to be added. A new engine has."""


@dataclass(frozen=True, slots=True)
class Spare:
    """Room for what is added while sending. ``ring_channels``: channels of rings at 48 kHz; at 96 kHz each takes two.

    What is not used costs address space, no memory and no time.
    """

    streams: int = 128
    groups: int = 32
    feeds: int = 128
    ring_channels: int = 256


@dataclass(frozen=True, slots=True)
class FeedPlan:
    """A ring to make: one per source and rate."""

    rate_hz: int
    channels: int


@dataclass(frozen=True, slots=True)
class StreamPlan:
    """A stream to send. ``channel_map`` per stream channel: 0-based channel of the feed, -1 for silence.

    ``feed`` is the feed's slot, ``socket`` a file descriptor, ``destination`` a ``sockaddr``;
    ``handover.source_port`` the port really bound. ``gains`` are linear, per stream channel; none means 1 for all.
    """

    handover: StreamHandover
    packet: PacketFormat
    payload_type: int
    feed: int
    channel_map: tuple[int, ...]
    socket: int
    destination: bytes
    gains: tuple[float, ...] = ()


def late_limit_ns(packet: PacketFormat) -> int:
    """How late a packet may leave and still be of use, in ns."""
    packet_time_ns = packet.frames * NS_PER_S // packet.rate_hz
    return min(LATE_LIMIT_PACKETS * packet_time_ns, max(LATE_LIMIT_NS, packet_time_ns))
