"""Keeps a service manager informed of a running sender."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final, Protocol

from aes67_sender.logic.service_state import Told, tell

if TYPE_CHECKING:
    from aes67_sender.model.snapshot import Snapshot

_LOOK_S: Final = 0.5


class Manager(Protocol):
    """Who is informed."""

    watchdog_s: float | None

    def tell(self, *lines: str) -> None:
        """Send assignments; never blocks."""


class Informant(Protocol):
    """Who is told of."""

    def snapshot(self) -> Snapshot:
        """Everything, now."""

    def engine_silent_s(self) -> float:
        """For how long no engine has reported, in seconds; infinite if there is none."""


async def keep_informed(manager: Manager, sender: Informant) -> None:
    """Tell the manager what is news, until cancelled: then, that the sender stops.

    From the loop in which all is decided: if that hangs, there is no sign of life either.
    """
    loop, told = asyncio.get_running_loop(), Told()
    watchdog_s = manager.watchdog_s
    look_s = _LOOK_S if watchdog_s is None else min(_LOOK_S, watchdog_s / 6)
    try:
        while True:
            told, lines = tell(
                told,
                sender.snapshot(),
                silent_s=sender.engine_silent_s(),
                now_s=loop.time(),
                watchdog_s=watchdog_s,
            )
            if lines:
                manager.tell(*lines)
            await asyncio.sleep(look_s)
    finally:
        manager.tell("STOPPING=1")
