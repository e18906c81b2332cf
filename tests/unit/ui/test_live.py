from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from rich.cells import cell_len
from rich.console import Console

from aes67_sender.model.problem import Problem
from aes67_sender.ui.live import render
from aes67_sender.ui.peaks import HOLD_S, Held, hold
from aes67_sender.ui.status_picture import StatusPicture
from unit.ui.pictures import CLOCK, CLOCKS, ELSEWHERE, WAITING_CLOCK, WRONG_DOMAIN, picture, stream

if TYPE_CHECKING:
    from aes67_sender.model.snapshot import Snapshot


def drawn(snapshot: Snapshot, width: int, height: int | None = 24) -> str:
    console = Console(width=width, force_terminal=False, color_system=None)
    with console.capture() as capture:
        console.print(render(snapshot, width, height))
    text = capture.get()
    assert all(cell_len(line) <= width for line in text.splitlines())
    return text


@pytest.mark.parametrize("width", [80, 120])
def test_the_figures_a_broadcast_engineer_looks_for_are_all_there(width: int) -> None:
    text = drawn(picture(), width)
    for expected in (
        "0 steps away",
        "Studio PC",
        "sending",
        "up 1:02:03",
        "locked",
        "by gstreamer",
        "domain 0",
        "00-1d-c1-ff-fe-12-34-56",
        "offset -310 ns",
        "path 5.2 µs",
        "accuracy 900 ns",
        "rate -12.31 ppm",
        "stamps user",
        "Studio 1",
        "239.69.100.1:5004",
        "86400001",
        "40/90/300",
        "-1040",
        "-18.0",
        "daw (jack)",
        "+31.2 ppm",
        "real-time",
        "6.1 %",
    ):
        assert expected in text, expected


def test_the_head_says_where_the_page_is() -> None:
    where = "http://127.0.0.1:8067/"
    assert where in drawn(replace(picture(), page=where), 80).splitlines()[0]
    assert "http" not in drawn(picture(), 80)


def test_only_a_wide_terminal_has_room_for_the_format() -> None:
    assert "L24/48000/2" in drawn(picture(), 120)
    assert "L24/48000/2" not in drawn(picture(), 80)


@pytest.mark.parametrize("height", [24, 40, 100])
def test_many_streams_are_cut_and_the_rest_is_summed_up(height: int) -> None:
    text = drawn(picture(64), 80, height)
    shown = text.count("239.69.100.")
    assert shown >= min(64, height - 14)
    assert f"239.69.100.{shown}:5004" in text
    summed_up = f"… and {64 - shown} more: {64 - shown} sending, 0 packets missed"
    assert (summed_up in text) == (shown < 64)
    assert len(text.splitlines()) < height


def test_a_status_that_is_asked_for_once_is_told_as_a_whole() -> None:
    text = drawn(picture(64, clock=CLOCKS["locked"]), 80, None)
    assert text.count("239.69.100.") == 64
    assert "more" not in text


def test_few_channels_get_a_long_bar_each_with_the_held_peak() -> None:
    lines = [line for line in drawn(picture(), 80).splitlines() if "█" in line and "·" in line]
    assert len(lines) == 1
    assert lines[0].strip().startswith("s1 1")
    assert lines[0].rstrip().endswith("-18.0")
    assert "-∞" in drawn(picture(), 80)


def test_a_louder_channel_has_a_longer_bar() -> None:
    quiet, loud = (drawn(replace(picture(), streams=(stream(1, (dbfs,)),)), 80).count("█") for dbfs in (-40.0, -10.0))
    assert loud > quiet


def test_problems_come_with_their_hints() -> None:
    problem = Problem("clock.no-grandmaster", "error", "No grandmaster is heard.", "Check the cable.")
    text = drawn(picture(problems=(problem,)), 80)
    assert "error: No grandmaster is heard." in text
    assert "→ Check the cable." in text


def test_lost_packets_are_shown() -> None:
    lossy = replace(stream(1), missed=12, send_errors=5)
    assert " 17 " in drawn(replace(picture(), streams=(lossy,)), 80)


def test_a_sender_without_a_clock_says_why() -> None:
    silent = replace(stream(1, ()), state="waiting")
    text = drawn(replace(picture(clock=WAITING_CLOCK), streams=(silent,), state="starting"), 80)
    assert "listening" in text
    assert "No Announce seen in domain 0." in text
    assert "waiting" in text
    assert "offset" not in text


