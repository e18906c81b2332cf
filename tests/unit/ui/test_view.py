from __future__ import annotations

from dataclasses import replace

import pytest

from aes67_sender.ui.view import MODES, Command, Enable, FetchSdp, Quit, SetClock, View, press
from unit.ui.pictures import stream

STREAMS = tuple(stream(number) for number in range(1, 31))


def after(view: View, *keys: str, quit_question: str = "") -> tuple[View, list[Command]]:
    done = []
    for key in keys:
        view, command = press(view, key, STREAMS, quit_question)
        done += [command] if command else []
    return view, done


@pytest.mark.parametrize(
    ("keys", "selected"),
    [
        (("down",), "s2"),
        (("down", "j", "up"), "s2"),
        (("up",), "s1"),
        (("end",), "s30"),
        (("end", "down"), "s30"),
        (("end", "home"), "s1"),
        (("page down", "page down", "page up"), "s11"),
    ],
)
def test_the_selection_moves_and_stops_at_both_ends(keys: tuple[str, ...], selected: str) -> None:
    assert after(View(), *keys)[0].selected == selected


def test_a_selected_stream_that_is_gone_gives_its_place_to_the_first() -> None:
    assert View(selected="gone").index_in(STREAMS) == 0
    assert press(View(selected="gone"), "c", STREAMS, "")[1] == FetchSdp("s1", copy=True)


def test_taking_a_stream_off_the_air_is_asked_before_and_sending_it_again_is_not() -> None:
    asked, done = after(View(selected="s2"), "e")
    assert done == []
    assert asked.question is not None
    assert "Studio 2" in asked.question.text
    assert after(asked, "y")[1] == [Enable("s2", enabled=False)]
    for other in ("n", "escape", "e", "enter", " "):
        kept, done = after(asked, other)
        assert (done, kept.question) == ([], None), other
        assert kept.notice
    off = (replace(STREAMS[0], state="stopped"),)
    assert press(View(), "e", off, "")[1] == Enable("s1", enabled=True)


def test_the_digit_of_a_clock_mode_chooses_it_and_any_other_key_leaves_it() -> None:
    for number, mode in enumerate(MODES, start=1):
        assert after(View(), "m", str(number))[1] == [SetClock(mode)]
    for other in ("0", "7", "²", "escape", "q"):
        view, done = after(View(), "m", other)
        assert (done, view.question) == ([], None), other


def test_the_modes_are_those_of_the_config() -> None:
    from typing import get_args  # noqa: PLC0415

    from aes67_sender.config.model import ClockSettings  # noqa: PLC0415  kept out of what the screen loads

    assert get_args(ClockSettings.model_fields["mode"].annotation) == MODES


def test_who_sends_asks_before_leaving_and_who_looks_on_does_not() -> None:
    assert after(View(), "q")[1] == [Quit()]
    asked, done = after(View(), "q", quit_question="Stop sending?")
    assert done == []
    assert asked.question is not None
    assert after(asked, "y", quit_question="Stop sending?")[1] == [Quit()]
    assert after(asked, "q", quit_question="Stop sending?")[1] == []


def test_tab_goes_round_and_escape_comes_home() -> None:
    assert [after(View(), *["tab"] * count)[0].page for count in range(4)] == [
        "overview",
        "clock",
        "problems",
        "overview",
    ]
    assert after(View(), "back tab")[0].page == "problems"
    assert after(View(page="sdp", top=7, paused=True), "escape")[0] == View()
    assert after(View(), "?")[0].page == "help"
    assert after(View(), "?", "h")[0].page == "overview"


def test_pages_scroll_and_leave_the_selection_alone() -> None:
    view, _ = after(View(page="problems", selected="s3"), "down", "down", "up", "page down")
    assert (view.top, view.selected) == (11, "s3")
    assert after(view, "home")[0].top == 0


def test_a_terminal_that_was_away_answers_no_question() -> None:
    asked, _ = after(View(), "e")
    assert after(asked, "resumed")[0].question == asked.question


def test_without_streams_there_is_nothing_to_act_on() -> None:
    for key in ("e", "c", "s", "up", "end"):
        assert press(View(), key, (), "") == (View(), None)


@pytest.mark.parametrize("key", ["x", "7", "ü", "enter"])
def test_other_keys_do_nothing(key: str) -> None:
    assert after(View(selected="s2"), key) == (View(selected="s2"), [])
