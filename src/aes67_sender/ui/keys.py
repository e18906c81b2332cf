"""Single keys from the terminal, while Ctrl-C and Ctrl-Z keep their meaning.

From the standard library alone: ``termios`` where there is one, the console's own functions on Windows.
"""

from __future__ import annotations

import re
import sys
from typing import Final, Protocol

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
_SEQUENCE: Final = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|O.)|.", re.DOTALL)


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
        from aes67_sender.ui.windows_keys import open_console  # noqa: PLC0415  like the other

        keys: Keys | None = open_console()
    else:
        from aes67_sender.ui.posix_keys import PosixKeys  # noqa: PLC0415  cannot be imported on Windows

        keys = PosixKeys(sys.stdin.fileno())
    return keys


def decode(data: str) -> tuple[str, ...]:
    """Names of keys: characters by themselves, others in words; sequences nobody knows are left out."""
    names = (_NAMES.get(each, each) for each in _SEQUENCE.findall(data))
    return tuple(name for name in names if len(name) > 1 or name.isprintable() if not name.startswith("\x1b"))
