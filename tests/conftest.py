"""What holds for all tests: markers by folder, nothing left behind, one line that says how it went."""

from __future__ import annotations

import importlib.util
import threading
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import pytest
from hypothesis import settings

from support import lastresort, netlab, ownprocess, wine

if TYPE_CHECKING:
    from collections.abc import Iterator

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
    reasons = {"lab": netlab.why_unavailable(), "gst": _why_no_gstreamer(), "windows": wine.why_unavailable()}
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
    """A test ends its own threads and processes; what a wider fixture started may stay."""
    threads, children = set(threading.enumerate()), set(_children())
    yield
    deadline = time.monotonic() + GRACE_S
    while (left := _left_behind(threads, children)) and time.monotonic() < deadline:
        time.sleep(0.02)
    for child in set(_children()) - children:
        child.kill()
    if left:
        pytest.fail(f"left running: {', '.join(left)}")


def _left_behind(threads: set[threading.Thread], children: set[psutil.Process]) -> list[str]:
    new_threads = set(threading.enumerate()) - threads
    # Threads of C libraries that once called into Python are listed for ever, running or not.
    left = [f"thread {thread.name}" for thread in new_threads if not isinstance(thread, threading._DummyThread)]  # noqa: SLF001  has no other name
    return left + [f"process {_describe(child)}" for child in set(_children()) - children]


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


class _Tally:
    """Counts outcomes, and says them in the last line of the run."""

    def __init__(self) -> None:
        self.outcomes: dict[str, str] = {}
        self.run_again: set[str] = set()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """A test that passed and then failed in its tear-down has failed; one that is run again counts once."""
        outcome = str(report.outcome)  # the plug-in's word is not among those that pytest declares
        if outcome == "rerun":
            self.run_again.add(report.nodeid)
            self.outcomes.pop(report.nodeid, None)
        elif report.failed or report.skipped or report.when == "call":
            self.outcomes[report.nodeid] = report.outcome

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """A file that cannot be imported has failed; one that skips itself is skipped."""
        if report.failed or report.skipped:
            self.outcomes[report.nodeid] = report.outcome

    def pytest_unconfigure(self) -> None:
        """After pytest's own summary."""
        counts = Counter(self.outcomes.values())
        said = [f"{counts[name]} {name}" for name in ("passed", "failed", "skipped")]
        if again := [name for name in self.run_again if self.outcomes.get(name) == "passed"]:
            said.append(f"{len(again)} of the passed not at the first try")
        print(", ".join(said))  # noqa: T201  the one line a person reads


def pytest_configure(config: pytest.Config) -> None:
    """Count; and see to it that no test can hold up the run."""
    config.pluginmanager.register(_Tally(), "tally")
    if not ownprocess.is_inside():
        config.pluginmanager.register(lastresort.LastResort(), "last-resort")
