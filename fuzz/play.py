"""Any octets as what a port lives through: messages and garbage that arrive, each at its time, and time that passes.

The first octets of what is left say what happens next, so that a fuzzer which adds, drops or changes some gets a
life that is much the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Protocol

from fuzz.messages import FOLLOWER, MASTERS, bodies

from aes67_sender.model.ptp import Arrival
from aes67_sender.wire.ptp import Flag, Message, encode

START_NS: Final = 1_000_000_000_000
#: PTP time minus local time, of a master that is right.
AHEAD_NS: Final = 1_700_000_000_000_000_000
MOST_EVENTS: Final = 300
_LONGEST_GARBAGE: Final = 80
_LATEST_NS: Final = (1 << 48) * 1_000_000_000 - 1
_MOST_SHIFT: Final = 40


class Subject(Protocol):
    """What lives through it; raises when something is wrong with itself."""

    def receive(self, octets: bytes, arrival: Arrival) -> None:
        """Octets came to the port."""

    def tick(self, now_ns: int) -> None:
        """It is later now."""

    @property
    def asked(self) -> int:
        """The sequence number of its newest question."""


@dataclass(slots=True)
class _Reader:
    octets: bytes
    at: int = 0

    def byte(self) -> int:
        self.at += 1
        return self.octets[self.at - 1] if self.at <= len(self.octets) else 0

    def some(self, count: int) -> bytes:
        self.at += count
        return self.octets[self.at - count : self.at]

    def span(self) -> int:
        """Mostly short, sometimes hours."""
        return self.byte() << self.byte() % _MOST_SHIFT

    def signed_span(self) -> int:
        span = self.span()
        return -(span >> 1) if span & 1 else span >> 1


def play(subject: Subject, octets: bytes) -> None:
    """Let it live through what the octets say."""
    reader, now_ns = _Reader(octets), START_NS
    for _ in range(MOST_EVENTS):
        if reader.at >= len(octets):
            return
        what = reader.byte()
        now_ns += reader.span()
        if what & 0x80:
            subject.tick(now_ns)
        payload = _payload(reader, what, now_ns, subject.asked)
        stamp_ns = now_ns - (reader.span() if what & 0x40 else 0)
        event = payload[:1] < b"\x08"
        subject.receive(payload, Arrival(payload, stamp_ns, f"10.0.0.{what & 7}", event, "kernel"))
        subject.tick(now_ns)


def _payload(reader: _Reader, what: int, now_ns: int, asked: int) -> bytes:
    if what & 0x0F == 0x0F:
        return reader.some(reader.byte() % _LONGEST_GARBAGE)
    octets = encode(_message(reader, what, now_ns, asked))
    if what & 0x20:
        at, patch = reader.byte() % len(octets), reader.some(reader.byte() % 8)
        octets = octets[:at] + patch + octets[at + len(patch) :]
    return octets


def _message(reader: _Reader, what: int, now_ns: int, asked: int) -> Message:
    who = reader.byte()
    master = MASTERS[who % len(MASTERS)]
    time_ns = min(max(now_ns + AHEAD_NS + reader.signed_span(), 0), _LATEST_NS)
    choice = bodies(time_ns, master, FOLLOWER, priority1=who >> 4)
    flags = Flag.TWO_STEP if who & 0x08 else Flag.NONE
    # Half of the numbers are answers to what was asked.
    sequence = asked if what & 0x10 else reader.byte()
    return Message(choice[(what & 0x0F) % len(choice)], master, 0, sequence, flags, log_interval=0)
