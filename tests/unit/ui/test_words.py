from __future__ import annotations

import pytest

from aes67_sender.model.problem import Problem
from aes67_sender.ui.words import duration, status_line, time_span
from unit.ui.pictures import picture


@pytest.mark.parametrize(
    ("span_ns", "words"),
    [
        (None, "-"),
        (0, "0 ns"),
        (-310, "-310 ns"),
        (5200, "5.2 µs"),
        (1_700_000, "1.7 ms"),
        (-37_000_000_000, "-37.0 s"),
    ],
)
def test_spans_of_time_take_the_unit_that_suits(span_ns: int | None, words: str) -> None:
    assert time_span(span_ns) == words


@pytest.mark.parametrize(("seconds", "words"), [(0.4, "0 s"), (187, "3:07"), (7387, "2:03:07"), (439_380, "5 d 2:03")])
def test_durations(seconds: float, words: str) -> None:
    assert duration(seconds) == words


def test_the_plain_line_has_everything_in_one_line() -> None:
    line = status_line(picture(2, problems=(Problem("a", "warning", "Something is odd."),)))
    assert "\n" not in line
    for expected in (
        "locked",
        "GM 00-1d-c1-ff-fe-12-34-56",
        "2 of 2 streams",
        "0 missed",
        "warning: Something is odd.",
    ):
        assert expected in line
