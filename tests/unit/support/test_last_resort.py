from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from support import lastresort

SUPPORT = Path(lastresort.__file__).parents[1]
# A second wait for a lock is ended by no signal.
CONFTEST = f"""
import sys
sys.path.insert(0, {str(SUPPORT)!r})
from support import lastresort
lastresort.GRACE_S = 1.0
def pytest_configure(config):
    config.pluginmanager.register(lastresort.LastResort())
"""
TESTS = """
import ctypes, time, pytest

def hang():
    libc, mutex = ctypes.CDLL(None), ctypes.create_string_buffer(128)
    libc.pthread_mutex_lock(mutex)
    libc.pthread_mutex_lock(mutex)

@pytest.fixture
def hanging_end():
    yield
    hang()

def test_hangs():
    hang()

def test_fails_and_hangs_in_its_tear_down(hanging_end):
    assert False

@pytest.mark.timeout(60)
def test_may_last_longer():
    time.sleep(3)

def test_passes():
    pass
"""


def run(directory: Path, *tests: str) -> subprocess.CompletedProcess[str]:
    (directory / "conftest.py").write_text(CONFTEST)
    (directory / "test_it.py").write_text(TESTS)
    command = [sys.executable, "-m", "pytest", "-v", "-p", "no:cacheprovider", "--timeout=1"]
    command += [f"test_it.py::{test}" for test in tests]
    return subprocess.run(command, cwd=directory, capture_output=True, text=True, timeout=60, check=False)


def test_a_test_that_hangs_in_c_ends_the_run_and_is_named(tmp_path: Path) -> None:
    done = run(tmp_path, "test_hangs", "test_passes")
    assert done.returncode == 1
    assert "in test_hangs" in done.stderr
    assert "test_passes" not in done.stdout


def test_a_failed_test_that_hangs_in_its_tear_down_ends_the_run_too(tmp_path: Path) -> None:
    done = run(tmp_path, "test_fails_and_hangs_in_its_tear_down")
    assert done.returncode == 1
    assert "in hanging_end" in done.stderr


def test_a_test_marked_as_long_has_its_time(tmp_path: Path) -> None:
    done = run(tmp_path, "test_may_last_longer", "test_passes")
    assert done.returncode == 0
    assert "2 passed" in done.stdout
