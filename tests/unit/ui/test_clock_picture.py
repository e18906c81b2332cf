"""The clock on a terminal of 80 columns and 24 lines, and on a larger one."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from rich.cells import cell_len
from rich.console import Console

from aes67_sender.model.problem import Problem
from aes67_sender.ui.clock_picture import ClockPicture, render_clock
from aes67_sender.ui.clock_view import ClockLines, ClockView, local_time
from aes67_sender.ui.offsets import Offsets
from unit.ui.pictures import CLOCKS, DANTE, ELSEWHERE, FOLLOWING, HOLDOVER, NOW, OURS

if TYPE_CHECKING:
    from aes67_sender.model.snapshot import ClockStatus

SIZES = [(80, 24), (120, 40)]
PORTS = Problem(
    "clock.ptp-ports",
    "warning",
    "UDP ports 319 and 320 may not be opened by this user.",
    "Allow it with `sudo sysctl net.ipv4.ip_unprivileged_port_start=319`.",
    "clock",
)


def view(clock: ClockStatus, *problems: Problem) -> ClockView:
    return ClockView(NOW, 187.0, "eth0", clock, problems)


def history(seconds: int = 187) -> Offsets:
    offsets = Offsets()
    for half in range(2 * seconds + 1):
        offsets.add(half / 2, 3000 * math.sin(half / 20))
    return offsets


def drawn(seen: ClockView, width: int, height: int, offsets: Offsets | None = None) -> str:
    console = Console(width=width, force_terminal=False, color_system=None)
    with console.capture() as capture:
        console.print(render_clock(seen, width, height, history() if offsets is None else offsets))
    text = capture.get()
    lines = text.splitlines()
    assert len(lines) < height
    assert all(cell_len(line) <= width for line in lines)
    return text


def words(text: str) -> str:
    return " ".join(text.split())


@pytest.mark.parametrize(("width", "height"), SIZES)
@pytest.mark.parametrize("name", CLOCKS)
def test_every_clock_fits_with_its_state_its_reason_and_a_chart(name: str, width: int, height: int) -> None:
    clock = CLOCKS[name]
    text = drawn(view(clock), width, height)
    assert text.splitlines()[1].startswith(f"{clock.state} for 3")
    assert f"by {clock.provider}" in text
    assert clock.why in words(text)
    assert text.count("│") + text.count("┤") >= 7
    assert " now\n" in text


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_a_locked_clock_shows_figures_masters_and_messages(width: int, height: int) -> None:
    text = words(drawn(view(CLOCKS["locked"]), width, height))
    for expected in (
        "eth0 domain 0 auto 3:07",
        "GM 00-1d-c1-ff-fe-12-34-56 1 step away",
        "offset -310 ns path 5.2 µs accuracy 900 ns rate -12.31 ppm stamps kernel",
        "-3.0 µs to 3.0 µs rms 2.1 µs",
        "▶ 0 00-1d-c1-ff-fe-12-34-56 192.168.100.101 1/128 6 0",
        "PTPv1 00-1d-c1-a1-b2-c3 192.168.100.103 - - -",
        "127 00-1d-c1-ff-fe-65-43-21 192.168.100.202 128/128 248 2",
        "PTP/s in Announce 1 Sync 8 Follow_Up 8 Delay_Resp 1 · out Delay_Req 1",
        f"Last change {local_time('2026-01-01T11:56:53.000Z', NOW)} locked, was locking",
    ):
        assert expected in text, expected
    assert text.count("▶") == 1


def test_a_large_terminal_has_room_for_more() -> None:
    text = drawn(view(CLOCKS["locked"]), 120, 40)
    assert text.count("│") + text.count("┤") >= 12
    assert "Why builtin: UDP ports 319 and 320 are open" in text
    assert "it cannot be followed." in text
    assert "TAI = UTC + 37 s" in text
    assert "arbitrary" in text


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_what_keeps_the_best_clock_away_is_always_shown_with_its_remedy(width: int, height: int) -> None:
    text = words(drawn(view(CLOCKS["locked"], PORTS), width, height))
    assert f"warning: {PORTS.text}" in text
    assert f"→ {PORTS.hint}" in text


def test_a_problem_that_only_repeats_the_state_is_left_out() -> None:
    state = Problem("clock.holdover", "warning", "The grandmaster is lost: time runs on at its last rate.")
    assert "time runs on at its last rate" not in words(drawn(view(HOLDOVER, state), 80, 24))


def test_a_problem_that_another_one_quotes_is_not_said_twice() -> None:
    quoting = Problem(
        "clock.unusable", "error", f"The clock that is asked for cannot be used: {PORTS.text}", PORTS.hint
    )
    text = words(drawn(view(FOLLOWING, quoting, PORTS), 80, 24))
    assert quoting.text in text
    assert text.count(PORTS.hint) == 1


def test_without_masters_it_says_so() -> None:
    assert "No PTP master is heard on any domain." in drawn(view(HOLDOVER), 80, 24)
    # GStreamer's clock tells of none, and then nothing is known of other domains.
    assert "on any domain" not in drawn(view(replace(HOLDOVER, provider="gstreamer")), 80, 24)


def test_without_offsets_it_says_so() -> None:
    text = drawn(view(CLOCKS["PTPv1 only"]), 80, 24, Offsets())
    assert "none while nothing is followed" in text
    assert "offset" not in text


def test_more_masters_than_lines_are_counted() -> None:
    many = tuple(replace(ELSEWHERE, domain=number) for number in range(1, 60))
    text = drawn(view(replace(FOLLOWING, masters=(OURS, DANTE, *many))), 80, 24)
    shown = text.count("192.168.100.")
    assert shown >= 3
    assert f"… and {61 - shown} more masters" in text


@pytest.mark.parametrize(("width", "height"), [(80, 16), (60, 24), (40, 30)])
def test_a_small_terminal_does_not_break_it(width: int, height: int) -> None:
    assert "locked" in drawn(view(CLOCKS["locked"]), width, height)


def test_the_chart_grows_with_the_offsets_seen() -> None:
    draw = ClockPicture()
    console = Console(width=80, force_terminal=False, color_system=None)
    texts = []
    for second in range(0, 90, 10):
        with console.capture() as capture:
            console.print(draw(replace(view(FOLLOWING), elapsed_s=float(second)), 80, 24))
        texts.append(capture.get())
    assert " -1 min " in texts[0]
    assert " -2 min " in texts[-1]


def test_a_plain_line_has_everything_in_one_line() -> None:
    line = ClockLines()(view(CLOCKS["locked"]))
    assert "\n" not in line
    for expected in (
        "187.0 s  locked ",
        "by builtin",
        "GM 00-1d-c1-ff-fe-12-34-56",
        "offset -310 ns",
        "path 5.2 µs",
        "accuracy 900 ns",
        "stamps kernel",
        FOLLOWING.why,
    ):
        assert expected in line, expected


def test_plain_lines_tell_a_problem_once_until_it_is_there_again() -> None:
    lines = ClockLines()
    troubled, fine = view(FOLLOWING, PORTS), view(FOLLOWING)
    counts = [lines(each).count(PORTS.hint) for each in (troubled, troubled, fine, troubled)]
    assert counts == [1, 0, 0, 1]


def test_a_time_of_another_day_has_its_date() -> None:
    assert len(local_time("2026-01-01T11:59:59.000Z", "2026-01-01T11:59:59.000Z")) == len("11:59:59")
    assert local_time("2025-12-24T12:00:00.000Z", NOW).startswith("2025-12-2")
    assert local_time("long ago", NOW) == "long ago"
