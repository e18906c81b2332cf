"""The sessions that others announce on one interface, by SAP and by RAVENNA's DNS-SD."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from aes67_sender.logic.discovered import merge
from aes67_sender.supervisor.interface_watch import looks
from aes67_sender.supervisor.ravenna_finder import RavennaFinder
from aes67_sender.supervisor.sap import SapService

if TYPE_CHECKING:
    from aes67_sender.model.interface import Interface
    from aes67_sender.model.problem import Problem
    from aes67_sender.model.session import DiscoveredSession


class Discovery:
    """Announces nothing. Made anywhere; all calls but ``problems`` in one event loop."""

    def __init__(self, interface: Interface) -> None:
        self._name = interface.name
        self._sap = SapService(interface)
        self._ravenna = RavennaFinder(interface)

    async def run(self) -> None:
        """Listen until cancelled; survives whatever happens to the interface."""
        async with asyncio.TaskGroup() as group:
            for each in (self._sap.run(), self._ravenna.run(), self._watch()):
                group.create_task(each)

    def sessions(self) -> tuple[DiscoveredSession, ...]:
        """What is heard now."""
        return merge(self._sap.sessions(), self._ravenna.sessions())

    def problems(self) -> tuple[Problem, ...]:
        """What keeps us from hearing."""
        return (*self._sap.problems(), *self._ravenna.problems())

    async def _watch(self) -> None:
        async for found in looks(lambda: self._name):
            self._sap.use(self._name, found)
            self._ravenna.use(found)
