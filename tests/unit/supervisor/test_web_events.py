"""Those who watch: one picture for all, none for nobody, and none who hold up the others."""

from __future__ import annotations

import asyncio
import itertools
from typing import TYPE_CHECKING

import pytest

from aes67_sender.logic.codec import decode_snapshot, encode_snapshot
from aes67_sender.supervisor import web_events
from aes67_sender.supervisor.web import make_app
from aes67_sender.supervisor.web_events import MOST_WATCHERS, Events, Watcher
from unit.supervisor.webserver import MadeUpSender, served, visiting

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import httpx

REQUEST = b"GET /api/v1/events HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"


async def until(condition: Callable[[], object], limit_s: float = 20) -> None:
    async with asyncio.timeout(limit_s):
        while not condition():  # noqa: ASYNC110  nobody tells when
            await asyncio.sleep(0.01)


async def lines(answer: httpx.Response, count: int) -> list[str]:
    found = []
    async for line in answer.aiter_lines():
        found.append(line)
        if len(found) == count:
            break
    return found


def test_a_reader_gets_the_snapshot_as_rest_tells_it(tmp_path: Path) -> None:
    sender = MadeUpSender(tmp_path)

    async def visit() -> None:
        async with visiting(sender) as client, client.stream("GET", "/api/v1/events") as answer:
            assert answer.headers["content-type"].startswith("text/event-stream")
            assert answer.headers["cache-control"] == "no-store"
            first, blank, second = await lines(answer, 3)
            assert (first, blank) == (second, "")
            assert decode_snapshot(first.removeprefix("data: ").encode()) == sender.shown

    asyncio.run(visit())


def test_each_tick_is_encoded_once_for_all_and_nothing_is_done_for_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sender = MadeUpSender(tmp_path)
    encoded = itertools.count()

    def counting(_shown: object) -> bytes:
        next(encoded)
        return b"%d" % sender.asked

    monkeypatch.setattr(web_events, "encode_snapshot", counting)

    async def visit() -> None:
        events = Events(sender, tick_s=0.005)
        await asyncio.sleep(0.05)
        assert sender.asked == 0
        watchers = [watcher for _ in range(5) if (watcher := events.join(lambda: None))]
        streams = [watcher.events() for watcher in watchers]
        seen = [[await anext(stream) for _ in range(10)] for stream in streams]
        assert seen == [[b"data: %d\n\n" % number for number in range(1, 11)]] * 5
        for watcher in watchers:
            events.leave(watcher)
            events.leave(watcher)
        asked = sender.asked
        await asyncio.sleep(0.05)
        assert sender.asked == asked == next(encoded)
        assert events.count == 0

    asyncio.run(visit())


def test_who_does_not_read_is_dropped_and_the_others_go_on(tmp_path: Path) -> None:
    async def visit() -> None:
        dropped: list[str] = []
        events = Events(MadeUpSender(tmp_path), tick_s=0.002)
        slow = events.join(lambda: dropped.append("slow"))
        quick = events.join(lambda: dropped.append("quick"))
        assert slow is not None
        assert quick is not None
        async for _ in quick.events():
            if dropped:
                break
        assert (dropped, events.count) == (["slow"], 1)
        events.leave(quick)

    asyncio.run(visit())


def test_a_connection_that_is_not_read_is_ended_and_not_buffered_without_limit(tmp_path: Path) -> None:
    """Over real TCP: the system's buffers fill up first."""

    async def visit() -> None:
        app = make_app(MadeUpSender(tmp_path))
        events: Events = app.state.events
        events._tick_s = 0.001  # noqa: SLF001  quicker than life
        async with served(app) as port:
            # Its transport stops to read as soon as its own small buffer is full.
            reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1024)
            writer.write(REQUEST)
            await until(lambda: events.count == 1)
            await until(lambda: events.count == 0, 60)
            with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
                while True:
                    await reader.readexactly(1 << 16)
            writer.close()

    asyncio.run(visit())


def test_too_many_are_told_so(tmp_path: Path) -> None:
    async def visit() -> None:
        sender = MadeUpSender(tmp_path)
        app = make_app(sender)
        joined = [app.state.events.join(lambda: None) for _ in range(MOST_WATCHERS)]
        assert all(joined)
        async with served(app) as port:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(REQUEST)
            answer = await reader.readuntil(b"}")
            writer.close()
        assert answer.startswith(b"HTTP/1.1 503 ")
        assert b"retry-after: 5" in answer.lower()
        assert b"Close one of them." in answer

    asyncio.run(visit())


def test_who_leaves_makes_room(tmp_path: Path) -> None:
    async def visit() -> None:
        app = make_app(MadeUpSender(tmp_path))
        async with served(app) as port:
            for _ in range(3):
                reader, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.write(REQUEST)
                await reader.readuntil(b"data: ")
                assert app.state.events.count == 1
                writer.close()
                await until(lambda: app.state.events.count == 0)

    asyncio.run(visit())


def test_the_end_of_the_sender_ends_the_answers_properly(tmp_path: Path) -> None:
    async def visit() -> bytes:
        app = make_app(MadeUpSender(tmp_path))
        async with served(app) as port:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(REQUEST)
            await reader.readuntil(b"data: ")
            app.state.events.close()
            rest = await reader.readuntil(b"\r\n0\r\n\r\n")
            writer.close()
            return rest

    assert asyncio.run(visit()).endswith(b"\r\n0\r\n\r\n")


def test_another_config_is_told_once(tmp_path: Path) -> None:
    sender = MadeUpSender(tmp_path)

    async def visit() -> None:
        events = Events(sender, tick_s=0.005)
        watcher = events.join(lambda: None)
        assert watcher is not None
        stream = watcher.events()
        await anext(stream)
        sender.config = sender.config.model_copy(update={"name": "Another"})
        told = [await anext(stream) for _ in range(5)]
        assert sum(event.startswith(b"event: config\ndata: {}\n\ndata: ") for event in told) == 1
        events.close()

    asyncio.run(visit())


def test_a_picture_that_cannot_be_made_ends_the_answers_and_the_next_one_begins_anew(tmp_path: Path) -> None:
    sender = MadeUpSender(tmp_path)

    async def visit() -> None:
        events = Events(sender, tick_s=0.005)
        sender.broken = True
        watcher = events.join(lambda: None)
        assert watcher is not None
        assert [event async for event in watcher.events()] == []
        sender.broken = False
        again = events.join(lambda: None)
        assert again is not None
        assert await anext(again.events()) == b"data: " + encode_snapshot(sender.shown) + b"\n\n"
        events.close()

    asyncio.run(visit())


def test_a_full_backlog_says_so() -> None:
    dropped: list[int] = []
    watcher = Watcher(lambda: dropped.append(1))
    taken = list(itertools.takewhile(bool, (watcher.offer(b"x") for _ in range(1000))))
    assert 10 <= len(taken) <= 100
    assert dropped == [1]
