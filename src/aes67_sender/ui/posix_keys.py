"""Single keys from a terminal that has ``termios``."""

from __future__ import annotations

import contextlib
import os
import re
import select
import sys
import threading
import time
from typing import Final

from aes67_sender.ui.keys import RESUMED, decode

assert sys.platform != "win32"  # noqa: S101  for type checkers

import termios  # noqa: E402  there is none on Windows
import tty  # noqa: E402

_INCOMPLETE: Final = re.compile(rb"\x1b(?:\[[0-?]*[ -/]*|O)?\Z")
#: The rest of a sequence comes within this time, or the key was Escape.
_REST_S: Final = 0.05
_LONGEST: Final = 256


class PosixKeys:
    """Reads a terminal without waiting for Enter, and without echo."""

    def __init__(self, descriptor: int) -> None:
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
        except (OSError, termios.error) as error:
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
            with contextlib.suppress(OSError, termios.error):
                termios.tcsetattr(self._descriptor, termios.TCSANOW, self._before)

    def _take(self) -> bool:
        """Whether the mode had to be set: a shell that had the terminal meanwhile has set its own."""
        line_by_line = termios.tcgetattr(self._descriptor)[3] & termios.ICANON
        if not line_by_line or self._closed.is_set() or not self._in_foreground():
            return False
        tty.setcbreak(self._descriptor, termios.TCSANOW)
        if self._closed.is_set():
            # Closed by the other thread in between.
            termios.tcsetattr(self._descriptor, termios.TCSANOW, self._before)
        return True

    def _wait(self, timeout_s: float) -> bool:
        return bool(select.select([self._descriptor], [], [], timeout_s)[0])

    def _in_foreground(self) -> bool:
        try:
            return os.tcgetpgrp(self._descriptor) == os.getpgrp()
        except OSError:
            # Not our controlling terminal: nobody stops us for using it.
            return True
