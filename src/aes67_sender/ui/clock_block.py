"""The clock in a few lines, as part of the picture of a whole sender."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rich.text import Text

from aes67_sender.ui.chart import sparkline
from aes67_sender.ui.clock_view import (
    change_words,
    clock_figures,
    master_words,
    other_masters,
    packed,
    rate_words,
    steps_words,
)
from aes67_sender.ui.parts import STATE_STYLES, Section, sentence
from aes67_sender.ui.words import duration, time_span

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aes67_sender.model.snapshot import ClockStatus
    from aes67_sender.ui.offsets import Offsets

_HEAD: Final = "Clock  "
_INDENT: Final = " " * len(_HEAD)
#: The sparkline.
_BARS: Final = 16
_BAR_S: Final = 3
_MOST_OTHERS: Final = 3


def clock_sections(clock: ClockStatus, now: str, width: int, offsets: Offsets | None) -> list[Section]:
    """The clock. What may be left out, the most important first: other masters, rates, last change, choice."""
    room = width - len(_INDENT)
    return [
        Section(0, tuple(_state_lines(clock, room))),
        Section(0, _indented(packed(_figures(clock, offsets), room))),
        Section(0, tuple(sentence(clock.why, width, indent=_INDENT, style="dim"))),
        Section(4, tuple(sentence(clock.choice, width, indent=_INDENT, style="dim"))),
        *(Section(1, lines) for lines in _others(clock, width)),
        Section(2, _indented(packed(rate_words(clock), room, gap=" "))),
        Section(3, tuple(_change(clock, now, width))),
    ]


def _state_lines(clock: ClockStatus, room: int) -> Iterator[Text]:
    words = [f"{clock.state} for {duration(clock.since_s)}"]
    if clock.provider:
        words.append(f"by {clock.provider}")
    words.append(f"domain {clock.domain}")
    if clock.grandmaster:
        words.append(f"GM {clock.grandmaster}")
    for number, line in enumerate(packed(words, room)):
        text = Text(_INDENT if number else _HEAD) + Text(line)
        if not number:
            text.stylize(STATE_STYLES.get(clock.state, ""), len(_HEAD), len(_HEAD) + len(clock.state))
        yield text


def _figures(clock: ClockStatus, offsets: Offsets | None) -> list[str]:
    figures = clock_figures(clock) + steps_words(clock)
    return figures if clock.offset_ns is None else [figures[0], *_course(offsets), *figures[1:]]


def _course(offsets: Offsets | None) -> list[str]:
    """The offset over the last minute, once there is something to see."""
    known = offsets.known(_BARS * _BAR_S) if offsets else []
    if offsets is None or len(known) < 2:  # noqa: PLR2004  one is no course
        return []
    bars = sparkline(offsets.means(_BARS, _BAR_S)).lstrip()
    return [f"{bars} {time_span(min(known))} to {time_span(max(known))}"]


def _others(clock: ClockStatus, width: int) -> Iterator[tuple[Text, ...]]:
    """A section for each master that is heard and not followed; a note is worth saying once."""
    others, noted = other_masters(clock), set()
    for master in others[:_MOST_OTHERS]:
        text = "also heard  " + "  ".join(master_words(master))
        if master.note and master.note not in noted:
            noted.add(master.note)
            text += f"  {master.note}"
        yield tuple(sentence(text, width, indent=_INDENT, hanging=f"{_INDENT}  ", style="yellow"))
    if len(others) > _MOST_OTHERS:
        yield (Text(f"{_INDENT}also heard  {len(others) - _MOST_OTHERS} more masters", style="yellow"),)


def _change(clock: ClockStatus, now: str, width: int) -> list[Text]:
    words = change_words(clock, now)
    return sentence(f"changed {words}", width, indent=_INDENT, style="dim") if words else []


def _indented(lines: list[str]) -> tuple[Text, ...]:
    return tuple(Text(_INDENT + line) for line in lines)
