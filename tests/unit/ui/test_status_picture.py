"""Every page at the usual sizes, with much to show."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, get_args

import pytest
from rich.cells import cell_len
from rich.console import Console

from aes67_sender.model.problem import Problem
from aes67_sender.model.snapshot import SourceStatus
from aes67_sender.ui.status_picture import StatusPicture
from aes67_sender.ui.view import Page, Question, View
from unit.ui.pictures import CLOCKS, ELSEWHERE, picture, stream

if TYPE_CHECKING:
    from aes67_sender.model.snapshot import Snapshot

PROBLEMS = (
    *(Problem(f"info-{n}", "info", f"Something to know, number {n}.", "Nothing to do. " * 8) for n in range(10)),
    *(Problem(f"warn-{n}", "warning", f"Something odd, number {n}.", "Look at it. " * 12) for n in range(10)),
    Problem("bad", "error", "Packets of s3 cannot be sent.", "Check the cable."),
)
MASTERS = (*CLOCKS["locked"].masters, *(replace(ELSEWHERE, domain=number) for number in range(1, 20)))
SOURCES = tuple(SourceStatus(f"in{n}", "jack", "running", "", 3.0, 20.0, 0, 0, (-18.0,)) for n in range(5))
FULL = replace(picture(64, clock=replace(CLOCKS["locked"], masters=MASTERS), problems=PROBLEMS), sources=SOURCES)
SIZES = [(80, 24), (120, 40)]


def drawn(view: View | None, snapshot: Snapshot = FULL, *, size: tuple[int, int] = (80, 24), lost: str = "") -> str:
    pictures = StatusPicture()
    for second in range(90):
        clock = replace(snapshot.clock, offset_ns=second * 10 - 300)
        pictures.take(replace(snapshot, clock=clock, uptime_s=snapshot.uptime_s + second))
    last = replace(snapshot, uptime_s=snapshot.uptime_s + 89)
    console = Console(width=size[0], height=size[1], force_terminal=False, color_system=None)
    with console.capture() as capture:
        console.print(pictures.draw(last, *size, view=view, lost=lost))
    text = capture.get()
    assert max(cell_len(line) for line in text.splitlines()) <= size[0]
    return text


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("page", get_args(Page))
def test_every_page_fits_however_much_there_is_to_show(page: Page, size: tuple[int, int]) -> None:
    text = drawn(View(page=page, sdp="a=x" * 400 + "\r\n" + "b=y\r\n" * 60), size=size)
    assert len(text.splitlines()) < size[1]
    assert "q quit" in text.splitlines()[-1]


@pytest.mark.parametrize("size", SIZES)
def test_the_overview_has_clock_streams_source_worst_problem_and_keys_at_once(size: tuple[int, int]) -> None:
    text = drawn(View(selected="s40"), size=size)
    for expected in ("locked", "offset", "▶ Studio 40", "Source in0", "Engine real-time", "? help"):
        assert expected in text, expected
    assert "error: Packets of s3 cannot be sent." in text
    assert "more problems; tab shows all" in text


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("selected", ["s1", "s2", "s33", "s63", "s64"])
def test_the_selected_stream_is_always_seen_and_the_others_are_counted(selected: str, size: tuple[int, int]) -> None:
    text = drawn(View(selected=selected), size=size)
    marked = [line for line in text.splitlines() if line.startswith("▶")]
    assert len(marked) == 1
    assert f"Studio {selected[1:]} " in marked[0]
    shown = text.count(":5004")
    assert shown >= 4
    assert f"{64 - shown} sending, 0 packets missed" in text


def test_a_single_stream_more_takes_the_line_that_would_count_it() -> None:
    small = replace(picture(12), sources=SOURCES[:1])
    heights = range(20, 34)
    texts = [drawn(View(), small, size=(80, height)) for height in heights]
    assert all("… and 1 more:" not in text for text in texts)
    assert all(len(text.splitlines()) < height for text, height in zip(texts, heights, strict=True))


def test_the_selected_streams_meters_show_the_held_peak_of_every_channel() -> None:
    wide = replace(stream(2, (-20.0,) * 8), format="L24/48000/8")
    text = drawn(View(selected="s2"), replace(picture(3), streams=(stream(1), wide, stream(3))), size=(120, 40))
    bars = [line for line in text.splitlines() if "█" in line and "·" in line]
    assert [line.split()[:2] for line in bars] == [["s2", str(channel)] for channel in range(1, 9)]
    assert all(line.rstrip().endswith("-20.0") for line in bars)


def test_more_room_is_used_for_a_chart_of_the_offset() -> None:
    assert "rms" in drawn(View(), picture(2, clock=CLOCKS["locked"]), size=(120, 40))
    assert "rms" not in drawn(View(), picture(2, clock=CLOCKS["locked"]))


def test_the_clock_page_lists_the_masters() -> None:
    text = drawn(View(page="clock"), size=(120, 40))
    assert "00-1d-c1-ff-fe-65-43-21" in text
    assert "rms" in text


def test_problems_are_told_in_full_the_worst_first_and_scroll_to_the_last() -> None:
    first = drawn(View(page="problems"))
    assert first.splitlines()[2].startswith("error: Packets of s3")
    assert "lines more" in first
    last = drawn(View(page="problems", top=10**6))
    assert "number 9." in last
    assert "lines above" in last


def test_no_problem_is_told_too() -> None:
    assert "All is well." in drawn(View(page="problems"), picture())


def test_an_sdp_is_shown_to_its_last_character() -> None:
    text = drawn(View(page="sdp", sdp="v=0\r\n" + "x" * 170 + "END\r\n", sdp_of="s9"))
    assert "SDP of s9" in text
    assert text.count("x") == 170 + "aes67-sender  Studio PC".count("x")
    assert "END" in text


def test_a_question_comes_before_all_that_could_be_said() -> None:
    text = drawn(View(question=Question("Stop it? y/n"), notice="old", paused=True), lost="Gone.")
    assert text.splitlines()[-2] == "Stop it? y/n"


def test_a_sender_that_is_gone_is_said_with_and_without_keys() -> None:
    assert "Nobody answers." in drawn(View(notice="old"), lost="Nobody answers.").splitlines()[-2]
    without = drawn(None, lost="Nobody answers.")
    assert without.splitlines()[-1] == "Nobody answers."
    assert "q quit" not in without
    assert len(without.splitlines()) < 24


def test_help_names_every_key_of_the_other_pages() -> None:
    text = drawn(View(page="help"), size=(120, 40))
    assert all(f"\n{key} " in text for key in ("e", "c", "s", "m", "q", "Tab", "Esc", "Ctrl-C"))
