"""A problem in the making: its place as keys and indices, before it becomes a ``Problem`` with a path."""

from __future__ import annotations

import difflib
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from aes67_sender.model.problem import Problem

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

Loc = tuple[str | int, ...]

_PLAIN_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,40}")
_SHOWN_CHARACTERS = 40


@dataclass(frozen=True, slots=True)
class Finding:
    """One error at one place of the config data."""

    loc: Loc
    code: str
    text: str
    hint: str

    def problem(self) -> Problem:
        """The same for the user."""
        return Problem(code=self.code, severity="error", text=self.text, hint=self.hint, path=path_of(self.loc))


def path_of(loc: Loc) -> str:
    """A place as users read it: ``streams[0].channels[2]``."""
    path = ""
    for step in loc:
        if isinstance(step, int):
            path += f"[{step}]"
        else:
            path += ("." if path else "") + (step if _PLAIN_KEY.fullmatch(step) else show(step))
    return path


def subject(loc: Loc) -> str:
    """What a sentence about a place speaks of: its key, or which item of a list it is."""
    match loc:
        case (*_, str(key), int(index)):
            return f"Item {index + 1} of {show(key)}"
        case (*_, str(key)):
            return show(key)
        case _:
            return "The config"


def show(value: object, limit: int = _SHOWN_CHARACTERS) -> str:
    """A JSON value in a sentence: short, in one line, and safe to print on any terminal."""
    match value:
        case dict():
            return "an object"
        case list() | tuple():
            return "a list"
        case str():
            short = value if len(value) <= limit else value[: limit - 1] + "…"
            # Lone surrogates cannot be encoded; other control characters are escaped by JSON but for these.
            text = json.dumps(short, ensure_ascii=False).encode("utf-8", "backslashreplace").decode()
            return "".join(character if character.isprintable() else ascii(character)[1:-1] for character in text)
        case _:
            return json.dumps(value)[:limit]


def show_path(path: object) -> str:
    """A file's path, whole: its end says the most."""
    return show(str(path), 4096)


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word that ``word`` was most likely meant to be."""
    lower = {candidate.lower(): candidate for candidate in known}
    found = difflib.get_close_matches(word.lower()[:100], lower, n=1, cutoff=0.6)
    return lower[found[0]] if found else None


def listed(words: Sequence[str], last: str = "or") -> str:
    """``a, b or c``."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} {last} {words[-1]}"
