"""The work that is compared, for both sides: streams of so many channels and such packets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

RATE_HZ: Final = 48_000
MAX_SOURCES: Final = 8


@dataclass(frozen=True, slots=True)
class Case:
    """``frames`` is the number of samples per channel in a packet at 48 kHz.

    ``live``: the sender captures from GStreamer, one pipeline per stream up to eight; else it makes the tone itself.
    """

    streams: int
    channels: int
    packet_time_us: int
    frames: int
    live: bool = True

    @property
    def name(self) -> str:
        return f"{self.streams} x {self.channels} ch, {self.packet_time_us} µs{'' if self.live else ', own tone'}"

    @property
    def packet_period_us(self) -> float:
        return self.frames * 1e6 / RATE_HZ

    def packets_due(self, seconds: float) -> float:
        return self.streams * seconds * 1e6 / self.packet_period_us

    def address(self, number: int) -> str:
        return f"239.77.{number // 200}.{number % 200 + 1}"

    def sender_config(self) -> dict[str, Any]:
        """Live sources are part of the work; eight of them at the most."""
        channels = list(range(1, self.channels + 1))
        kind = {"kind": "gst", "bin": "audiotestsrc is-live=true"} if self.live else {"kind": "tone"}
        sources = [
            {"id": f"live-{number}", "channels": self.channels, **kind}
            for number in range(min(self.streams, MAX_SOURCES))
        ]
        streams = [
            {
                "id": f"s{number}",
                "source": f"live-{number % len(sources)}",
                "channels": channels,
                "address": self.address(number),
                "packet_time_us": self.packet_time_us,
            }
            for number in range(self.streams)
        ]
        return {"clock": {"mode": "free-run"}, "sources": sources, "streams": streams}

    def gst_launch(self, number: int) -> list[str]:
        """One stream as the old tool sends it: one pipeline, and one wake-up of source and of sink per packet."""
        ptime_ns = round(self.packet_period_us * 1000)
        pipeline = (
            f"audiotestsrc is-live=true samplesperbuffer={self.frames}"
            f" ! audio/x-raw,rate={RATE_HZ},channels={self.channels} ! audioconvert"
            f" ! rtpL24pay min-ptime={ptime_ns} max-ptime={ptime_ns} timestamp-offset=0"
            f" ! udpsink host={self.address(number)} port=5004 auto-multicast=false multicast-iface=eth0 ttl-mc=32"
        )
        return ["gst-launch-1.0", "--quiet", *pipeline.split()]


CASES: Final = (
    Case(1, 8, 1000, 48),
    Case(8, 8, 1000, 48),
    Case(8, 8, 1000, 48, live=False),
    Case(64, 8, 1000, 48),
    Case(8, 2, 125, 6),
)
