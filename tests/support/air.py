"""A studio on the air over the loopback interface, as an engine runs it, and who listens to it."""

from __future__ import annotations

import contextlib
import struct
import time
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from aes67_sender.config.load import parse_data
from aes67_sender.engine.sources.tone import tone
from aes67_sender.engine.studio import Studio
from aes67_sender.engine.timebase import Timebase
from aes67_sender.model.clock import ClockMapping
from aes67_sender.model.protocol import Start, StreamHandover
from support.waiting import wait_until

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable

    from aes67_sender.config.model import Config
    from aes67_sender.engine.sources.runner import SourceRunner

EPOCH_NS = 1_796_212_800 * 10**9
TONES_HZ = {"low": 440.0, "high": 1000.0}
TONES: list[dict[str, Any]] = [
    {"id": name, "kind": "tone", "channels": 1, "frequency_hz": frequency} for name, frequency in TONES_HZ.items()
]


class Packet(NamedTuple):
    sequence: int
    stamp: int
    ssrc: int
    payload: bytes


class Player:
    """Writes a constant well ahead, as long as it may; says when it began and ended."""

    def __init__(self, journal: list[str], name: str, *, plays: bool = True, ends_after_s: float = 0.0) -> None:
        self._journal = journal
        self._name = name
        self._plays = plays
        self._ends_after_s = ends_after_s

    def play(self, studio: SourceRunner) -> None:
        self._journal.append(f"{self._name} begins")
        while not studio.stopping:
            for rate_hz, feed in studio.feeds.items() if self._plays else ():
                now_frame = studio.timebase.now_frame(rate_hz)
                if feed.position <= now_frame:
                    feed.begin(now_frame + rate_hz // 100, now_frame=now_frame, fade=True)
                if feed.position < now_frame + rate_hz // 5:
                    feed.write(np.full((rate_hz // 10, feed.channels), 0.25, np.float32))
                studio.running()
            studio.wait(0.02)
        time.sleep(self._ends_after_s)
        self._journal.append(f"{self._name} ends")


class Air:
    """A studio on the air, and a receiver for each port."""

    def __init__(self, data: dict[str, Any], ports: dict[str, socket.socket]) -> None:
        self.ports = ports
        self.timebase = Timebase()
        self.config = self.parse(data)
        self.studio = Studio(self.config, Start({}, "lo", "127.0.0.1", self.handovers()), self.timebase, lambda: None)
        self.packets: dict[str, list[Packet]] = {name: [] for name in ports}

    def parse(self, data: dict[str, Any]) -> Config:
        streams = [{"address": "127.0.0.1", "port": port(self.ports[each["id"]]), **each} for each in data["streams"]]
        return parse_data({"name": "x", "sources": TONES, **data, "streams": streams}, base_dir=Path())

    def handovers(self, ssrc: int = 1000) -> tuple[StreamHandover, ...]:
        return tuple(
            StreamHandover(stream.id, ssrc + number, 4711) for number, stream in enumerate(self.config.streams)
        )

    def start(self) -> None:
        mapping = ClockMapping(time.monotonic_ns(), EPOCH_NS, 0.0, 1)
        self.studio.transmitter.publish(mapping)
        self.timebase.mapping = mapping
        self.studio.start()

    def apply(self, data: dict[str, Any]) -> None:
        self.config = self.parse(data)
        self.studio.apply(self.config, self.handovers())

    def run(self, seconds: float) -> None:
        """Tick as an engine does, and take what arrives."""
        end_s = time.monotonic() + seconds
        while time.monotonic() < end_s:
            self.studio.tick()
            time.sleep(0.02)
            self.receive()

    def receive(self) -> None:
        for name, receiver in self.ports.items():
            with contextlib.suppress(BlockingIOError):
                while True:
                    data = receiver.recv(2048)
                    _, sequence, stamp, ssrc = struct.unpack("!HHII", data[:12])
                    self.packets[name].append(Packet(sequence, stamp, ssrc, data[12:]))

    def run_until(self, condition: Callable[[], object]) -> None:
        def met() -> object:
            self.run(0.05)
            return condition()

        wait_until(met)

    def forget(self) -> None:
        self.receive()
        for packets in self.packets.values():
            packets.clear()

    def assert_unbroken(self, name: str) -> None:
        """No packet is lost but those that a stall of the machine has cost, none comes twice, stamps go with them."""
        missed = {report.id: report.missed for report in self.studio.transmitter.reports(time.monotonic())}
        lost = 0
        for one, following in pairwise(self.packets[name]):
            step = (following.sequence - one.sequence) % 2**16
            assert 0 < step < 2**15
            assert (following.stamp - one.stamp) % 2**32 == 48 * step
            lost += step - 1
        assert lost <= missed[name]
        assert len({packet.ssrc for packet in self.packets[name]}) == 1

    def sound(self, name: str) -> Any:
        octets = np.frombuffer(b"".join(packet.payload for packet in self.packets[name]), np.uint8).reshape(-1, 3)
        return (octets[:, 0].astype(np.int8).astype(int) << 16 | octets[:, 1].astype(int) << 8 | octets[:, 2]) / (
            1 << 23
        )

    def is_tone(self, name: str, frequency_hz: float, packets: int = 20) -> bool:
        """Whether the last packets hold this tone to the bit."""
        near = EPOCH_NS * 48 // 10**6
        for packet in self.packets[name][-packets:]:
            frame = near + (packet.stamp - near + 2**31) % 2**32 - 2**31
            wanted = tone(frame, 48, rate_hz=48_000, frequency_hz=frequency_hz, level_dbfs=-18)
            octets = np.rint(wanted.astype(np.float64) * (1 << 23)).astype(">i4").view(np.uint8).reshape(-1, 4)[:, 1:]
            if packet.payload != octets.tobytes():
                return False
        return True


def port(receiver: socket.socket) -> int:
    number: int = receiver.getsockname()[1]
    return number
