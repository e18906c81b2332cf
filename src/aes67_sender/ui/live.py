"""The status as a picture of text: clock, streams with their levels, sources, engine, problems."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rich.console import Group
from rich.table import Table
from rich.text import Text

from aes67_sender.ui.clock_block import clock_sections
from aes67_sender.ui.levels import long_bars, short_bars
from aes67_sender.ui.offsets import Offsets
from aes67_sender.ui.parts import STATE_STYLES, Room, fit, problem_lines, state
from aes67_sender.ui.peaks import Held, Holds, hold
from aes67_sender.ui.words import duration

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rich.console import RenderableType

    from aes67_sender.model.snapshot import EngineStatus, Snapshot, SourceStatus, StreamStatus

_COLUMNS_FOR_FORMAT: Final = 100
#: Head, two blank lines, the streams' titles, the engine, and one that the terminal needs for itself.
_FIXED_LINES: Final = 6
#: So many streams and sources come before what can be left out of the clock.
_FIRST_STREAMS: Final = 8
_FIRST_SOURCES: Final = 2
_LEAST_STREAMS: Final = 4


class StatusPicture:
    """Draws snapshot after snapshot, and remembers what peaks and offset were."""

    def __init__(self) -> None:
        self._holds: Holds = {}
        self._offsets = Offsets()

    def __call__(self, snapshot: Snapshot, width: int, height: int) -> RenderableType:
        """The picture of one more snapshot."""
        self._holds = hold(self._holds, snapshot)
        self._offsets.add(snapshot.uptime_s, snapshot.clock.offset_ns)
        return render(snapshot, width, height, holds=self._holds, offsets=self._offsets)


def render(
    snapshot: Snapshot,
    width: int,
    height: int | None = None,
    *,
    holds: Mapping[str, tuple[Held, ...]] | None = None,
    offsets: Offsets | None = None,
) -> RenderableType:
    """A picture of the snapshot, ``width`` columns wide; with ``height``, what matters least is left out of it."""
    held = hold({}, snapshot) if holds is None else holds
    streams, sources = snapshot.streams, snapshot.sources
    problems = [line for problem in snapshot.problems for line in problem_lines(problem, width)]
    clock = clock_sections(snapshot.clock, snapshot.time, width, offsets)
    essential = len(fit(clock, 0))
    bars = long_bars(streams, held, width)

    room = Room(None if height is None else height - _FIXED_LINES - essential - len(problems))
    rows = room.take(min(len(streams), _FIRST_STREAMS), least=_LEAST_STREAMS)
    heard = room.take(min(len(sources), _FIRST_SOURCES), least=1)
    room.take((len(streams) > rows) + (len(sources) > heard))
    clock_lines = fit(clock, None if room.left is None else essential + room.left)
    room.take(len(clock_lines) - essential)
    rows += room.take(len(streams) - rows)
    bars = bars if room.left is None or len(bars) <= room.left else []
    room.take(len(bars))
    heard += room.take(len(sources) - heard)

    parts: list[RenderableType] = [_head(snapshot), *clock_lines, Text(), _streams(streams[:rows], width, held)]
    if len(streams) > rows:
        parts.append(Text(f"… and {len(streams) - rows} more: {_rest(streams[rows:])}", style="dim"))
    parts += [*bars, Text()]
    for source in sources[:heard]:
        line = _source(source)
        # Why it failed is among the problems too.
        line.no_wrap, line.overflow = height is not None, "ellipsis"
        parts.append(line)
    if len(sources) > heard:
        parts.append(Text(f"… and {len(sources) - heard} more sources", style="dim"))
    return Group(*parts, _engine(snapshot.engine), *problems)


def _head(snapshot: Snapshot) -> Text:
    return Text.assemble(
        ("aes67-sender", "bold"),
        "  ",
        snapshot.name,
        "  ",
        state(snapshot.state),
        f"  up {duration(snapshot.uptime_s)}",
    )


def _streams(streams: Sequence[StreamStatus], width: int, holds: Mapping[str, tuple[Held, ...]]) -> Table:
    wide = width >= _COLUMNS_FOR_FORMAT
    table = Table(box=None, padding=(0, 1, 0, 0), header_style="dim", width=width)
    table.add_column("Stream", no_wrap=True, overflow="ellipsis", ratio=1)
    table.add_column("To", no_wrap=True)
    if wide:
        table.add_column("Format", no_wrap=True)
    for title in ("Packets", "Missed", "Late µs", "Lead µs"):
        table.add_column(title, justify="right", no_wrap=True)
    table.add_column("dBFS", no_wrap=True)
    for stream in streams:
        late = stream.lateness_us
        cells: list[str | Text] = [
            Text(
                stream.name or stream.id,
                style=STATE_STYLES.get(stream.state, "dim") if stream.state != "sending" else "",
            ),
            f"{stream.address}:{stream.port}",
        ]
        if wide:
            cells.append(stream.format)
        lost = stream.missed + stream.send_errors
        cells += [
            str(stream.packets),
            Text(str(lost), style="bold red" if lost else ""),
            f"{late.p50:.0f}/{late.p99:.0f}/{late.max:.0f}",
            f"{stream.lead_us.p50:.0f}",
            short_bars(stream, holds.get(stream.id, ())) if stream.state == "sending" else Text(stream.state),
        ]
        table.add_row(*cells)
    return table


def _rest(streams: Sequence[StreamStatus]) -> str:
    sending = sum(stream.state == "sending" for stream in streams)
    missed = sum(stream.missed for stream in streams)
    return f"{sending} sending, {missed} packets missed"


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
