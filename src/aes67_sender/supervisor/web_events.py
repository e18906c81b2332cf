"""Server-sent events: the snapshot, twelve times a second, to everybody who watches."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Final, Protocol

from fastapi import FastAPI, HTTPException, Request
from fastapi.responses import StreamingResponse

from aes67_sender.logic.codec import encode_snapshot

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from aes67_sender.config.model import Config
    from aes67_sender.model.snapshot import Snapshot

_log = logging.getLogger(__name__)

#: So long from one snapshot to the next: a little more than ten a second, so that a late one does not make it fewer.
TICK_S: Final = 0.08
#: So many may watch at once.
MOST_WATCHERS: Final = 24
#: So many events wait for a slow reader, about two seconds, before it is dropped; beside what the system buffers.
_BACKLOG: Final = 25
#: The config is another one: whoever shows it asks for it again.
_CONFIG: Final = b"event: config\ndata: {}\n\n"


class Watched(Protocol):
    """What is watched."""

    def snapshot(self) -> Snapshot:
        """Everything, now."""

    def config_given(self) -> Config:
        """The config as its user gave it; another object whenever it has changed."""


class Watcher:
    """One who watches; ``drop`` ends its connection at once, however much of it is unread."""

    def __init__(self, drop: Callable[[], None]) -> None:
        self._drop = drop
        self._waiting: asyncio.Queue[bytes | None] = asyncio.Queue(_BACKLOG)

    def offer(self, event: bytes | None) -> bool:
        """Hand it one more event, ``None`` for the end; whether it was still there to take it."""
        try:
            self._waiting.put_nowait(event)
        except asyncio.QueueFull:
            self._drop()
            return False
        return True

    async def events(self) -> AsyncIterator[bytes]:
        """Event after event, up to the end."""
        while (event := await self._waiting.get()) is not None:
            yield event


class Events:
    """Encodes a snapshot per tick, once for all who watch, and nothing while nobody does. Lives in the event loop."""

    def __init__(self, watched: Watched, *, tick_s: float = TICK_S, most: int = MOST_WATCHERS) -> None:
        self._watched = watched
        self._tick_s = tick_s
        self._most = most
        self._watchers: set[Watcher] = set()
        self._work: asyncio.Task[None] | None = None

    @property
    def count(self) -> int:
        """How many watch."""
        return len(self._watchers)

    def join(self, drop: Callable[[], None]) -> Watcher | None:
        """One more; ``None`` if there are too many."""
        if len(self._watchers) >= self._most:
            return None
        watcher = Watcher(drop)
        self._watchers.add(watcher)
        if self._work is None:
            self._work = asyncio.create_task(self._work_on())
        return watcher

    def leave(self, watcher: Watcher) -> None:
        """One less; safe to call twice."""
        self._watchers.discard(watcher)
        if not self._watchers and self._work is not None:
            self._work.cancel()
            self._work = None

    def close(self) -> None:
        """Let all answers end."""
        for watcher in tuple(self._watchers):
            watcher.offer(None)
            self.leave(watcher)

    async def _work_on(self) -> None:
        try:
            await self._tell()
        except Exception:  # noqa: BLE001  whatever it is, nobody must wait in vain
            _log.exception("the events have failed")
            self.close()

    async def _tell(self) -> None:
        loop = asyncio.get_running_loop()
        due_s, config = loop.time(), self._watched.config_given()
        while True:
            event = b"data: " + encode_snapshot(self._watched.snapshot()) + b"\n\n"
            if (now := self._watched.config_given()) is not config:
                event, config = _CONFIG + event, now
            for watcher in tuple(self._watchers):
                if not watcher.offer(event):
                    _log.info("a reader of events was too slow and is dropped")
                    self.leave(watcher)
            # What a stall has missed is not made up for.
            due_s = max(due_s + self._tick_s, loop.time())
            await asyncio.sleep(due_s - loop.time())


def add_events_route(app: FastAPI, events: Events) -> None:
    """Let everybody watch."""

    @app.get(
        "/api/v1/events",
        summary="Snapshots as server-sent events, more than ten a second; an event `config` when that has changed",
        response_class=StreamingResponse,
        responses={
            200: {"content": {"text/event-stream": {}}},
            503: {"description": f"{MOST_WATCHERS} watch already"},
        },
    )
    async def get_events(request: Request) -> StreamingResponse:
        watcher = events.join(request.scope.get("state", {}).get("abort", lambda: None))
        if watcher is None:
            refusal = "Too many pages and programs watch this sender. Close one of them."
            raise HTTPException(503, refusal, headers={"Retry-After": "5"})

        async def told() -> AsyncIterator[bytes]:
            try:
                async for event in watcher.events():
                    yield event
            finally:
                events.leave(watcher)

        return StreamingResponse(
            told(), media_type="text/event-stream", headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        )
