"""Masters, a path and one follower, played by hand: the true time is known, and noise is the same on every run.

Local time is what the follower's stamps are on. Every master has a clock of its own and tells it over its path; what is
said stands in a transcript that reads like a protocol log.
"""

from __future__ import annotations

import heapq
from collections import deque
from dataclasses import dataclass, field
from itertools import count
from random import Random
from typing import TYPE_CHECKING, Any

from aes67_sender.logic.ptp.follower import Follower, FollowerSettings
from aes67_sender.model.ptp import Arrival, Departure
from aes67_sender.units import NS_PER_MS, NS_PER_S, NS_PER_US
from aes67_sender.wire.ptp import Flag, Message
from aes67_sender.wire.ptp_messages import (
    Announce,
    ClockQuality,
    DelayReq,
    DelayResp,
    FollowUp,
    PdelayReq,
    PdelayResp,
    PdelayRespFollowUp,
    Sync,
)
from aes67_sender.wire.ptp_types import ClockIdentity, PortIdentity

if TYPE_CHECKING:
    from collections.abc import Callable

    from aes67_sender.model.ptp import Outgoing
    from aes67_sender.wire.ptp_messages import Body

START_NS = 5_000 * NS_PER_S
EPOCH_NS = 1_700_000_000 * NS_PER_S
TICKS_PER_S = 200


def port(number: int) -> PortIdentity:
    return PortIdentity(ClockIdentity(bytes.fromhex("001dc1fffe0000") + bytes([number])), 1)


OURS = port(0x77)
PEER = port(0x99)


@dataclass
class Path:
    """The way between a master and us. Queueing is exponential, in µs; a stall holds a packet up for 50 ms."""

    out_ns: int = 2_000
    back_ns: int = 2_000
    queue_us: float = 0.0
    queue_back_us: float | None = None
    loss: float = 0.0
    stalls: float = 0.0
    random: Random = field(default_factory=lambda: Random(1), repr=False)

    def crossing_ns(self, *, back: bool = False) -> int | None:
        """How long one packet takes; ``None`` if it is lost."""
        if self.random.random() < self.loss:
            return None
        mean_us = self.queue_back_us if back and self.queue_back_us is not None else self.queue_us
        queued_ns = round(self.random.expovariate(1 / mean_us) * NS_PER_US) if mean_us else 0
        if self.random.random() < self.stalls:
            queued_ns += 50 * NS_PER_MS
        return (self.back_ns if back else self.out_ns) + queued_ns


@dataclass
class Master:
    """A master, or a boundary clock's port: its time is ``EPOCH_NS`` and what passed, at its own rate."""

    port: PortIdentity
    path: Path = field(default_factory=Path)
    ahead_ns: int = 0
    rate_ppm: float = 0.0
    two_step: bool = True
    priority1: int = 128
    grandmaster: ClockIdentity | None = None
    steps_removed: int = 0
    domain: int = 0
    log_announce: int = 0
    log_sync: int = -3
    log_delay: int = 0
    #: What the messages say of their intervals, if that is something else.
    told_interval: int | None = None
    announces: bool = True
    syncs: bool = True
    answers: bool = True
    header: dict[str, Any] = field(default_factory=dict)
    sequence: int = 0

    def at(self, local_ns: int) -> int:
        """Its time, the truth that a follower is to find."""
        elapsed_ns = local_ns - START_NS
        return EPOCH_NS + self.ahead_ns + elapsed_ns + round(elapsed_ns * self.rate_ppm * 1e-6)

    def message(self, body: Body, sequence: int, log_interval: int, flags: Flag = Flag.NONE) -> Message:
        told = log_interval if self.told_interval is None else self.told_interval
        header = {"flags": flags, "domain": self.domain, **self.header}
        return Message(body, self.port, sequence=sequence, log_interval=told, **header)

    def announce(self, sequence: int) -> Message:
        quality = ClockQuality(248, 0xFE, 0xFFFF)
        identity = self.grandmaster or self.port.clock
        body = Announce(0, 37, self.priority1, quality, 128, identity, self.steps_removed, 0xA0)
        return self.message(body, sequence, self.log_announce)


