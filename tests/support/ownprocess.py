"""A test in a process of its own, so that it can be killed whatever it does.

A library may block for ever in C. There no signal is noticed, so no time-out helps; with libjack one such call also
makes every later one in the process hang. The test is run by a second pytest, which makes the same report of a failure.
"""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
import sys
import tempfile
import uuid
from typing import TYPE_CHECKING, Final

import psutil

if TYPE_CHECKING:
    from pathlib import Path

#: In the environment of the test and of all that it starts; its value is like no other test's.
_INSIDE: Final = "AES67_TEST_IN_OWN_PROCESS"
#: Many times what any of them takes, and less than pytest's own time-out for a test.
LIMIT_S: Final = 90.0
#: The stacks of a hanging test are printed so long before it is killed.
_DUMP_S: Final = 10.0
_PASSED: Final = re.compile(r"^1 passed", re.MULTILINE)


def is_inside() -> bool:
    """Whether this is the process of one test."""
    return _INSIDE in os.environ


def run(test: str, *, directory: Path, limit_s: float = LIMIT_S) -> str:
    """Run one test, by its node id relative to ``directory``; why it failed, empty when it passed.

    It must pass: one that is skipped has not. All processes it started are gone afterwards, even if it crashed.
    """
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--timeout=0", test]
    command += ["-o", f"faulthandler_timeout={limit_s - min(_DUMP_S, limit_s / 2)}"]
    # Not a pipe: it would stay open as long as any process that the test started.
    token = uuid.uuid4().hex
    with tempfile.TemporaryFile("w+") as output:
        process = subprocess.Popen(
            command,
            cwd=directory,
            env={**os.environ, _INSIDE: token},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        why = ""
        try:
            process.wait(limit_s)
        except subprocess.TimeoutExpired:
            why = f"killed after {limit_s:.0f} s\n"
        finally:
            _kill(token)
            process.wait()
        output.seek(0)
        said = output.read()
    if not why and process.returncode == 0 and _PASSED.search(said):
        return ""
    return f"{why}exit code {process.returncode}\n{said}"


def _kill(token: str) -> None:
    """Kill the test and all that it started. Not as a group or session: jackd makes a session of its own."""
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if process.environ().get(_INSIDE) == token:
                process.kill()
