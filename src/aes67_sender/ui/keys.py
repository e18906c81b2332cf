"""Single keys from the terminal, while Ctrl-C and Ctrl-Z keep their meaning.

From the standard library alone: ``termios`` where there is one, ``msvcrt`` on Windows.
"""

from __future__ import annotations

import contextlib
import os
import re
import select
import signal
import sys
import threading
import time
from typing import TYPE_CHECKING, Any, Final, Protocol

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
_INCOMPLETE: Final = re.compile(rb"\x1b(?:\[[0-?]*[ -/]*|O)?\Z")
#: The rest of a sequence comes within this time, or the key was Escape.
_REST_S: Final = 0.05
_LONGEST: Final = 256
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
    if sys.platform == "win32":
        import msvcrt  # noqa: PLC0415  there is none elsewhere

        return WindowsKeys(msvcrt.kbhit, msvcrt.getwch)
    return PosixKeys(sys.stdin.fileno())


def decode(data: str) -> tuple[str, ...]:
    """Names of keys: characters by themselves, others in words; sequences nobody knows are left out."""
    names = (_NAMES.get(each, each) for each in _SEQUENCE.findall(data))
    return tuple(name for name in names if len(name) > 1 or name.isprintable() if not name.startswith("\x1b"))


class PosixKeys:
    """Reads a terminal without waiting for Enter, and without echo."""

    def __init__(self, descriptor: int) -> None:
        import termios  # noqa: PLC0415  there is none on Windows
        import tty  # noqa: PLC0415

        self._termios: Any = termios
        self._set_cbreak = tty.setcbreak
        self._descriptor = descriptor
        self._before = termios.tcgetattr(descriptor)
        self._closed = threading.Event()
        self._take()

    def read(self, timeout_s: float) -> tuple[str, ...]:
        """See ``Keys``. In the background, where reading would stop the process, there are none."""
        if not self._in_foreground():
            time.sleep(timeout_s)
            return ()
        try:
            if self._take():
                return (RESUMED,)
            if not self._wait(timeout_s) or not self._in_foreground():
                return ()
            data = os.read(self._descriptor, _LONGEST)
            while data and _INCOMPLETE.search(data) and self._wait(_REST_S):
                data += os.read(self._descriptor, _LONGEST)
        except (OSError, self._termios.error) as error:
            raise EOFError from error
        if not data:
            raise EOFError
        return decode(data.decode(errors="ignore"))

    def close(self) -> None:
        """See ``Keys``. TCSANOW, since a stopped terminal would never be drained."""
        if self._closed.is_set():
            return
        self._closed.set()
        if self._in_foreground():
            with contextlib.suppress(OSError, self._termios.error):
                self._termios.tcsetattr(self._descriptor, self._termios.TCSANOW, self._before)

    def _take(self) -> bool:
        """Whether the mode had to be set: a shell that had the terminal meanwhile has set its own."""
        line_by_line = self._termios.tcgetattr(self._descriptor)[3] & self._termios.ICANON
        if not line_by_line or self._closed.is_set() or not self._in_foreground():
            return False
        self._set_cbreak(self._descriptor, self._termios.TCSANOW)
        if self._closed.is_set():
            # Closed by the other thread in between.
            self._termios.tcsetattr(self._descriptor, self._termios.TCSANOW, self._before)
        return True

    def _wait(self, timeout_s: float) -> bool:
        return bool(select.select([self._descriptor], [], [], timeout_s)[0])

    def _in_foreground(self) -> bool:
        try:
            return os.tcgetpgrp(self._descriptor) == os.getpgrp()
        except OSError:
            # Not our controlling terminal: nobody stops us for using it.
            return True


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
