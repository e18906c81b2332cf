"""From the text of a config file to JSON data; whatever is in the way is said in plain words."""

from __future__ import annotations

import codecs
import json
import math
from typing import TYPE_CHECKING, Any, Final, NoReturn

from aes67_sender.config.findings import Finding, Loc, show, show_path, subject
from aes67_sender.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MAX_FILE_BYTES: Final = 1_000_000
#: More digits than any number in a config has; Python refuses to read thousands of them.
_MAX_DIGITS: Final = 300
#: ``streams[0].channels[2]``: deeper values lie in something that is wrong as a whole.
_DEEPEST: Final = 4
#: Of streams, and of sources. One network interface and one processor core carry fewer.
MOST_ENTRIES: Final = 256
_MOST_KEYS: Final = 50
#: Apostrophe and the curly quotes of word processors.
_OTHER_QUOTES: Final = frozenset("'\u2018\u2019\u201c\u201d")
_WIDE_ENCODINGS: Final = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


class ObjectWithDuplicates(dict[str, Any]):
    """A JSON object in which some keys stood more than once; the last value counts."""

    def __init__(self, pairs: list[tuple[str, Any]]) -> None:
        super().__init__(pairs)
        seen: set[str] = set()
        self.duplicates = list(dict.fromkeys(key for key, _ in pairs if key in seen or seen.add(key)))  # type: ignore[func-returns-value]


def read_text(path: Path) -> str:
    """The text of a config file.

    Raises:
        ConfigError: it is not there, not a file, not readable, too large or not UTF-8.
    """
    name = path.name or str(path)
    try:
        if path.is_dir():
            _unreadable(name, "This is a folder, not a file.", "Give the path of the config file itself.")
        with path.open("rb") as file:
            content = file.read(MAX_FILE_BYTES + 1)
    except FileNotFoundError:
        hint = "Write one with `aes67-sender configure`, name another with -c, or try `aes67-sender demo`."
        _unreadable(name, f"There is no file {show_path(path)}.", hint, "config.no-file")
    except PermissionError:
        hint = f"Allow this user to read {show_path(path)}."
        _unreadable(name, "This user may not read the file.", hint)
    except OSError as error:
        _unreadable(name, f"The system says: {error.strerror or error}.", "Name another file with -c.")
    if len(content) > MAX_FILE_BYTES:
        _unreadable(name, "The file is larger than 1 MB.", "A config has a few kB: name another file with -c.")
    return decode(content, name)


def decode(content: bytes, name: str) -> str:
    """The text of the bytes of a file, with or without the mark that Windows editors put in front.

    Raises:
        ConfigError: they are not UTF-8.
    """
    if content.startswith(_WIDE_ENCODINGS):
        _unreadable(name, "The file is written in UTF-16.", "Save it as UTF-8.", "config.encoding")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        text = f"Line {line} holds a byte that is not UTF-8 (0x{content[error.start]:02x})."
        _unreadable(name, text, "Save the file as UTF-8.", "config.encoding")


def _unreadable(name: str, text: str, hint: str, code: str = "config.unreadable") -> NoReturn:
    problem = Finding((), code, text, hint).problem()
    raise ConfigError(f"{show(name)[1:-1]} cannot be read.", problems=(problem,)) from None


def parse_json(text: str) -> tuple[Any, list[Finding]]:
    """JSON data, or the finding that says why there is none."""
    text = text.removeprefix("\ufeff")
    if not text.strip():
        hint = 'Write at least {"streams": [{"address": "239.69.1.1"}]}.'
        return None, [Finding((), "config.empty", "The file is empty.", hint)]
    try:
        return json.loads(text, object_pairs_hook=_object, parse_int=_parse_int), []
    except json.JSONDecodeError as error:
        return None, [_not_json(text, error)]
    except RecursionError:
        hint = "A config nests four levels at most: look for brackets that are never closed."
        return None, [Finding((), "config.not-json", "Brackets are nested too deeply.", hint)]


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    plain = dict(pairs)
    return plain if len(plain) == len(pairs) else ObjectWithDuplicates(pairs)


def _parse_int(digits: str) -> int | float:
    return int(digits) if len(digits) <= _MAX_DIGITS else math.inf


def _not_json(text: str, error: json.JSONDecodeError) -> Finding:
    position = error.pos
    while not error.msg.startswith("Invalid") and text[position : position + 1] in {" ", "\t", "\r", "\n"}:
        position += 1
    before = text[:position].rstrip(" \t\r\n")
    here = text[position : position + 1]
    # Python's versions disagree on where a comma too many is; for all of them the comma itself is named here.
    if before.endswith(",") and here in {"}", "]"}:
        position, here = len(before) - 1, ","
    reason, hint = _reason(text, position, here, error.msg)
    line = text.count("\n", 0, position) + 1
    column = position - text.rfind("\n", 0, position)
    stands = f"here stands {_CHARACTERS.get(here, show(here))}" if here else "the file ends"
    return Finding((), "config.not-json", f"Line {line}, column {column}: {stands}, {reason}.", hint)


