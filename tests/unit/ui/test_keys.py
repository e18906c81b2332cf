from __future__ import annotations

import os
import signal
import termios
import time
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aes67_sender.ui.clipboard import clipboard_of, copy_sequence
from aes67_sender.ui.keys import RESUMED, WindowsKeys, decode, open_keys
from aes67_sender.ui.posix_keys import PosixKeys

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def terminal() -> Iterator[tuple[int, int]]:
    leader, follower = os.openpty()
    yield leader, follower
    os.close(leader)
    os.close(follower)


def line_by_line(descriptor: int) -> bool:
    return bool(termios.tcgetattr(descriptor)[3] & termios.ICANON)


def echoes(descriptor: int) -> bool:
    return bool(termios.tcgetattr(descriptor)[3] & termios.ECHO)


@pytest.mark.parametrize(
    ("typed", "names"),
    [
        ("q", ("q",)),
        ("\x1b[A\x1bOB", ("up", "down")),
        ("\x1b[5~j\x1b[6~", ("page up", "j", "page down")),
        ("\x1b[1~\x1bOF\t\x1b[Z", ("home", "end", "tab", "back tab")),
        (" \r\x1b", ("space", "enter", "escape")),
        ("é?", ("é", "?")),
        ("\x1b[1;5A\x1b[200~\x01", ()),
    ],
)
def test_keys_have_names(typed: str, names: tuple[str, ...]) -> None:
    assert decode(typed) == names


@given(st.text(max_size=40))
def test_whatever_is_typed_is_a_key_or_nothing(typed: str) -> None:
    assert all(name.isprintable() and name for name in decode(typed))


def test_a_terminal_gives_keys_at_once_without_echo_and_gets_its_mode_back(terminal: tuple[int, int]) -> None:
    leader, follower = terminal
    before = termios.tcgetattr(follower)
    keys = PosixKeys(follower)
    assert not line_by_line(follower)
    assert not echoes(follower)
    # Ctrl-C and Ctrl-Z are still signals.
    assert termios.tcgetattr(follower)[3] & termios.ISIG
    os.write(leader, b"e")
    assert keys.read(5) == ("e",)
    assert keys.read(0) == ()
    keys.close()
    keys.close()
    assert termios.tcgetattr(follower) == before


def test_a_sequence_that_comes_in_pieces_is_one_key(terminal: tuple[int, int]) -> None:
    leader, follower = terminal
    keys = PosixKeys(follower)
    pieces = [b"\x1b", b"[", b"A"]

    def slowly(*_: object) -> None:
        os.write(leader, pieces.pop(0))
        if pieces:
            signal.setitimer(signal.ITIMER_REAL, 0.01)

    before = signal.signal(signal.SIGALRM, slowly)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.01)
        assert keys.read(5) == ("up",)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
        keys.close()


def test_a_mode_that_a_shell_has_set_meanwhile_is_set_again_and_told(terminal: tuple[int, int]) -> None:
    _, follower = terminal
    before = termios.tcgetattr(follower)
    keys = PosixKeys(follower)
    termios.tcsetattr(follower, termios.TCSANOW, before)
    assert keys.read(0) == (RESUMED,)
    assert not line_by_line(follower)
    keys.close()
    assert termios.tcgetattr(follower) == before


def test_after_the_end_the_mode_is_left_alone(terminal: tuple[int, int]) -> None:
    _, follower = terminal
    keys = PosixKeys(follower)
    keys.close()
    keys.read(0)
    assert line_by_line(follower)


def test_a_terminal_that_is_gone_is_the_end() -> None:
    leader, follower = os.openpty()
    keys = PosixKeys(follower)
    os.close(leader)
    with pytest.raises(EOFError):
        keys.read(1)
    keys.close()
    os.close(follower)


def test_without_a_terminal_there_are_no_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    with open(os.devnull) as nothing:  # noqa: PTH123  a file object to stand for stdin
        monkeypatch.setattr("sys.stdin", nothing)
        assert open_keys() is None
    monkeypatch.setattr("sys.stdin", None)
    assert open_keys() is None


def windows(typed: str) -> WindowsKeys:
    left = list(typed)
    return WindowsKeys(lambda: bool(left), lambda: left.pop(0))


@pytest.mark.parametrize(
    ("typed", "names"),
    [("q", ("q",)), ("\xe0H", ("up",)), ("\x00Q", ("page down",)), ("\xe0S", ()), ("\x1b", ("escape",))],
)
def test_the_windows_console_has_its_own_codes(typed: str, names: tuple[str, ...]) -> None:
    assert windows(typed).read(1) == names


def test_ctrl_c_that_windows_hands_over_as_a_character_interrupts() -> None:
    with pytest.raises(KeyboardInterrupt):
        windows("\x03").read(1)


def test_the_windows_console_waits_no_longer_than_asked() -> None:
    begun_s = time.monotonic()
    assert windows("").read(0.1) == ()
    assert time.monotonic() - begun_s >= 0.1


def test_text_for_the_clipboard_is_one_sequence_of_plain_characters() -> None:
    assert copy_sequence("é\r\n") == "\x1b]52;c;w6kNCg==\x07"


@pytest.mark.parametrize(
    ("environment", "platform", "can"),
    [
        ({"TERM": "xterm-256color"}, "linux", "yes"),
        ({"TERM": "xterm-256color", "VTE_VERSION": "7006"}, "linux", "no"),
        ({"TERM": "linux"}, "linux", "no"),
        ({"TERM_PROGRAM": "Apple_Terminal"}, "darwin", "no"),
        ({"TERM_PROGRAM": "iTerm.app"}, "darwin", "yes"),
        ({"TERM": "screen-256color", "TMUX": "socket"}, "linux", "maybe"),
        ({}, "win32", "no"),
        ({"WT_SESSION": "x"}, "win32", "yes"),
    ],
)
def test_it_is_known_which_terminals_have_no_clipboard(environment: dict[str, str], platform: str, can: str) -> None:
    assert clipboard_of(environment, platform) == can
