"""The guards of ``tests/conftest.py``, on tests that break their rules."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

from support.repository import ROOT
from support.tally import VARIABLE, in_words, total

if TYPE_CHECKING:
    from pathlib import Path

LEAKS = """
import socket, subprocess, threading, time, pytest

def test_fine(): pass

def test_thread(): threading.Thread(target=time.sleep, args=(60,), daemon=True, name="forgotten").start()

def test_process(): globals().update(kept=subprocess.Popen(["sleep", "61"]))

def test_socket():
    circle = [socket.socket()]
    circle.append(circle)

def test_fine_too(): pass

def test_wrong(): assert not 1

def test_absent(): pytest.skip("nothing here")

tries = []

@pytest.mark.flaky(reruns=1)
def test_shaky(): tries.append(0); assert len(tries) == 2
"""


def test_leaks_fail_and_the_last_line_counts_everything(tmp_path: Path) -> None:
    (tmp_path / "test_leaks.py").write_text(LEAKS)
    (tmp_path / "test_broken.py").write_text("import no_such_module")
    command = [sys.executable, "-m", "pytest", "-p", "conftest", "-c", os.devnull, "--rootdir", str(tmp_path)]
    command += ["--continue-on-collection-errors", "-p", "no:cacheprovider", "-W", "error", str(tmp_path)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "tests")}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=60, check=False)
    assert done.stdout.splitlines()[-1] == "3 passed, 5 failed, 1 skipped, 1 of the passed not at the first try"
    assert "left running: thread forgotten" in done.stdout
    assert "(sleep 61)" in done.stdout
    assert "ERROR at teardown of test_socket" in done.stdout
    assert "unclosed <socket" in done.stdout


def test_the_counts_of_parts_are_added_up(tmp_path: Path) -> None:
    tally = tmp_path / "tally"
    (tmp_path / "test_fine.py").write_text("def test_fine(): pass")
    command = [sys.executable, "-m", "pytest", "-p", "conftest", "-c", os.devnull, "--rootdir", str(tmp_path)]
    command += ["-p", "no:cacheprovider", str(tmp_path)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "tests"), VARIABLE: str(tally)}
    for _ in range(2):
        done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=60, check=False)
        assert done.returncode == 0
    assert in_words(total(tally)) == "2 passed, 0 failed, 0 skipped"