#: Characters that a sentence names better than it shows them.
_CHARACTERS: Final = {
    '"': "a double quote",
    "\\": "a backslash",
    "\n": "a line break",
    "\r": "a line break",
    "\t": "a tab",
}
#: How the standard library's messages begin, what to say instead, and the remedy.
_REASONS: Final = (
    ("Unterminated string", "and this text is not closed in its line", "Add the closing double quote."),
    ("Invalid control character", "inside a text", "Close the text with a double quote, or write \\n or \\t there."),
    ("Invalid \\", "which begins a code that JSON does not know", 'Write paths with "/", or double each backslash.'),
    ("Expecting ','", "but a comma or a closing bracket is due", "Add the comma or the bracket before it."),
    ("Expecting ':'", "but a colon is due", "Write a colon between the key and its value."),
    ("Expecting property name", "but a key in double quotes is due", 'Write keys as in "port": 5004.'),
    ("Extra data", "but the config has ended", "Remove what follows the last closing brace."),
    ("", "but a value is due", 'Write a number, true, false, null, a text in double quotes, "[" or "{".'),
)


def _reason(text: str, position: int, here: str, message: str) -> tuple[str, str]:
    """What is wrong at a place, to follow "here stands x", and the remedy."""
    after = text[position + 1 :].lstrip(" \t\r\n")[:1]
    if here == "," and after in {"}", "]"}:
        return f'but "{after}" follows', "Remove the comma: JSON allows none after the last item."
    if here == "#" or text.startswith(("//", "/*"), position):
        return "but JSON has no comments", "Remove the comment."
    if here in _OTHER_QUOTES:
        return "but texts need straight double quotes", 'Write "like this".'
    return next((reason, hint) for start, reason, hint in _REASONS if message.startswith(start))


def inspect(data: object) -> Iterator[Finding]:
    """What JSON data holds that no config may: keys given twice, numbers without a value, halves of characters."""
    stack: list[tuple[Loc, Any]] = [((), data)]
    while stack:
        loc, value = stack.pop()
        if len(loc) > _DEEPEST:
            continue
        match value:
            case dict():
                for key in getattr(value, "duplicates", ()):
                    text = f"{show(key)} stands more than once here."
                    yield Finding((*loc, key), "config.duplicate-key", text, "Keep one of them.")
                stack += [((*loc, key), item) for key, item in reversed(value.items())]
                yield from (_half((*loc, key)) for key in value if _has_half(key))
            case list():
                stack += [((*loc, index), item) for index, item in reversed(list(enumerate(value)))]
            case str() if _has_half(value):
                yield _half(loc)
            case float() if not math.isfinite(value):
                text = f"{subject(loc)} is too large a number, or none at all."
                yield Finding(loc, "config.not-a-number", text, "Write a plain number; NaN and Infinity are not JSON.")
            case _:
                pass


def find_crowds(data: object) -> Iterator[Finding]:
    """What has more streams, sources or keys than any config; to judge each of them would hold everything up."""
    match data:
        case dict():
            if len(data) > _MOST_KEYS:
                yield _crowd((), f"The file has {len(data)} keys", _MOST_KEYS)
            for key in ("sources", "streams"):
                entries = data.get(key)
                if isinstance(entries, list) and len(entries) > MOST_ENTRIES:
                    yield _crowd((key,), f"There are {len(entries)} {key}", MOST_ENTRIES)
                for index, entry in enumerate(entries[:MOST_ENTRIES] if isinstance(entries, list) else ()):
                    if isinstance(entry, dict) and len(entry) > _MOST_KEYS:
                        yield _crowd((key, index), f"There are {len(entry)} keys here", _MOST_KEYS)
            for key, value in data.items():
                if isinstance(value, dict) and len(value) > _MOST_KEYS:
                    yield _crowd((key,), f"{show(key)} has {len(value)} keys", _MOST_KEYS)


def _crowd(loc: Loc, what: str, most: int) -> Finding:
    return Finding(loc, "config.too-many", f"{what}, but there can be {most} at most.", "Remove the rest.")


def _has_half(text: str) -> bool:
    return any("\ud800" <= character <= "\udfff" for character in text)


def _half(loc: Loc) -> Finding:
    hint = "Write the character itself, or both halves of its \\u code."
    return Finding(loc, "config.encoding", f"{subject(loc)} holds half a character.", hint)
