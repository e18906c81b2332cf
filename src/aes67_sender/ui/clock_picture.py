"""The clock as a picture that fills the terminal: its figures, its offset as a chart, and every master there is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rich.console import Group
from rich.table import Table
from rich.text import Text

from aes67_sender.ui.clock_view import (
    change_words,
    clock_figures,
    domain_of,
    own_problems,
    packed,
    priorities,
    rate_words,
    steps_words,
)
from aes67_sender.ui.offset_chart import offset_chart
from aes67_sender.ui.offsets import Offsets
from aes67_sender.ui.parts import Room, Section, fit, problem_lines, sentence, state
from aes67_sender.ui.words import duration

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rich.console import RenderableType

    from aes67_sender.model.snapshot import ClockStatus, MasterStatus
    from aes67_sender.ui.clock_view import ClockView

_LEAST_CHART: Final = 4
_GOOD_CHART: Final = 8
_MOST_CHART: Final = 20
#: What else a chart needs: the lines above and below it.
_CHART_FRAME: Final = 3
_COLUMNS_FOR_SCALE: Final = 100
_FIRST_MASTERS: Final = 3
#: Providers that hear all that comes by.
_HEARING: Final = frozenset({"builtin", "grandmaster"})
#: Sections up to this importance come before a chart of good size.
_USEFUL: Final = 1


class ClockPicture:
    """Draws look after look, and remembers the offsets for its chart."""

    def __init__(self) -> None:
        self._offsets = Offsets()

    def __call__(self, view: ClockView, width: int, height: int) -> RenderableType:
        """The picture of one more look."""
        self._offsets.add(view.elapsed_s, view.clock.offset_ns)
        return render_clock(view, width, height, self._offsets)


def render_clock(view: ClockView, width: int, height: int, offsets: Offsets) -> RenderableType:
    """The clock, ``width`` columns wide and with less than ``height`` lines, of which the chart takes what is left."""
    clock = view.clock
    head = _head(view, width)
    # An empty frame need not be large.
    known = bool(offsets.known(offsets.span_s))
    sections = _below(view, width)
    essential = len(fit(sections, 0))
    useful = len(fit([section for section in sections if section.importance <= _USEFUL], None)) - essential
    room = Room(height - 1 - len(head) - essential)
    chart_lines = room.take(_LEAST_CHART + _CHART_FRAME)
    room.take(1)  # the masters' titles, or that there are none
    room.take(int(len(clock.masters) > min(_FIRST_MASTERS, room.left or 0)))  # that there are more
    rows = room.take(min(len(clock.masters), _FIRST_MASTERS))
    useful = room.take(useful)
    chart_lines += room.take(_GOOD_CHART - _LEAST_CHART if known else 0)
    below = fit(sections, essential + useful + (room.left or 0))
    room.take(len(below) - essential - useful)
    rows += room.take(len(clock.masters) - rows)
    chart_lines += room.take(_MOST_CHART - _GOOD_CHART if known else 0)
    return Group(
        *head,
        *(_chart(view, offsets, width, chart_lines) if chart_lines > _CHART_FRAME else ()),
        _masters(clock, clock.masters[:rows], width),
        *([Text(f"… and {len(clock.masters) - rows} more masters", style="dim")] if rows < len(clock.masters) else []),
        *below,
    )


def _head(view: ClockView, width: int) -> list[Text]:
    clock = view.clock
    title = f"aes67-sender clock  {view.interface}  domain {clock.domain}  {clock.mode}  {duration(view.elapsed_s)}"
    words = [f"{clock.state} for {duration(clock.since_s)}"]
    words += [f"by {clock.provider}"] if clock.provider else []
    words += [f"GM {clock.grandmaster}", *steps_words(clock)] if clock.grandmaster else []
    lines = [Text(title, style="bold", no_wrap=True, overflow="ellipsis")]
    for number, line in enumerate(packed(words, width)):
        text = Text(line)
        if not number:
            text.stylize(state(clock.state)[1], 0, len(clock.state))
        lines.append(text)
    lines += [Text(line) for line in packed(clock_figures(clock), width)]
    return [*lines, *sentence(clock.why, width, style="dim")]


def _below(view: ClockView, width: int) -> list[Section]:
    """What stands below the masters; the choice is the first to be left out, warnings and errors never are."""
    clock = view.clock
    change = change_words(clock, view.time)
    change = f"Last change {change}" if change else ""
    choice = f"Why {clock.provider}: {clock.choice}" if clock.choice else ""
    notes = dict.fromkeys(f"{domain_of(each)}: {each.note}" for each in clock.masters if each.note)
    return [
        *(Section(2, tuple(sentence(note, width, hanging="  ", style="dim"))) for note in notes),
        Section(1, tuple(Text(line) for line in packed(rate_words(clock), width, gap=" "))),
        Section(1, tuple(sentence(change, width, hanging="  ", style="dim"))),
        Section(3, tuple(sentence(choice, width, hanging="  ", style="dim"))),
        *(
            Section(2 if problem.severity == "info" else 0, tuple(problem_lines(problem, width)))
            for problem in own_problems(clock, view.problems)
        ),
    ]


def _chart(view: ClockView, offsets: Offsets, width: int, lines: int) -> Iterator[Text]:
    yield from offset_chart(offsets, view.elapsed_s, width, lines - _CHART_FRAME)
    yield Text()


def _masters(clock: ClockStatus, masters: Sequence[MasterStatus], width: int) -> RenderableType:
    if not masters:
        # By other providers the ports may be closed to this program.
        heard = clock.provider in _HEARING
        text = "No PTP master is heard on any domain." if heard else "This program itself hears no PTP master."
        return Text(text, style="dim")
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim", pad_edge=False)
    table.add_column("", no_wrap=True, width=1)
    table.add_column("Domain", justify="right", no_wrap=True)
    table.add_column("Grandmaster", no_wrap=True)
    table.add_column("Address", no_wrap=True)
    table.add_column("Prio 1/2", justify="right", no_wrap=True)
    for title in ("Class", "Steps"):
        table.add_column(title, justify="right", no_wrap=True)
    wide = width >= _COLUMNS_FOR_SCALE
    if wide:
        table.add_column("Time scale", no_wrap=True)
    for master in masters:
        cells = [
            "▶" if master.followed else "",
            str(master.domain) if master.version > 1 else f"PTPv{master.version}",
            master.grandmaster,
            master.address,
            priorities(master),
            _figure(master.clock_class),
            _figure(master.steps_removed),
        ]
        if wide:
            cells.append(_scale(master))
        table.add_row(*cells, style="green" if master.followed else "" if master.domain == clock.domain else "yellow")
    return table


def _figure(value: int | None) -> str:
    return "-" if value is None else str(value)


def _scale(master: MasterStatus) -> str:
    if master.ptp_timescale is None:
        return "-"
    return f"TAI = UTC + {_figure(master.utc_offset_s)} s" if master.ptp_timescale else "arbitrary"
