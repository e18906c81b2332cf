"""Finds the RAVENNA sessions that others announce by DNS-SD."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from zeroconf import BadTypeInNameException, IPVersion, ServiceStateChange
from zeroconf.asyncio import AsyncServiceBrowser, AsyncServiceInfo

from aes67_sender.net.mdns.port import RAVENNA_SESSION, SERVICE, label_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from zeroconf import Zeroconf
    from zeroconf.asyncio import AsyncZeroconf

_RESOLVE_MS: Final = 3000
_MAX_INSTANCES: Final = 1024


@dataclass(frozen=True, slots=True)
class Instance:
    """Where the session ``label`` can be asked for: an RTSP server's IPv4 address and port."""

    label: str
    address: str
    port: int


class Browser:
    """Takes over an open port. Calls ``found`` and ``lost`` (with a label) in the loop's thread."""

    def __init__(self, mdns: AsyncZeroconf, found: Callable[[Instance], None], lost: Callable[[str], None]) -> None:
        self._mdns = mdns
        self._found, self._lost = found, lost
        self._resolving: dict[str, asyncio.Task[None]] = {}
        self._browser = AsyncServiceBrowser(mdns.zeroconf, RAVENNA_SESSION, handlers=[self._changed])

    async def close(self) -> None:
        """End, and give the port back."""
        tasks = tuple(self._resolving.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._browser.async_cancel()
        await self._mdns.async_close()

    def _changed(self, zeroconf: Zeroconf, service_type: str, name: str, state_change: ServiceStateChange) -> None:  # noqa: ARG002  as zeroconf calls it
        if not name.lower().endswith(f".{SERVICE}"):
            return
        if running := self._resolving.pop(name, None):
            running.cancel()
        if state_change is ServiceStateChange.Removed:
            self._lost(label_of(name))
        elif len(self._resolving) < _MAX_INSTANCES:
            task = self._resolving[name] = asyncio.create_task(self._resolve(name))
            task.add_done_callback(lambda done: self._resolved(name, done))

    def _resolved(self, name: str, task: asyncio.Task[None]) -> None:
        if self._resolving.get(name) is task:
            del self._resolving[name]

    async def _resolve(self, name: str) -> None:
        try:
            info = AsyncServiceInfo(RAVENNA_SESSION, name)
        except BadTypeInNameException:
            return  # with control characters, which nobody can ask for
        # An empty label cannot be asked about; who announces one has mostly said all there is.
        askable = ".." not in name and not name.startswith(".")
        known = info.load_from_cache(self._mdns.zeroconf)
        if not known and askable:
            known = await info.async_request(self._mdns.zeroconf, _RESOLVE_MS)
        addresses = info.parsed_addresses(IPVersion.V4Only) if known else []
        if addresses and info.port:
            self._found(Instance(label_of(name), addresses[0], info.port))
