"""Pieces of which the pictures are made: coloured states, sentences in lines, problems, and what is left out."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from rich.text import Text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aes67_sender.model.problem import Problem

STATE_STYLES: Final = {
    "locked": "bold green",
    "sending": "bold green",
    "running": "green",
    "holdover": "bold yellow",
    "locking": "bold yellow",
    "starting": "yellow",
    "waiting": "yellow",
    "listening": "bold yellow",
    "free-running": "bold red",
    "restarting": "bold red",
    "failed": "bold red",
}
_SEVERITY_STYLES: Final = {"error": "bold red", "warning": "yellow", "info": "cyan"}
_NARROWEST: Final = 10


@dataclass(frozen=True, slots=True)
class Section:
    """Lines that are shown together or not at all; what has importance 0 is always shown, then 1 and so on."""

    importance: int
    lines: tuple[Text, ...]


class Room:
    """Lines that can still be had, ``None`` without limit."""

    def __init__(self, lines: int | None) -> None:
        self.left = None if lines is None else max(0, lines)

    def take(self, wanted: int, *, least: int = 0) -> int:
        """As many as are wanted and there, but ``least`` of the wanted in any case."""
        wanted = max(0, wanted)
        if self.left is None:
            return wanted
        given = max(min(wanted, self.left), min(wanted, least))
        self.left = max(0, self.left - given)
        return given

    def give(self, lines: int) -> None:
        """Take lines back that were not used after all."""
        if self.left is not None:
            self.left += max(0, lines)


def fit(sections: Sequence[Section], room: int | None) -> list[Text]:
    """The lines of the most important sections that fit into ``room`` lines, in their order; ``None`` for all."""
    left = sum(len(section.lines) for section in sections) if room is None else room
    chosen = set()
    for index, section in sorted(enumerate(sections), key=lambda each: each[1].importance):
        if section.importance and len(section.lines) > left:
            continue
        chosen.add(index)
        left -= len(section.lines)
    return [line for index, section in enumerate(sections) if index in chosen for line in section.lines]


def state(text: str) -> tuple[str, str]:
    """A state in its colour, for ``Text.assemble``."""
    return text, STATE_STYLES.get(text, "")


def sentence(text: str, width: int, *, indent: str = "", hanging: str | None = None, style: str = "") -> list[Text]:
    """A sentence in lines of ``width`` columns; all but the first begin with ``hanging``, if that is another."""
    rest = indent if hanging is None else hanging
    wrapped = textwrap.wrap(
        text,
        max(_NARROWEST, width),
        initial_indent=indent,
        subsequent_indent=rest,
        break_on_hyphens=False,  # identities have hyphens
    )
    return [Text(line, style=style) for line in wrapped]


def problem_lines(problem: Problem, width: int) -> list[Text]:
    """A problem and its hint."""
    lines = sentence(f"{problem.severity}: {problem.text}", width, hanging="  ")
    lines[0].stylize(_SEVERITY_STYLES[problem.severity], 0, len(problem.severity) + 1)
    if problem.hint:
        lines += sentence(f"→ {problem.hint}", width, indent="  ", hanging="    ", style="dim")
    return lines
