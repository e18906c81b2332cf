"""When to announce which session by SAP (RFC 2974), without input or output; time is an argument."""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass, field
from ipaddress import IPv4Address
from random import Random
from typing import TYPE_CHECKING, Final

from aes67_sender.wire.sap import SapMessage, SapPacket

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

#: Seconds from one packet to the next after a start, a change or an end: one of them may be lost.
_QUICK_S: Final = (1.0, 2.0)
#: RFC 2974 3.1 shares 4 kbit/s among all announcements, and waits 300 s at least. The share is kept as long as it
#: allows less than 30 s: receivers of the trade forget after 45 s and more, and wait for a new session 10 s gladly.
_SHARE_BITS_PER_S: Final = 4000
_SHORTEST_PERIOD_S: Final = 10.0
_LONGEST_PERIOD_S: Final = 30.0
#: RFC 2974 3.1: a third more or less by chance, lest all announce at once.
_JITTER: Final = 1 / 3
#: So many packets at once, then a pause: small devices have small buffers.
BURST: Final = 8
PAUSE_S: Final = 0.01
#: How often the end is told, and how far apart: within a third of a second, for nobody waits longer for Ctrl-C.
FAREWELL_ROUNDS: Final = 3
FAREWELL_PAUSE_S: Final = 0.1


@dataclass(slots=True)
class _Planned:
    """A packet that is sent again and again; a deletion only ``_QUICK_S`` times more."""

    packet: SapPacket
    due_s: float
    sent: int = 0
    told: bool = False


def message_hash(text: str, taken: Collection[int] = ()) -> int:
    """The hash of a description: the same after every restart, never 0, and none of those ``taken``."""
    attempt = 0
    while True:
        digest = hashlib.sha256(text.encode() + bytes(attempt)).digest()
        number = int.from_bytes(digest[:2])
        if number and number not in taken:
            return number
        attempt += 1


@dataclass(slots=True)
class SapAnnouncer:
    """Not thread-safe; one owner. Texts are session descriptions with CRLF."""

    random: Random = field(default_factory=Random)
    #: What others announce in one round, in octets; set it as often as it is known anew.
    others_octets: int = 0
    _announced: dict[str, _Planned] = field(default_factory=dict)
    #: Deletions and what must come before announcements, the oldest first.
    _deletions: list[_Planned] = field(default_factory=list)
    _paused_until_s: float = -math.inf

    @property
    def due_s(self) -> float:
        """When ``due`` will have something; infinite for never."""
        planned = min((each.due_s for each in (*self._announced.values(), *self._deletions)), default=math.inf)
        return max(planned, self._paused_until_s)

    @property
    def period_s(self) -> float:
        """Seconds between two announcements of one session, without the jitter."""
        octets = self.others_octets + sum(len(each.packet.payload) for each in self._announced.values())
        return min(max(octets * 8 / _SHARE_BITS_PER_S, _SHORTEST_PERIOD_S), _LONGEST_PERIOD_S)

    def packets(self) -> tuple[SapPacket, ...]:
        """What is being announced."""
        return tuple(each.packet for each in self._announced.values())

    def follow(self, origin: str, sessions: Mapping[str, str], now_s: float) -> None:
        """Announce these sessions from now on, by stream id, as the IPv4 address ``origin``.

        A text that has changed is another session to some receivers: the old one is deleted with its old text and hash,
        then the new one is announced (RFC 2974 5). What is not in ``sessions`` any more is deleted.
        """
        address = IPv4Address(origin)
        before, self._announced = self._announced, {}
        taken = {each.packet.message_hash for each in (*before.values(), *self._deletions)}
        for stream_id, text in sessions.items():
            payload = text.encode()
            old = before.get(stream_id)
            if old is not None and (old.packet.origin, old.packet.payload) == (address, payload):
                self._announced[stream_id] = before.pop(stream_id)
                continue
            back = next(
                (each for each in self._deletions if (each.packet.origin, each.packet.payload) == (address, payload)),
                None,
            )
            if back is not None:
                # Deleted a moment ago: what is left of that would delete it anew.
                self._deletions.remove(back)
            number = back.packet.message_hash if back else message_hash(text, taken)
            taken.add(number)
            self._announced[stream_id] = _Planned(SapPacket("announce", number, address, payload), now_s)
        for stream_id, old in before.items():
            if old.told:
                # Repeated only where nothing replaces it: some receivers know a session by its o= alone.
                sent = len(_QUICK_S) if stream_id in sessions else 0
                self._deletions.append(_Planned(_as("delete", old.packet), now_s, sent))

    def again(self, now_s: float) -> None:
        """Begin anew with each session, as after its start: the network was away."""
        for each in self._announced.values():
            each.due_s, each.sent = now_s, 0

    def due(self, now_s: float) -> list[SapPacket]:
        """What to send now, in this order; the next may be due very soon."""
        if now_s < self._paused_until_s:
            return []
        # Deletions first: a receiver that knows sessions by their o= line must not delete what it has just heard of.
        waiting = [each for each in (*self._deletions, *self._announced.values()) if each.due_s <= now_s][:BURST]
        for each in waiting:
            quick = each.sent < len(_QUICK_S)
            each.due_s = now_s + (_QUICK_S[each.sent] if quick else self._jittered_s())
            each.sent += 1
            each.told = True
        self._deletions = [each for each in self._deletions if each.sent <= len(_QUICK_S)]
        if self.due_s <= now_s:
            self._paused_until_s = now_s + PAUSE_S
        return [each.packet for each in waiting]

    def farewell(self) -> list[SapPacket]:
        """Ends all: the deletions to be sent at once, ``FAREWELL_ROUNDS`` times, ``FAREWELL_PAUSE_S`` apart."""
        announced = [_as("delete", each.packet) for each in self._announced.values() if each.told]
        pending = [each.packet for each in self._deletions]
        self._announced.clear()
        self._deletions.clear()
        return [*pending, *announced]

    def _jittered_s(self) -> float:
        return self.period_s * self.random.uniform(1 - _JITTER, 1 + _JITTER)


def _as(message: SapMessage, packet: SapPacket) -> SapPacket:
    return SapPacket(message, packet.message_hash, packet.origin, packet.payload)
