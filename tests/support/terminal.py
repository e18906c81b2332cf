"""A person at a terminal of 80 columns and 24 lines: sees the screen as it is drawn, and types."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Self

import pexpect
import pyte

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

COLUMNS, LINES = 80, 24
KEYS = {"enter": "\r", "down": "\x1b[B", "up": "\x1b[A", "end": "\x1b[F", "ctrl-c": "\x03", "ctrl-d": "\x04"}


class _Emulator(pyte.Screen):
    """Answers the program's questions about the cursor, as a terminal does."""

    def __init__(self, answer: pexpect.spawn[str]) -> None:
        super().__init__(COLUMNS, LINES)
        self._answer = answer

    def write_process_input(self, data: str) -> None:
        self._answer.send(data)


class Terminal:
    """A program in a pseudo-terminal. A context manager: it is gone afterwards."""

    def __init__(
        self,
        command: Sequence[str],
        directory: Path,
        environment: Mapping[str, str] | None = None,
        *,
        within_s: float = 30,
    ) -> None:
        own = {**os.environ, **(environment or {}), "TERM": "xterm-256color"}
        own.pop("NO_COLOR", None)
        self._child = pexpect.spawn(
            command[0],
            list(command[1:]),
            cwd=str(directory),
            env=own,
            dimensions=(LINES, COLUMNS),
            timeout=within_s,
            encoding="utf-8",
            codec_errors="replace",
        )
        self._screen = _Emulator(self._child)
        self._stream = pyte.Stream(self._screen)
        self._within_s = within_s

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._child.close(force=True)

    @property
    def text(self) -> str:
        """The screen now, without blanks at the ends of lines."""
        self._read(0.0)
        return "\n".join(line.rstrip() for line in self._screen.display).rstrip()

    def see(self, *texts: str, gone: str | None = None) -> str:
        """Wait until all of these are on the screen, and ``gone`` is not; gives the screen."""
        until_s = time.monotonic() + self._within_s
        while any(text not in self.text for text in texts) or (gone is not None and gone in self.text):
            alive = self._child.isalive()
            assert time.monotonic() < until_s, f"{texts} not seen:\n{self.text}"
            self._read(0.05)
            assert alive or all(text in self.text for text in texts), f"it ended before {texts} came:\n{self.text}"
        return self.text

    def press(self, *keys: str) -> None:
        """Keys by name."""
        for key in keys:
            self._child.send(KEYS[key])

    def type(self, text: str) -> None:
        """A line, and Enter."""
        self._child.send(f"{text}\r")

    def choose(self, title: str, *keys: str) -> None:
        """Wait for a list, go through it by keys, and take what is pointed at."""
        self.see(f"? {title}")
        self.press(*keys, "enter")
        self.see(gone=f"? {title}")

    def write(self, title: str, text: str = "") -> None:
        """Wait for a line to be filled in, and fill it in; nothing, to take what is proposed, of a list too."""
        self.see(f"? {title}")
        self.type(text)
        if not text:
            self.see(gone=f"? {title}")

    def end(self) -> int:
        """Wait for the end; the exit code."""
        until_s = time.monotonic() + self._within_s
        while self._child.isalive():
            assert time.monotonic() < until_s, f"still running:\n{self.text}"
            self._read(0.05)
        self._read(0.0)
        status = self._child.exitstatus
        assert status is not None, f"ended by signal {self._child.signalstatus}:\n{self.text}"
        return status

    def terminate(self, number: int) -> None:
        """Send a signal."""
        self._child.kill(number)

    def _read(self, timeout_s: float) -> None:
        try:
            while True:
                self._stream.feed(self._child.read_nonblocking(65_536, timeout_s))
                timeout_s = 0.0
        except (pexpect.TIMEOUT, pexpect.EOF):
            return
