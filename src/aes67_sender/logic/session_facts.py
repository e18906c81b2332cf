"""What a directory wants to know of a session description.

Far less than a receiver wants, and so from more texts: a session nobody can play still occupies its address.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from aes67_sender.errors import WireError
from aes67_sender.model.session import Destination, DiscoveredSession
from aes67_sender.wire.sdp import Origin, Section, SessionDescription, clean, decode

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aes67_sender.model.session import SessionSource

#: One ``c=`` line can stand for 255 addresses, and a text has many lines.
_MOST_DESTINATIONS: Final = 32


@dataclass(frozen=True, slots=True)
class SessionFacts:
    """See ``DiscoveredSession``; ``destinations`` has one for each medium, two or more with ST 2022-7."""

    identity: str
    version: int
    name: str = ""
    destinations: tuple[Destination, ...] = ()
    format: str = ""
    packet_time_ms: float | None = None
    clock: str = ""


def read_facts(payload: bytes) -> SessionFacts:
    """The facts in a description, or in the ``o=`` line alone that a deletion may consist of (RFC 2974 4).

    Raises:
        WireError: it is neither. Nothing else is raised, whatever the octets.
    """
    if payload.startswith(b"o="):
        return _origin_only(payload)
    session = decode(payload)
    identity, version = _identify(session.origin)
    audio = next(iter(session.audio_streams()), None)
    if audio is None:
        return SessionFacts(identity, version, session.name, _destinations(session))
    return SessionFacts(
        identity=identity,
        version=version,
        name=session.name,
        destinations=_destinations(session),
        format=f"{audio.encoding}/{audio.rate_hz}/{audio.channels}",
        packet_time_ms=audio.packet_time_ms,
        clock=clean(audio.reference_clock.render()) if audio.reference_clock else "",
    )


def discovered_session(  # noqa: PLR0913  by name
    facts: SessionFacts, *, origin: str, source: SessionSource, age_s: float, ours: bool, sdp: str
) -> DiscoveredSession:
    """What the directory tells of a session that ``source`` heard from ``origin`` so long ago."""
    first = facts.destinations[0] if facts.destinations else None
    return DiscoveredSession(
        identity=facts.identity,
        version=facts.version,
        name=facts.name,
        origin=origin,
        address=first.address if first else "",
        port=first.port if first else None,
        destinations=facts.destinations,
        format=facts.format,
        packet_time_ms=facts.packet_time_ms,
        clock=facts.clock,
        sources=(source,),
        age_s=round(age_s, 1),
        ours=ours,
        sdp=sdp,
    )


def _origin_only(payload: bytes) -> SessionFacts:
    line = payload.decode("utf-8", "replace").splitlines()[0]
    try:
        return SessionFacts(*_identify(Origin.parse(line.removeprefix("o="))))
    except ValueError as why:
        raise WireError(f"SAP: a deletion without a proper o= line: {why}.") from None


def _identify(origin: Origin) -> tuple[str, int]:
    words = (origin.username, origin.session_id, origin.network, origin.family, origin.address)
    return clean(" ".join(map(str, words))), origin.version


def _destinations(session: SessionDescription) -> tuple[Destination, ...]:
    found = (each for section in session.media for each in _of_medium(section, session))
    return tuple(dict.fromkeys(each for each, _ in zip(found, range(_MOST_DESTINATIONS), strict=False)))


def _of_medium(section: Section, session: SessionDescription) -> Iterator[Destination]:
    """A medium without ``c=`` has the session's; one without port is not sent."""
    media = section.media
    if media is not None and media.port > 0:
        for connection in section.connections or session.session.connections:
            for address in connection.addresses:
                yield Destination(address, media.port)
