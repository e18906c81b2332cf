"""Announces the sender's sessions by SAP, and knows those of others; survives whatever happens to the interface."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from typing import TYPE_CHECKING, Final

from aes67_sender.errors import MachineError, WireError
from aes67_sender.logic.backoff import Backoff
from aes67_sender.logic.discovered import collisions
from aes67_sender.logic.sap_announcer import BURST, FAREWELL_PAUSE_S, FAREWELL_ROUNDS, PAUSE_S, SapAnnouncer
from aes67_sender.logic.sap_directory import SapDirectory
from aes67_sender.logic.session_facts import read_facts
from aes67_sender.model.problem import Problem
from aes67_sender.net.sap import SapSocket, open_sap_socket
from aes67_sender.supervisor.waiting import set_within
from aes67_sender.wire.sap import PORT, decode, encode

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from aes67_sender.logic.session_facts import SessionFacts
    from aes67_sender.model.interface import Interface
    from aes67_sender.model.session import DiscoveredSession
    from aes67_sender.wire.sap import SapPacket

_log = logging.getLogger(__name__)
#: The shortest wait after a failure.
_AGAIN_S: Final = 0.5
#: How often to look after what has become old.
_TICK_S: Final = 1.0
_WHY_IT_MATTERS: Final = "receivers do not learn of the streams by SAP"


class SapService:
    """Runs until cancelled, and then deletes what it has announced; all calls from the event loop's thread.

    The interface may come and go, and change its address: ``use`` tells.
    """

    def __init__(self, interface: Interface, *, port: int = PORT) -> None:
        self._name = interface.name
        self._interface: Interface | None = interface
        self._moved = asyncio.Event()
        self._port = port
        self._announcer = SapAnnouncer()
        self._directory = SapDirectory()
        self._socket: SapSocket | None = None
        self._address: str | None = None
        self._wanted: Mapping[str, str] = {}
        self._facts: dict[str, SessionFacts] = {}
        #: Also of sessions that were ours a moment ago.
        self._identities: set[str] = set()
        self._wake = asyncio.Event()
        self._broken: Problem | None = None
        self._collisions: tuple[Problem, ...] = ()

    def follow(self, sessions: Mapping[str, str]) -> None:
        """Announce these session descriptions from now on, by stream id; what is not among them is deleted.

        Costs nothing when nothing has changed.

        Raises:
            WireError: one is no session description; nothing changes then.
        """
        if sessions == self._wanted:
            return
        facts = {stream_id: read_facts(text.encode()) for stream_id, text in sessions.items()}
        self._wanted, self._facts = dict(sessions), facts
        self._identities |= {each.identity for each in facts.values()}
        self._follow()
        self._check_addresses()

    def use(self, name: str, interface: Interface | None) -> None:
        """How the interface of this name is now, ``None`` if it is gone; costs nothing if it is as it was.

        With another name, go over to that one; on the old one all is deleted first.
        """
        if (name, _state(interface)) != (self._name, _state(self._interface)):
            self._moved.set()
        self._name, self._interface = name, interface

    def sessions(self) -> tuple[DiscoveredSession, ...]:
        """All sessions that are heard, our own among them, by name."""
        return self._directory.sessions(_now_s(), self._identities)

    def problems(self) -> tuple[Problem, ...]:
        """What keeps the streams from being found, and who sends where we send."""
        return (*((self._broken,) if self._broken else ()), *self._collisions)

    async def run(self) -> None:
        """Announce and listen. Cancel it to stop: it returns when the deletions have been sent, after 0.5 s at most."""
        backoff = Backoff()
        try:
            while True:
                begun_s = _now_s()
                try:
                    why = await self._run_once()
                except Exception as error:  # noqa: BLE001  whatever it is, the streams must go on
                    _log.debug("SAP has failed", exc_info=True)
                    text = f"SAP has failed, and is tried again: {error!r}."
                    why = Problem("sap.failed", "warning", text, "Please report it.", "announce")
                self._tell(why)
                backoff = backoff.after_run(_now_s() - begun_s)
                await set_within(self._moved, max(backoff.delay_s, _AGAIN_S if why else 0.0))
        finally:
            await self._close()

    async def _run_once(self) -> Problem | None:
        interface = self._interface
        self._moved.clear()
        if interface is None or not interface.up or interface.address is None:
            return self._unusable(interface)
        return await self._serve(interface)

    async def _close(self) -> None:
        try:
            await self._say_farewell()
        finally:
            self._close_socket()

    def _close_socket(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    async def _say_farewell(self) -> None:
        packets = _encoded(self._announcer.farewell())
        if self._socket is None or not packets:
            return
        with contextlib.suppress(OSError):
            for number in range(FAREWELL_ROUNDS):
                await asyncio.sleep(FAREWELL_PAUSE_S if number else 0.0)
                for index, octets in enumerate(packets):
                    if index and index % BURST == 0:
                        await asyncio.sleep(PAUSE_S)
                    self._socket.send(octets)

    async def _serve(self, interface: Interface) -> Problem | None:
        """Until the interface changes or something fails; gives what has failed."""
        name = self._name
        self._close_socket()
        try:
            self._socket = open_sap_socket(interface, port=self._port)
        except MachineError as error:
            return Problem("sap.not-open", "warning", f"{error} So {_WHY_IT_MATTERS}.", error.hint, "announce")
        self._address = interface.address
        self._announcer.again(_now_s())
        self._follow()
        tasks = [
            asyncio.create_task(self._socket.receive(self._take)),
            asyncio.create_task(self._announce(self._socket)),
            asyncio.create_task(self._moved.wait()),
        ]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        if self._name != name:
            await self._say_farewell()
        self._close_socket()
        for task in done:
            try:
                task.result()
            except OSError as refused:
                return self._not_sent(refused)
        return None

    async def _announce(self, sock: SapSocket) -> None:
        while True:
            now_s = _now_s()
            for octets in _encoded(self._announcer.due(now_s)):
                # A full queue empties itself.
                with contextlib.suppress(BlockingIOError):
                    sock.send(octets)
            self._tell(None)
            self._tick(now_s)
            self._wake.clear()
            wait_s = min(max(self._announcer.due_s - _now_s(), 0.0), _TICK_S)
            await set_within(self._wake, wait_s)

    def _take(self, octets: bytes) -> None:
        try:
            packet = decode(octets)
        except WireError as error:
            _log.debug("%s", error)
            return
        self._directory.hear(packet, _now_s())

    def _tick(self, now_s: float) -> None:
        self._directory.expire(now_s)
        ours = sum(len(packet.payload) for packet in self._announcer.packets())
        self._announcer.others_octets = max(self._directory.octets - ours, 0)
        self._check_addresses()

    def _check_addresses(self) -> None:
        ours = {stream_id: facts.destinations for stream_id, facts in self._facts.items()}
        before, self._collisions = self._collisions, collisions(ours, self.sessions()) if ours else ()
        # Once for each stream: the status names them all, and a flood of them shall not become one of the log.
        told = {problem.path for problem in before}
        for problem in self._collisions:
            if problem.path not in told:
                told.add(problem.path)
                _log.warning("%s %s", problem.text, problem.hint)

    def _follow(self) -> None:
        if self._address is not None:
            self._announcer.follow(self._address, self._wanted, _now_s())
            self._wake.set()

    def _unusable(self, interface: Interface | None) -> Problem:
        state = "is not there"
        if interface is not None:
            state = "has no IPv4 address" if interface.address is None else "is down"
        text = f"Interface {self._name} {state}, so {_WHY_IT_MATTERS}."
        hint = "Check its cable, and that it is enabled and has an address; announcing goes on by itself."
        return Problem("sap.no-interface", "warning", text, hint, "interface")

    def _not_sent(self, refused: OSError) -> Problem:
        text = f"SAP packets cannot be sent by {self._name}: {refused.strerror or refused}; {_WHY_IT_MATTERS}."
        return Problem("sap.not-sent", "warning", text, "Check the cable and the firewall.", "announce")

    def _tell(self, problem: Problem | None) -> None:
        if problem is not None and problem != self._broken:
            _log.warning("%s", problem.text)
        if problem is None and self._broken is not None:
            _log.info("SAP works again on %s.", self._name)
        self._broken = problem


def _encoded(packets: Iterable[SapPacket]) -> list[bytes]:
    """A description that no datagram can hold must not silence the others."""
    found = []
    for packet in packets:
        try:
            found.append(encode(packet))
        except ValueError as error:
            _log.warning("A session is not announced: %s.", error)
    return found


def _state(interface: Interface | None) -> tuple[object, ...] | None:
    return None if interface is None else (interface.address, interface.up, interface.mac)


def _now_s() -> float:
    return asyncio.get_running_loop().time()
