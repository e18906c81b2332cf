from __future__ import annotations

import itertools
import math

import pytest

from aes67_sender.ui.chart import Sample, chart, make_scale, sparkline
from aes67_sender.ui.offsets import SPANS_S, Offsets

US = 1_000
MS = 1_000_000
S = 1_000_000_000


def drawn(samples: list[Sample], *, width: int = 60, height: int = 8, now_s: float = 60.0) -> list[str]:
    rows = chart(samples, now_s=now_s, span_s=60, width=width, height=height)
    lines = [row.label + row.plot for row in rows]
    assert len(lines) == height + 1
    assert {len(line) for line in lines} == {width}
    assert "now" in lines[-1]
    return lines[:-1]


def dots(line: str) -> set[int]:
    """The columns of a line that hold a part of the curve."""
    return {column for column, sign in enumerate(line) if 0x2800 < ord(sign) <= 0x28FF}


def every_second(value: float | None, since_s: int = 0, until_s: int = 60) -> list[Sample]:
    return [(float(at_s), value) for at_s in range(since_s, until_s + 1)]


def test_a_flat_line_stays_in_one_row_from_end_to_end() -> None:
    lines = drawn(every_second(500.0))
    curve = [line for line in lines if dots(line)]
    assert len(curve) == 1
    assert curve[0].startswith("500 ns ┤")
    assert len(dots(curve[0])) == 60 - len("500 ns ┤")


def test_zero_is_marked_across_the_whole_width_and_labelled() -> None:
    (line,) = (line for line in drawn(every_second(500.0)) if "┈" in line)
    assert line.strip().startswith("0 ┤┈┈┈")
    assert line.count("┈") == 60 - len("500 ns ┤")


def test_a_constant_zero_has_a_scale_of_its_own() -> None:
    lines = drawn(every_second(0.0))
    assert lines[0].startswith(" 100 ns ┤")
    assert lines[-1].startswith("-100 ns ┤")
    assert sum(bool(dots(line)) for line in lines) == 1


def test_a_step_is_one_upright_line_between_two_levels() -> None:
    lines = drawn(every_second(-20 * US, 0, 29) + every_second(20 * US, 30, 60))
    top, bottom = dots(lines[0]), dots(lines[-1])
    assert top
    assert bottom
    assert max(bottom) <= min(top)
    upright = [dots(line) for line in lines[1:-1]]
    assert all(0 < len(row) <= 2 for row in upright)


@pytest.mark.parametrize("samples", [[], every_second(None), every_second(math.nan), every_second(math.inf)])
def test_nothing_known_is_an_empty_frame(samples: list[Sample]) -> None:
    assert not any(map(dots, drawn(samples)))


@pytest.mark.parametrize("nothing", [None, math.nan])
def test_a_gap_is_not_drawn_over(nothing: float | None) -> None:
    lines = drawn(every_second(0.0, 0, 20) + every_second(nothing, 21, 40) + every_second(0.0, 41, 60))
    columns = sorted(set().union(*map(dots, lines)))
    holes = [after - before for before, after in itertools.pairwise(columns) if after - before > 1]
    assert len(holes) == 1
    # Twenty of sixty seconds.
    assert holes[0] == pytest.approx(51 * 20 / 60, abs=2)


def test_a_time_without_samples_is_a_gap_too() -> None:
    lines = drawn(every_second(0.0, 0, 20) + every_second(0.0, 41, 60))
    columns = sorted(set().union(*map(dots, lines)))
    assert max(after - before for before, after in itertools.pairwise(columns)) > 10


def test_one_point_is_one_dot() -> None:
    lines = drawn([(60.0, 3.0 * MS)])
    (column,) = set().union(*map(dots, lines))
    assert column == 59
    assert sum("⠀" < sign <= "⣿" for line in lines for sign in line) == 1


def test_a_huge_range_is_labelled_in_the_unit_that_suits() -> None:
    lines = drawn([(float(at_s), 37.0 * S * at_s / 60) for at_s in range(61)])
    assert lines[0].startswith("40 s ┤")
    assert dots(lines[0])
    assert dots(lines[-1])
    assert drawn([(0.0, -1e300), (60.0, 1e300)])


