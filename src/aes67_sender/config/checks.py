"""What a config says in two places that do not go together. Each check leaves alone what is already wrong by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aes67_sender.config.complete import free_id
from aes67_sender.config.fields import MIN_TOKEN, is_token
from aes67_sender.config.findings import Finding, Loc, listed, nearest, path_of, show
from aes67_sender.config.sources import AsioSource, JackSource, StdinSource
from aes67_sender.config.token import TOKEN_VARIABLE, token_of
from aes67_sender.model.packet import (
    HIGH_RATE_HZ,
    LONGEST_AT_HIGH_RATE_US,
    MAX_PAYLOAD_BYTES,
    PacketFormat,
    longest_fitting_packet_time_us,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from aes67_sender.config.model import Config, StreamSettings, WebSettings


class Draft:
    """A config in which defaults stand for the values at the ``wrong`` places."""

    def __init__(self, config: Config, wrong: Iterable[Loc]) -> None:
        self.config = config
        self._wrong = frozenset(wrong)
        self._with_wrong = frozenset(beginning for loc in self._wrong for beginning in _beginnings(loc))

    def sound(self, *loc: str | int) -> bool:
        """Whether the value at a place is the user's own, in all its parts."""
        return loc not in self._with_wrong and self._wrong.isdisjoint(_beginnings(loc))


def _beginnings(loc: Loc) -> list[Loc]:
    return [loc[:length] for length in range(len(loc) + 1)]


def check(draft: Draft) -> Iterator[Finding]:
    """All findings across fields, stream by stream."""
    yield from _sources(draft)
    if draft.sound("streams") and not draft.config.streams:
        hint = 'Add at least one stream, for example "streams": [{"address": "239.69.1.1"}].'
        yield Finding(("streams",), "config.nothing-to-send", "There is no stream: nothing would be sent.", hint)
    yield from _duplicate_ids(draft, "streams", [stream.id for stream in draft.config.streams])
    yield from _duplicate_destinations(draft)
    for index, stream in enumerate(draft.config.streams):
        yield from _source_of(draft, index, stream)
        yield from _names(draft, ("streams", index), len(stream.channel_names), len(stream.channels))
        yield from _gains(draft, index, stream)
        yield from _packet(draft, index, stream)
    if draft.sound("web"):
        yield from _token(draft.config.web)


def _token(web: WebSettings) -> Iterator[Finding]:
    """Whether those on other computers are asked for something that nobody guesses."""
    token = token_of(web)
    if token is not None and not is_token(token):
        text = f"The environment variable {TOKEN_VARIABLE} holds no token of {MIN_TOKEN} letters, digits or signs."
        hint = "Take one that nobody guesses: `openssl rand -hex 16` makes one."
        yield Finding(("web", "token"), "config.token", text, hint)
    elif token is None and not web.local_only:
        text = f'"listen" is on {show(web.host)}, where other computers can reach it, and there is no token.'
        hint = (
            f'Add a "token" of {MIN_TOKEN} letters and digits or more (`openssl rand -hex 16` makes one), or set '
            f'{TOKEN_VARIABLE}; or write "127.0.0.1:8067" and reach it through an SSH tunnel.'
        )
        yield Finding(("web", "listen"), "config.listen", text, hint)


def _sources(draft: Draft) -> Iterator[Finding]:
    yield from _duplicate_ids(draft, "sources", [source.id for source in draft.config.sources])
    stdin: int | None = None
    clients: dict[str, int] = {}
    for index, source in enumerate(draft.config.sources):
        if not draft.sound("sources", index, "kind"):
            continue
        if isinstance(source, StdinSource):
            if stdin is not None:
                text = f'"kind" is "stdin", as in sources[{stdin}], but there is one standard input only.'
                hint = "Remove one; several streams can use the same source."
                yield Finding(("sources", index, "kind"), "config.duplicate", text, hint)
            stdin = index if stdin is None else stdin
        if isinstance(source, AsioSource):
            yield from _inputs(draft, index, source)
        if isinstance(source, JackSource):
            yield from _names(draft, ("sources", index), len(source.channel_names), source.channels)
            if draft.sound("sources", index, "client_name"):
                first = clients.setdefault(source.client_name, index)
                if first != index:
                    text = f'"client_name" is {show(source.client_name)}, as in sources[{first}].'
                    hint = f"Give it another name, for example {show(free_id(source.client_name, set(clients)))}."
                    yield Finding(("sources", index, "client_name"), "config.duplicate", text, hint)


def _inputs(draft: Draft, index: int, source: AsioSource) -> Iterator[Finding]:
    at, count = ("sources", index), len(source.input_channels)
    if count in (0, source.channels) or not (draft.sound(*at, "input_channels") and draft.sound(*at, "channels")):
        return
    text = f'"input_channels" has {count} input{"s" * (count != 1)}, but "channels" is {source.channels}.'
    yield Finding((*at, "input_channels"), "config.input-channels", text, f'Write "channels": {count}.')


def _duplicate_ids(draft: Draft, key: str, ids: list[str]) -> Iterator[Finding]:
    # Ids become file names, and some file systems take S1 and s1 for the same.
    first: dict[str, int] = {}
    for index, entry_id in enumerate(ids):
        if draft.sound(key, index, "id") and (earlier := first.setdefault(entry_id.lower(), index)) != index:
            case = "" if ids[earlier] == entry_id else " but for upper and lower case"
            text = f'"id" is "{entry_id}", as in {path_of((key, earlier))}{case}.'
            hint = f'Give it an id of its own, for example "{free_id(entry_id, set(ids))}".'
            yield Finding((key, index, "id"), "config.duplicate", text, hint)


