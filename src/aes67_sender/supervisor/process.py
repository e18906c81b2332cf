"""One engine process: its pipes, its log lines, its end."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import re
import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Any, Final

from aes67_sender.errors import MachineError
from aes67_sender.logic.codec import encode_line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aes67_sender.model.protocol import SetClock, SetConfig, Start, Stop

ENGINE_COMMAND: Final = (sys.executable, "-m", "aes67_sender.engine")
#: A report of 64 streams with 8 channels is 20 KB; a line beyond this is no report.
LONGEST_LINE_BYTES: Final = 4 * 1024 * 1024
#: More lines of log than this in one second are counted, not shown.
LOG_LINES_PER_S: Final = 50
#: Exit codes from here on are NTSTATUS errors: Windows ended the process.
_WINDOWS_FAILURE: Final = 0xC000_0000
_LEVELLED: Final = re.compile(r"(DEBUG|INFO|WARNING|ERROR|CRITICAL)[: ]\s*(.*)")
_log = logging.getLogger("aes67_sender.engine")


class EngineProcess:
    """A running engine process. Lives in the event loop; make one with ``spawn``."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        if process.stdin is None or process.stdout is None or process.stderr is None:
            raise AssertionError("An engine has three pipes.")
        self._process = process
        self._stdin = process.stdin
        self._stdout = process.stdout
        self._relay = asyncio.create_task(self._relay_log(process.stderr))
        self._last_words = ""

    @classmethod
    async def spawn(cls, command: Sequence[str] = ENGINE_COMMAND, stdin_fd: int | None = None) -> EngineProcess:
        """Start a process that waits for its ``Start``; it inherits ``stdin_fd`` under the same number.

        Raises:
            MachineError: the system gives no process.
        """
        try:
            process = await asyncio.create_subprocess_exec(
                *command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                limit=LONGEST_LINE_BYTES,
                **_inheritance(stdin_fd),
            )
        except OSError as error:
            raise MachineError(
                f"The engine process cannot be started: {error.strerror or error}.",
                hint="Check that memory, processes (ulimit -u) and open files (ulimit -n) are not exhausted.",
            ) from error
        return cls(process)

    @property
    def pid(self) -> int:
        """Process id."""
        return self._process.pid

    @property
    def running(self) -> bool:
        """Whether its end has not been noticed yet."""
        return self._process.returncode is None

    def send(self, message: Start | SetClock | SetConfig | Stop) -> None:
        """Send one message; a process that is gone is noticed by who reads, not here."""
        with contextlib.suppress(OSError, RuntimeError):
            self._stdin.write(encode_line(message))

    async def read_line(self) -> bytes:
        """The next line of the engine's stdout, empty at its end. Cancelling loses nothing.

        Raises:
            ValueError: the line is longer than ``LONGEST_LINE_BYTES``.
        """
        return await self._stdout.readline()

    async def wait(self) -> int:
        """Wait for the end; the exit code, negative for a signal."""
        return await self._process.wait()

    def hang_up(self) -> None:
        """Close the engine's stdin, which tells it to end."""
        self._stdin.close()

    async def end(self, patience_s: float) -> str:
        """Wait at most ``patience_s`` for the process to end by itself, then kill it.

        Returns:
            How it ended, as part of a sentence.
        """
        # Not asyncio.timeout: early Python 3.11 takes its time-out for the cancelling that brought us here.
        waiting = asyncio.ensure_future(self._process.wait())
        done, _ = await asyncio.wait([waiting], timeout=patience_s)
        killed = not done
        if killed:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()
        code = await waiting
        self.hang_up()
        # A grandchild may hold the pipe open: what it still has to say is not worth waiting for.
        await asyncio.wait([self._relay], timeout=0.1)
        self._relay.cancel()
        return "it did not end and was killed" if killed else describe_exit(code, self._last_words)

    async def _relay_log(self, stderr: asyncio.StreamReader) -> None:
        """Hand the engine's log to ours: lines that name their level at that level, all others for debugging."""
        loop = asyncio.get_running_loop()
        second, lines = loop.time(), 0
        while True:
            try:
                raw = await stderr.readline()
            except ValueError:
                continue  # a line longer than the buffer: asyncio has dropped it
            if not raw:
                return
            line = raw.decode("utf-8", "replace").rstrip()
            self._last_words = line or self._last_words
            if loop.time() - second >= 1:
                if lines > LOG_LINES_PER_S:
                    _log.warning("%d more lines of the engine's log were left out", lines - LOG_LINES_PER_S)
                second, lines = loop.time(), 0
            lines += 1
            if line and lines <= LOG_LINES_PER_S:
                levelled = _LEVELLED.match(line)
                if levelled:
                    _log.log(logging.getLevelNamesMapping()[levelled[1]], "%s", levelled[2])
                else:
                    _log.debug("%s", line)


def _inheritance(stdin_fd: int | None) -> dict[str, Any]:
    """How a child gets the user's standard input under the same number.

    On Windows it also gets a console of its own, which nobody sees: Ctrl-C, and the closing of the user's console, are
    for the supervisor alone.
    """
    if sys.platform == "win32":
        handles = {"handle_list": [] if stdin_fd is None else [stdin_fd]}
        options: dict[str, Any] = {
            "creationflags": subprocess.CREATE_NO_WINDOW,
            "startupinfo": subprocess.STARTUPINFO(lpAttributeList=handles),
        }
    else:
        options = {"pass_fds": () if stdin_fd is None else (stdin_fd,)}
    return options


def describe_exit(code: int, last_words: str) -> str:
    """An exit code as part of a sentence, with the process's last line of log where that explains it."""
    if code < 0:
        try:
            name = signal.Signals(-code).name
        except ValueError:
            name = f"signal {-code}"
        return f"it was killed by {name}"
    if code >= _WINDOWS_FAILURE:
        return f"it crashed with the status {code:#010x}"
    return f"it ended with code {code}" + (f" ({last_words[:200]})" if last_words and code else "")
