"""Grandmasters of ours on a network played by hand: messages arrive at once, the clock moves in small steps."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from aes67_sender.logic.ptp.grandmaster import Grandmaster, GrandmasterSettings
from aes67_sender.model.clock import ClockMapping
from aes67_sender.model.ptp import Arrival, Departure, Outgoing
from aes67_sender.units import NS_PER_MS, NS_PER_S
from aes67_sender.wire.ptp import Flag, Message, decode, encode
from aes67_sender.wire.ptp_messages import (
    Announce,
    ClockQuality,
)
from aes67_sender.wire.ptp_types import ClockIdentity, PortIdentity

if TYPE_CHECKING:
    from aes67_sender.logic.ptp.bmca import ForeignMaster
    from aes67_sender.wire.ptp_messages import Body

START_NS = 5_000 * NS_PER_S
#: The PTP time served is far from the monotonic clock, and 100 ppm faster.
MAPPING = ClockMapping(START_NS, 1_700_000_000 * NS_PER_S, 100.0, 1)
STEP_NS = 5 * NS_PER_MS
#: From handing a message over to its transmit stamp.
LEAVING_NS = 40_000
LISTENING_S = 6.0


def port(number: int) -> PortIdentity:
    return PortIdentity(ClockIdentity(bytes.fromhex("001dc1fffe0000") + bytes([number])), 1)


OURS = port(0x10)
FOLLOWER = port(0x77)
BETTER = port(1)


@dataclass
class Network:
    """Grandmasters of ours, and a transcript of all they send: ``(seconds since the start, sender, message)``."""

    clocks: list[Grandmaster]
    now_ns: int = START_NS
    transcript: list[tuple[float, PortIdentity, Outgoing]] = field(default_factory=list)
    stamping: bool = True
    unplugged: set[PortIdentity] = field(default_factory=set)

    def run(self, seconds: float) -> None:
        end_ns = self.now_ns + round(seconds * NS_PER_S)
        while self.now_ns < end_ns:
            for clock in self.clocks:
                if clock.due_ns <= self.now_ns:
                    self.send(clock, clock.tick(self.now_ns))
            self.now_ns += STEP_NS

    def stall(self, seconds: float) -> None:
        """Nobody does anything."""
        self.now_ns += round(seconds * NS_PER_S)

    def send(self, clock: Grandmaster, messages: tuple[Outgoing, ...]) -> None:
        for each in messages:
            octets = encode(each.message)
            self.transcript.append(((self.now_ns - START_NS) / NS_PER_S, clock.port, each))
            if each.message.type.is_event and self.stamping:
                self.send(clock, clock.sent(decode(octets), Departure(octets, self.now_ns + LEAVING_NS, "kernel")))
            for other in self.clocks:
                if {other.port, clock.port} & self.unplugged or other is clock:
                    continue
                self.hear(other, each.message)

    def hear(self, clock: Grandmaster, message: Message, *, ago_ns: int = 0, event: bool | None = None) -> None:
        on_event_port = message.type.is_event if event is None else event
        arrival = Arrival(encode(message), self.now_ns - ago_ns, "10.77.0.9", on_event_port, "kernel")
        self.send(clock, clock.receive(message, arrival))

    def sent(self, body: type[Body], since_s: float = 0, by: PortIdentity = OURS) -> list[tuple[float, Message]]:
        return [
            (at_s, each.message)
            for at_s, sender, each in self.transcript
            if at_s >= since_s and sender == by and isinstance(each.message.body, body)
        ]

    @property
    def states(self) -> list[str]:
        return [clock.state for clock in self.clocks]

    @property
    def yielding_to(self) -> list[ForeignMaster | None]:
        return [clock.yields_to for clock in self.clocks]

    @property
    def passed_s(self) -> float:
        return (self.now_ns - START_NS) / NS_PER_S


def grandmaster(identity: PortIdentity = OURS, **settings: Any) -> Grandmaster:
    return Grandmaster(identity, GrandmasterSettings(**settings), MAPPING, START_NS)


def alone(**settings: Any) -> tuple[Network, Grandmaster]:
    """A network with one grandmaster that has just become master."""
    clock = grandmaster(**settings)
    network = Network([clock])
    network.run(LISTENING_S + 0.01)
    assert network.states == ["master"]
    return network, clock


def announce(
    source: PortIdentity = BETTER, *, sequence: int = 0, priority1: int = 1, domain: int = 0, log_interval: int = 0
) -> Message:
    body = Announce(0, 37, priority1, ClockQuality(248, 0xFE, 0xFFFF), 128, source.clock, 0, 0xA0)
    return Message(body, source, domain, sequence, log_interval=log_interval)


def request(body: Body, sequence: int = 7, flags: Flag = Flag.NONE, correction_subns: int = 0) -> Message:
    return Message(body, FOLLOWER, 0, sequence, flags, correction_subns)