def test_names_with_markup_are_printed_as_they_are() -> None:
    assert "[bold]a" in drawn(replace(picture(), name="[bold]a"), 80)


@pytest.mark.parametrize("streams", [1, 2, 8, 64])
@pytest.mark.parametrize("width", [80, 120])
@pytest.mark.parametrize("name", CLOCKS)
def test_no_clock_pushes_the_streams_off_the_screen(name: str, width: int, streams: int) -> None:
    refused = Problem("engine.no-realtime", "warning", "Packets are sent without real-time priority.", "Allow it. " * 9)
    lines = drawn(picture(streams, clock=CLOCKS[name], problems=(refused,)), width, 24).splitlines()
    assert len(lines) < 24
    assert sum("239.69.100." in line for line in lines) >= min(streams, 4)
    assert any(line.startswith("Source daw") for line in lines)
    assert CLOCKS[name].why.split()[-1] in "".join(lines)


@pytest.mark.parametrize("width", [80, 120])
def test_the_clock_tells_why_it_is_chosen_who_else_is_heard_and_what_goes_by(width: int) -> None:
    text = " ".join(drawn(picture(clock=CLOCKS["locked"]), width, 40).split())
    for expected in (
        "by builtin",
        "1 step away",
        "stamps kernel",
        "UDP ports 319 and 320 are open",
        "PTP/s in Announce 1 Sync 8 Follow_Up 8 Delay_Resp 1 · out Delay_Req 1",
        "also heard PTPv1: 00-1d-c1-a1-b2-c3 192.168.100.103 PTP version 1, as Dante",
        "also heard domain 127: 00-1d-c1-ff-fe-65-43-21 192.168.100.202 priority 128/128",
        "locked, was locking",
    ):
        assert expected in text, expected
    assert text.count("00-1d-c1-ff-fe-12-34-56") == 2  # by name and in the reason, not among the others


def test_other_masters_come_before_what_can_be_looked_up_elsewhere() -> None:
    text = drawn(picture(8, clock=CLOCKS["locked"]), 80, 24)
    assert "also heard  domain 127" in text
    assert "UDP ports 319 and 320" not in text


def test_many_other_masters_are_counted() -> None:
    many = replace(WRONG_DOMAIN, masters=tuple(replace(ELSEWHERE, domain=number) for number in range(1, 9)))
    text = drawn(picture(clock=many), 80, 40)
    assert text.count("also heard  domain") == 3
    assert "also heard  5 more masters" in text


def test_the_course_of_the_offset_is_seen_once_there_is_one() -> None:
    pictures = StatusPicture()
    console = Console(width=80, force_terminal=False, color_system=None)
    texts = []
    for second in range(60):
        clock = replace(CLOCKS["locked"], offset_ns=1000 * second if second != 30 else None)
        snapshot = replace(picture(clock=clock), uptime_s=float(second))
        pictures.take(snapshot)
        with console.capture() as capture:
            console.print(pictures.draw(snapshot, 80, 24))
        texts.append(capture.get())
    assert "to" not in texts[0].splitlines()[2]
    assert "offset 59.0 µs  ▁▁▂▂▃▃▄▄▅▅▆▆▇▇██ 11.0 µs to 59.0 µs" in texts[-1]
    assert "offset" not in texts[30]


@pytest.mark.parametrize("width", [20, 40, 60])
def test_narrow_terminals_do_not_break_it(width: int) -> None:
    assert "Clock" in drawn(replace(picture(3), clock=CLOCK), width)


def test_a_peak_is_held_and_then_let_go() -> None:
    def at(uptime_s: float, dbfs: float) -> Snapshot:
        return replace(picture(), uptime_s=uptime_s, streams=(stream(1, (dbfs,)),))

    holds = hold({}, at(10.0, -3.0))
    holds = hold(holds, at(10.0 + HOLD_S, -20.0))
    assert holds["s1"] == (Held(-3.0, 10.0),)
    assert hold(holds, at(10.1, -1.0))["s1"][0].dbfs == -1.0
    assert hold(holds, at(10.1 + HOLD_S, -20.0))["s1"][0].dbfs == -20.0
