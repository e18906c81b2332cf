"""Listens on one interface, beside the questions, for PTP masters and for sessions of others."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING, Final

from aes67_sender.engine.clock.ptp_node import PtpNode
from aes67_sender.errors import SenderError
from aes67_sender.model.problem import Problem
from aes67_sender.supervisor.client import fetch_snapshot
from aes67_sender.supervisor.discovery import Discovery
from aes67_sender.wizard.facts import Heard

if TYPE_CHECKING:
    from collections.abc import Callable

    from aes67_sender.model.interface import Interface
    from aes67_sender.model.session import DiscoveredSession
    from aes67_sender.model.snapshot import MasterStatus
    from aes67_sender.supervisor.client import Door

_LOOK_EVERY_S: Final = 0.2
_JOIN_S: Final = 3.0


class Ears:
    """Hears from its making until it is closed; never raises for what the network or the machine does. Any thread."""

    def __init__(
        self,
        interface: Interface,
        sender_url: str | Door,
        make_node: Callable[[Interface, int], PtpNode] = PtpNode,
    ) -> None:
        """Where the PTP ports cannot be had, the sender at ``sender_url`` is asked, which must be on this computer."""
        self.interface = interface
        self._sessions: tuple[DiscoveredSession, ...] = ()
        self._problems: tuple[Problem, ...] = ()
        self._told: tuple[MasterStatus, ...] = ()
        self._refused: tuple[Problem, ...] = ()
        self._node: PtpNode | None = None
        try:
            self._node = make_node(interface, 0)
            self._node.start()
        except SenderError as refused:
            self._ask(sender_url, refused)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="ears", daemon=True)
        self._thread.start()

    def heard(self) -> Heard:
        """All that was heard so far."""
        masters = self._node.masters() if self._node is not None else self._told
        return Heard(masters, self._sessions, (*self._refused, *self._problems))

    def close(self) -> None:
        """Give all ports back; safe to call twice."""
        self._stop.set()
        self._thread.join(_JOIN_S)
        if self._node is not None:
            self._node.close()

    def _ask(self, sender_url: str | Door, refused: SenderError) -> None:
        try:
            self._told = fetch_snapshot(sender_url, timeout_s=1.0).clock.masters
        except SenderError:
            self._refused = (Problem("clock.ptp-ports", "warning", str(refused), refused.hint, "clock"),)

    def _run(self) -> None:
        asyncio.run(self._listen())

    async def _listen(self) -> None:
        discovery = Discovery(self.interface)
        running = asyncio.create_task(discovery.run())
        try:
            while not self._stop.is_set():
                await asyncio.sleep(_LOOK_EVERY_S)
                self._sessions, self._problems = discovery.sessions(), discovery.problems()
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
