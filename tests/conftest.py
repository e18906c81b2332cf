"""What holds for all tests: markers by folder, nothing left behind, one line that says how it went."""

from __future__ import annotations

import gc
import importlib.util
import os
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import pytest
from hypothesis import settings

from support import lastresort, netlab, ownprocess, wine
from support.tally import Tally

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.netlab import Host

TESTS = Path(__file__).parent
GRACE_S = 3.0
# Nothing here depends on a clock, a process or a peer: what fails once is wrong.
EXACT = tuple(TESTS / "unit" / ring for ring in ("config", "logic", "rules", "support", "wire"))

# The same examples on every run, and no deadline: the machines that run this stall. To search further:
# pytest --hypothesis-profile=search
settings.register_profile("ci", derandomize=True, deadline=None)
settings.register_profile("search", max_examples=2000, deadline=None)
settings.load_profile("ci")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark tests by their folder, and skip, with the reason, what this machine cannot run.

    Where real peers and threads take part, one stall of a shared machine can fail any test: it gets two more
    tries, and the last line says how many needed them.
    """
    no_lab = netlab.why_unavailable()
    reasons = {"lab": no_lab, "peers": no_lab, "gst": _why_no_gstreamer(), "windows": wine.why_unavailable()}
    for item in items:
        if not item.path.is_relative_to(TESTS):
            continue
        ring = item.path.relative_to(TESTS).parts[0]
        if ring in reasons:
            item.add_marker(ring)
        if reason := reasons.get(ring):
            item.add_marker(pytest.mark.skip(reason=reason))
        if not ownprocess.is_inside() and not any(item.path.is_relative_to(folder) for folder in EXACT):
            item.add_marker(pytest.mark.flaky(reruns=2))


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Run a test marked so in a process of its own; there, as usual."""
    if pyfuncitem.get_closest_marker("own_process") is None or ownprocess.is_inside():
        return None
    if said := ownprocess.run(pyfuncitem.nodeid, directory=pyfuncitem.config.rootpath):
        pytest.fail(said, pytrace=False)
    return True


def _why_no_gstreamer() -> str | None:
    return None if importlib.util.find_spec("gi") else "needs python3-gi"


@pytest.fixture(autouse=True)
def nothing_left_behind() -> Iterator[None]:
    """A test ends its own threads and processes, and closes its sockets; what a wider fixture started may stay."""
    threads, children, files = set(threading.enumerate()), set(_children()), _open_files()
    yield
    deadline = time.monotonic() + GRACE_S
    while (left := _left_behind(threads, children)) and time.monotonic() < deadline:
        time.sleep(0.02)
    for child in set(_children()) - children:
        child.kill()
    if _open_files() > files:
        # What is open and in a reference cycle is warned of when the garbage is collected: in this test, no later one.
        gc.collect()
    if left:
        pytest.fail(f"left running: {', '.join(left)}")


@pytest.fixture
def lab() -> Iterator[dict[str, Host]]:
    """Hosts ``gm``, ``tx`` and ``rx``; ``tx`` has a second, wrong interface that owns the multicast route."""
    with netlab.open_lab(decoys=("tx",)) as hosts:
        yield hosts


@pytest.fixture
def gm(lab: dict[str, Host]) -> Host:
    """The grandmaster's host."""
    return lab["gm"]


@pytest.fixture
def tx(lab: dict[str, Host]) -> Host:
    """The sender's host."""
    return lab["tx"]


@pytest.fixture
def rx(lab: dict[str, Host]) -> Host:
    """The receiver's host."""
    return lab["rx"]


def _left_behind(threads: set[threading.Thread], children: set[psutil.Process]) -> list[str]:
    new_threads = set(threading.enumerate()) - threads
    # Threads of C libraries that once called into Python are listed for ever, running or not.
    left = [f"thread {thread.name}" for thread in new_threads if not isinstance(thread, threading._DummyThread)]  # noqa: SLF001  has no other name
    return left + [f"process {_describe(child)}" for child in set(_children()) - children]


def _open_files() -> int:
    if sys.platform == "win32":
        return psutil.Process().num_handles()
    return psutil.Process().num_fds()


def _children() -> list[psutil.Process]:
    running = []
    for child in psutil.Process().children(recursive=True):
        try:
            ended = child.status() == psutil.STATUS_ZOMBIE
            # Python's own helper for shared memory stays until the end, by design.
            helper = any("resource_tracker" in word for word in child.cmdline())
        except psutil.NoSuchProcess:
            continue
        if not ended and not helper:
            running.append(child)
    return running


def _describe(process: psutil.Process) -> str:
    try:
        return f"{process.pid} ({' '.join(process.cmdline())})"
    except psutil.NoSuchProcess:
        return str(process.pid)


def pytest_configure(config: pytest.Config) -> None:
    """Count, where the results come together; and see to it that no test can hold up the run."""
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(Tally(), "tally")
    for name in ("COLUMNS", "LINES"):
        # Processes side by side are given one width for all: no program under test would see its own terminal's.
        os.environ.pop(name, None)
    if not ownprocess.is_inside():
        config.pluginmanager.register(lastresort.LastResort(), "last-resort")
