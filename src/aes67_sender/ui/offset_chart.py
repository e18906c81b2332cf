"""The chart of the clock's offset with its title."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from rich.text import Text

from aes67_sender.ui.chart import chart
from aes67_sender.ui.words import time_span

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aes67_sender.ui.chart import Row
    from aes67_sender.ui.offsets import Offsets


def offset_chart(offsets: Offsets, now_s: float, width: int, height: int) -> Iterator[Text]:
    """The title, ``height`` rows, and the line of the time."""
    known = offsets.known(offsets.span_s)
    if known:
        rms = math.sqrt(sum(value * value for value in known) / len(known))
        text = f"{time_span(min(known))} to {time_span(max(known))}  rms {time_span(rms)}"
        yield Text.assemble(("Offset", "bold"), f"  {text}", no_wrap=True, overflow="ellipsis")
    else:
        yield Text.assemble(("Offset", "bold"), "  none while nothing is followed", no_wrap=True, overflow="ellipsis")
    rows = chart(offsets.samples, now_s=now_s, span_s=offsets.span_s, width=width, height=height)
    for row in rows[:-1]:
        yield _row(row)
    yield Text(rows[-1].label + rows[-1].plot, style="dim")


def _row(row: Row) -> Text:
    text = Text(row.label, style="dim")
    for sign in row.plot:
        text.append(sign, style="dim" if sign == "┈" else "not dim cyan")
    return text
