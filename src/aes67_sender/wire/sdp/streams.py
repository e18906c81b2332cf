"""Audio streams as receivers see them: what a session says of its media, put together."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Final, TypeVar

from aes67_sender.wire.sdp.attributes import (
    MAX_PAYLOAD_TYPE,
    STATIC_PAYLOADS,
    Group,
    RtpMap,
    SourceFilter,
    parse_clock_domain,
    parse_format,
    parse_frames,
    parse_milliseconds,
    parse_sync_time,
)
from aes67_sender.wire.sdp.channels import labels, parse_channel_order, parse_names
from aes67_sender.wire.sdp.clocks import DirectClock, parse_media_clock, parse_reference
from aes67_sender.wire.sdp.fields import MAX_PORT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from aes67_sender.wire.sdp.clocks import MediaClock, ReferenceClock
    from aes67_sender.wire.sdp.fields import Connection, MediaField
    from aes67_sender.wire.sdp.session import Section

T = TypeVar("T")

_DIRECTIONS: Final = ("recvonly", "sendrecv", "sendonly", "inactive")
_DUPLICATES: Final = "DUP"
#: Of one medium. A text of 8 kB may name 60 000, which would take seconds to be written down.
_MOST_ADDRESSES: Final = 256


@dataclass(frozen=True, slots=True)
class Leg:
    """One copy of a stream on the network. ``sources`` are those that a filter wants; none means any."""

    address: str
    port: int
    ttl: int | None
    sources: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AudioStream:
    """One stream of audio, ``legs`` its copies (ST 2022-7) with the primary one first.

    ``frames_per_packet`` is RAVENNA's own count, or what the packet time makes at this rate. ``channel_names`` has
    one for each channel, empty where nobody has named it. ``channel_groups`` are ST 2110-30's symbols. ``direction``
    is what the *reader* shall do, as ``a=recvonly`` is meant. ``clock_domain`` and ``sync_time`` are RAVENNA's.
    """

    legs: tuple[Leg, ...]
    payload_type: int
    encoding: str
    rate_hz: int
    channels: int
    packet_time_ms: float | None
    longest_packet_time_ms: float | None
    frames_per_packet: int | None
    reference_clocks: tuple[ReferenceClock, ...]
    media_clock: MediaClock | None
    clock_domain: int | None
    sync_time: int | None
    channel_names: tuple[str, ...]
    channel_groups: tuple[str, ...]
    direction: str

    @property
    def address(self) -> str:
        """Where the primary copy goes."""
        return self.legs[0].address

    @property
    def port(self) -> int:
        """To which UDP port the primary copy goes."""
        return self.legs[0].port

    @property
    def ttl(self) -> int | None:
        """Of the primary copy's packets."""
        return self.legs[0].ttl

    @property
    def sources(self) -> tuple[str, ...]:
        """Who sends the primary copy."""
        return self.legs[0].sources

    @property
    def reference_clock(self) -> ReferenceClock | None:
        """The first of the clocks, which are all as good."""
        return self.reference_clocks[0] if self.reference_clocks else None

    @property
    def media_clock_offset(self) -> int | None:
        """The RTP time stamp at the reference clock's epoch; ``None`` where media time is not tied to it."""
        return (self.media_clock.offset or 0) if isinstance(self.media_clock, DirectClock) else None


def audio_streams(session: Section, media: Sequence[Section]) -> tuple[AudioStream, ...]:
    """The streams of a session in order, media that are copies of each other as one; never raises."""
    playable = [section for section in media if not unplayable(section, session) and _is_audio(section)]
    named = {identifier: section for section in playable for identifier in section.attributes("mid")[:1]}
    copies: dict[int, tuple[Section, ...]] = {}
    for group in _read(session, "group", Group.parse):
        if group.semantics.upper() == _DUPLICATES:
            together = tuple(named[each] for each in dict.fromkeys(group.identifiers) if each in named)
            copies |= {id(section): together for section in together if id(section) not in copies}
    streams, told = [], set[int]()
    for section in playable:
        sections = copies.get(id(section), (section,))
        if id(section) not in told:
            told |= {id(each) for each in sections}
            streams.append(_stream(session, sections, alone=len(media) == 1))
    return tuple(streams)


def unplayable(section: Section, session: Section) -> str:
    """Why nobody can receive the audio of one of the media; empty if somebody can, or it is no audio over RTP."""
    media = section.media
    if media is None or not _is_audio(section) or not media.port:
        return ""
    if _format(section, media) is None:
        return f"no a=rtpmap says what payload type {' '.join(media.formats[:4])} is"
    if not section.connections and not session.connections:
        return "no c= line says where the packets go"
    return ""


def _is_audio(section: Section) -> bool:
    media = section.media
    return media is not None and media.kind == "audio" and media.protocol.startswith("RTP/") and media.port > 0


