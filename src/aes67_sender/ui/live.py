"""The overview of a sender as a picture of text: clock, streams with their levels, sources, engine, problems."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rich.console import Group
from rich.text import Text

from aes67_sender.ui.clock_block import clock_sections
from aes67_sender.ui.levels import long_bars
from aes67_sender.ui.offset_chart import offset_chart
from aes67_sender.ui.parts import Room, fit, problem_lines, state
from aes67_sender.ui.peaks import Held, hold
from aes67_sender.ui.stream_table import stream_table, window_around
from aes67_sender.ui.words import duration

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rich.console import RenderableType

    from aes67_sender.model.problem import Problem
    from aes67_sender.model.snapshot import EngineStatus, Snapshot, SourceStatus
    from aes67_sender.ui.offsets import Offsets
    from aes67_sender.ui.view import View

#: Head, two blank lines, the streams' titles, the engine, and one that the terminal needs for itself.
_FIXED_LINES: Final = 6
#: So many streams and sources come before what can be left out of the clock.
_FIRST_STREAMS: Final = 8
_FIRST_SOURCES: Final = 2
_LEAST_STREAMS: Final = 4
_LEAST_CHART: Final = 5
_MOST_CHART: Final = 10
#: What else a chart needs: its title, its time, and a blank line above.
_CHART_FRAME: Final = 3
_SEVERITIES: Final = ("error", "warning", "info")


def render(  # noqa: PLR0913  each is another part of the picture
    snapshot: Snapshot,
    width: int,
    height: int | None = None,
    *,
    holds: Mapping[str, tuple[Held, ...]] | None = None,
    offsets: Offsets | None = None,
    view: View | None = None,
) -> RenderableType:
    """A picture of the snapshot, ``width`` columns wide; with ``height``, what matters least is left out of it.

    With a ``view``, one stream is marked and shown with its neighbours.
    """
    held = hold({}, snapshot) if holds is None else holds
    streams, sources = snapshot.streams, snapshot.sources
    clock = clock_sections(snapshot.clock, snapshot.time, width, offsets)
    essential = len(fit(clock, 0))
    at = view.index_in(streams) if view else 0
    shown = streams[at : at + 1] if view else ()

    room = Room(None if height is None else height - _FIXED_LINES - essential)
    rows = room.take(min(len(streams), _LEAST_STREAMS), least=_LEAST_STREAMS)
    heard = room.take(min(len(sources), 1), least=1)
    reserved = room.take((len(streams) > rows) + (len(sources) > heard))
    problems = _problems(snapshot.problems, width, room.left)
    room.take(len(problems))
    rows += room.take(min(len(streams), _FIRST_STREAMS) - rows)
    heard += room.take(min(len(sources), _FIRST_SOURCES) - heard)
    room.give(reserved - (len(streams) > rows) - (len(sources) > heard))
    clock_lines = fit(clock, None if room.left is None else essential + room.left)
    room.take(len(clock_lines) - essential)
    bars = long_bars(streams, held, width) or long_bars(shown, {each.id: held[each.id] for each in shown}, width)
    bars = bars if room.left is None or len(bars) <= room.left else []
    room.take(len(bars))
    rows += room.take(len(streams) - rows)
    heard += room.take(len(sources) - heard)
    if reserved and len(streams) - rows == 1 and heard == len(sources):
        # In the line that would say so there is room for the stream itself.
        rows += 1
    chart_lines = 0 if offsets is None or not offsets.known(offsets.span_s) else room.left or 0

    window = window_around(at, rows, len(streams))
    marked = streams[at].id if view and streams else None
    parts: list[RenderableType] = [head(snapshot), *clock_lines]
    if offsets is not None and chart_lines >= _LEAST_CHART + _CHART_FRAME:
        chart_rows = min(chart_lines - _CHART_FRAME, _MOST_CHART)
        parts += [Text(), *offset_chart(offsets, snapshot.uptime_s, width, chart_rows)]
    parts += [Text(), stream_table(streams[window.first : window.first + rows], width, held, marked)]
    if rest := window.rest(streams):
        parts.append(Text(rest, style="dim"))
    parts += [*bars, Text()]
    for source in sources[:heard]:
        line = _source(source)
        # Why it failed is among the problems too.
        line.no_wrap, line.overflow = height is not None, "ellipsis"
        parts.append(line)
    if len(sources) > heard:
        parts.append(Text(f"… and {len(sources) - heard} more sources", style="dim"))
    return Group(*parts, _engine(snapshot.engine), *problems)


def head(snapshot: Snapshot, title: str = "") -> Text:
    """Who this is and how it is."""
    return Text.assemble(
        ("aes67-sender", "bold"),
        "  ",
        snapshot.name,
        "  ",
        state(snapshot.state),
        f"  up {duration(snapshot.uptime_s)}",
        f"  {title}" if title else f"  {snapshot.page}",
        no_wrap=True,
        overflow="ellipsis",
    )


def by_severity(problems: Sequence[Problem]) -> list[Problem]:
    """The worst first."""
    return sorted(problems, key=lambda problem: _SEVERITIES.index(problem.severity))


def _problems(problems: Sequence[Problem], width: int, room: int | None) -> list[Text]:
    """As many whole problems as there is room for, the worst first, and how many are left out."""
    told = [problem_lines(problem, width) for problem in by_severity(problems)]
    if room is None or sum(map(len, told)) <= room:
        return [line for lines in told for line in lines]
    left, shown = room - 1, 0
    for lines in told:
        if len(lines) > left:
            break
        left, shown = left - len(lines), shown + 1
    rest = len(told) - shown
    more = Text(f"… and {rest} more problem{'s' * (rest != 1)}; tab shows all", style="bold yellow")
    return [*(line for lines in told[:shown] for line in lines), more]


def _source(source: SourceStatus) -> Text:
    text = Text.assemble("Source ", f"{source.id} ({source.kind})  ", state(source.state))
    if source.kind not in {"tone", "silence", "file"}:
        text.append(f"  {source.ratio_ppm:+.1f} ppm  fill {source.fill_ms:.1f} ms")
    if source.xruns or source.restarts:
        text.append(f"  {source.xruns} xruns  {source.restarts} restarts", style="yellow")
    if source.why:
        text.append(f"  {source.why}", style="dim")
    return text


def _engine(engine: EngineStatus) -> Text:
    text = Text(f"Engine {'real-time' if engine.realtime else 'no real-time priority'}  CPU {engine.cpu_percent:.1f} %")
    text.append(f"  {engine.restarts} restarts", style="bold yellow" if engine.restarts else "")
    return text
