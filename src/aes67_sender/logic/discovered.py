"""What is made of discovered sessions: one list from several sources, what has changed, who is in our way."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Address
from typing import TYPE_CHECKING, Final

from aes67_sender.model.problem import Problem
from aes67_sender.model.session import Destination, SessionChange

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from aes67_sender.model.session import DiscoveredSession

    Place = tuple[str, str, int | None]

#: A whole number of these has host number 0 or 255 at its ends, which some switches and devices take for broadcasts.
_BLOCK: Final = 256
_MOST_NAMED: Final = 3
#: Dante listens only within the /16 it is set to.
_REACH: Final = 1 << 16


def merge(*sources: Iterable[DiscoveredSession]) -> tuple[DiscoveredSession, ...]:
    """One list by name. What several sources tell of one session is told once, of its newest version."""
    merged: dict[Place, DiscoveredSession] = {}
    for session in (session for source in sources for session in source):
        known = merged.setdefault(_place(session), session)
        newest = session if session.version > known.version else known
        merged[_place(session)] = replace(
            newest,
            sources=tuple(sorted({*known.sources, *session.sources}, reverse=True)),
            age_s=min(known.age_s, session.age_s),
            ours=known.ours or session.ours,
        )
    return tuple(sorted(merged.values(), key=lambda session: (session.name.casefold(), session.identity)))


def changes(before: Iterable[DiscoveredSession], after: Iterable[DiscoveredSession]) -> tuple[SessionChange, ...]:
    """What a watcher wants to be told, who has seen ``before`` and sees ``after``; growing older is no change."""
    gone = {_place(session): session for session in before}
    told = []
    appeared = []
    for session in after:
        old = gone.pop(_place(session), None)
        if old is None:
            appeared.append(session)
        elif replace(old, age_s=session.age_s) != session:
            told.append(SessionChange("changed", session))
    for session in appeared:
        # The same session at another address.
        moved = next((place for place in gone if place[0] == session.identity), None)
        if moved is not None:
            del gone[moved]
        told.append(SessionChange("appeared" if moved is None else "changed", session))
    return (*(SessionChange("gone", session) for session in gone.values()), *told)


def collisions(
    ours: Mapping[str, Collection[Destination]], discovered: Iterable[DiscoveredSession]
) -> tuple[Problem, ...]:
    """A problem for each stream of ours, by its id, and each of others who send to its address and port too.

    From the fourth other on they are only counted: who floods the network with sessions shall not flood the status.
    """
    owners = {destination: stream_id for stream_id, destinations in ours.items() for destination in destinations}
    found: dict[str, list[tuple[Destination, DiscoveredSession]]] = {}
    for session in discovered:
        for destination in () if session.ours else session.destinations:
            if destination in owners:
                found.setdefault(owners[destination], []).append((destination, session))
    problems: list[Problem] = []
    for stream_id, others in found.items():
        problems += [_collision(stream_id, *each, taken=owners) for each in others[:_MOST_NAMED]]
        if len(others) > _MOST_NAMED:
            text = f"And {len(others) - _MOST_NAMED} more sessions send to the address of stream {stream_id}."
            hint = "See them all with `aes67-sender discover`."
            problems.append(Problem("sap.address-in-use", "error", text, hint, f"streams.{stream_id}"))
    return tuple(problems)


def free_address(base: str, taken: Collection[str]) -> str | None:
    """The first multicast address from ``base`` on that is not taken; at the end of its /16 it goes on at the start.

    ``base`` is an IPv4 address. ``None``: all are taken. Addresses that end in 0 or 255 are left out.
    """
    number = int(IPv4Address(base))
    first = number - number % _REACH
    for step in range(_REACH):
        candidate = first + (number + step) % _REACH
        address = str(IPv4Address(candidate))
        if candidate % _BLOCK not in {0, _BLOCK - 1} and address not in taken:
            return address
    return None


def _place(session: DiscoveredSession) -> Place:
    return session.identity, session.address, session.port


def _collision(
    stream_id: str, destination: Destination, session: DiscoveredSession, taken: Iterable[Destination]
) -> Problem:
    free = free_address(destination.address, {other.address for other in taken} | {session.address})
    text = (
        f"{session.name or 'A session without name'} of {session.origin} sends to {destination.address}, "
        f"port {destination.port}, too: receivers hear both at once, which is noise."
    )
    hint = (
        f"Give one of the two another address, for example {free}." if free else "Give one of the two another address."
    )
    return Problem("sap.address-in-use", "error", text, hint, f"streams.{stream_id}")
