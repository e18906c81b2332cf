"""The streams as a table, of which a window around the selected one is seen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from rich.table import Table
from rich.text import Text

from aes67_sender.ui.levels import short_bars
from aes67_sender.ui.parts import STATE_STYLES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from aes67_sender.model.snapshot import StreamStatus
    from aes67_sender.ui.peaks import Held

_COLUMNS_FOR_FORMAT: Final = 100


@dataclass(frozen=True, slots=True)
class Window:
    """``rows`` of ``count`` streams, from ``first`` on, counted from 0."""

    first: int
    rows: int
    count: int

    @property
    def places(self) -> range:
        """Those that are seen."""
        return range(self.first, self.first + self.rows)

    def rest(self, streams: Sequence[StreamStatus]) -> str:
        """The others in a few words; empty if there are none."""
        others = [stream for index, stream in enumerate(streams) if index not in self.places]
        if not others:
            return ""
        sending = sum(stream.state == "sending" for stream in others)
        missed = sum(stream.missed for stream in others)
        which = f"{self.first} before and {len(others) - self.first}" if self.first else f"{len(others)}"
        return f"… and {which} more: {sending} sending, {missed} packets missed"


def window_around(selected: int, rows: int, count: int) -> Window:
    """So many rows, the selected one in the middle where that is possible."""
    rows = min(rows, count)
    return Window(max(0, min(selected - rows // 2, count - rows)), rows, count)


def stream_table(
    streams: Sequence[StreamStatus], width: int, holds: Mapping[str, tuple[Held, ...]], selected: str | None
) -> Table:
    """A line per stream; ``selected`` is the id of the one with a mark, ``None`` for no place for one."""
    wide = width >= _COLUMNS_FOR_FORMAT
    table = Table(box=None, padding=(0, 1, 0, 0), header_style="dim", width=width)
    if selected is not None:
        table.add_column("", no_wrap=True, width=1)
    table.add_column("Stream", no_wrap=True, overflow="ellipsis", ratio=1)
    table.add_column("To", no_wrap=True)
    if wide:
        table.add_column("Format", no_wrap=True)
    for title in ("Packets", "Missed", "Late µs", "Lead µs"):
        table.add_column(title, justify="right", no_wrap=True)
    table.add_column("dBFS", no_wrap=True)
    for stream in streams:
        mark = () if selected is None else ("▶" if stream.id == selected else "",)
        table.add_row(*mark, *_cells(stream, holds, wide=wide), style="bold" if stream.id == selected else "")
    return table


def _cells(stream: StreamStatus, holds: Mapping[str, tuple[Held, ...]], *, wide: bool) -> list[str | Text]:
    late, lost = stream.lateness_us, stream.missed + stream.send_errors
    sending = stream.state == "sending"
    cells: list[str | Text] = [
        Text(stream.name or stream.id, style="" if sending else STATE_STYLES.get(stream.state, "dim")),
        f"{stream.address}:{stream.port}",
    ]
    if wide:
        cells.append(stream.format)
    return [
        *cells,
        str(stream.packets),
        Text(str(lost), style="bold red" if lost else ""),
        f"{late.p50:.0f}/{late.p99:.0f}/{late.max:.0f}",
        f"{stream.lead_us.p50:.0f}",
        short_bars(stream, holds.get(stream.id, ())) if sending else Text(stream.state),
    ]