@pytest.mark.parametrize(
    ("value", "label"),
    [(700.0, "800 ns"), (35 * US, "40 µs"), (1.2 * MS, "1.2 ms"), (-87.0 * MS, "-100 ms"), (3.7 * S, "4 s")],
)
def test_the_scale_ends_at_a_round_figure(value: float, label: str) -> None:
    lines = drawn(every_second(value))
    assert lines[0 if value > 0 else -1].startswith(f"{label} ┤")


def test_a_rare_outlier_runs_along_the_edge_instead_of_flattening_the_rest() -> None:
    samples: list[Sample] = [(at / 2, 2 * US * math.sin(at)) for at in range(121)]
    samples[60] = (30.0, 5.0 * MS)
    lines = drawn(samples)
    assert "µs" in lines[0]
    assert dots(lines[0])
    assert sum(len(dots(line)) for line in lines) > 100


def test_the_curve_moves_and_does_not_flicker() -> None:
    """Seen one column later, every column has moved by one."""
    samples: list[Sample] = [(at / 4, 100 * US * math.sin(at / 9)) for at in range(1000)]
    column_s = 60 / (60 - len("-100 µs ┤"))
    before = chart(samples, now_s=100.0, span_s=60, width=60, height=8)[:-1]
    after = chart(samples, now_s=100.0 + column_s, span_s=60, width=60, height=8)[:-1]
    # At the right edge there is more to come, at the left the first sample has no line before it.
    assert [row.plot[2:-1] for row in before] == [row.plot[1:-2] for row in after]


@pytest.mark.parametrize("width", [1, 8, 12, 300])
@pytest.mark.parametrize("height", [1, 2, 3, 50])
def test_any_size_can_be_drawn(width: int, height: int) -> None:
    rows = chart(every_second(-1234.0), now_s=60.0, span_s=60, width=width, height=height)
    assert len(rows) == height + 1


@pytest.mark.parametrize(("low", "high"), [(0, 1), (-1e-9, 5), (-7, 3), (-123_456, 7), (3, 8e17), (0, 0)])
@pytest.mark.parametrize("intervals", [1, 2, 3, 5, 19])
def test_a_scale_holds_both_ends_and_zero_in_few_intervals(low: float, high: float, intervals: int) -> None:
    scale = make_scale(low, high, intervals=intervals)
    assert scale.low <= min(low, 0) <= max(high, 0) <= scale.high
    ticks = list(scale.ticks())
    assert 0 in ticks
    assert 2 <= len(ticks) <= max(intervals, 2) + 1


def test_a_sparkline_reaches_from_the_lowest_to_the_highest() -> None:
    assert sparkline([0.0, 1.0, None, 7.0, math.nan]) == "▁▂ █ "
    assert sparkline([5.0, 5.0]) == "▅▅"
    assert sparkline([]) == ""


def test_offsets_are_kept_for_as_long_as_the_longest_chart() -> None:
    offsets = Offsets()
    spans = []
    for at_s in range(2000):
        offsets.add(float(at_s), float(at_s))
        spans.append(offsets.span_s)
    assert list(dict.fromkeys(spans)) == list(SPANS_S)
    assert offsets.samples[0][0] == 1999 - SPANS_S[-1]
    assert offsets.known(2.0) == [1997.0, 1998.0, 1999.0]


def test_offsets_of_another_sender_begin_anew() -> None:
    offsets = Offsets()
    offsets.add(500.0, 1.0)
    offsets.add(3.0, 2.0)
    assert offsets.samples == [(3.0, 2.0)]


def test_means_of_pieces_of_time_have_holes_where_nothing_was_known() -> None:
    offsets = Offsets()
    assert offsets.means(2, 3) == [None, None]
    for at_s, value in ((0.0, 1.0), (1.0, 3.0), (3.0, None), (6.0, 5.0)):
        offsets.add(at_s, value)
    assert offsets.means(4, 3) == [None, 2.0, None, 5.0]
