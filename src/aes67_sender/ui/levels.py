"""Peak meters: short upright bars, and long ones with the held peak."""

from __future__ import annotations

from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Final

from rich.text import Text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from aes67_sender.model.snapshot import StreamStatus
    from aes67_sender.ui.peaks import Held

#: Up to so many channels get a long bar each, where there are so many columns.
_LONG_BARS: Final = 8
_COLUMNS_FOR_BARS: Final = 60
_FLOOR_DBFS: Final = -60.0
#: EBU R 68: programme peaks belong below -9 dBFS.
_HOT_DBFS: Final = -9.0
_CLIP_DBFS: Final = -0.1
_STEPS: Final = " ▁▂▃▄▅▆▇█"


def short_bars(stream: StreamStatus, held: tuple[Held, ...]) -> Text:
    """One upright bar per channel, and the highest held peak as a figure."""
    text = Text()
    for peak in stream.peaks_dbfs[:8]:
        text.append(upright_bar(peak), style=level_style(peak))
    highest = max((each.dbfs for each in held), default=None)
    if highest is not None:
        text.append(f" {figure(highest)}", style=level_style(highest))
    return text


def upright_bar(dbfs: float) -> str:
    """One character as high as the level."""
    return _STEPS[max(1, round(_share(dbfs) * (len(_STEPS) - 1)))]


def long_bars(streams: Sequence[StreamStatus], holds: Mapping[str, tuple[Held, ...]], width: int) -> list[Text]:
    """One long bar per channel, a line each; none where they would be too many or too short."""
    if sum(len(peaks) for peaks in holds.values()) > _LONG_BARS or width < _COLUMNS_FOR_BARS:
        return []
    return list(_bars(streams, holds, width))


def _bars(streams: Sequence[StreamStatus], holds: Mapping[str, tuple[Held, ...]], width: int) -> Iterator[Text]:
    bar_columns = min(60, width - 30)
    for stream in streams:
        for channel, (peak, held) in enumerate(zip(stream.peaks_dbfs, holds.get(stream.id, ()), strict=False), start=1):
            filled = round(_share(peak) * bar_columns)
            mark = min(bar_columns - 1, round(_share(held.dbfs) * bar_columns))
            text = Text(f"{stream.id[:12]:>12} {channel:<2} ")
            signs = (_sign(column, filled, mark, bar_columns) for column in range(bar_columns))
            # In runs of one style: a span per column would take most of the time of a picture.
            for style, run in groupby(signs, itemgetter(1)):
                text.append("".join(sign for sign, _ in run), style=style)
            text.append(f" {figure(held.dbfs):>6}", style=level_style(held.dbfs))
            yield text


def _sign(column: int, filled: int, mark: int, columns: int) -> tuple[str, str]:
    """What stands in a column of a bar, and its style."""
    if column >= filled and (column != mark or mark == 0):
        return "·", "dim"
    return "█" if column < filled else "│", level_style(_FLOOR_DBFS * (1 - column / columns))


def _share(dbfs: float) -> float:
    """How much of a bar a level fills, 0 to 1."""
    return min(1.0, max(0.0, 1 - dbfs / _FLOOR_DBFS))


def figure(dbfs: float) -> str:
    """A level in dBFS to a tenth, or that there is none."""
    return f"{dbfs:.1f}" if dbfs > _FLOOR_DBFS * 2 else "-∞"


def level_style(dbfs: float) -> str:
    """Green, yellow where programme peaks do not belong, red where it clips."""
    if dbfs >= _CLIP_DBFS:
        return "bold red"
    return "yellow" if dbfs > _HOT_DBFS else "green"
