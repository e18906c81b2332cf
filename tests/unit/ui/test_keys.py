from __future__ import annotations

import ctypes
import os
import signal
import struct
import termios
import time
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aes67_sender.ui.clipboard import clipboard_of, copy_sequence
from aes67_sender.ui.keys import RESUMED, decode, open_keys
from aes67_sender.ui.posix_keys import PosixKeys
from aes67_sender.ui.windows_keys import WindowsKeys

if TYPE_CHECKING:
    from collections.abc import Iterator

KEYS_OF_A_PAGE = ("up", "down", "page up", "page down", "home", "end")


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


class Console:
    """The three functions of kernel32 that are used, over a list of input records; nothing comes in by itself."""

    gone = False

    def __init__(self, *records: bytes) -> None:
        self.left = list(records)

    def WaitForSingleObject(self, _handle: object, timeout_ms: int) -> int:  # noqa: N802  Windows' name
        if self.gone:
            return 0xFFFF_FFFF
        if not self.left:
            time.sleep(timeout_ms / 1000)
        return 0 if self.left else 0x102

    def ReadConsoleInputW(self, _handle: object, into: Any, most: int, count: Any) -> int:  # noqa: N802  Windows' name
        taken, self.left = self.left[:most], self.left[most:]
        ctypes.memmove(into, b"".join(taken), 20 * len(taken))
        ctypes.cast(count, ctypes.POINTER(ctypes.c_uint32))[0] = len(taken)
        return 1


def key(code: int, character: str = "\0", *, down: bool = True, state: int = 0, times: int = 1) -> bytes:
    """An INPUT_RECORD of a key, as wincontypes.h has it."""
    return struct.pack("<H2xiHHHHI", 1, down, times, code, 0, ord(character), state)


MOUSE = struct.pack("<H18x", 2)


@pytest.mark.parametrize(
    ("records", "names"),
    [
        ([key(0x51, "q"), key(0x51, "q", down=False)], ("q",)),
        ([key(0x26), key(0x28), key(0x21), key(0x22), key(0x24), key(0x23)], KEYS_OF_A_PAGE),
        ([key(9, "\t"), key(0x10, state=0x10), key(9, "\t", state=0x10)], ("tab", "back tab")),
        ([key(0x1B, "\x1b"), key(0x0D, "\r"), key(0x20, " ")], ("escape", "enter", "space")),
        ([key(0xDB, "ß", state=0x9), MOUSE, key(0x28, times=3)], ("ß", "down", "down", "down")),
        ([key(0x70), key(0x43, "\x03"), MOUSE], ()),
        # With ENABLE_VIRTUAL_TERMINAL_INPUT, which another program may have left on.
        ([key(0, each) for each in "\x1b[A"], ("up",)),
    ],
)
def test_keys_of_the_windows_console_have_the_same_names(records: list[bytes], names: tuple[str, ...]) -> None:
    assert WindowsKeys(Console(*records), 0).read(1) == names


def test_more_keys_than_are_taken_at_once_come_with_the_next_look() -> None:
    keys = WindowsKeys(Console(*[key(0x51, "q")] * 100), 0)
    assert len(keys.read(0)) + len(keys.read(0)) == 100


def test_the_windows_console_waits_no_longer_than_asked_and_its_end_is_known() -> None:
    console = Console()
    begun_s = time.monotonic()
    assert WindowsKeys(console, 0).read(0.1) == ()
    assert time.monotonic() - begun_s >= 0.1
    console.gone = True
    with pytest.raises(EOFError):
        WindowsKeys(console, 0).read(0.1)


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
