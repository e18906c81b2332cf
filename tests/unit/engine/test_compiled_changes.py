"""The compiled loop in its own thread, over the loopback interface: what is changed happens, and nothing is lost."""

from __future__ import annotations

import socket
import struct
import time
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from aes67_sender.engine.transmit.plan import FeedPlan
from aes67_sender.engine.transmit.transmitter import Transmitter
from aes67_sender.model.clock import ClockMapping
from aes67_sender.model.packet import PacketFormat
from aes67_sender.net.transmit_socket import sockaddr_in
from support.rig import EPOCH_NS, plan
from support.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aes67_sender.engine.transmit.plan import StreamPlan

PACKET = PacketFormat("L24", 48_000, 1, 1000)
LEVELS = (0.25, 0.5)


class Live:
    """A transmitter that runs, on feeds of constant level that are kept full while one waits."""

    def __init__(self, sender: socket.socket, receiver: socket.socket) -> None:
        self._receiver = receiver
        self._destination = sockaddr_in(*receiver.getsockname())
        self._sender = sender
        self.transmitter = Transmitter([self.plan("s0", 0), self.plan("s1", 1)], [FeedPlan(48_000, 1)] * len(LEVELS))
        self._clock = ClockMapping(time.monotonic_ns(), EPOCH_NS, 0.0, 1)
        self.packets: list[tuple[int, int]] = []
        self._peaks: dict[str, float] = {}
        for slot in range(len(LEVELS)):
            now = self._now()
            self.transmitter.feed(slot).begin(now, now_frame=now, fade=False)
        self._feed()
        self.transmitter.publish(self._clock)

    def plan(self, identity: str, number: int) -> StreamPlan:
        made = plan(identity, packet=PACKET, ssrc=number, channel_map=(0,), socket=self._sender.fileno())
        return replace(made, destination=self._destination)

    def _now(self) -> int:
        return self._clock.media_at(time.monotonic_ns()) * 48_000 // 10**9

    def _feed(self) -> None:
        for slot, level in enumerate(LEVELS):
            feed = self.transmitter.feed(slot)
            feed.write(np.full((max(self._now() + 48_000 - feed.position, 0), 1), level, np.float32))

    def turn(self) -> None:
        """What the engine's threads do all the time."""
        self._feed()
        self.transmitter.tend()
        for report in self.transmitter.reports(time.monotonic()):
            for window in report.levels:
                self._peaks[report.id] = window.peaks_dbfs[0]
        self.packets += self._received()

    def _received(self) -> Iterator[tuple[int, int]]:
        while True:
            try:
                data = self._receiver.recv(2048, socket.MSG_DONTWAIT)
            except BlockingIOError:
                return
            _, _, sequence, _, ssrc = struct.unpack("!BBHII", data[:12])
            yield ssrc, sequence

    def wait_for_peak(self, identity: str, dbfs: float) -> None:
        def reached() -> bool:
            self.turn()
            return abs(self._peaks.get(identity, 0.0) - dbfs) < 0.02

        wait_until(reached)

    def wait_for_feeds(self, slots: set[int]) -> None:
        def reached() -> bool:
            self.turn()
            return self.transmitter.busy_feeds() == slots

        wait_until(reached)

    def lost(self, ssrc: int) -> int:
        sequences = [sequence for of, sequence in self.packets if of == ssrc]
        return sum((after - before - 1) % 2**16 for before, after in pairwise(sequences))


def test_the_compiled_loop_changes_while_it_sends() -> None:
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver,
    ):
        receiver.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
        receiver.bind(("127.0.0.1", 0))
        live = Live(sender, receiver)
        transmitter = live.transmitter
        transmitter.prepare()
        transmitter.start()
        try:
            live.wait_for_peak("s0", -12.04)
            transmitter.route("s0", 1, (0,))
            live.wait_for_peak("s0", -6.02)
            assert transmitter.is_settled("s0")
            transmitter.set_gains("s0", (0.5,))
            live.wait_for_peak("s0", -12.04)
            transmitter.add_streams([live.plan("s2", 2)])
            live.wait_for_peak("s2", -12.04)
            transmitter.remove_stream("s0")
            live.wait_for_feeds({0})
            transmitter.remove_feed(1)
            missed = {report.id: report.missed for report in transmitter.reports(0.0)}
        finally:
            transmitter.stop()
        assert {ssrc for ssrc, _ in live.packets} == {0, 1, 2}
        assert live.lost(1) <= missed["s1"], "lost by the change, not by a machine that stood still"
        assert live.lost(0) <= missed["s1"]