def _stream(session: Section, sections: tuple[Section, ...], *, alone: bool) -> AudioStream:
    """``alone``: the session has no other media, so that what it says of channels is about these."""
    primary = sections[0]
    media = primary.media
    mapped = _format(primary, media) if media else None
    assert mapped is not None, "only playable media come here"  # noqa: S101
    groups = _channel_groups(primary, mapped.payload_type)
    packet_time_ms = _first(primary, session, "ptime", parse_milliseconds)
    counted = _first(primary, session, "framecount", parse_frames)
    made = None if packet_time_ms is None else round(packet_time_ms * mapped.rate_hz / 1000) or None
    return AudioStream(
        legs=tuple(dict.fromkeys(leg for section in sections for leg in _legs(session, section))),
        payload_type=mapped.payload_type,
        encoding=mapped.encoding,
        rate_hz=mapped.rate_hz,
        channels=mapped.channels,
        packet_time_ms=packet_time_ms,
        longest_packet_time_ms=_first(primary, session, "maxptime", parse_milliseconds),
        frames_per_packet=counted or made,
        reference_clocks=_all(primary, session, "ts-refclk", parse_reference),
        media_clock=_first(primary, session, "mediaclk", parse_media_clock),
        clock_domain=_first(primary, session, "clock-domain", parse_clock_domain),
        sync_time=_first(primary, session, "sync-time", parse_sync_time),
        channel_names=_channel_names(primary, session if alone else None, groups, mapped.channels),
        channel_groups=groups,
        direction=_direction(primary) or _direction(session) or "sendrecv",
    )


def _format(section: Section, media: MediaField) -> RtpMap | None:
    """What the first payload type means that is explained."""
    maps = {each.payload_type: each for each in reversed(_read(section, "rtpmap", RtpMap.parse))}
    known = STATIC_PAYLOADS | maps
    wanted = (int(each) for each in media.formats if each.isascii() and each.isdecimal() and len(each) < 4)  # noqa: PLR2004
    return next((known[each] for each in wanted if each <= MAX_PAYLOAD_TYPE and each in known), None)


def _legs(session: Section, section: Section) -> list[Leg]:
    """One leg per address; one per source where one address carries the copies of several (RFC 7104 4.2)."""
    media = section.media
    assert media is not None, "only media come here"  # noqa: S101
    filters = _all(section, session, "source-filter", SourceFilter.parse)
    duplicated = any(group.semantics.upper() == _DUPLICATES for group in _read(section, "ssrc-group", Group.parse))
    legs = []
    addresses = islice(_addresses(section.connections or session.connections), _MOST_ADDRESSES)
    for number, (address, ttl) in enumerate(addresses):
        port = min(media.port + (2 * number if media.port_count > 1 else 0), MAX_PORT)
        wanted = (each.sources for each in filters if each.include and each.concerns(address))
        sources = tuple(dict.fromkeys(source for group in wanted for source in group))
        apart = [(source,) for source in sources] if duplicated and len(sources) > 1 else [sources]
        legs += [Leg(address, port, ttl, each) for each in apart]
    return legs


def _addresses(connections: Sequence[Connection]) -> Iterator[tuple[str, int | None]]:
    return ((address, connection.ttl) for connection in connections for address in connection.addresses)


def _direction(section: Section) -> str:
    return next((line.value.strip() for line in section.lines if line.attribute[0] in _DIRECTIONS), "")


def _channel_groups(section: Section, payload_type: int) -> tuple[str, ...]:
    for described, parameters in _read(section, "fmtp", parse_format):
        if described == payload_type and "channel-order" in parameters:
            return parse_channel_order(parameters["channel-order"])
    return ()


def _channel_names(
    section: Section, session: Section | None, groups: tuple[str, ...], channels: int
) -> tuple[str, ...]:
    """Those of the text's own words, else those that the groups have."""
    for teller in (section, session):
        if teller and (names := parse_names(teller.information, channels)):
            return names
    grouped = [label for symbol in groups for label in labels(symbol)]
    return (*grouped, *("",) * channels)[:channels]


def _read(section: Section, name: str, parse: Callable[[str], T]) -> list[T]:
    """All values of an attribute that can be read."""
    values = []
    for text in section.attributes(name):
        try:
            values.append(parse(text))
        except ValueError:
            continue  # SessionDescription.remarks tells of it
    return values


def _all(section: Section, session: Section, name: str, parse: Callable[[str], T]) -> tuple[T, ...]:
    """The values that hold for media: their own, or else the session's."""
    return tuple(_read(section, name, parse) or _read(session, name, parse))


def _first(section: Section, session: Section, name: str, parse: Callable[[str], T]) -> T | None:
    return next(iter(_all(section, session, name, parse)), None)
