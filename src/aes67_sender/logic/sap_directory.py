"""The sessions that are announced by SAP (RFC 2974), without input or output; time is an argument.

Bounded: whoever floods the group can push out what was heard only once, never what is announced time and again.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from aes67_sender.errors import WireError
from aes67_sender.logic.session_facts import SessionFacts, discovered_session, read_facts
from aes67_sender.wire.sap import SDP_TYPE

if TYPE_CHECKING:
    from collections.abc import Collection
    from ipaddress import IPv4Address, IPv6Address

    from aes67_sender.model.session import DiscoveredSession
    from aes67_sender.wire.sap import SapPacket

    Origin = IPv4Address | IPv6Address
    Key = tuple[Origin, str]

#: RFC 2974 4 forgets after ten periods or an hour; others forget after 45 s (aes67-web-monitor), 90 s (PipeWire) or
#: 300 s (aes67-monitor). With the trade's 30 s, ten periods are five minutes. A list that shows for an hour what was
#: unplugged helps nobody, one that forgets a session because some packets were lost does not either.
_PERIODS: Final = 10
_SHORTEST_LIFE_S: Final = 300.0
_LONGEST_LIFE_S: Final = 3600.0
#: As long as the period is not known it may be the RFC's: 300 s, and a third more by chance.
_LIFE_AT_FIRST_S: Final = 900.0
_KNOWN_AFTER: Final = 5
#: A long period fades by this with each shorter one: a lost packet doubles one, a repetition shortens one.
_FADE: Final = 0.75
#: An older version than the one known counts when the newer has been silent so long: the device has lost its clock.
_STALE_PERIODS: Final = 2
_STALE_S: Final = 60.0


@dataclass(frozen=True, slots=True)
class Limits:
    """``sessions`` heard twice or more, ``candidates`` heard once, octets of one description."""

    sessions: int = 1024
    candidates: int = 256
    payload_octets: int = 8192


@dataclass(frozen=True, slots=True)
class Heard:
    """A session as one origin announces it."""

    origin: Origin
    message_hash: int
    payload: bytes
    facts: SessionFacts
    heard_s: float
    count: int = 1
    period_s: float = 0.0

    @property
    def key(self) -> Key:
        """One origin announces a session once, whatever its version."""
        return self.origin, self.facts.identity

    @property
    def ends_s(self) -> float:
        """When it is forgotten."""
        known = min(max(_PERIODS * self.period_s, _SHORTEST_LIFE_S), _LONGEST_LIFE_S)
        return self.heard_s + (known if self.count >= _KNOWN_AFTER else max(known, _LIFE_AT_FIRST_S))

    def again(self, now_s: float) -> Heard:
        """The same announcement once more."""
        period_s = max(now_s - self.heard_s, self.period_s * _FADE)
        return replace(self, heard_s=now_s, count=self.count + 1, period_s=period_s)

    def is_stale(self, now_s: float) -> bool:
        """Whether it has missed its time."""
        return now_s - self.heard_s > max(_STALE_PERIODS * self.period_s, _STALE_S)


@dataclass(slots=True)
class SapDirectory:
    """Not thread-safe; one owner. ``refused`` counts packets that were no use, or too many."""

    limits: Limits = field(default_factory=Limits)
    refused: int = 0
    _sessions: dict[Key, Heard] = field(default_factory=dict)
    #: Heard once, the oldest first.
    _candidates: dict[Key, Heard] = field(default_factory=dict)
    #: What a hash of an origin stands for, so that a repetition need not be read.
    _keys: dict[tuple[Origin, int], Key] = field(default_factory=dict)

    @property
    def count(self) -> int:
        """Sessions known now, the same from two origins counted twice."""
        return len(self._sessions) + len(self._candidates)

    @property
    def octets(self) -> int:
        """Of all packets of one round of announcements, IP and SAP headers not counted; for RFC 2974 3.1."""
        return sum(len(heard.payload) for heard in self._all())

    def hear(self, packet: SapPacket, now_s: float) -> None:
        """Take in what came. Never raises, whatever it is."""
        if packet.encrypted or packet.payload_type not in {None, SDP_TYPE}:
            self.refused += 1
            return
        if packet.message == "delete":
            self._delete(packet)
            return
        known = self._find(self._keys.get((packet.origin, packet.message_hash)))
        if known is not None and known.payload == packet.payload:
            self._put(known.again(now_s), known)
            return
        facts = self._read(packet.payload)
        if facts is None:
            self.refused += 1
            return
        self._take(Heard(packet.origin, packet.message_hash, packet.payload, facts, now_s), now_s)

    def expire(self, now_s: float) -> None:
        """Forget what has not been announced for long."""
        for heard in self._all():
            if heard.ends_s <= now_s:
                self._forget(heard)

    def heard(self) -> list[Heard]:
        """Of each session the newest version, whoever announces it."""
        newest: dict[tuple[str, object], Heard] = {}
        for heard in self._all():
            # Some devices all have the same o=: only where the packets go to the same place is it one session.
            place = heard.facts.identity, heard.facts.destinations
            other = newest.get(place)
            if other is None or heard.facts.version > other.facts.version:
                newest[place] = heard
        return list(newest.values())

    def sessions(self, now_s: float, ours: Collection[str] = ()) -> tuple[DiscoveredSession, ...]:
        """All sessions by name; ``ours`` are the identities of our own."""
        found = (_describe(heard, now_s, ours=heard.facts.identity in ours) for heard in self.heard())
        return tuple(sorted(found, key=lambda session: (session.name.casefold(), session.identity)))

    def _read(self, payload: bytes) -> SessionFacts | None:
        if len(payload) > self.limits.payload_octets:
            return None
        try:
            return read_facts(payload)
        except WireError:
            return None

    def _all(self) -> list[Heard]:
        return [*self._sessions.values(), *self._candidates.values()]

    def _find(self, key: Key | None) -> Heard | None:
        return None if key is None else self._sessions.get(key) or self._candidates.get(key)

    def _take(self, heard: Heard, now_s: float) -> None:
        known = self._find(heard.key)
        if known is not None:
            if heard.facts.version < known.facts.version and not known.is_stale(now_s):
                return
            heard = replace(heard, count=known.count + 1, period_s=known.period_s)
        self._put(heard, known)

    def _put(self, heard: Heard, before: Heard | None) -> None:
        if heard.count > 1 and (heard.key in self._sessions or len(self._sessions) < self.limits.sessions):
            self._candidates.pop(heard.key, None)
            self._sessions[heard.key] = heard
        else:
            self._candidates[heard.key] = heard
            if len(self._candidates) > self.limits.candidates:
                self._forget(next(iter(self._candidates.values())))
                self.refused += 1
        if before is None or before.message_hash != heard.message_hash:
            if before is not None:
                self._drop_hash(before)
            if self._find(heard.key) is not None:
                self._keys[heard.origin, heard.message_hash] = heard.key

    def _delete(self, packet: SapPacket) -> None:
        """Only who announced a session may delete it, and only the version it names by its hash (RFC 2974 4 and 6).

        A hash of 0 says nothing; then the version in the description must be the one known, or newer.
        """
        number, facts = packet.message_hash, self._read(packet.payload)
        if facts is None:
            named = self._find(self._keys.get((packet.origin, number))) if number else None
        else:
            named = self._find((packet.origin, facts.identity))
            if named is not None and not _names(number, facts, named):
                return
        if named is not None:
            self._forget(named)

    def _forget(self, heard: Heard) -> None:
        self._sessions.pop(heard.key, None)
        self._candidates.pop(heard.key, None)
        self._drop_hash(heard)

    def _drop_hash(self, heard: Heard) -> None:
        place = heard.origin, heard.message_hash
        if self._keys.get(place) == heard.key:
            del self._keys[place]


def _names(number: int, facts: SessionFacts, known: Heard) -> bool:
    """Whether a deletion with this hash and description means what is known."""
    if 0 in {number, known.message_hash}:
        return facts.version >= known.facts.version
    return number == known.message_hash


def _describe(heard: Heard, now_s: float, *, ours: bool) -> DiscoveredSession:
    sdp = heard.payload.decode("utf-8", "replace")
    return discovered_session(
        heard.facts, origin=str(heard.origin), source="sap", age_s=now_s - heard.heard_s, ours=ours, sdp=sdp
    )
