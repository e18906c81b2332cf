"""A line chart of spans of time over time, in braille dots: pure text in, pure text out."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from aes67_sender.units import NS_PER_MS, NS_PER_S, NS_PER_US

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

#: ``(seconds, ns)``, the oldest first; ``None`` where nothing was known.
Sample = tuple[float, float | None]

#: A line is not drawn over a longer gap than this.
_GAP_S: Final = 3.0
#: The share of samples at either end that need not fit, if the others would be squeezed otherwise.
_OUTLIERS: Final = 0.02
_SQUEEZED: Final = 4.0
#: The smallest scale: less is noise of the arithmetic.
_LEAST_NS: Final = 100.0
_MOST_TICKS: Final = 6
_UNITS: Final = ((NS_PER_S, "s"), (NS_PER_MS, "ms"), (NS_PER_US, "µs"), (1, "ns"))
#: Braille: two dots across, four down.
_ACROSS: Final = 2
_DOWN: Final = 4
_BITS: Final = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))
_BRAILLE: Final = 0x2800
_ZERO_LINE: Final = "┈"
_STEPS: Final = "▁▂▃▄▅▆▇█"


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a chart: the label with its axis, and the plot."""

    label: str
    plot: str


@dataclass(frozen=True, slots=True)
class Scale:
    """From ``low`` to ``high`` ns, a label every ``step``; both are multiples of it, and zero lies between them."""

    low: float
    high: float
    step: float

    def ticks(self) -> Iterator[float]:
        """The labelled values, from the bottom up."""
        for number in range(round(self.low / self.step), round(self.high / self.step) + 1):
            yield number * self.step

    def labels(self) -> Iterator[tuple[float, str]]:
        """Each labelled value with its text; all in one unit."""
        size, unit = _unit(max(-self.low, self.high))
        for tick in self.ticks():
            yield tick, f"{tick / size:g} {unit}" if tick else "0"


