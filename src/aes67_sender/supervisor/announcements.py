"""How receivers learn of the streams: SAP and RAVENNA, as the config wants it; and what is heard of others."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from aes67_sender.logic.discovered import merge
from aes67_sender.supervisor.ravenna import RavennaService
from aes67_sender.supervisor.sap import SapService

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aes67_sender.config.model import AnnounceSettings
    from aes67_sender.logic.session import Session
    from aes67_sender.model.interface import Interface
    from aes67_sender.model.problem import Problem
    from aes67_sender.model.session import DiscoveredSession

#: Nothing has been told yet.
_NOTHING: Final = ((), None, None)


class Announcements:
    """Lives in one event loop. SAP is listened to also where nothing is announced: somebody may send where we do."""

    def __init__(self, interface: Interface) -> None:
        self._interface = interface
        #: The same as it is now, ``None`` if it is gone.
        self._found: Interface | None = interface
        self._sap = SapService(interface)
        self._ravenna: RavennaService | None = None
        self._closing: set[asyncio.Task[None]] = set()
        self._told: tuple[object, ...] = _NOTHING

    def follow(self, sessions: Mapping[str, Session], wanted: AnnounceSettings, interface: Interface) -> None:
        """Announce these sessions, by stream id, on this interface, and no others; costs little if nothing changed."""
        told = (tuple(sessions.values()), wanted, interface)
        if told == self._told:
            return
        self._told = told
        if interface != self._interface:
            self._interface = interface
            self.found(interface)
        self._sap.follow({key: session.text for key, session in sessions.items()} if wanted.sap else {})
        if wanted.ravenna and self._ravenna is None and sessions:
            self._ravenna = RavennaService(self._found)
        if self._ravenna is not None and wanted.ravenna:
            self._ravenna.follow(sessions)
        elif self._ravenna is not None:
            closing = asyncio.create_task(self._ravenna.close())
            self._closing.add(closing)
            closing.add_done_callback(self._closing.discard)
            self._ravenna = None

    def found(self, interface: Interface | None) -> None:
        """How the interface is now, ``None`` if it is gone; costs nothing if it is as it was."""
        self._found = interface
        self._sap.use(self._interface.name, interface)
        if self._ravenna is not None:
            self._ravenna.use(interface)

    async def run(self) -> None:
        """Announce until cancelled; then all is withdrawn, within half a second."""
        try:
            await self._sap.run()
        finally:
            if self._ravenna is not None:
                await self._ravenna.close()
            if self._closing:
                await asyncio.wait(self._closing)

    def discovered(self) -> tuple[DiscoveredSession, ...]:
        """The sessions heard of, our own among them."""
        return merge(self._sap.sessions())

    def problems(self) -> tuple[Problem, ...]:
        """What keeps receivers from finding the streams."""
        return (*self._sap.problems(), *(self._ravenna.problems() if self._ravenna is not None else ()))
