from __future__ import annotations

import contextlib
import os
import time
from typing import TYPE_CHECKING

import psutil

from support import ownprocess

if TYPE_CHECKING:
    from pathlib import Path

# No signal ends the second wait, and PyDLL keeps the GIL: no Python code runs in that process any more.
HANGS = """
import ctypes, subprocess
def test_it():
    child = subprocess.Popen(["sleep", "1000"], start_new_session=True)
    with open("child", "w") as file:
        print("child", child.pid, file=file)
    libc, mutex = ctypes.PyDLL(None), ctypes.create_string_buffer(128)
    libc.pthread_mutex_lock(mutex)
    libc.pthread_mutex_lock(mutex)
"""


def run(directory: Path, source: str, limit_s: float = 60) -> str:
    (directory / "test_it.py").write_text(source)
    return ownprocess.run("test_it.py::test_it", directory=directory, limit_s=limit_s)


def started(directory: Path) -> int:
    return int((directory / "child").read_text().split()[1])


def is_dead(process: int) -> bool:
    """Killed, though whoever inherited it may not have noticed yet."""
    deadline = time.monotonic() + 10
    while psutil.pid_exists(process) and time.monotonic() < deadline:
        with contextlib.suppress(psutil.NoSuchProcess):
            if psutil.Process(process).status() == psutil.STATUS_ZOMBIE:
                return True
        time.sleep(0.02)
    return not psutil.pid_exists(process)


def test_a_test_that_passes_says_nothing(tmp_path: Path) -> None:
    assert run(tmp_path, "def test_it(): pass") == ""


def test_it_runs_in_a_process_of_its_own(tmp_path: Path) -> None:
    assert run(tmp_path, f"import os\ndef test_it(): assert os.getpid() != {os.getpid()}") == ""
    assert not ownprocess.is_inside()


def test_a_failure_is_told_in_full(tmp_path: Path) -> None:
    said = run(tmp_path, "def test_it():\n    wanted = 'blue'\n    assert wanted == 'green'")
    assert "exit code 1" in said
    assert "AssertionError: assert 'blue' == 'green'" in said


def test_a_skipped_test_has_not_passed(tmp_path: Path) -> None:
    assert "1 skipped" in run(tmp_path, "import pytest\ndef test_it(): pytest.skip('no')")


def test_a_crash_is_a_failure_and_leaves_nothing_behind(tmp_path: Path) -> None:
    crash = "import os\n" + HANGS[: HANGS.index("    libc")] + "    os.abort()"
    said = run(tmp_path, crash)
    assert "exit code -6" in said
    assert "in test_it" in said
    assert is_dead(started(tmp_path))


def test_a_test_that_hangs_in_c_is_killed_with_what_it_started_and_its_stack_is_told(tmp_path: Path) -> None:
    said = run(tmp_path, HANGS, 6)
    assert said.startswith("killed after 6 s")
    assert "in test_it" in said
    assert is_dead(started(tmp_path))
