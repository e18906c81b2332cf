"""What a service manager is told, down to a real socket with a running sender behind it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import math
import os
import signal
import socket
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from aes67_sender.logic.service_state import ALIVE_S, Told, is_ready, status_of, tell
from aes67_sender.model.problem import Problem
from aes67_sender.net.sd_notify import find_manager
from aes67_sender.supervisor.notify import keep_informed
from unit.ui.pictures import HOLDOVER, WAITING_CLOCK, picture, stream

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aes67_sender.model.snapshot import Snapshot

FAKE = (sys.executable, str(Path(__file__).parents[1] / "cli" / "with_fake_engine.py"))
SENDING = picture(2)
WAITING = replace(
    picture(clock=WAITING_CLOCK), state="starting", streams=(replace(stream(1), state="waiting"), stream(2))
)


def told(snapshot: Snapshot, before: Told = Told(), *, silent_s: float = 0.1, now_s: float = 100.0) -> tuple[Told, str]:  # noqa: B008  frozen
    after, lines = tell(before, snapshot, silent_s=silent_s, now_s=now_s, watchdog_s=30.0)
    return after, " ".join(lines)


def test_ready_is_told_once_and_only_when_every_enabled_stream_is_sent() -> None:
    some = replace(WAITING, state="sending")
    assert not is_ready(WAITING)
    assert not is_ready(some)
    assert is_ready(replace(SENDING, streams=(stream(1), replace(stream(2), state="stopped"))))
    after, lines = told(some)
    assert "READY" not in lines
    after, lines = told(SENDING, after)
    assert "READY=1" in lines
    _, lines = told(SENDING, after)
    assert "READY" not in lines


def test_a_sign_of_life_comes_three_times_in_the_managers_patience_while_the_engine_reports() -> None:
    after, lines = told(SENDING)
    assert "WATCHDOG=1" in lines
    after, lines = told(SENDING, after, now_s=109.9)
    assert lines == ""
    after, lines = told(SENDING, after, now_s=110.0)
    assert lines == "WATCHDOG=1"
    for silent_s in (ALIVE_S + 0.1, 1000.0, math.inf):
        assert told(SENDING, after, silent_s=silent_s, now_s=500.0)[1] == ""
    assert told(SENDING, after, now_s=500.1)[1] == "WATCHDOG=1"


def test_without_a_watchdog_there_is_no_sign_of_life() -> None:
    assert "WATCHDOG=1" not in tell(Told(), SENDING, silent_s=0.0, now_s=1.0, watchdog_s=None)[1]


def test_the_status_changes_only_when_something_happens() -> None:
    after, lines = told(SENDING)
    assert "STATUS=2 of 2 streams sent; clock locked by gstreamer, grandmaster 00-1d-c1-ff-fe-12-34-56" in lines
    later = replace(SENDING, uptime_s=9999.0, streams=tuple(replace(each, packets=1) for each in SENDING.streams))
    assert "STATUS" not in told(later, after)[1]
    assert "holdover" in told(replace(SENDING, clock=HOLDOVER), after)[1]


def test_the_status_says_what_is_waited_for_and_what_is_wrong() -> None:
    nothing = replace(WAITING, streams=(replace(stream(1), state="waiting"),))
    assert status_of(nothing).endswith("No Announce seen in domain 0.")
    bad = Problem("stream.send", "error", "Packets of s1\ncannot be sent.")
    assert status_of(replace(SENDING, problems=(bad,))).endswith("; Packets of s1 cannot be sent.")
    assert len(status_of(replace(SENDING, problems=(bad,) * 100))) <= 400


class Manager:
    """The socket of a service manager."""

    def __init__(self, address: str) -> None:
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(address)
        self.lines: list[tuple[float, str]] = []

    def listen(self, seconds: float) -> list[str]:
        """What comes in so many seconds."""
        end_s, heard = time.monotonic() + seconds, []
        while (left_s := end_s - time.monotonic()) > 0:
            self.socket.settimeout(left_s)
            with contextlib.suppress(TimeoutError):
                heard += self.socket.recv(4096).decode().split("\n")
        return heard

    def until(self, line: str, within_s: float = 30) -> list[str]:
        """What comes up to a line."""
        heard: list[str] = []
        end_s = time.monotonic() + within_s
        while not any(each.startswith(line) for each in heard):
            assert time.monotonic() < end_s, f"no {line} in {heard}"
            heard += self.listen(0.1)
        return heard


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[Manager]:
    found = Manager(str(tmp_path / "notify"))
    yield found
    found.socket.close()


@contextlib.contextmanager
def service(folder: Path, *, watchdog_s: float, program: tuple[str, ...] = FAKE) -> Iterator[subprocess.Popen[bytes]]:
    """A sender, started as systemd would; without a watchdog for another process."""
    (folder / "aes67-config.json").write_text(
        json.dumps({"interface": "lo", "streams": [{"id": "s1", "address": "239.69.1.1"}], "announce": {"sap": False}})
    )
    environment = {
        **os.environ,
        "NOTIFY_SOCKET": str(folder / "notify"),
        "WATCHDOG_USEC": str(round(watchdog_s * 1_000_000)),
    }
    process = subprocess.Popen(
        [*program, "run", "--no-web"], cwd=folder, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def test_a_running_sender_is_ready_alive_and_says_when_it_stops(tmp_path: Path, manager: Manager) -> None:
    with service(tmp_path, watchdog_s=3) as process:
        before = manager.until("READY=1")
        assert [line for line in before if line.startswith("STATUS=0 of 1 streams sent")]
        assert "STATUS=1 of 1 streams sent; clock locked by gstreamer, grandmaster 00-1d-c1-ff-fe-12-34-56" in before
        assert manager.listen(4).count("WATCHDOG=1") >= 2
        process.send_signal(signal.SIGTERM)
        assert manager.until("STOPPING=1")
        assert process.wait(30) == 0


def test_a_sender_that_hangs_gives_no_sign_of_life(tmp_path: Path, manager: Manager) -> None:
    with service(tmp_path, watchdog_s=3) as process:
        manager.until("WATCHDOG=1")
        process.send_signal(signal.SIGSTOP)
        manager.listen(0.2)
        assert manager.listen(3) == []
        process.send_signal(signal.SIGCONT)
        manager.until("WATCHDOG=1")


def test_an_engine_that_hangs_gives_no_sign_of_life_until_another_sends() -> None:
    class Sender:
        silent_s = 0.0

        def snapshot(self) -> Snapshot:
            return SENDING

        def engine_silent_s(self) -> float:
            return self.silent_s

    class Listener:
        watchdog_s: float | None = 0.3

        def __init__(self) -> None:
            self.heard: list[str] = []

        def tell(self, *lines: str) -> None:
            self.heard += lines

    async def visit() -> None:
        sender, listener = Sender(), Listener()
        task = asyncio.create_task(keep_informed(listener, sender))
        await asyncio.sleep(0.5)
        assert listener.heard.count("WATCHDOG=1") >= 2
        sender.silent_s = ALIVE_S + 1
        await asyncio.sleep(0.2)
        listener.heard.clear()
        await asyncio.sleep(0.5)
        assert listener.heard == []
        sender.silent_s = 0.0
        await asyncio.sleep(0.5)
        assert "WATCHDOG=1" in listener.heard
        task.cancel()
        await asyncio.wait([task])
        assert listener.heard[-1] == "STOPPING=1"

    asyncio.run(visit())


def test_an_abstract_address_is_spoken_to_as_well() -> None:
    name = f"aes67-test-{os.getpid()}"
    manager = Manager(f"\0{name}")
    found = find_manager({"NOTIFY_SOCKET": f"@{name}", "WATCHDOG_USEC": "2000000"}, 1)
    assert found is not None
    assert found.watchdog_s == 2.0
    found.tell("READY=1", "STATUS=fine")
    assert manager.listen(0.2) == ["READY=1", "STATUS=fine"]
    manager.socket.close()
    found.tell("STOPPING=1")  # nobody is there any more, which is no error
    found.close()


@pytest.mark.parametrize("address", ["", "vsock:2:1234", "relative"])
def test_without_a_manager_nobody_is_told(address: str) -> None:
    assert find_manager({"NOTIFY_SOCKET": address}, 1) is None
    assert find_manager({}, 1) is None


@pytest.mark.parametrize(
    ("environment", "watchdog_s"),
    [
        ({"WATCHDOG_USEC": "30000000"}, 30.0),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "7"}, 30.0),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "8"}, None),
        ({"WATCHDOG_USEC": "0"}, None),
        ({"WATCHDOG_USEC": "soon"}, None),
        ({}, None),
    ],
)
def test_a_watchdog_for_another_process_is_none(environment: dict[str, str], watchdog_s: float | None) -> None:
    found = find_manager({"NOTIFY_SOCKET": "@nobody", **environment}, 7)
    assert found is not None
    assert found.watchdog_s == watchdog_s
    found.close()
