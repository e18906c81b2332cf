"""The lines of a session description (RFC 8866 5), and the one error for all that is none."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from aes67_sender.errors import WireError

if TYPE_CHECKING:
    from collections.abc import Iterator

#: What no gear comes near; a text beyond is refused before it costs memory.
MAX_BYTES: Final = 65_536
MAX_LINES: Final = 1000
MAX_LINE_CHARS: Final = 4096

CRLF: Final = "\r\n"
_KIND: Final = re.compile(r"[A-Za-z]")
#: The last line may lack its end. Programs that write CRLF to a Windows text file leave ``\r\r\n``.
_ENDING: Final = re.compile(r"\r*\n?")
#: Bidirectional classes of embeddings, overrides and isolates, and of their ends (Unicode annex 9, 3.2).
_TURNS: Final = frozenset({"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"})
_FORBIDDEN: Final = re.compile(r"[\0\r\n]")


class SdpError(WireError):
    """A text that is no session description. ``line`` counts from 1; 0 means the text as a whole."""

    def __init__(self, line: int, reason: str) -> None:
        super().__init__(f"SDP line {line}: {reason}." if line else f"SDP: {reason}.")
        self.line = line
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Line:
    """``kind=value`` and how the line ended, octet for octet; ``kind`` is empty on a blank line.

    Octets that are no UTF-8 stand in ``value`` as ``surrogateescape`` has them; ``legible`` makes them readable.

    Raises:
        ValueError: the line could not be told from others on the wire, or not be encoded.
    """

    kind: str
    value: str
    ending: str = CRLF

    def __post_init__(self) -> None:
        if not self.kind and self.value.strip(" \t"):
            raise ValueError("a blank line with text")
        if self.kind and not _KIND.fullmatch(self.kind):
            raise ValueError(f"the kind of a line is one letter, not {shown(self.kind)}")
        if _FORBIDDEN.search(self.value):
            raise ValueError("a NUL or an end of line within the line")
        if not _ENDING.fullmatch(self.ending):
            raise ValueError(f"no line ends with {shown(self.ending)}")
        if len(self.value) > MAX_LINE_CHARS:
            raise ValueError(f"longer than {MAX_LINE_CHARS} characters")
        try:
            self.value.encode("utf-8", "surrogateescape")
        except UnicodeEncodeError as beyond:
            raise ValueError("a character that cannot be encoded") from beyond

    @property
    def attribute(self) -> tuple[str, str]:
        """Name and value of an ``a=`` line; the value of ``a=recvonly`` is empty, and so is the name on other lines."""
        if self.kind != "a":
            return "", ""
        name, _, value = self.value.partition(":")
        return name.strip(), value.strip()

    def render(self) -> str:
        """The line and its end."""
        return f"{self.kind}={self.value}{self.ending}" if self.kind else f"{self.value}{self.ending}"


def attribute(name: str, value: object = None) -> Line:
    """``a=name:value``, or ``a=name`` without a value."""
    return Line("a", name if value is None else f"{name}:{value}")


def split(text: str) -> Iterator[Line]:
    """The lines of a text; together they render to the same text.

    Raises:
        SdpError: a line is no ``letter=value``, too long, or one too many.
    """
    for number, each in enumerate(re.findall(r"[^\n]*\n|[^\n]+", text), start=1):
        if number > MAX_LINES:
            raise SdpError(0, f"more than {MAX_LINES} lines")
        content = each.removesuffix("\n").rstrip("\r")
        kind, equals, value = content.partition("=")
        blank = not content.strip(" \t")
        if not blank and not (kind and equals):
            raise SdpError(number, f"not <letter>=<value>: {shown(content)}")
        ending = each[len(content) :]
        try:
            yield Line("", content, ending) if blank else Line(kind, value, ending)
        except ValueError as why:
            raise SdpError(number, str(why)) from why


def shown(text: str) -> str:
    """The start of what somebody sent, fit for a message."""
    most = 40
    return ascii(text if len(text) <= most else f"{text[:most]}…")


def clean(text: str) -> str:
    """One line of text without anything that ends a line or cannot be encoded; runs of blanks become one.

    What turns the direction of text goes too: a name must not rearrange the sentence that it is shown in.
    """
    encodable = text.encode("utf-8", "replace").decode("utf-8")
    printable = "".join(" " if _is_unfit(char) else char for char in encodable)
    return " ".join(printable.split())


def _is_unfit(char: str) -> bool:
    return unicodedata.category(char) in {"Cc", "Zl", "Zp"} or unicodedata.bidirectional(char) in _TURNS


def legible(text: str) -> str:
    """Text that was received, for people: octets that are no UTF-8 are read as Latin-1, control characters go."""
    octets = text.encode("utf-8", "surrogateescape")
    try:
        return clean(octets.decode("utf-8"))
    except UnicodeDecodeError:
        return clean(octets.decode("latin-1"))
