"""The thread between a PTP port and those who follow, serve or watch on it."""

from __future__ import annotations

import logging
import secrets
import threading
from typing import TYPE_CHECKING, Final, Protocol

from aes67_sender import winapi
from aes67_sender.engine.clock.complaints import Complaints
from aes67_sender.engine.transmit import mmcss
from aes67_sender.errors import WireError
from aes67_sender.logic.ptp.observer import Observer
from aes67_sender.model.ptp import Arrival
from aes67_sender.monotonic import monotonic_ns
from aes67_sender.net.ptp.port import open_ptp_port
from aes67_sender.units import NS_PER_S
from aes67_sender.wire.ptp import decode, encode, recognise_v1
from aes67_sender.wire.ptp_types import PortIdentity

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from aes67_sender.model.interface import Interface
    from aes67_sender.model.problem import Problem
    from aes67_sender.model.ptp import Departure, Outgoing, StampKind
    from aes67_sender.model.snapshot import MasterStatus
    from aes67_sender.net.ptp.port import PtpPort
    from aes67_sender.wire.ptp import Message

logger = logging.getLogger(__name__)

#: The longest sleep, so that a role that has just been given gets its turn.
_LONGEST_S: Final = 0.1
_JOIN_TIMEOUT_S: Final = 0.5


class Role(Protocol):
    """A follower or a grandmaster. Called by the node's thread, with the node's lock held."""

    @property
    def due_ns(self) -> int:
        """When ``tick`` is wanted."""

    def receive(self, message: Message, arrival: Arrival) -> tuple[Outgoing, ...]:
        """A message came."""

    def sent(self, message: Message, departure: Departure) -> tuple[Outgoing, ...]:
        """An event message of ours has left."""

    def tick(self, now_ns: int) -> tuple[Outgoing, ...]:
        """It is time."""


class PtpNode:
    """One interface's PTP: hears everything, and lets its roles take part. Start it before giving it roles.

    ``lock`` guards roles and observer: hold it to look at them, for microseconds.
    """

    def __init__(
        self, interface: Interface, domain: int, open_port: Callable[[Interface], PtpPort] = open_ptp_port
    ) -> None:
        """Raises ``MachineError`` where the ports cannot be had."""
        self.interface = interface
        self.domain = domain
        self.lock = threading.Lock()
        self._port = open_port(interface)
        self._observer = Observer(domain)
        self._roles: list[Role] = []
        self._complaints = Complaints(logger)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="ptp", daemon=True)

    def new_port_identity(self, number: int | None = None) -> PortIdentity:
        """A port of this host's clock; a random number keeps it apart from those of other PTP programs here."""
        return PortIdentity(self._port.clock_identity, number or 1024 + secrets.randbelow(60_000))

    @property
    def stamp_kind(self) -> StampKind:
        """Who takes the stamps."""
        return self._port.kind

    @property
    def problems(self) -> tuple[Problem, ...]:
        """What the system refused."""
        return self._port.problems

    @property
    def send_failures(self) -> int:
        """Messages that the system did not take."""
        return self._port.send_failures

    def start(self) -> None:
        """Begin to hear."""
        self._thread.start()

    def add(self, role: Role) -> None:
        """Let it take part from now on."""
        with self.lock:
            self._roles.append(role)
        self._port.wake()

    def remove(self, role: Role) -> None:
        """It takes part no longer."""
        with self.lock:
            if role in self._roles:
                self._roles.remove(role)

    def masters(self) -> tuple[MasterStatus, ...]:
        """Every master heard lately, on any domain and of any version."""
        with self.lock:
            return self._observer.masters(monotonic_ns())

    def rates(self) -> tuple[dict[str, float], dict[str, float]]:
        """Messages seen in the own domain, and sent, per second and type."""
        with self.lock:
            now_ns = monotonic_ns()
            return self._observer.seen_per_second(now_ns), self._observer.sent_per_second(now_ns)

    def close(self) -> None:
        """Give the ports back; safe to call twice."""
        self._stop.set()
        self._port.wake()
        if self._thread.is_alive():
            self._thread.join(_JOIN_TIMEOUT_S)
        self._port.close()

    def _run(self) -> None:
        if winapi.ON_WINDOWS:
            # There, most stamps are this program's own, and late by the time this thread takes to wake up.
            mmcss.become_realtime()
        while not self._stop.is_set():
            try:
                self._turn()
            except Exception as fault:  # noqa: BLE001  PTP must go on
                self._complaints.note("PTP failed unexpectedly", fault)
                self._stop.wait(_LONGEST_S)

    def _turn(self) -> None:
        with self.lock:
            due_ns = min((role.due_ns for role in self._roles), default=None)
        wait_s = _LONGEST_S if due_ns is None else (due_ns - monotonic_ns()) / NS_PER_S
        records = self._port.receive(min(max(wait_s, 0.0), _LONGEST_S))
        with self.lock:
            for record in records:
                try:
                    self._send(self._take(record))
                except Exception as fault:  # noqa: BLE001  the other messages count all the same
                    self._complaints.note("a PTP message failed unexpectedly", fault)
            now_ns = monotonic_ns()
            for role in self._roles:
                if now_ns >= role.due_ns:
                    self._send(role.tick(now_ns))

    def _take(self, record: Arrival | Departure) -> list[Outgoing]:
        now_ns = record.stamp_ns
        try:
            message = decode(record.octets)
        except WireError:
            old = recognise_v1(record.octets)
            if old is not None and isinstance(record, Arrival):
                self._observer.see_version_1(old, record.source, now_ns)
            return []
        out: list[Outgoing] = []
        if isinstance(record, Arrival):
            self._observer.see(message, record.source, now_ns)
            for role in self._roles:
                out += role.receive(message, record)
        else:
            for role in self._roles:
                out += role.sent(message, record)
        return out

    def _send(self, messages: Iterable[Outgoing]) -> None:
        for each in messages:
            kind = each.message.type
            if self._port.send(encode(each.message), event=kind.is_event, peer=each.peer, to=each.to):
                self._observer.sent(kind, monotonic_ns())
