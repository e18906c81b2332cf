"""Announces RAVENNA sessions by DNS-SD: each an ``_rtsp._tcp`` instance with the subtype ``_ravenna_session``."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from zeroconf import DNSOutgoing, DNSService, NonUniqueNameException, RecordUpdateListener, ServiceInfo

from aes67_sender.net.mdns.port import RAVENNA_SESSION, SERVICE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from zeroconf import DNSRecord, RecordUpdate, Zeroconf
    from zeroconf.asyncio import AsyncZeroconf

#: A response, authoritative (RFC 6762 18).
_FLAGS: Final = 0x8400
#: RFC 6762 8.3: at least two, a second apart.
_ANNOUNCED_AT_S: Final = (0.0, 1.0, 3.0)
_GOODBYE_AGAIN_S: Final = 0.12
#: RFC 6763 6.1: a TXT record that says nothing. RAVENNA devices put nothing in it.
_NO_TEXT: Final = b"\0"
#: zeroconf lets a record that has been withdrawn live for another second.
_ENDING_S: Final = 1


class _Instance:
    """One instance under both of its types. zeroconf knows a name once: the subtype goes by another key."""

    def __init__(self, label: str, host: str, address: str, port: int) -> None:
        self.main, self.sub = (
            ServiceInfo(kind, f"{label}.{SERVICE}", port, properties=_NO_TEXT, server=host, parsed_addresses=[address])
            for kind in (SERVICE, RAVENNA_SESSION)
        )
        self.sub.key = f"{self.main.key}/{RAVENNA_SESSION}"
        self.place = (host.lower(), port)
        self.announcing: asyncio.Task[None] | None = None

    def records(self, ttl_s: int | None) -> list[DNSRecord]:
        """All but the addresses."""
        pointers = [info.dns_pointer(override_ttl=ttl_s) for info in (self.main, self.sub)]
        return [*pointers, self.main.dns_service(override_ttl=ttl_s), self.main.dns_text(override_ttl=ttl_s)]

    def addresses(self, ttl_s: int | None) -> list[DNSRecord]:
        """The host's records."""
        return [*self.main.dns_addresses(override_ttl=ttl_s)]


class _Watch(RecordUpdateListener):
    def __init__(self, heard: Callable[[DNSService], None]) -> None:
        super().__init__()
        self._heard = heard

    def async_update_records(self, zc: Zeroconf, now: float, records: list[RecordUpdate]) -> None:  # noqa: ARG002  as zeroconf calls it
        """Look for SRV records of our own names."""
        for update in records:
            if isinstance(update.new, DNSService) and update.new.ttl > _ENDING_S:
                self._heard(update.new)


class Responder:
    """Takes over an open port. All in the loop's thread; ``on_conflict`` names a label that had to be given up."""

    def __init__(self, mdns: AsyncZeroconf, host: str, address: str, on_conflict: Callable[[str], None]) -> None:
        self._mdns, self._zeroconf = mdns, mdns.zeroconf
        self._host, self._address = host, address
        self._on_conflict = on_conflict
        self._instances: dict[str, _Instance] = {}
        self._zeroconf.async_add_listener(_Watch(self._heard), None)

    @property
    def published(self) -> dict[str, int]:
        """The labels that are announced now, with their ports."""
        return {label: instance.place[1] for label, instance in self._instances.items()}

    async def publish(self, label: str, port: int) -> bool:
        """Ask for half a second whether somebody has the name, then announce it; whether it was free."""
        instance = _Instance(label, self._host, self._address, port)
        try:
            await self._zeroconf.async_check_service(instance.main, allow_name_change=False)
        except NonUniqueNameException:
            return False
        for info in (instance.main, instance.sub):
            self._zeroconf.registry.async_add(info)
        self._instances[label] = instance
        self._announce(instance)
        return True

    async def withdraw(self, labels: Iterable[str]) -> None:
        """Say goodbye (RFC 6762 10.1), twice."""
        gone = [self._forget(label) for label in labels]
        records = [record for instance in gone for record in instance.records(0)]
        if gone and not self._instances:
            records += gone[0].addresses(0)
        if records:
            self._send(records)
            await asyncio.sleep(_GOODBYE_AGAIN_S)
            self._send(records)

    async def close(self) -> None:
        """Withdraw all and give the port back. Takes a fifth of a second."""
        try:
            await self.withdraw(tuple(self._instances))
        finally:
            await self._mdns.async_close()

    def _forget(self, label: str) -> _Instance:
        instance = self._instances.pop(label)
        if instance.announcing:
            instance.announcing.cancel()
        self._zeroconf.registry.async_remove([instance.main, instance.sub])
        return instance

    def _announce(self, instance: _Instance) -> None:
        async def announce() -> None:
            last_s = 0.0
            for at_s in _ANNOUNCED_AT_S:
                await asyncio.sleep(at_s - last_s)
                last_s = at_s
                self._send([*instance.records(None), *instance.addresses(None)])

        if instance.announcing is None or instance.announcing.done():
            instance.announcing = asyncio.create_task(announce())

    def _send(self, records: Iterable[DNSRecord]) -> None:
        out = DNSOutgoing(_FLAGS)
        for record in records:
            out.add_answer_at_time(record, 0)
        self._zeroconf.async_send(out)

    def _heard(self, record: DNSService) -> None:
        """Somebody else announces one of our names (RFC 6762 9): the greater of both stays, as in a tie (8.2)."""
        folded = record.name.lower()
        label = next((label for label in self._instances if f"{label}.{SERVICE}".lower() == folded), None)
        if label is None:
            return
        ours, theirs = self._instances[label].place, (record.server.lower(), record.port)
        if ours > theirs:
            self._announce(self._instances[label])
        elif ours < theirs:
            # No goodbye: it would end the other's records in everybody's caches.
            self._forget(label)
            self._on_conflict(label)
