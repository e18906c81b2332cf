"""Checks that are made in a process of their own, because they may crash or hang in C."""

from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
import threading
from collections import deque
from pathlib import Path
from typing import Any, Final

from aes67_sender.errors import SenderError

_OWN_FOLDER: Final = str(Path(__file__).resolve().parents[2])
_LAST_LINES: Final = 5
_LAST_WORDS: Final = 300
#: From its last output to its end.
_ENDS_WITHIN_S: Final = 5.0
_READ_WITHIN_S: Final = 1.0


class ChildError(SenderError):
    """The process ended without an answer, or gave none in time."""


def ask(module: str, *arguments: str, within_s: float) -> dict[str, Any]:
    """The JSON object that ``python -m module`` prints in a line of its own. Blocks for ``within_s`` at most.

    Raises:
        ChildError: it crashed, or hung and was killed.
    """
    # GStreamer's wheels put their folder before all others, where another version of this program may be.
    path = os.pathsep.join(filter(None, (_OWN_FOLDER, os.environ.get("PYTHONPATH", ""))))
    with _Child([sys.executable, "-m", module, *arguments], {**os.environ, "PYTHONPATH": path}) as child:
        answer = child.answer(within_s)
    found: dict[str, Any] = json.loads(answer)
    return found


class _Child:
    """A process that is asked for one line.

    Its end is not waited for: plug-ins may hang in theirs, and a child of its own may hold its output open.
    """

    def __init__(self, command: list[str], environment: dict[str, str]) -> None:
        self._process = subprocess.Popen(  # noqa: S603  our own module
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            errors="replace",
        )
        self._said: deque[str] = deque(maxlen=_LAST_LINES)
        self._answers: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._reader = threading.Thread(target=self._read, name="doctor-child", daemon=True)
        self._reader.start()

    def answer(self, within_s: float) -> str:
        """The line with the answer; raises ``ChildError`` without one."""
        try:
            answer = self._answers.get(timeout=within_s)
        except queue.Empty:
            raise ChildError(f"It did not answer within {within_s:g} s.") from None
        if answer is not None:
            return answer
        try:
            code = self._process.wait(_ENDS_WITHIN_S)
        except subprocess.TimeoutExpired:
            raise ChildError("It closed its output without an answer.") from None
        how = f"was ended by signal {-code}" if code < 0 else f"ended with code {code}"
        said = " ".join(" ".join(self._said).split())[-_LAST_WORDS:]
        raise ChildError(f"Its process {how}. {said}".rstrip())

    def _read(self) -> None:
        for line in self._process.stdout or ():
            if line.startswith("{"):
                self._answers.put(line)
                return
            self._said.append(line)
        self._answers.put(None)

    def __enter__(self) -> _Child:  # noqa: PYI034  not to be derived from
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()
        self._reader.join(_READ_WITHIN_S)
        if self._process.stdout is not None and not self._reader.is_alive():
            self._process.stdout.close()
