"""What listens for the sessions of others; what it hears is tested by ``discover`` and in the lab."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from aes67_sender.supervisor.discovery import Discovery
from support.interfaces import LOOPBACK

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    import pytest

    from aes67_sender.model.interface import Interface


def test_an_interface_that_is_gone_is_told_and_one_that_is_back_listened_to(monkeypatch: pytest.MonkeyPatch) -> None:
    told: asyncio.Queue[Interface | None] = asyncio.Queue()

    async def looks(_: object) -> AsyncIterator[Interface | None]:
        while True:
            yield await told.get()

    monkeypatch.setattr("aes67_sender.supervisor.discovery.looks", looks)

    async def body() -> None:
        discovery = Discovery(LOOPBACK)
        running = asyncio.create_task(discovery.run())
        async with asyncio.timeout(20):
            for found, expected in ((None, ["sap.no-interface"]), (LOOPBACK, []), (None, ["sap.no-interface"])):
                told.put_nowait(found)
                while [problem.code for problem in discovery.problems()] != expected:  # noqa: ASYNC110
                    await asyncio.sleep(0.01)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)

    asyncio.run(body())
