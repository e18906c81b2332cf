"""Session descriptions as records that keep every line: ``encode(decode(octets)) == octets``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from aes67_sender.wire.sdp.attributes import PARSERS
from aes67_sender.wire.sdp.fields import Connection, MediaField, Origin
from aes67_sender.wire.sdp.lines import MAX_BYTES, MAX_LINES, SdpError, legible, split
from aes67_sender.wire.sdp.streams import audio_streams, unplayable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from aes67_sender.wire.sdp.lines import Line
    from aes67_sender.wire.sdp.streams import AudioStream

#: Far more than gear sends; each one is searched for what all of them share.
MAX_MEDIA: Final = 64
#: Lines whose fields must be readable, or the text is no session description.
_FIELDS: Final[dict[str, Callable[[str], object]]] = {
    "o": Origin.parse,
    "c": Connection.parse,
    "m": MediaField.parse,
}
#: Lines that stand once in a text; a second one begins another session.
_ONCE: Final = frozenset("vos")


@dataclass(frozen=True, slots=True)
class Section:
    """The lines of the session, or of one of its media from its ``m=`` on."""

    lines: tuple[Line, ...]

    def values(self, kind: str) -> tuple[str, ...]:
        """The values of all lines of a kind."""
        return tuple(line.value for line in self.lines if line.kind == kind)

    def attributes(self, name: str) -> tuple[str, ...]:
        """The values of an attribute, in order; empty strings where it has none."""
        named = (line.attribute for line in self.lines if line.kind == "a")
        return tuple(value for each, value in named if each == name)

    @property
    def information(self) -> str:
        """What ``i=`` says, for people."""
        return legible(next(iter(self.values("i")), ""))

    @property
    def connections(self) -> tuple[Connection, ...]:
        """Where packets go."""
        return tuple(Connection.parse(value) for value in self.values("c"))

    @property
    def media(self) -> MediaField | None:
        """What ``m=`` says; ``None`` for the session's own section."""
        return next((MediaField.parse(value) for value in self.values("m")), None)


@dataclass(frozen=True, slots=True)
class Remark:
    """What cannot be used in a text that is a session description all the same; ``line`` counts from 1."""

    line: int
    reason: str


@dataclass(frozen=True, slots=True)
class SessionDescription:
    """The lines of a session description, all of them in their order, whether their meaning is known or not.

    Raises:
        SdpError: no ``v=0`` at the start, no ``o=`` or ``s=`` or more than one, or an ``o=``, ``c=``, ``m=`` that
            cannot be read.
    """

    lines: tuple[Line, ...]

    def __post_init__(self) -> None:
        if len(self.lines) > MAX_LINES:
            raise SdpError(0, f"more than {MAX_LINES} lines")
        if not self.lines or (self.lines[0].kind, self.lines[0].value.strip()) != ("v", "0"):
            raise SdpError(1, "a session description begins with v=0")
        _check_fields(self.lines)
        _check_once(self.lines)
        if sum(line.kind == "m" for line in self.lines) > MAX_MEDIA:
            raise SdpError(0, f"more than {MAX_MEDIA} media")

    @property
    def sections(self) -> tuple[Section, ...]:
        """The session's own lines, then those of each of its media."""
        starts = [0, *(index for index, line in enumerate(self.lines) if line.kind == "m")]
        ends = [*starts[1:], len(self.lines)]
        return tuple(Section(self.lines[start:end]) for start, end in zip(starts, ends, strict=True))

    @property
    def session(self) -> Section:
        """What holds for all media."""
        return self.sections[0]

    @property
    def media(self) -> tuple[Section, ...]:
        """What holds for each of the media."""
        return self.sections[1:]

    @property
    def origin(self) -> Origin:
        """Who made the session, and which version of it this is."""
        return Origin.parse(next(line.value for line in self.lines if line.kind == "o"))

    @property
    def name(self) -> str:
        """The session's name, for people."""
        return legible(next(line.value for line in self.lines if line.kind == "s"))

    def audio_streams(self) -> tuple[AudioStream, ...]:
        """The streams of audio that can be received from what the text says; copies count as one stream."""
        return audio_streams(self.session, self.media)

    def remarks(self) -> tuple[Remark, ...]:
        """All attributes that cannot be read, and all audio that nobody can receive from this text; never raises."""
        found = list(_unreadable(self.lines))
        number = 1 + len(self.session.lines)
        for section in self.media:
            if reason := unplayable(section, self.session):
                found.append(Remark(number, reason))
            number += len(section.lines)
        return tuple(sorted(found, key=lambda remark: remark.line))


def decode(source: bytes | str) -> SessionDescription:
    """The session description that octets or a text are.

    Raises:
        SdpError: and nothing else, whatever the octets.
    """
    if len(source) > MAX_BYTES:
        raise SdpError(0, f"longer than {MAX_BYTES} octets")
    text = source if isinstance(source, str) else source.decode("utf-8", "surrogateescape")
    return SessionDescription(tuple(split(text)))


def encode(description: SessionDescription) -> bytes:
    """The octets of a session description, with the ends of its lines as they are."""
    return render(description).encode("utf-8", "surrogateescape")


def render(description: SessionDescription) -> str:
    """The text of a session description, with the ends of its lines as they are; encode it as UTF-8."""
    return "".join(line.render() for line in description.lines)


def _check_fields(lines: Iterable[Line]) -> None:
    """Every ``o=``, ``c=``, ``m=`` can be read, and only the last line lacks its end."""
    last_end = "\n"
    for number, line in enumerate(lines, start=1):
        if not last_end.endswith("\n"):
            raise SdpError(number, "the line before has no end")
        last_end = line.ending
        try:
            _FIELDS.get(line.kind, str)(line.value)
        except ValueError as why:
            raise SdpError(number, str(why)) from why


def _check_once(lines: Iterable[Line]) -> None:
    seen: set[str] = set()
    for number, line in enumerate(lines, start=1):
        if line.kind in seen & _ONCE:
            raise SdpError(number, f"a second {line.kind}= line: one text describes one session")
        if line.kind == "m" and not seen >= _ONCE:
            break
        seen.add(line.kind)
    for kind in "os":
        if kind not in seen:
            raise SdpError(0, f"there is no {kind}= line")


def _unreadable(lines: Iterable[Line]) -> Iterator[Remark]:
    for number, line in enumerate(lines, start=1):
        name, value = line.attribute
        try:
            PARSERS.get(name, str)(value)
        except ValueError as why:
            yield Remark(number, f"a={name}: {why}")
