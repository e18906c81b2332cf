"""RTSP 1.0 messages (RFC 2326) and the plain HTTP/1.x requests that come to the same port: octets to records and back.

Lenient in what devices do: bare LF, folded headers, a URL with blanks in it. Bounded in what they may send.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from aes67_sender.errors import WireError

MAX_HEAD_OCTETS: Final = 8192
MAX_BODY_OCTETS: Final = 65536
MAX_HEADERS: Final = 64

_HEAD_END: Final = re.compile(rb"\r?\n\r?\n")
_VERSION: Final = re.compile(r"(?:RTSP|HTTP)/\d\.\d")
_TOKEN: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,64}")
_STATUS: Final = re.compile(r"[1-5]\d\d")
_CONTROL: Final = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_BLANKS: Final = " \t"
_LENGTH: Final = "content-length"
Headers: TypeAlias = tuple[tuple[str, str], ...]


class RtspError(WireError):
    """What came is no message, or one larger than the limits; nothing after it can be read."""


@dataclass(frozen=True, slots=True)
class Request:
    """A request of either side. ``headers`` in order, without Content-Length, which the body says."""

    method: str
    url: str
    headers: Headers = ()
    body: bytes = b""
    version: str = "RTSP/1.0"

    def header(self, name: str) -> str | None:
        """The first header of this name, in whatever case."""
        return _find(self.headers, name)


@dataclass(frozen=True, slots=True)
class Response:
    """An answer. ``headers`` as with requests."""

    status: int
    reason: str
    headers: Headers = ()
    body: bytes = b""
    version: str = "RTSP/1.0"

    def header(self, name: str) -> str | None:
        """The first header of this name, in whatever case."""
        return _find(self.headers, name)


Message: TypeAlias = Request | Response


@dataclass(slots=True)
class Decoder:
    """Makes messages of a stream of octets, however it is cut."""

    _kept: bytearray = field(default_factory=bytearray)
    _broken: str = ""

    @property
    def has_part(self) -> bool:
        """Whether a message has begun and not ended."""
        return bool(self._kept)

    def feed(self, octets: bytes) -> list[Message]:
        """The messages that these octets complete.

        Raises:
            RtspError: the stream is not RTSP; then, and for ever after. Messages before it in the same octets are
                lost: who sends rubbish gets no answers.
        """
        if self._broken:
            raise RtspError(self._broken)
        self._kept += octets
        messages = []
        try:
            while (message := self._next()) is not None:
                messages.append(message)
        except RtspError as error:
            self._broken = str(error)
            self._kept.clear()
            raise
        return messages

    def _next(self) -> Message | None:
        # RFC 2326 4.1: empty lines before a message are skipped.
        del self._kept[: len(self._kept) - len(self._kept.lstrip(b"\r\n"))]
        if not self._kept:
            return None
        if self._kept[0] == ord("$"):
            raise RtspError("RTSP: interleaved data was never agreed on.")
        end = _HEAD_END.search(self._kept, 0, MAX_HEAD_OCTETS)
        if end is None:
            if len(self._kept) >= MAX_HEAD_OCTETS:
                raise RtspError(f"RTSP: a head of more than {MAX_HEAD_OCTETS} octets.")
            return None
        first, headers = _parse_head(bytes(self._kept[: end.start()]))
        length = _body_length(headers)
        if len(self._kept) < end.end() + length:
            return None
        body = bytes(self._kept[end.end() : end.end() + length])
        del self._kept[: end.end() + length]
        rest = tuple(header for header in headers if header[0].lower() != _LENGTH)
        return _message(first, rest, body)


def encode(message: Message) -> bytes:
    """The octets of a message, with Content-Length where there is a body.

    Raises:
        ValueError: a line would not be one line.
    """
    match message:
        case Request(method, url, headers, body, version):
            lines = [f"{method} {url} {version}"]
        case Response(status, reason, headers, body, version):
            lines = [f"{version} {status} {reason}"]
    lines += [f"{name}: {value}" for name, value in headers]
    if body:
        lines.append(f"Content-Length: {len(body)}")
    if any(_CONTROL.search(line) for line in lines):
        raise ValueError(f"a control character in {lines!r}")
    return "".join(f"{line}\r\n" for line in [*lines, ""]).encode("utf-8", "surrogateescape") + body


def _find(headers: Headers, name: str) -> str | None:
    folded = name.lower()
    return next((value for each, value in headers if each.lower() == folded), None)


def _parse_head(head: bytes) -> tuple[str, Headers]:
    # Any octet survives, so that what was read is written again as it was.
    first, *lines = (line.removesuffix("\r") for line in head.decode("utf-8", "surrogateescape").split("\n"))
    if len(lines) > MAX_HEADERS:
        raise RtspError(f"RTSP: more than {MAX_HEADERS} headers.")
    headers: list[tuple[str, str]] = []
    for line in (first, *lines):
        if _CONTROL.search(line):
            raise RtspError("RTSP: a control character in a head.")
    for line in lines:
        if line.startswith((" ", "\t")):
            if not headers:
                raise RtspError("RTSP: a head goes on before it has begun.")
            name, value = headers[-1]
            headers[-1] = name, f"{value} {line.strip(_BLANKS)}".strip(_BLANKS)
            continue
        name, colon, value = line.partition(":")
        name = name.rstrip(_BLANKS)
        if not colon or not _TOKEN.fullmatch(name):
            raise RtspError("RTSP: a line of a head is no header.")
        headers.append((name, value.strip(_BLANKS)))
    return first, tuple(headers)


def _body_length(headers: Headers) -> int:
    if _find(headers, "Transfer-Encoding") is not None:
        raise RtspError("RTSP: a body in chunks.")
    given = {value for name, value in headers if name.lower() == _LENGTH}
    if not given:
        return 0
    text = given.pop()
    # Not isdigit(), which takes digits of other scripts too.
    if given or not re.fullmatch(r"[0-9]{1,9}", text):
        raise RtspError("RTSP: a Content-Length that is no number.")
    if int(text) > MAX_BODY_OCTETS:
        raise RtspError(f"RTSP: a body of more than {MAX_BODY_OCTETS} octets.")
    return int(text)


def _message(first: str, headers: Headers, body: bytes) -> Message:
    begin, _, rest = first.partition(" ")
    if _VERSION.fullmatch(begin):
        status, _, reason = rest.strip(_BLANKS).partition(" ")
        if not _STATUS.fullmatch(status):
            raise RtspError("RTSP: a status that is no number.")
        return Response(int(status), reason.strip(_BLANKS), headers, body, begin)
    url, _, version = rest.rstrip(_BLANKS).rpartition(" ")
    url = url.strip(_BLANKS)
    if not url or not _TOKEN.fullmatch(begin) or not _VERSION.fullmatch(version):
        raise RtspError("RTSP: neither a request nor an answer.")
    return Request(begin, url, headers, body, version)