def _duplicate_destinations(draft: Draft) -> Iterator[Finding]:
    first: dict[tuple[str, int], int] = {}
    for index, stream in enumerate(draft.config.streams):
        if not (draft.sound("streams", index, "address") and draft.sound("streams", index, "port")):
            continue
        earlier = first.setdefault((stream.address, stream.port), index)
        if earlier != index:
            text = f"{stream.address}, port {stream.port}, is the destination of streams[{earlier}] too."
            hint = "Give each stream an address of its own, for example by another last number."
            yield Finding(("streams", index, "address"), "config.duplicate", text, hint)


def _source_of(draft: Draft, index: int, stream: StreamSettings) -> Iterator[Finding]:
    at = ("streams", index)
    sources = draft.config.sources
    number = next((number for number, source in enumerate(sources) if source.id == stream.source), None)
    if number is None:
        ids_known = all(draft.sound("sources", other, "id") for other in range(len(sources)))
        if draft.sound(*at, "source") and ids_known:
            ids = [source.id for source in sources]
            meant = nearest(stream.source, ids)
            quoted = [f'"{known}"' for known in ids]
            hint = f'Did you mean "{meant}"?' if meant else f"Write {listed(quoted)}, or add such a source."
            text = f"There is no source {show(stream.source)}."
            yield Finding((*at, "source"), "config.unknown-source", text, hint)
        return
    limit = sources[number].channels
    known = draft.sound(*at, "source") and draft.sound("sources", number, "channels")
    if limit is None or not known or not draft.sound("sources", number, "kind"):
        return
    for item, channel in enumerate(stream.channels):
        if draft.sound(*at, "channels") and channel > limit:
            has = "1 channel" if limit == 1 else f"{limit} channels"
            text = f'Item {item + 1} of "channels" is {channel}, but source "{stream.source}" has {has}.'
            remedy = "Write 1" if limit == 1 else f"Choose from 1 to {limit}"
            hint = f"{remedy}, or give the source more channels."
            yield Finding((*at, "channels", item), "config.channel", text, hint)


def _names(draft: Draft, at: Loc, names: int, channels: int) -> Iterator[Finding]:
    if names > channels and draft.sound(*at, "channel_names") and draft.sound(*at, "channels"):
        text = f'"channel_names" has {names} names for {channels} channel{"s" * (channels != 1)}.'
        hint = f"Remove the last {names - channels}, or add channels."
        yield Finding((*at, "channel_names"), "config.channel-names", text, hint)


def _gains(draft: Draft, index: int, stream: StreamSettings) -> Iterator[Finding]:
    at, channels = ("streams", index), len(stream.channels)
    if not draft.sound(*at, "channels"):
        return
    has = "1 channel" if channels == 1 else f"{channels} channels"
    extra = len(stream.channel_gains_db) - channels
    if extra > 0 and draft.sound(*at, "channel_gains_db"):
        text = f'"channel_gains_db" has {channels + extra} gains for {has}.'
        yield Finding(
            (*at, "channel_gains_db"), "config.channel-gains", text, f"Remove the last {extra}, or add channels."
        )
    for item, position in enumerate(stream.mute_channels):
        if position > channels and draft.sound(*at, "mute_channels"):
            text = f'Item {item + 1} of "mute_channels" is {position}, but the stream has {has}.'
            hint = "These are counted in the stream, not in its source: write 1."
            if channels > 1:
                hint = f"These are counted in the stream, not in its source: choose from 1 to {channels}."
            yield Finding((*at, "mute_channels", item), "config.channel", text, hint)


def _packet(draft: Draft, index: int, stream: StreamSettings) -> Iterator[Finding]:
    at = ("streams", index)
    if not all(draft.sound(*at, key) for key in ("channels", "encoding", "rate", "packet_time_us")):
        return
    packet = stream.packet_format
    longest_us = longest_fitting_packet_time_us(packet, MAX_PAYLOAD_BYTES)
    if stream.rate == HIGH_RATE_HZ and stream.packet_time_us > LONGEST_AT_HIGH_RATE_US:
        text = f'"packet_time_us" is {stream.packet_time_us}, which AES67 does not define at 96 kHz.'
        hint = f'Write "packet_time_us": {longest_us or LONGEST_AT_HIGH_RATE_US}.'
        yield Finding((*at, "packet_time_us"), "config.packet-time", text, hint)
    elif packet.payload_bytes > MAX_PAYLOAD_BYTES:
        where = (*at, "packet_time_us" if longest_us else "channels")
        text = f"{describe(packet)} need {packet.payload_bytes} bytes per packet, but {MAX_PAYLOAD_BYTES} fit."
        yield Finding(where, "config.packet-too-large", text, packet_hint(longest_us))


def describe(packet: PacketFormat) -> str:
    """Channels, encoding, rate and packet time in words."""
    channels = f"{packet.channels} channel{'s' * (packet.channels != 1)}"
    return f"{channels} of {packet.encoding} at {packet.rate_hz / 1000:g} kHz and {packet.packet_time_us} µs"


def packet_hint(longest_us: int | None) -> str:
    """The remedy for a packet that is too large."""
    if longest_us is None:
        return "No packet time fits: spread the channels over several streams."
    return f'Write "packet_time_us": {longest_us}, the longest that fits, or spread the channels over several streams.'
