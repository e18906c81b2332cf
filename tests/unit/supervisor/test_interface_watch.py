"""How the interface is looked at, again and again."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from dataclasses import replace
from typing import TYPE_CHECKING

from aes67_sender.supervisor.interface_watch import looks
from unit.supervisor.test_sender import INTERFACE, run, sending, setup

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import pytest

    from aes67_sender.model.interface import Interface
    from aes67_sender.supervisor.interface_watch import Look
    from aes67_sender.supervisor.sender import Sender


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
    assert [record.message for record in caplog.records] == [
        "Interface eth0 cannot be looked at, and is looked at again: OSError()."
    ]


def test_what_was_found_of_an_interface_no_longer_wanted_is_not_told() -> None:
    wanted = ["eth0"]

    def look(name: str) -> Interface | None:
        wanted[0] = "eth1"
        return INTERFACE if name == "eth0" else None

    assert seen(1, look, lambda: wanted[0]) == [None]


def test_an_address_that_cannot_be_taken_is_logged_and_ends_no_stream(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    now = [INTERFACE]

    async def broken(_: Interface) -> None:
        raise ZeroDivisionError

    async def visit(sender: Sender) -> None:
        await sending(sender)
        monkeypatch.setattr(sender.live, "take_interface", broken)
        now[0] = replace(INTERFACE, address="10.0.5.99")
        while "new address cannot be taken" not in caplog.text:  # noqa: ASYNC110
            await asyncio.sleep(0.02)
        assert sender.snapshot().state == "sending"

    run(replace(setup(tmp_path, 0, web=False), look=lambda _: now[0]), visit)
