"""A child process whose output is kept in a file: nothing to drain, and all of it there when something fails."""

from __future__ import annotations

import re
import signal
import subprocess
import time
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

POLL_S = 0.02


class ProcessError(AssertionError):
    """A peer did not do what the test relies on; carries the end of its output."""


class LoggedProcess:
    """A running program. A context manager: it is gone afterwards, whatever happened."""

    def __init__(
        self,
        arguments: Sequence[str],
        log: Path,
        *,
        stdout: Path | None = None,
        environment: Mapping[str, str] | None = None,
        commanded: bool = False,
    ) -> None:
        """Start it; ``commanded`` allows ``write``.

        Both outputs go to ``log``, or standard output alone to ``stdout``.
        """
        self.arguments = tuple(arguments)
        self.log = log
        self.stdout = stdout or log
        with log.open("ab") as errors, self.stdout.open("ab") as output:
            self.popen = subprocess.Popen(
                self.arguments,
                stdin=subprocess.PIPE if commanded else subprocess.DEVNULL,
                stdout=output,
                stderr=errors,
                env=environment,
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def pid(self) -> int:
        return self.popen.pid

    def write(self, text: str) -> None:
        """To its standard input."""
        assert self.popen.stdin, "started without commanded=True"
        self.popen.stdin.write(text.encode())
        self.popen.stdin.flush()

    def output(self) -> str:
        return self.stdout.read_text(errors="replace")

    def tail(self, lines: int = 30) -> str:
        """The end of the log, for failure messages."""
        text = self.log.read_text(errors="replace").splitlines()
        return "\n".join([f"$ {' '.join(self.arguments)}", *text[-lines:]])

    def wait_for(self, pattern: str, within_s: float) -> re.Match[str]:
        """Wait until its standard output matches."""
        deadline = time.monotonic() + within_s
        while True:
            ended = self.popen.poll() is not None
            if match := re.search(pattern, self.output()):
                return match
            if ended:
                raise ProcessError(f"ended with {self.popen.returncode} before {pattern!r} came\n{self.tail()}")
            if time.monotonic() > deadline:
                raise ProcessError(f"no {pattern!r} within {within_s} s\n{self.tail()}")
            time.sleep(POLL_S)

    def wait(self, within_s: float) -> int:
        """Wait for its own end; gives the exit code (negative: the signal that ended it)."""
        try:
            return self.popen.wait(within_s)
        except subprocess.TimeoutExpired:
            raise ProcessError(f"still running after {within_s} s\n{self.tail()}") from None

    def stop(self, signal_number: int = signal.SIGTERM, within_s: float = 5) -> int:
        """Ask it to end, kill it if it does not; gives the exit code. Safe to call twice."""
        if self.popen.poll() is None:
            self.popen.send_signal(signal_number)
            try:
                self.popen.wait(within_s)
            except subprocess.TimeoutExpired:
                self.kill()
        self._close()
        return self.popen.returncode

    def kill(self) -> None:
        """End it as a crash would."""
        self.popen.kill()
        self.popen.wait()
        self._close()

    def _close(self) -> None:
        if self.popen.stdin:
            self.popen.stdin.close()
