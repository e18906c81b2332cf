"""The web page and REST: FastAPI and uvicorn in the supervisor's own event loop."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Protocol

import uvicorn
from fastapi import FastAPI, HTTPException, Response
from pydantic import BaseModel, ConfigDict

from aes67_sender.config.token import token_of
from aes67_sender.errors import ConfigError
from aes67_sender.logic.codec import encode_snapshot
from aes67_sender.model.session import DiscoveredSession
from aes67_sender.model.snapshot import ClockStatus, Snapshot
from aes67_sender.supervisor.web_config import add_config_routes
from aes67_sender.supervisor.web_connections import MOST_CONNECTIONS, BoundedConnection
from aes67_sender.supervisor.web_events import Events, add_events_route
from aes67_sender.supervisor.web_guard import Guard
from aes67_sender.supervisor.web_metrics import add_metrics_route
from aes67_sender.supervisor.web_page import add_page
from aes67_sender.supervisor.web_token import Doorkeeper, TokenNeeded, add_session_route

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aes67_sender.config.model import Config, WebSettings
    from aes67_sender.net.listen import Listening
    from aes67_sender.supervisor.live_config import LiveConfig


class ClockPatch(BaseModel):
    """What to change of the clock."""

    model_config = ConfigDict(extra="forbid")

    mode: str


class Sender(Protocol):
    """What the page and REST show."""

    def snapshot(self) -> Snapshot:
        """Everything, now."""

    def sdp(self, stream_id: str) -> str | None:
        """The SDP text of a stream, ``None`` before the first; KeyError where there is no such stream."""

    @property
    def live(self) -> LiveConfig:
        """Where the config is read and changed."""

    def config_given(self) -> Config:
        """The config as its user gave it; another object whenever it has changed."""

    @property
    def web(self) -> WebSettings:
        """The settings of the web interface, as they are now."""

    def offsets(self) -> tuple[tuple[float, float | None], ...]:
        """The clock's offset in ns over the last ten minutes, by uptime in seconds."""

    def discovered(self) -> tuple[DiscoveredSession, ...]:
        """The sessions that are announced on the network."""

    def set_clock_mode(self, mode: str) -> ClockStatus:
        """Follow another clock; ConfigError where there is no such mode."""


def make_app(sender: Sender) -> FastAPI:
    """The application that answers for one sender."""
    # The pages with documentation would load scripts from elsewhere.
    app = FastAPI(title="aes67-sender", version="1", openapi_url="/api/openapi.json", docs_url=None, redoc_url=None)
    doorkeeper, events = Doorkeeper(lambda: token_of(sender.web)), Events(sender)
    app.state.events = events
    app.add_middleware(TokenNeeded, doorkeeper=doorkeeper)
    # The last one added is the first to be asked.
    app.add_middleware(Guard, web=lambda: sender.web)
    add_page(app)
    add_session_route(app, doorkeeper)
    add_events_route(app, events)
    add_metrics_route(app, sender.snapshot)
    add_config_routes(app, sender.live)

    @app.get("/api/v1/snapshot", summary="Everything about the sender, now", response_model=Snapshot)
    async def get_snapshot() -> Response:
        # The same bytes as --json prints.
        return Response(encode_snapshot(sender.snapshot()), media_type="application/json")

    @app.get(
        "/api/v1/discovered",
        summary="The sessions that are announced on the network, our own among them",
        response_model=tuple[DiscoveredSession, ...],
    )
    async def get_discovered() -> tuple[DiscoveredSession, ...]:
        return sender.discovered()

    @app.get(
        "/api/v1/clock/offsets",
        summary="The clock's offset in ns over the last ten minutes, one a second, by uptime in seconds",
        response_model=tuple[tuple[float, float | None], ...],
    )
    async def get_offsets() -> tuple[tuple[float, float | None], ...]:
        return sender.offsets()

    @app.patch("/api/v1/clock", summary="Follow another clock, until the end of this run", response_model=ClockStatus)
    async def patch_clock(wanted: ClockPatch) -> ClockStatus:
        try:
            return sender.set_clock_mode(wanted.mode)
        except ConfigError as error:
            raise HTTPException(422, f"{error} {error.hint}") from None

    @app.get(
        "/api/v1/streams/{stream_id}/sdp",
        summary="The session description of a stream",
        response_class=Response,
        responses={200: {"content": {"application/sdp": {}}}, 404: {"description": "No such stream"}},
    )
    async def get_sdp(stream_id: str) -> Response:
        try:
            text = sender.sdp(stream_id)
        except KeyError:
            raise HTTPException(404, f"There is no stream {stream_id!r}.") from None
        if text is None:
            raise HTTPException(503, "There is no SDP before the clock is known.", headers={"Retry-After": "1"})
        return Response(text, media_type="application/sdp")

    return app


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the signals to the supervisor."""
        yield


async def serve(app: FastAPI, listening: Listening) -> None:
    """Answer on a listening socket until cancelled; takes the socket over."""
    config = uvicorn.Config(
        app,
        http=BoundedConnection,
        # So many are accepted before the first of them is begun.
        backlog=MOST_CONNECTIONS // 2,
        access_log=False,
        log_config=None,
        lifespan="off",
        ws="none",
        timeout_graceful_shutdown=1,
    )
    server = _Server(config)
    serving = asyncio.create_task(server.serve(sockets=[listening]))
    try:
        await asyncio.shield(serving)
    except asyncio.CancelledError:
        app.state.events.close()
        server.should_exit = True
        await asyncio.wait([serving], timeout=0.3)
        # Somebody who reads slowly must not hold up the end.
        server.force_exit = True
        serving.cancel()
        await asyncio.wait([serving])
        raise
    finally:
        listening.close()
