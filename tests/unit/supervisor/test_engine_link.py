from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import signal
import sys
import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from aes67_sender.logic.fold import EngineDied, EngineHandedOver, EngineReported
from aes67_sender.model.protocol import Start, StreamHandover
from aes67_sender.supervisor.engine_link import EngineLink, Patience

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

FAKE = Path(__file__).with_name("fake_engine.py")
START = Start({}, "eth0", "10.0.0.1", (StreamHandover("s1", 0x12345678, 17), StreamHandover("s2", 2, 3)))
QUICK = Patience(first_report_s=20, standby_report_s=20, report_s=1.0, standby_after_s=0.1)


@dataclass
class Seen:
    reports: list[EngineReported] = field(default_factory=list)
    deaths: list[EngineDied] = field(default_factory=list)
    handovers: list[EngineHandedOver] = field(default_factory=list)

    def take(self, event: EngineReported | EngineDied | EngineHandedOver) -> None:
        match event:
            case EngineReported():
                self.reports.append(event)
            case EngineDied():
                self.deaths.append(event)
            case EngineHandedOver():
                self.handovers.append(event)

    @property
    def told(self) -> dict[str, Any]:
        """What the engine of the last report says of itself."""
        told: dict[str, Any] = json.loads(self.reports[-1].report.realtime_why)
        return told


async def until(condition: Callable[[], object], limit_s: float = 30.0) -> None:
    async with asyncio.timeout(limit_s):
        while not condition():  # noqa: ASYNC110  conditions of any kind, some of them of the system
            await asyncio.sleep(0.02)


@contextlib.asynccontextmanager
async def running(
    behaviour: str, patience: Patience = QUICK, start: Start = START
) -> AsyncIterator[tuple[EngineLink, Seen]]:
    seen = Seen()
    link = EngineLink(start, seen.take, command=(sys.executable, str(FAKE), behaviour), patience=patience)
    task = asyncio.create_task(link.run())
    try:
        yield link, seen
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


def gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


def test_a_killed_engine_is_replaced_by_the_waiting_one_with_what_it_must_keep() -> None:
    async def scenario() -> None:
        async with running("ok") as (link, seen):
            await until(lambda: link.standby_pid)
            first, standby = seen.told["pid"], link.standby_pid
            os.kill(first, signal.SIGKILL)
            await until(lambda: seen.deaths and seen.told["pid"] != first)
            assert seen.deaths[0].why == "it was killed by SIGKILL"
            assert seen.told["pid"] == standby
            assert seen.told["mapping"]
            assert seen.told["grandmaster"] == "00-1d-c1-ff-fe-12-34-56"
            assert seen.told["ssrc"] == [0x12345678, 2]
            assert seen.told["offsets"] == [17, 3]
            assert seen.told["ports"] == [40_000, 40_000]
            # And the next standby is made.
            await until(lambda: link.standby_pid)
            assert link.standby_pid not in {first, standby}

    asyncio.run(scenario())


def test_a_dead_standby_is_replaced_and_the_stream_does_not_notice() -> None:
    async def scenario() -> None:
        async with running("ok") as (link, seen):
            await until(lambda: link.standby_pid)
            standby = link.standby_pid
            assert standby
            os.kill(standby, signal.SIGKILL)
            await until(lambda: link.standby_pid not in {None, standby})
            assert not seen.deaths

    asyncio.run(scenario())


def test_both_dead_at_once_is_still_a_restart() -> None:
    async def scenario() -> None:
        async with running("ok") as (link, seen):
            await until(lambda: link.standby_pid)
            first, standby = seen.told["pid"], link.standby_pid
            assert standby
            os.kill(standby, signal.SIGKILL)
            os.kill(first, signal.SIGKILL)
            await until(lambda: seen.deaths and seen.told["pid"] not in {first, standby})

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("behaviour", "why"),
    [
        ("hang", "it gave no report for 1 s"),
        ("mute", "it gave no report for 1 s"),
        ("deaf-mute", "it gave no report for 1 s"),
        ("babble", "it gave no report for 1 s"),
        ("endless-line", "it gave no report for 1 s"),
        ("crash", "it ended with code 1 (RuntimeError: no such thing)"),
    ],
)
def test_an_engine_that_is_of_no_use_is_ended_and_started_again(behaviour: str, why: str) -> None:
    async def scenario() -> None:
        patience = replace(QUICK, first_report_s=QUICK.report_s)
        # Until the interpreter is up, "no report" says little. A hanging engine has reported before, and one that
        # crashes is not waited for.
        async with running(behaviour, QUICK if behaviour in {"hang", "crash"} else patience) as (_, seen):
            await until(lambda: len(seen.deaths) == 2, 60)
            assert why in {death.why for death in seen.deaths}

    asyncio.run(scenario())


def test_garbage_between_reports_is_logged_and_passed_over(caplog: pytest.LogCaptureFixture) -> None:
    async def scenario() -> None:
        async with running("garbage") as (_, seen):
            await until(lambda: len(seen.reports) > 5)
            assert not seen.deaths

    asyncio.run(scenario())
    assert [r for r in caplog.records if "no report" in r.getMessage()]


