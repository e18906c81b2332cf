"""The web interface on a real port, around a sender that is made up."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Any

import httpx

from aes67_sender.config.load import parse_data
from aes67_sender.net.listen import listen, port_of
from aes67_sender.supervisor.web import make_app, serve
from unit.ui.pictures import picture

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from fastapi import FastAPI

    from aes67_sender.config.model import Config, WebSettings
    from aes67_sender.model.session import DiscoveredSession
    from aes67_sender.model.snapshot import ClockStatus, Snapshot

TOKEN = "correct-horse-battery"  # noqa: S105  a token for tests


class MadeUpSender:
    """Shows one picture for ever, unless it is ``broken``. ``asked`` counts how often."""

    def __init__(self, folder: Path, **web: Any) -> None:
        self.config: Config = parse_data({"streams": [{"address": "239.69.1.1"}], "web": web}, base_dir=folder)
        self.asked = 0
        self.broken = False
        self.shown = picture()

    def snapshot(self) -> Snapshot:
        self.asked += 1
        if self.broken:
            raise RuntimeError("whatever goes wrong")
        return self.shown

    @property
    def live(self) -> Any:
        return self

    def data(self) -> dict[str, Any]:
        return {"name": self.config.name}

    @property
    def web(self) -> WebSettings:
        return self.config.web

    def config_given(self) -> Config:
        return self.config

    def offsets(self) -> tuple[tuple[float, float | None], ...]:
        return ((1.0, None), (2.0, -310))

    def discovered(self) -> tuple[DiscoveredSession, ...]:
        return ()

    def sdp(self, stream_id: str) -> str | None:
        raise KeyError(stream_id)

    def set_clock_mode(self, mode: str) -> ClockStatus:
        raise NotImplementedError(mode)


@contextlib.asynccontextmanager
async def served(app: FastAPI) -> AsyncIterator[int]:
    """The port on which an application answers."""
    listening = listen("127.0.0.1", 0)
    port = port_of(listening)
    serving = asyncio.create_task(serve(app, listening))
    try:
        yield port
    finally:
        serving.cancel()
        await asyncio.wait([serving])


@contextlib.asynccontextmanager
async def visiting(sender: MadeUpSender, **headers: str) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the web interface of a sender; ``headers`` go with every request."""
    async with (
        served(make_app(sender)) as port,
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=20, headers=headers) as client,
    ):
        yield client
