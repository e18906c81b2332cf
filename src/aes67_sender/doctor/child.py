"""Checks that are made in a process of their own, because they may crash or hang in C."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

from aes67_sender.errors import SenderError

_LAST_WORDS: Final = 300
_OWN_FOLDER: Final = str(Path(__file__).resolve().parents[2])


class ChildError(SenderError):
    """The process ended without an answer, or did not end in time."""


def ask(module: str, *arguments: str, within_s: float) -> dict[str, Any]:
    """The JSON object that ``python -m module`` prints. Blocks for ``within_s`` at most.

    Raises:
        ChildError: it crashed, or hung and was killed.
    """
    command = [sys.executable, "-m", module, *arguments]
    # GStreamer's wheels put their folder before all others, where another version of this program may be.
    path = os.pathsep.join(filter(None, (_OWN_FOLDER, os.environ.get("PYTHONPATH", ""))))
    process = subprocess.Popen(  # noqa: S603  our own module
        command,
        env={**os.environ, "PYTHONPATH": path},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
    )
    try:
        output, errors = process.communicate(timeout=within_s)
    except subprocess.TimeoutExpired:
        # Without waiting for the ends of its output: GStreamer's scanner, its child, may hold them.
        process.kill()
        process.wait()
        if sys.platform != "win32":
            # There, threads still read them, which are left behind.
            _close(process)
        raise ChildError(f"It did not end within {within_s:g} s.") from None
    # GStreamer and libjack may have written to standard output too: ours is the last line.
    answer = output.rpartition("\n")[2]
    if process.returncode == 0 and answer.startswith("{"):
        found: dict[str, Any] = json.loads(answer)
        return found
    said = " ".join(errors.split())[-_LAST_WORDS:]
    how = (
        f"was ended by signal {-process.returncode}"
        if process.returncode < 0
        else f"ended with code {process.returncode}"
    )
    raise ChildError(f"Its process {how}. {said}".rstrip())


def _close(process: subprocess.Popen[str]) -> None:
    for stream in (process.stdout, process.stderr):
        if stream is not None:
            stream.close()
