"""Finds the sessions that RAVENNA devices announce by DNS-SD, and fetches their descriptions by RTSP."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from aes67_sender.errors import SenderError, WireError
from aes67_sender.logic.session_facts import discovered_session, read_facts
from aes67_sender.model.problem import Problem
from aes67_sender.net.mdns.browser import Browser
from aes67_sender.net.mdns.port import open_mdns
from aes67_sender.net.rtsp_client import describe
from aes67_sender.supervisor.waiting import set_within
from aes67_sender.wire.rtsp_url import RtspUrl, by_name

if TYPE_CHECKING:
    from collections.abc import Collection

    from aes67_sender.logic.session_facts import SessionFacts
    from aes67_sender.model.interface import Interface
    from aes67_sender.model.session import DiscoveredSession
    from aes67_sender.net.mdns.browser import Instance

_log = logging.getLogger(__name__)
#: Until mDNS, which could not be opened, is tried again.
_OPEN_AGAIN_S: Final = 2.0
#: DNS-SD tells nothing of a description that changes; SAP is repeated as often.
_REFRESH_S: Final = 30.0
_AGAIN_S: Final = (2.0, 5.0, 10.0, _REFRESH_S)
_AT_ONCE: Final = 8
_MAX_SESSIONS: Final = 512


@dataclass(frozen=True, slots=True)
class _Fetched:
    facts: SessionFacts
    origin: str
    sdp: str
    heard_s: float


class RavennaFinder:
    """Runs until cancelled; all calls in the loop's thread.

    The interface may come and go, and change its address: ``use`` tells.
    """

    def __init__(self, interface: Interface) -> None:
        self._interface: Interface | None = interface
        self._changed = asyncio.Event()
        self._address: str | None = None
        self._browser: Browser | None = None
        self._fetching: dict[str, asyncio.Task[None]] = {}
        self._fetched: dict[str, _Fetched] = {}
        self._gate = asyncio.Semaphore(_AT_ONCE)
        self._problems: tuple[Problem, ...] = ()

    def problems(self) -> tuple[Problem, ...]:
        """What is wrong now."""
        return self._problems

    def sessions(self, ours: Collection[str] = ()) -> tuple[DiscoveredSession, ...]:
        """All sessions whose descriptions could be had; ``ours`` are the identities of our own."""
        now_s = asyncio.get_running_loop().time()
        return tuple(_describe(fetched, now_s, ours) for fetched in self._fetched.values())

    def use(self, interface: Interface | None) -> None:
        """How the interface is now, ``None`` if it is gone; costs nothing if it is as it was."""
        if interface != self._interface:
            self._interface = interface
            self._changed.set()

    async def run(self) -> None:
        """Look for sessions until cancelled; survives whatever happens to the interface."""
        try:
            while True:
                self._changed.clear()
                wait_s = None
                try:
                    await self._settle()
                    self._problems = ()
                except SenderError as error:
                    self._problems = (Problem("ravenna.not-found", "warning", str(error), error.hint),)
                    wait_s = _OPEN_AGAIN_S
                await set_within(self._changed, wait_s)
        finally:
            await self._end()

    async def _settle(self) -> None:
        interface = self._interface
        address = interface.address if interface is not None and interface.up else None
        if address == self._address:
            return
        await self._end()
        if address is not None:
            self._browser = Browser(await open_mdns(address), self._found, self._lost)
            self._address = address

    async def _end(self) -> None:
        browser, self._browser, self._address = self._browser, None, None
        tasks = tuple(self._fetching.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._fetching.clear()
        self._fetched.clear()
        if browser is not None:
            await browser.close()

    def _found(self, instance: Instance) -> None:
        if before := self._fetching.pop(instance.label, None):
            before.cancel()
        if len(self._fetching) < _MAX_SESSIONS:
            self._fetching[instance.label] = asyncio.create_task(self._keep(instance))

    def _lost(self, label: str) -> None:
        if task := self._fetching.pop(label, None):
            task.cancel()
        self._fetched.pop(label, None)

    async def _keep(self, instance: Instance) -> None:
        """Fetch the description again and again; one that was had stays until the announcement goes."""
        failures = 0
        while True:
            try:
                async with self._gate:
                    await self._fetch(instance)
                failures = 0
            except (SenderError, WireError) as error:
                _log.info("no description of %r: %s", instance.label, error)
                failures += 1
            await asyncio.sleep(_AGAIN_S[min(failures, len(_AGAIN_S)) - 1] if failures else _REFRESH_S)

    async def _fetch(self, instance: Instance) -> None:
        url = RtspUrl(instance.address, instance.port, by_name(instance.label))
        octets = await describe(url, local_address=self._address)
        self._fetched[instance.label] = _Fetched(
            facts=read_facts(octets),
            origin=instance.address,
            sdp=octets.decode("utf-8", "replace"),
            heard_s=asyncio.get_running_loop().time(),
        )


def _describe(fetched: _Fetched, now_s: float, ours: Collection[str]) -> DiscoveredSession:
    return discovered_session(
        fetched.facts,
        origin=fetched.origin,
        source="mdns",
        age_s=now_s - fetched.heard_s,
        ours=fetched.facts.identity in ours,
        sdp=fetched.sdp,
    )
