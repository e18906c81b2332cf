"""Lists and lines by keys, without a real terminal."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pytest
from prompt_toolkit.application import create_app_session
from prompt_toolkit.data_structures import Size
from prompt_toolkit.input import create_pipe_input
from prompt_toolkit.output.vt100 import Vt100_Output

from aes67_sender.model.levels import Reading
from aes67_sender.wizard.screen import Choice
from aes67_sender.wizard.terminal import Terminal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prompt_toolkit.input import PipeInput

LETTERS = [Choice(letter, f"letter {letter}") for letter in "abcdefghijklmnop"]


class Screen(io.StringIO):
    """Where the picture is drawn."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def screen() -> Screen:
    return Screen()


@pytest.fixture
def keys(screen: Screen) -> Iterator[PipeInput]:
    output = Vt100_Output(screen, lambda: Size(rows=24, columns=80), term="xterm")
    with create_pipe_input() as pipe, create_app_session(input=pipe, output=output):
        yield pipe


@pytest.mark.parametrize(
    ("typed", "letter"),
    [
        ("\r", "c"),
        ("\x1b[B\r", "d"),
        ("jj\r", "e"),
        ("\x1b[A\x1b[A\x1b[A\r", "a"),
        ("k\r", "b"),
        ("\x1b[F\r", "p"),
        ("\x1b[F\x1b[H\r", "a"),
        ("\x1b[6~\r", "k"),
        ("\x1b[6~\x1b[6~\x1b[5~\r", "h"),
    ],
)
def test_keys_go_through_a_list(keys: PipeInput, typed: str, letter: str) -> None:
    keys.send_text(typed)
    assert Terminal().choose("Which letter?", LETTERS, 2) == letter


@pytest.mark.parametrize("key", ["\x03", "\x04"])
def test_leaving_a_list_interrupts(keys: PipeInput, key: str) -> None:
    keys.send_text(f"\x1b[B{key}")
    with pytest.raises(KeyboardInterrupt):
        Terminal().choose("Which letter?", LETTERS)


def test_a_line_is_what_was_typed_and_empty_for_the_proposal(keys: PipeInput, screen: Screen) -> None:
    keys.send_text("\r 12 \r")
    assert Terminal().write("Number", "8") == ""
    assert Terminal().write("Number", "8") == "12"
    assert "8" in screen.getvalue()


@pytest.mark.parametrize(
    ("reading", "seen"),
    [
        (Reading("waiting"), "…"),
        (Reading("opening"), "opening …"),
        (Reading("failed", why="It is in use by another program."), "cannot be opened"),
        (Reading("failed", why="It is in use by another program."), "It is in use by another program."),
        (Reading("open"), "no sound"),
        (Reading("open", (-20.0, -144.0)), "-20.0"),
        (Reading("open", (-20.0,) * 64), "▅▅▅▅▅▅▅▅"),
        (Reading("open", (0.0,)), "█"),
    ],
)
def test_a_meter_stands_beside_its_choice(keys: PipeInput, screen: Screen, reading: Reading, seen: str) -> None:
    keys.send_text("\r")
    assert Terminal().choose("Which?", [Choice(1, "Card", "about it", lambda: reading)]) == 1
    assert seen in screen.getvalue()
