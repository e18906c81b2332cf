"""Single keys from the terminal, while Ctrl-C and Ctrl-Z keep their meaning.

From the standard library alone: ``termios`` where there is one, ``msvcrt`` on Windows.
"""

from __future__ import annotations

import re
import signal
import sys
import time
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

#: Not typed by anybody: another program had the terminal meanwhile, as after Ctrl-Z and ``fg``.
RESUMED: Final = "resumed"
_NAMES: Final = {
    "\x1b[A": "up",
    "\x1bOA": "up",
    "\x1b[B": "down",
    "\x1bOB": "down",
    "\x1b[5~": "page up",
    "\x1b[6~": "page down",
    "\x1b[H": "home",
    "\x1bOH": "home",
    "\x1b[1~": "home",
    "\x1b[F": "end",
    "\x1bOF": "end",
    "\x1b[4~": "end",
    "\x1b[Z": "back tab",
    "\x1b": "escape",
    "\t": "tab",
    "\r": "enter",
    "\n": "enter",
    " ": "space",
}
#: Second characters of Windows' function keys.
_SCANS: Final = {"H": "up", "P": "down", "I": "page up", "Q": "page down", "G": "home", "O": "end"}
_SEQUENCE: Final = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|O.)|.", re.DOTALL)
_POLL_S: Final = 0.03
_CTRL_C: Final = "\x03"


class Keys(Protocol):
    """A terminal that gives its keys one by one. ``read`` and ``close`` may come from two threads."""

    def read(self, timeout_s: float) -> tuple[str, ...]:
        """Names of the keys pressed, empty after about ``timeout_s``; EOFError when the terminal is gone."""

    def close(self) -> None:
        """Give the terminal its mode back; safe to call twice."""


def open_keys() -> Keys | None:
    """The keys of the terminal on standard input; ``None`` where it is no terminal."""
    if sys.stdin is None or not sys.stdin.isatty():
        return None
    keys: Keys
    if sys.platform == "win32":
        import msvcrt  # noqa: PLC0415  there is none elsewhere

        keys = WindowsKeys(msvcrt.kbhit, msvcrt.getwch)
    else:
        from aes67_sender.ui.posix_keys import PosixKeys  # noqa: PLC0415  cannot be imported on Windows

        keys = PosixKeys(sys.stdin.fileno())
    return keys


def decode(data: str) -> tuple[str, ...]:
    """Names of keys: characters by themselves, others in words; sequences nobody knows are left out."""
    names = (_NAMES.get(each, each) for each in _SEQUENCE.findall(data))
    return tuple(name for name in names if len(name) > 1 or name.isprintable() if not name.startswith("\x1b"))


class WindowsKeys:
    """Reads a console by ``msvcrt``'s two functions. Its mode is left alone."""

    def __init__(self, is_waiting: Callable[[], bool], read_character: Callable[[], str]) -> None:
        self._is_waiting = is_waiting
        self._read_character = read_character

    def read(self, timeout_s: float) -> tuple[str, ...]:
        """See ``Keys``."""
        end_s = time.monotonic() + timeout_s
        while not self._is_waiting():
            if time.monotonic() >= end_s:
                return ()
            time.sleep(_POLL_S)
        character = self._read_character()
        if character in {"\x00", "\xe0"}:
            name = _SCANS.get(self._read_character())
            return (name,) if name else ()
        if character == _CTRL_C:
            # Windows hands it over as a character while one is being read.
            signal.raise_signal(signal.SIGINT)
            return ()
        return decode(character)

    def close(self) -> None:
        """Nothing to give back."""
