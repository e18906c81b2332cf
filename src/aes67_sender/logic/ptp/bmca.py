"""The best master clock algorithm: who is heard, and who is to be followed (IEEE 1588-2008 9.3)."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from aes67_sender.units import NS_PER_S
from aes67_sender.wire.ptp import NO_INTERVAL, Flag
from aes67_sender.wire.ptp_messages import Announce, ClockQuality

if TYPE_CHECKING:
    from aes67_sender.wire.ptp import Message
    from aes67_sender.wire.ptp_types import ClockIdentity, PortIdentity

#: A master counts after so many Announces within so many of their intervals (9.3.2.4.4).
QUALIFYING_ANNOUNCES: Final = 2
QUALIFYING_WINDOW: Final = 4
#: announceReceiptTimeout: without an Announce for so many intervals a master is gone (7.7.3.1).
ANNOUNCE_TIMEOUT: Final = 3
#: Beyond this many steps an Announce goes round in a circle (9.3.2.5).
MOST_STEPS: Final = 255
#: Masters remembered, so that forged ones cannot fill the memory; the one heard longest ago makes room.
MOST_MASTERS: Final = 64
#: Announce intervals that AES67, ST 2059-2 and AES-R16 know, with room; others are taken for the nearest.
_LOG_INTERVALS: Final = (-4, 4)
#: What is taken for the interval where a message tells none: every profile's default is this or shorter.
_LOG_UNTOLD: Final = 1


def interval_ns(log_interval: int, limits: tuple[int, int], *, untold: int = 0) -> int:
    """A message interval in ns, brought within the limits; 0x7f, as ptpd has it in places, tells none."""
    low, high = limits
    return round(NS_PER_S * 2.0 ** min(max(untold if log_interval == NO_INTERVAL else log_interval, low), high))


@dataclass(frozen=True, slots=True)
class Candidate:
    """What the comparison of two clocks looks at. ``sender`` is the port whose Announce told of it."""

    priority1: int
    quality: ClockQuality
    priority2: int
    grandmaster: ClockIdentity
    steps_removed: int
    sender: PortIdentity

    def beats(self, other: Candidate) -> bool:
        """Whether this one is to be followed rather than the other (figures 27 and 28).

        Of two ways to one grandmaster the shorter, else the lower sender identity; of two grandmasters the better.
        Three may beat each other in a circle, if two say different things of one grandmaster; the standard allows it.
        """
        return self._order(other) < other._order(self)

    def _order(self, other: Candidate) -> tuple[object, ...]:
        way = (self.steps_removed, self.sender.clock.octets, self.sender.port)
        if self.grandmaster == other.grandmaster:
            return way
        quality = (self.quality.clock_class, self.quality.accuracy, self.quality.variance)
        return (self.priority1, *quality, self.priority2, self.grandmaster.octets)


@dataclass(slots=True)
class ForeignMaster:
    """A master that is heard, by its newest Announce. ``source`` is its IPv4 address.

    ``announces`` are the times of the newest different ones, ``sequence`` the number of the last.
    """

    candidate: Candidate
    flags: Flag
    utc_offset_s: int
    interval_ns: int
    source: str
    heard_ns: int
    sequence: int | None = None
    announces: deque[int] = field(default_factory=lambda: deque(maxlen=QUALIFYING_ANNOUNCES))

    def is_qualified(self) -> bool:
        """Whether it has announced itself often enough to be believed."""
        if len(self.announces) < QUALIFYING_ANNOUNCES:
            return False
        return self.announces[-1] - self.announces[0] <= QUALIFYING_WINDOW * self.interval_ns

    def is_gone(self, now_ns: int) -> bool:
        """Whether it has been silent for too long."""
        return now_ns >= self.gone_ns

    @property
    def gone_ns(self) -> int:
        """When it will have been."""
        return self.heard_ns + ANNOUNCE_TIMEOUT * self.interval_ns


class ForeignMasters:
    """All masters heard in one domain. Time is an argument, monotonic ns; one owner."""

    def __init__(self, own: ClockIdentity) -> None:
        """``own``: an Announce of our own, or one that came round to us, tells of no foreign master."""
        self._own = own
        self._masters: dict[PortIdentity, ForeignMaster] = {}

    def hear(self, message: Message, source: str, now_ns: int) -> ForeignMaster | None:
        """Take in an Announce; gives the master it tells of, ``None`` if it is not to be believed at all."""
        announce = message.body
        if not isinstance(announce, Announce) or self._own in (message.source.clock, announce.grandmaster):
            return None
        if announce.steps_removed >= MOST_STEPS or Flag.ALTERNATE_MASTER in message.flags:
            return None
        candidate = Candidate(
            announce.priority1,
            announce.quality,
            announce.priority2,
            announce.grandmaster,
            announce.steps_removed,
            message.source,
        )
        master = self._masters.get(message.source)
        if master is None:
            self._make_room()
            master = ForeignMaster(candidate, message.flags, announce.utc_offset_s, 0, source, now_ns)
            self._masters[message.source] = master
        master.candidate, master.flags, master.utc_offset_s = candidate, message.flags, announce.utc_offset_s
        master.interval_ns = interval_ns(message.log_interval, _LOG_INTERVALS, untold=_LOG_UNTOLD)
        master.source, master.heard_ns = source, now_ns
        # One that the network has doubled counts once (9.3.2.5 c: distinct).
        if message.sequence != master.sequence:
            master.sequence = message.sequence
            master.announces.append(now_ns)
        return master

    def forget_gone(self, now_ns: int) -> None:
        """Drop those that have been silent for too long."""
        for port in [port for port, master in self._masters.items() if master.is_gone(now_ns)]:
            del self._masters[port]

    def best(self) -> ForeignMaster | None:
        """The best of those that qualify."""
        best: ForeignMaster | None = None
        for master in self._masters.values():
            if master.is_qualified() and (best is None or master.candidate.beats(best.candidate)):
                best = master
        return best

    def of(self, port: PortIdentity) -> ForeignMaster | None:
        """The master at a port, if it is heard."""
        return self._masters.get(port)

    def all(self) -> tuple[ForeignMaster, ...]:
        """Everyone heard, qualified or not."""
        return tuple(self._masters.values())

    def next_gone_ns(self) -> int | None:
        """When the next one will have been silent for too long."""
        return min((master.gone_ns for master in self._masters.values()), default=None)

    def _make_room(self) -> None:
        """Forget one master: of those heard once only, which cost a forger nothing, else of all but the best."""
        if len(self._masters) >= MOST_MASTERS:
            masters, best = self._masters, self.best()
            others = [port for port, master in masters.items() if master is not best]
            del masters[min(others, key=lambda port: (masters[port].is_qualified(), masters[port].heard_ns))]