def test_a_flood_of_reports_and_log_leaves_the_loop_alive(caplog: pytest.LogCaptureFixture) -> None:
    async def scenario() -> None:
        async with running("flood", replace(QUICK, standby_after_s=60)) as (_, seen):
            await until(lambda: seen.reports)
            turns, end_s = 0, time.monotonic() + 1.5
            while time.monotonic() < end_s:
                await asyncio.sleep(0)
                turns += 1
            assert turns > 20
            assert len(seen.reports) > 20
            assert not seen.deaths

    with caplog.at_level(logging.DEBUG, "aes67_sender.engine"):
        asyncio.run(scenario())
    assert len([r for r in caplog.records if "much to say" in r.getMessage()]) < 1000


def test_an_engine_that_does_not_listen_cannot_delay_the_end_for_long() -> None:
    async def scenario() -> float:
        async with running("deaf-mute", replace(QUICK, first_report_s=60)):
            await asyncio.sleep(0.5)
            asked_s = time.monotonic()
        return time.monotonic() - asked_s

    # 0.5 s of patience; the rest is for a machine that stalls.
    assert asyncio.run(scenario()) < 5


CONFIG: dict[str, Any] = {"name": "other"}
OTHER = (StreamHandover("s1", 0x12345678, 17), StreamHandover("s3", 9, 9))


def test_another_config_is_sent_by_this_engine_and_by_the_next() -> None:
    async def scenario() -> None:
        async with running("ok") as (link, seen):
            await until(lambda: seen.reports)
            assert await link.set_config(CONFIG, OTHER) == ""
            assert [stream.id for stream in seen.reports[-1].report.streams] == ["s1", "s3"]
            assert seen.told["configs"] == 1
            await until(lambda: link.standby_pid)
            os.kill(seen.told["pid"], signal.SIGKILL)
            await until(lambda: seen.deaths and seen.told["configs"] == 0)
            assert [stream.id for stream in seen.reports[-1].report.streams] == ["s1", "s3"]
            assert link.handovers["s3"] == StreamHandover("s3", 9, 9, 40_000)

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("behaviour", "why"), [("refusing", "There is no room."), ("ignorant", "The engine gave no answer for 0.5 s.")]
)
def test_an_engine_that_cannot_take_a_config_up_gives_way_without_counting_as_dead(behaviour: str, why: str) -> None:
    async def scenario() -> None:
        async with running(behaviour, replace(QUICK, config_s=0.5)) as (link, seen):
            await until(lambda: seen.reports)
            first = seen.told["pid"]
            assert await link.set_config(CONFIG, OTHER) == why
            await link.hand_over(link.start)
            await until(lambda: seen.told["pid"] != first)
            assert [stream.id for stream in seen.reports[-1].report.streams] == ["s1", "s3"]
            assert seen.told["mapping"]
            assert seen.told["waited_s"] > 0
            assert not seen.deaths
            assert len(seen.handovers) == 1
            assert gone(first)

    asyncio.run(scenario())


def test_an_engine_that_does_not_stop_for_another_is_killed() -> None:
    async def scenario() -> None:
        async with running("stubborn") as (link, seen):
            await until(lambda: seen.reports)
            first = seen.told["pid"]
            await link.hand_over(link.start)
            await until(lambda: seen.told["pid"] != first)
            assert not seen.deaths
            assert gone(first)

    asyncio.run(scenario())


def test_an_engine_that_dies_over_a_config_leaves_it_to_the_next() -> None:
    async def scenario() -> None:
        async with running("ignorant", replace(QUICK, config_s=30)) as (link, seen):
            await until(lambda: seen.reports)
            asking = asyncio.create_task(link.set_config(CONFIG, OTHER))
            await asyncio.sleep(0.1)
            os.kill(seen.told["pid"], signal.SIGKILL)
            assert await asking == ""
            await until(lambda: [stream.id for stream in seen.reports[-1].report.streams] == ["s1", "s3"])
            assert len(seen.deaths) == 1

    asyncio.run(scenario())


def test_stopping_leaves_no_process() -> None:
    pids: list[int] = []

    async def scenario() -> None:
        async with running("ok") as (link, seen):
            await until(lambda: link.standby_pid)
            assert link.standby_pid
            pids.extend((seen.told["pid"], link.standby_pid))

    asyncio.run(scenario())
    assert all(gone(pid) for pid in pids)


def test_stopping_during_the_start_leaves_no_process() -> None:
    async def scenario() -> None:
        for delay_s in (0, 0.001, 0.01, 0.05, 0.2):
            async with running("ok") as (_, seen):
                await asyncio.sleep(delay_s)
            assert not seen.deaths

    asyncio.run(scenario())
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)


def test_the_engine_reads_the_stdin_it_was_given() -> None:
    read_fd, write_fd = os.pipe()
    os.write(write_fd, b"pcm")

    async def scenario() -> None:
        async with running("ok", start=replace(START, stdin_fd=read_fd)) as (_, seen):
            await until(lambda: seen.reports)
            assert seen.told["stdin"] == "pcm"

    asyncio.run(scenario())
    os.close(read_fd)
    os.close(write_fd)
