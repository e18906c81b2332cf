"""The scripted grandmaster as a process: ``python -m support.ptp_master.process ADDRESS``.

Reads commands from standard input, one JSON object a line, and answers each on standard output; every change of the
time it serves is told there first. Ends with its standard input.
"""

from __future__ import annotations

import heapq
import itertools
import json
import os
import random
import select
import statistics
import sys
import time
from collections import deque
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from support.ptp_master import messages
from support.ptp_master.messages import Header, announce_body, correction_of, decode, timestamp
from support.ptp_master.noise import noise
from support.ptp_master.outlet import Outlet
from support.ptp_master.settings import Settings
from support.ptp_master.sockets import Sockets
from support.ptp_master.truth import Truth, realtime_minus_monotonic_ns

if TYPE_CHECKING:
    from collections.abc import Callable

_NS_PER_S: Final = 1_000_000_000
_TAI_UTC_S: Final = 37
_NOISE_EVERY_S: Final = 0.02
_APART_S: Final = 0.06


def tell(event: str, **values: Any) -> None:
    """One line for the test."""
    print(json.dumps({"event": event, **values}), flush=True)


class Master:
    """Serves time until told to stop. One thread."""

    def __init__(self, sockets: Sockets) -> None:
        self.settings = Settings()
        self._sockets = sockets
        self._dice = random.Random()
        self._outlet = Outlet(sockets, self._dice, self._at)
        self._due: list[tuple[int, int, Callable[[], object]]] = []
        self._tick = itertools.count()
        self._utc_ahead_ns = realtime_minus_monotonic_ns()
        self._truth = Truth(0, self._utc_ahead_ns)
        self._sequences = {kind: itertools.count(self._dice.randrange(65536)) for kind in messages.NAMES}
        self._held: tuple[Header, bytes] | None = None
        self._send_costs_ns = deque([20_000], maxlen=31)
        self._commands = b""
        self.ended = False

    def run(self) -> None:
        """Until the end of standard input."""
        self._every(self._sync, lambda: 2.0**self.settings.log_sync)
        # Apart from Sync: what follows another packet passes warm caches, microseconds faster than all others.
        self._every(self._announce, lambda: 2.0**self.settings.log_announce, after_s=_APART_S)
        self._every(self._pdelay_req, lambda: 1.0)
        self._every(self._noise, lambda: _NOISE_EVERY_S)
        while not self.ended:
            wait_s = max(0.0, (self._due[0][0] - time.monotonic_ns()) / _NS_PER_S)
            ready, _, _ = select.select([self._sockets.event, self._sockets.general, sys.stdin], [], [], wait_s)
            if self._sockets.event in ready:
                self._receive()
            if self._sockets.general in ready:
                self._sockets.general.recv(2048)  # nobody tells a grandmaster anything
            if sys.stdin in ready:
                self._listen()
            while self._due[0][0] <= time.monotonic_ns():
                heapq.heappop(self._due)[2]()

    def _at(self, due_ns: int, action: Callable[[], object]) -> None:
        heapq.heappush(self._due, (due_ns, next(self._tick), action))

    def _every(self, action: Callable[[], object], interval_s: Callable[[], float], *, after_s: float = 0.0) -> None:
        due_ns = time.monotonic_ns() + round(after_s * _NS_PER_S)

        def again() -> None:
            nonlocal due_ns
            action()
            due_ns = max(due_ns + round(interval_s() * _NS_PER_S), time.monotonic_ns())
            self._at(due_ns, again)

        self._at(due_ns, again)

    # What it sends.

    def _served(self, utc_ns: int) -> int:
        """PTP time at an instant of CLOCK_REALTIME, which the kernel stamps with."""
        return self._truth.at(utc_ns - self._utc_ahead_ns)

    def _queue_ns(self) -> float:
        mean_us = self.settings.queue_us
        return self._dice.expovariate(1 / mean_us) * 1000 if mean_us else 0.0

    def _header(self, kind: int, **more: Any) -> Header:
        fields = {"domain": self.settings.domain, "source": self.settings.port, **more}
        if "sequence" not in fields:
            fields["sequence"] = next(self._sequences[kind]) & 0xFFFF
        return Header(kind, **fields)

    def _announce(self) -> None:
        own = self.settings
        flags = messages.PTP_TIMESCALE * own.ptp_timescale | messages.UTC_OFFSET_VALID * own.utc_offset_valid
        body = announce_body(
            utc_offset_s=own.utc_offset_s,
            priority1=own.priority1,
            clock_class=own.clock_class,
            priority2=own.priority2,
            grandmaster=own.clock,
            steps_removed=own.steps_removed,
        )
        self._outlet.send(own, self._header(messages.ANNOUNCE, flags=flags, log_interval=own.log_announce), body)

    def _sync(self) -> None:
        own = self.settings
        early_ns = own.sync_correction_ns + self._queue_ns()
        correction = correction_of(own.sync_correction_ns)
        header = self._header(messages.SYNC, correction=correction, log_interval=own.log_sync)
        if not own.two_step:
            # Hardware would write the stamp on the way out; here it is foretold from what sending took before.
            begun_ns = time.time_ns()
            claimed_ns = self._served(begun_ns + round(statistics.median(self._send_costs_ns)))
            left_ns = self._outlet.send(own, header, timestamp(claimed_ns - round(early_ns)))
            self._send_costs_ns.append(left_ns - begun_ns)
            return
        left_ns = self._outlet.send(own, replace(header, flags=messages.TWO_STEP), timestamp(0))
        follow_up = self._header(
            messages.FOLLOW_UP,
            sequence=header.sequence,
            correction=correction_of(own.follow_up_correction_ns),
            log_interval=own.log_sync,
        )
        body = timestamp(self._served(left_ns) - round(early_ns + own.follow_up_correction_ns))
        if self._held:
            self._outlet.send(own, *self._held)
        self._held = (follow_up, body) if own.follow_up_behind else None
        if not self._held:
            self._outlet.send(own, follow_up, body)

    def _pdelay_req(self) -> None:
        if self.settings.mechanism == "P2P":
            self._outlet.send(self.settings, self._header(messages.PDELAY_REQ), bytes(20))

    def _noise(self) -> None:
        for kind in self.settings.noise:
            if self._dice.random() < self.settings.noise_per_s * _NOISE_EVERY_S:
                event, octets = noise(kind, self.settings, self._dice)
                self._outlet.noise(octets, event=event)

    # What it hears.

    def _receive(self) -> None:
        self._sockets.pending_stamps()
        while (datagram := self._sockets.receive_event()) is not None:
            octets, sender, came_ns = datagram
            message = decode(octets)
            if message is None or message[0].domain != self.settings.domain:
                continue
            name = messages.NAMES.get(message[0].kind, "unknown")
            self._outlet.counts[f"received {name}"] += 1
            if self._dice.random() < self.settings.deaf:
                continue
            if message[0].kind == messages.DELAY_REQ and self.settings.mechanism == "E2E":
                self._delay_resp(message[0], sender, came_ns)
            elif message[0].kind == messages.PDELAY_REQ:
                self._pdelay_resp(message[0], came_ns)

    def _delay_resp(self, asked: Header, sender: str, came_ns: int) -> None:
        own = self.settings
        late_ns = own.delay_resp_correction_ns + self._queue_ns()
        to_asker = own.delay_resp_to == "asker"
        header = self._header(
            messages.DELAY_RESP,
            sequence=asked.sequence,
            flags=messages.UNICAST * to_asker,
            correction=asked.correction + correction_of(own.delay_resp_correction_ns),
            log_interval=own.log_min_delay_req,
        )
        body = timestamp(self._served(came_ns) + round(late_ns)) + asked.source
        self._outlet.send(own, header, body, sender if to_asker else None)

    def _pdelay_resp(self, asked: Header, came_ns: int) -> None:
        more = {"sequence": asked.sequence, "log_interval": messages.NO_INTERVAL}
        answer = self._header(messages.PDELAY_RESP, flags=messages.TWO_STEP, **more)
        left_ns = self._outlet.send(self.settings, answer, timestamp(self._served(came_ns)) + asked.source)
        follow_up = self._header(messages.PDELAY_RESP_FOLLOW_UP, correction=asked.correction, **more)
        self._outlet.send(self.settings, follow_up, timestamp(self._served(left_ns)) + asked.source)

    # What it is told.

    def _listen(self) -> None:
        octets = os.read(sys.stdin.fileno(), 65536)
        self.ended = not octets
        *lines, self._commands = (self._commands + octets).split(b"\n")
        for line in lines:
            command = json.loads(line)
            number, todo = command.pop("number"), command.pop("do")
            try:
                getattr(self, f"do_{todo}")(**command)
                tell("done", number=number, counts=self._outlet.counts)
            except (TypeError, AttributeError, ValueError, OverflowError) as error:
                tell("failed", number=number, why=repr(error))

    def do_set(self, **settings: Any) -> None:
        """Behave otherwise."""
        self.settings = replace(self.settings, **settings)

    def do_time(self, *, epoch: str | float | None = None, jump_s: float = 0, rate_ppm: float | None = None) -> None:
        """Serve another time: ``epoch`` ``utc``, ``tai``, ``boot`` (this machine's), or the PTP seconds it is now."""
        now_ns = time.monotonic_ns()
        match epoch:
            case None:
                truth = self._truth
            case "utc":
                truth = Truth(now_ns, now_ns + self._utc_ahead_ns, self._truth.rate_ppm)
            case "tai":
                truth = Truth(now_ns, now_ns + self._utc_ahead_ns + _TAI_UTC_S * _NS_PER_S, self._truth.rate_ppm)
            case "boot":
                truth = Truth(now_ns, now_ns, self._truth.rate_ppm)
            case seconds:
                truth = Truth(now_ns, round(float(seconds) * _NS_PER_S), self._truth.rate_ppm)
        truth = truth.changed(now_ns, jump_ns=round(jump_s * _NS_PER_S), rate_ppm=rate_ppm)
        if truth.ptp_ns < 0:
            raise ValueError("there is no time before the epoch")
        self._truth = truth
        self._held = None
        tell("truth", **truth.as_json())

    def do_replay(self, *, seconds: float, age_s: float) -> None:
        """Send some seconds of the past once more, from now on."""
        self._outlet.replay(seconds, age_s)

    def do_count(self) -> None:
        """Tell the counts, as every command does."""


def main() -> None:
    # One-step Sync foretells its own stamp, and is wrong by what comes in between.
    os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))
    with Sockets(sys.argv[1]) as sockets:
        master = Master(sockets)
        for command, values in json.loads(sys.argv[2]):
            getattr(master, f"do_{command}")(**values)
        tell("ready")
        master.run()


if __name__ == "__main__":
    main()
