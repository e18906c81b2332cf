"""Checks that are made in a process of their own, because they may crash or hang in C."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any, Final

from aes67_sender.errors import SenderError

_LAST_WORDS: Final = 300


class ChildError(SenderError):
    """The process ended without an answer, or did not end in time."""


def ask(module: str, *arguments: str, within_s: float) -> dict[str, Any]:
    """The JSON object that ``python -m module`` prints. Blocks for ``within_s`` at most.

    Raises:
        ChildError: it crashed, or hung and was killed.
    """
    command = [sys.executable, "-m", module, *arguments]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=within_s, check=False)  # noqa: S603  our own module
    except subprocess.TimeoutExpired:
        raise ChildError(f"It did not end within {within_s:g} s.") from None
    # GStreamer and libjack may have written to standard output too: ours is the last line.
    answer = done.stdout.rpartition("\n")[2]
    if done.returncode == 0 and answer.startswith("{"):
        found: dict[str, Any] = json.loads(answer)
        return found
    said = " ".join(done.stderr.split())[-_LAST_WORDS:]
    how = f"was ended by signal {-done.returncode}" if done.returncode < 0 else f"ended with code {done.returncode}"
    raise ChildError(f"Its process {how}. {said}".rstrip())
