"""Waiting that ends."""

from __future__ import annotations

import asyncio

from aes67_sender.supervisor.waiting import set_within


def test_an_event_is_waited_for_and_no_longer_than_said() -> None:
    async def body() -> None:
        event = asyncio.Event()
        await set_within(event, 0.01)
        assert not event.is_set()
        asyncio.get_running_loop().call_later(0.01, event.set)
        async with asyncio.timeout(20):
            await set_within(event, None)

    asyncio.run(body())