@dataclass
class Peer:
    """Who is at the other end of the wire, answering Pdelay_Req after a while, by a clock of its own."""

    delay_ns: int = 3_000
    turnaround_ns: int = 2 * NS_PER_MS
    two_step: bool = True


def follower(seed: int = 1, rate_ppm: float = 0.0, **settings: Any) -> Follower:
    return Follower(OURS, FollowerSettings(**settings), START_NS, rate_ppm=rate_ppm, random=Random(seed))


@dataclass
class World:
    """One follower among masters. ``run`` lets time pass; what arrives while ``deaf`` is lost."""

    masters: list[Master] = field(default_factory=list)
    follower: Follower = field(default_factory=follower)
    peer: Peer | None = None
    now_ns: int = START_NS
    deaf: bool = False
    leaving_ns: int = 20_000
    ticks: int = 0
    transcript: list[str] = field(default_factory=list)
    asked: list[tuple[float, Message]] = field(default_factory=list)
    _known: list[Master] = field(default_factory=list)
    _events: list[tuple[int, int, Callable[[], None]]] = field(default_factory=list)
    _numbers: count[int] = field(default_factory=count)

    def __post_init__(self) -> None:
        for number, master in enumerate(self.masters):
            self._begin(master, START_NS + (number + 1) * 7 * NS_PER_MS)

    def add(self, master: Master) -> Master:
        """It is switched on now."""
        self.masters.append(master)
        self._begin(master, self.now_ns + 1)
        return master

    def run(self, seconds: float, watch: Callable[[], None] | None = None, every_s: float = 0.05) -> None:
        """Let time pass; ``watch`` is called every so often."""
        end_ns = self.now_ns + round(seconds * NS_PER_S)
        watch_ns = self.now_ns
        while True:
            first_ns = self._events[0][0] if self._events else end_ns
            due_ns = max(self.follower.due_ns, self.now_ns)
            next_ns = min(first_ns, due_ns, watch_ns if watch else end_ns, end_ns)
            if next_ns >= end_ns:
                self.now_ns = end_ns
                return
            self.now_ns = max(self.now_ns, next_ns)
            if first_ns <= next_ns:
                heapq.heappop(self._events)[2]()
            elif due_ns <= next_ns:
                self._tick()
            if watch and watch_ns <= next_ns:
                watch()
                watch_ns += round(every_s * NS_PER_S)

    def hear(self, message: Message, *, stamp_ns: int | None = None, event: bool | None = None) -> None:
        """A message comes now, at the port for its kind unless told."""
        on_event_port = message.type.is_event if event is None else event
        if not self.deaf:
            at_ns = self.now_ns if stamp_ns is None else stamp_ns
            arrival = Arrival(b"", at_ns, "10.77.0.9", on_event_port, "kernel")
            self._send(self.follower.receive(message, arrival))

    def later(self, after_ns: int, do: Callable[[], None]) -> None:
        """Something happens after a while."""
        heapq.heappush(self._events, (self.now_ns + after_ns, next(self._numbers), do))

    @property
    def passed_s(self) -> float:
        return (self.now_ns - START_NS) / NS_PER_S

    @property
    def state(self) -> str:
        return self.follower.state(self.now_ns)

    @property
    def error_ns(self) -> int:
        """How far the follower's time is from that of its master."""
        estimate = self.follower.estimate(self.now_ns)
        assert estimate is not None, f"{self.state} after {self.passed_s} s"
        return estimate.master_at(self.now_ns) - self.parent.at(self.now_ns)

    @property
    def parent(self) -> Master:
        """The master followed."""
        return next(each for each in self._known if each.port == self.follower.parent)

    def _tick(self) -> None:
        self.ticks += 1
        assert self.ticks < 100 + TICKS_PER_S * self.passed_s, "a busy loop"
        self._send(self.follower.tick(self.now_ns))

    def _begin(self, master: Master, at_ns: int) -> None:
        self._known.insert(0, master)
        at = at_ns - self.now_ns
        self.later(at, lambda: self._announce(master, 0))
        self.later(at + 3 * NS_PER_MS, lambda: self._sync(master))

    def _announce(self, master: Master, sequence: int) -> None:
        if master in self.masters and master.announces:
            self._cross(master, master.announce(sequence))
        self.later(round(2.0**master.log_announce * NS_PER_S), lambda: self._announce(master, sequence + 1 & 0xFFFF))

    def _sync(self, master: Master) -> None:
        if master in self.masters and master.syncs:
            sequence, left_ns = master.sequence, master.at(self.now_ns)
            master.sequence = sequence + 1 & 0xFFFF
            if master.two_step:
                self._cross(master, master.message(Sync(), sequence, master.log_sync, Flag.TWO_STEP))
                self._cross(master, master.message(FollowUp(left_ns), sequence, master.log_sync), 100_000)
            else:
                self._cross(master, master.message(Sync(left_ns), sequence, master.log_sync))
        self.later(round(2.0**master.log_sync * NS_PER_S), lambda: self._sync(master))

    def _cross(self, master: Master, message: Message, after_ns: int = 0) -> None:
        crossing_ns = master.path.crossing_ns()
        if crossing_ns is not None:
            self.later(after_ns + crossing_ns, lambda: self.hear(message))

    def _send(self, outgoing: tuple[Outgoing, ...]) -> None:
        for each in outgoing:
            self.transcript.append(f"{self.passed_s:.3f} {each.message.type.label}")
            self.asked.append((self.passed_s, each.message))
            self.later(self.leaving_ns, lambda message=each.message: self._leave(message))  # type: ignore[misc]

    def _leave(self, message: Message) -> None:
        self._send(self.follower.sent(message, Departure(b"", self.now_ns, "kernel")))
        match message.body:
            case DelayReq():
                for master in self.masters:
                    crossing_ns = master.path.crossing_ns(back=True)
                    if master.answers and crossing_ns is not None:
                        self.later(crossing_ns, lambda master=master: self._answer(master, message))  # type: ignore[misc]
            case PdelayReq() if self.peer:
                self._answer_peer(self.peer, message, self.now_ns + self.peer.delay_ns)

    def _answer(self, master: Master, request: Message) -> None:
        body = DelayResp(master.at(self.now_ns), request.source)
        self._cross(master, master.message(body, request.sequence, master.log_delay), 50_000)

    def _answer_peer(self, peer: Peer, request: Message, came_ns: int) -> None:
        left_ns = came_ns + peer.turnaround_ns
        arrives = left_ns + peer.delay_ns - self.now_ns
        times = (came_ns, left_ns) if peer.two_step else (0, 0)
        kept = 0 if peer.two_step else peer.turnaround_ns << 16
        flags = Flag.TWO_STEP if peer.two_step else Flag.NONE
        response = Message(PdelayResp(times[0], request.source), PEER, 0, request.sequence, flags, kept)
        self.later(arrives, lambda: self.hear(response))
        if peer.two_step:
            follow_up = Message(PdelayRespFollowUp(times[1], request.source), PEER, 0, request.sequence)
            self.later(arrives + 50_000, lambda: self.hear(follow_up))


@dataclass
class Errors:
    """Collects the error of a lock while a world runs."""

    world: World
    seen_ns: deque[int] = field(default_factory=deque)

    def __call__(self) -> None:
        if self.world.state == "locked":
            self.seen_ns.append(self.world.error_ns)

    @property
    def worst_ns(self) -> int:
        return max(abs(each) for each in self.seen_ns)
