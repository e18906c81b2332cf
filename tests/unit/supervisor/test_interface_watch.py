"""How the interface is looked at, again and again."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from typing import TYPE_CHECKING

from aes67_sender.supervisor.interface_watch import looks, set_within
from unit.supervisor.test_sender import INTERFACE

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest

    from aes67_sender.model.interface import Interface
    from aes67_sender.supervisor.interface_watch import Look


def seen(count: int, look: Look, name: Callable[[], str] = lambda: "eth0") -> list[Interface | None]:
    async def body() -> list[Interface | None]:
        async with asyncio.timeout(20), aclosing(looks(name, look, every_s=0.0)) as found:
            return [await anext(found) for _ in range(count)]

    return asyncio.run(body())


def test_every_look_is_told_also_that_there_is_nothing() -> None:
    states = [INTERFACE, None, INTERFACE]
    assert seen(3, lambda name: states.pop() if name == "eth0" else None) == [INTERFACE, None, INTERFACE]


def test_a_look_that_fails_is_logged_once_and_the_next_is_told(caplog: pytest.LogCaptureFixture) -> None:
    faults = [ZeroDivisionError(), OSError()]

    def look(_: str) -> Interface:
        if faults:
            raise faults.pop()
        return INTERFACE

    assert seen(1, look) == [INTERFACE]
    assert [record.message for record in caplog.records] == ["interface eth0 could not be looked at"]


def test_what_was_found_of_an_interface_no_longer_wanted_is_not_told() -> None:
    wanted = ["eth0"]

    def look(name: str) -> Interface | None:
        wanted[0] = "eth1"
        return INTERFACE if name == "eth0" else None

    assert seen(1, look, lambda: wanted[0]) == [None]


def test_an_event_is_waited_for_and_no_longer_than_said() -> None:
    async def body() -> None:
        event = asyncio.Event()
        await set_within(event, 0.01)
        assert not event.is_set()
        asyncio.get_running_loop().call_later(0.01, event.set)
        async with asyncio.timeout(20):
            await set_within(event, None)

    asyncio.run(body())