def chart(samples: Sequence[Sample], *, now_s: float, span_s: float, width: int, height: int) -> tuple[Row, ...]:
    """``height`` rows and one for the time, ``width`` columns, of the ``span_s`` seconds before ``now_s``.

    Rare outliers run along the edge if everything else would be a flat line otherwise. Without any sample the chart is
    an empty frame.
    """
    shown = [(at_s, value) for at_s, value in samples if now_s - span_s <= at_s <= now_s]
    values = [value for _, value in shown if value is not None and math.isfinite(value)]
    if not values:
        return (*(Row("│", " " * (width - 1)) for _ in range(height)), _time_axis(span_s, 1, width - 1))
    scale = make_scale(*_range(values), intervals=height - 1)
    labels = {_dot(tick, scale, height) // _DOWN: label for tick, label in scale.labels()}
    margin = max(len(label) for label in labels.values())
    columns = max(1, width - margin - 2)
    dots = _Dots(columns, height)
    _draw(dots, shown, scale, now_s, span_s)
    zero = _dot(0, scale, height) // _DOWN
    rows = [
        Row(f"{labels.get(row, ''):>{margin}} {'┤' if row in labels else '│'}", dots.line(row, zero=row == zero))
        for row in range(height)
    ]
    return (*rows, _time_axis(span_s, margin + 2, columns))


def make_scale(low: float, high: float, *, intervals: int) -> Scale:
    """The closest round scale around both values and zero, with so many intervals at most, but two in any case."""
    low, high = min(low, 0.0), max(high, 0.0)
    if high - low < _LEAST_NS:
        low, high = min(low, -_LEAST_NS), max(high, _LEAST_NS)
    intervals = min(max(intervals, 2), _MOST_TICKS)
    power = 10.0 ** math.floor(math.log10((high - low) / intervals))
    step = power
    for factor in (1, 2, 5, 10, 20):
        step = factor * power
        if math.ceil(high / step) - math.floor(low / step) <= intervals:
            break
    return Scale(math.floor(low / step) * step, math.ceil(high / step) * step, step)


def sparkline(values: Sequence[float | None]) -> str:
    """One upright bar per value, from the lowest to the highest of them; a blank for nothing."""
    known = [value for value in values if value is not None and math.isfinite(value)]
    low, high = min(known, default=0.0), max(known, default=0.0)

    def bar(value: float | None) -> str:
        if value is None or not math.isfinite(value):
            return " "
        share = (value - low) / (high - low) if high > low else 0.5
        return _STEPS[round(share * (len(_STEPS) - 1))]

    return "".join(bar(value) for value in values)


class _Dots:
    """A field of braille dots."""

    def __init__(self, columns: int, rows: int) -> None:
        self.across, self.down = columns * _ACROSS, rows * _DOWN
        self._cells = [[0] * columns for _ in range(rows)]

    def line_down(self, x: int, from_y: int, to_y: int) -> None:
        for y in range(min(from_y, to_y), max(from_y, to_y) + 1):
            self._cells[y // _DOWN][x // _ACROSS] |= _BITS[y % _DOWN][x % _ACROSS]

    def line(self, row: int, *, zero: bool) -> str:
        blank = _ZERO_LINE if zero else " "
        return "".join(chr(_BRAILLE + cell) if cell else blank for cell in self._cells[row])


def _draw(dots: _Dots, samples: Sequence[Sample], scale: Scale, now_s: float, span_s: float) -> None:
    dot_s = span_s / dots.across
    # A dot is a fixed piece of time: from one picture to the next the line moves, and does not flicker.
    first = math.floor(now_s / dot_s) - dots.across + 1
    before: tuple[float, int, int] | None = None
    for at_s, value in samples:
        if value is None or not math.isfinite(value):
            before = None
            continue
        x, y = math.floor(at_s / dot_s) - first, _dot(value, scale, dots.down // _DOWN)
        if before is None or at_s - before[0] > max(_GAP_S, 2 * dot_s):
            before = at_s, x, y
        _, from_x, from_y = before
        last_y = from_y
        for each in range(from_x, x + 1):
            now_y = y if x == from_x else round(from_y + (y - from_y) * (each - from_x) / (x - from_x))
            if 0 <= each < dots.across:
                dots.line_down(each, last_y, now_y)
            last_y = now_y
        before = at_s, x, y


def _dot(value: float, scale: Scale, rows: int) -> int:
    """The row of dots of a value, from the top; the nearest edge for what is beyond."""
    last = rows * _DOWN - 1
    return min(last, max(0, round((scale.high - value) / (scale.high - scale.low) * last)))


def _range(values: Sequence[float]) -> tuple[float, float]:
    """What the scale must hold."""
    ordered = sorted(values)
    beyond = int(len(ordered) * _OUTLIERS)
    most, all_of_it = (ordered[beyond], ordered[-1 - beyond]), (ordered[0], ordered[-1])

    def size(ends: tuple[float, float]) -> float:
        return max(ends[1], 0.0) - min(ends[0], 0.0)

    return most if size(all_of_it) > _SQUEEZED * max(size(most), _LEAST_NS) else all_of_it


def _unit(span_ns: float) -> tuple[int, str]:
    return next(((size, unit) for size, unit in _UNITS if span_ns >= size), _UNITS[-1])


def _time_axis(span_s: float, margin: int, columns: int) -> Row:
    line = "─" * columns
    for quarter in range(4):
        label = f" -{_seconds(span_s * (4 - quarter) / 4)} "
        start = columns * quarter // 4
        line = (line[:start] + label + line[start + len(label) :])[:columns]
    return Row(f"{'└':>{margin}}", line[: max(0, columns - 4)] + " now" if columns > len(" now") else line)


def _seconds(seconds: float) -> str:
    minutes, rest_s = divmod(round(seconds), 60)
    if minutes and rest_s:
        return f"{minutes}:{rest_s:02} min"
    return f"{minutes} min" if minutes else f"{rest_s} s"
