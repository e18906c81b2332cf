"""Packet formats: encodings, packet times, what fits in one Ethernet frame."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

Encoding = Literal["L24", "L16"]

BYTES_PER_SAMPLE: Final[dict[str, int]] = {"L24": 3, "L16": 2}
RATES_HZ: Final = (44_100, 48_000, 96_000)
#: Nominal packet times in µs and their frames at 44.1 and 48 kHz; twice as many at 96 kHz (AES67 7.2).
PACKET_TIMES_US: Final[dict[int, int]] = {125: 6, 250: 12, 333: 16, 1000: 48, 4000: 192}
#: Twice the frames in the same packet time, and no 4 ms (AES67 7.2).
HIGH_RATE_HZ: Final = 96_000
LONGEST_AT_HIGH_RATE_US: Final = 1000
RTP_HEADER_BYTES: Final = 12
IP_UDP_HEADER_BYTES: Final = 28
#: AES67 6.3: the longest RTP payload, in bytes.
MAX_PAYLOAD_BYTES: Final = 1440


@dataclass(frozen=True, slots=True)
class PacketFormat:
    """What one RTP packet of a stream holds."""

    encoding: Encoding
    rate_hz: int
    channels: int
    packet_time_us: int

    @property
    def frames(self) -> int:
        """Frames (samples per channel) per packet."""
        return PACKET_TIMES_US[self.packet_time_us] * (2 if self.rate_hz == HIGH_RATE_HZ else 1)

    @property
    def payload_bytes(self) -> int:
        """RTP payload in bytes, header not counted."""
        return self.frames * self.channels * BYTES_PER_SAMPLE[self.encoding]

    @property
    def exact_packet_time_ms(self) -> float:
        """The true packet time in ms: 48 frames at 44.1 kHz are 1.0884 ms, not 1 ms."""
        return self.frames * 1000 / self.rate_hz


def max_payload_bytes(mtu_bytes: int) -> int:
    """The longest RTP payload that fits both AES67 and an interface's MTU, in bytes."""
    return min(MAX_PAYLOAD_BYTES, mtu_bytes - IP_UDP_HEADER_BYTES - RTP_HEADER_BYTES)


def longest_fitting_packet_time_us(packet: PacketFormat, payload_limit_bytes: int) -> int | None:
    """The longest packet time that AES67 defines at this rate and whose payload fits, or ``None``."""
    fitting = [
        time_us
        for time_us in PACKET_TIMES_US
        if not (packet.rate_hz == HIGH_RATE_HZ and time_us > LONGEST_AT_HIGH_RATE_US)
        and PacketFormat(packet.encoding, packet.rate_hz, packet.channels, time_us).payload_bytes <= payload_limit_bytes
    ]
    return max(fitting, default=None)
