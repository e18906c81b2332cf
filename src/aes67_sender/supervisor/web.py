"""The REST interface: FastAPI and uvicorn in the supervisor's own event loop."""

from __future__ import annotations

import asyncio
import contextlib
import re
from typing import TYPE_CHECKING, Final, Protocol

import uvicorn
from fastapi import FastAPI, HTTPException, Response
from pydantic import BaseModel, ConfigDict

from aes67_sender.errors import ConfigError
from aes67_sender.logic.codec import encode_snapshot
from aes67_sender.model.session import DiscoveredSession
from aes67_sender.model.snapshot import ClockStatus, Snapshot
from aes67_sender.supervisor.web_config import add_config_routes
from aes67_sender.supervisor.web_connections import MOST_CONNECTIONS, BoundedConnection

if TYPE_CHECKING:
    from collections.abc import Iterator

    from starlette.types import ASGIApp, Receive, Scope, Send

    from aes67_sender.net.listen import Listening
    from aes67_sender.supervisor.live_config import LiveConfig

_LOCAL_HOST: Final = re.compile(r"(?:127\.0\.0\.1|localhost|\[::1\])(?::\d{1,5})?", re.IGNORECASE)


class ClockPatch(BaseModel):
    """What to change of the clock."""

    model_config = ConfigDict(extra="forbid")

    mode: str


class Sender(Protocol):
    """What the REST interface shows."""

    def snapshot(self) -> Snapshot:
        """Everything, now."""

    def sdp(self, stream_id: str) -> str | None:
        """The SDP text of a stream, ``None`` before the first; KeyError where there is no such stream."""

    @property
    def live(self) -> LiveConfig:
        """Where the config is read and changed."""

    def discovered(self) -> tuple[DiscoveredSession, ...]:
        """The sessions that are announced on the network."""

    def set_clock_mode(self, mode: str) -> ClockStatus:
        """Follow another clock; ConfigError where there is no such mode."""


class LocalOnly:
    """Answers only those who asked for this computer by name, and no page of another site.

    Without this, a web page anywhere could read the status through the visitor's browser (DNS rebinding), or change
    the config: a browser names the page's origin with every PUT and PATCH, and asks before it sends one elsewhere.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] == "http" and (refusal := refuse(dict(scope["headers"]))):
            await Response(refusal + "\n", status_code=403, media_type="text/plain")(scope, receive, send)
            return
        await self._app(scope, receive, send)


def refuse(headers: dict[bytes, bytes]) -> str:
    """Why a request with these headers is refused; empty if it is welcome."""
    host = headers.get(b"host", b"").decode("latin-1")
    # Any port: an SSH tunnel ends on one of its own.
    if not _LOCAL_HOST.fullmatch(host):
        return "Ask for 127.0.0.1 or localhost."
    origin = headers.get(b"origin")
    if origin is not None and origin.decode("latin-1").lower() not in {
        f"http://{host.lower()}",
        f"https://{host.lower()}",
    }:
        return "Pages of other origins are not answered."
    return ""


def make_app(sender: Sender) -> FastAPI:
    """The application that answers for one sender."""
    # The pages with documentation would load scripts from elsewhere.
    app = FastAPI(title="aes67-sender", version="1", openapi_url="/api/openapi.json", docs_url=None, redoc_url=None)
    app.add_middleware(LocalOnly)
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
        server.should_exit = True
        await asyncio.wait([serving], timeout=0.3)
        # Somebody who reads slowly must not hold up the end.
        server.force_exit = True
        serving.cancel()
        await asyncio.wait([serving])
        raise
    finally:
        listening.close()
