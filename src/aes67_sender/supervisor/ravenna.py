"""Announces the sender's sessions as RAVENNA devices look for them: DNS-SD, and RTSP for the description."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Final

from aes67_sender.errors import MachineError, SenderError
from aes67_sender.logic.instance_names import choose_names
from aes67_sender.logic.rtsp_server import Catalogue, Offer
from aes67_sender.model.problem import Problem
from aes67_sender.net.listen import Listening, PortTakenError, listen, port_of
from aes67_sender.net.mdns.port import open_mdns
from aes67_sender.net.mdns.responder import Responder
from aes67_sender.supervisor.rtsp import RtspServer
from aes67_sender.supervisor.waiting import set_within

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aes67_sender.logic.session import Session
    from aes67_sender.model.interface import Interface

_log = logging.getLogger(__name__)

#: 554 needs rights on Unix; this is what those take who have none. DNS-SD tells the port, so any other does as well.
RTSP_PORT: Final = 8554
_AGAIN_S: Final = 3.0


class RavennaService:
    """Lives in one event loop; starts with the first ``follow``. Nothing of it raises: it complains in ``problems``.

    The interface may come and go, and change its address: ``use`` tells.
    """

    def __init__(self, interface: Interface | None, *, port: int = RTSP_PORT) -> None:
        self._interface = interface
        self._wanted_port = port
        self._sessions: Mapping[str, Session] = {}
        self._names: dict[str, str] = {}
        self._foreign: set[str] = set()
        self._catalogue = Catalogue()
        #: Name and address of the interface that is served.
        self._place = ("", "")
        self._port = 0
        self._was_down = False
        self._rtsp: RtspServer | None = None
        self._responder: Responder | None = None
        self._problems: tuple[Problem, ...] = ()
        self._changed = asyncio.Event()
        self._running: asyncio.Task[None] | None = None

    @property
    def port(self) -> int:
        """Where the RTSP server listens, 0 as long as it does not."""
        return self._port

    @property
    def names(self) -> Mapping[str, str]:
        """By stream id, the names that are announced; they differ from the sessions' where those were taken."""
        return self._names

    @property
    def announced(self) -> frozenset[str]:
        """The names that the network has been told and that nobody else had."""
        return frozenset(self._responder.published if self._responder else ())

    def problems(self) -> tuple[Problem, ...]:
        """What is wrong now."""
        return self._problems

    def follow(self, sessions: Mapping[str, Session]) -> None:
        """Announce these sessions, by stream id, and no others. In the loop's thread; returns at once."""
        before = {offer.stream_id: offer for offer in self._catalogue.offers}
        self._sessions = dict(sessions)
        self._refresh()
        for offer in self._catalogue.offers:
            old = before.get(offer.stream_id)
            if self._rtsp is not None and old is not None and old.sdp != offer.sdp:
                self._rtsp.announce(offer)
        self._changed.set()
        if self._running is None:
            self._running = asyncio.create_task(self._run(), name="ravenna")

    def use(self, interface: Interface | None) -> None:
        """How the interface is now, ``None`` if it is gone; costs nothing if it is as it was.

        If it is another one, go over to that one; on the old one all is withdrawn first.
        """
        if interface != self._interface:
            self._interface = interface
            self._was_down |= interface is None or not interface.up or interface.address is None
            self._changed.set()

    async def close(self) -> None:
        """Withdraw all announcements and end; within half a second."""
        if self._running is not None:
            self._running.cancel()
            await asyncio.gather(self._running, return_exceptions=True)
        await self._leave()
        await self._hang_up()

    def _refresh(self) -> None:
        """Names and catalogue for the sessions of now."""
        wanted = {key: session.description.name for key, session in self._sessions.items()}
        self._names = choose_names(wanted, self._names, self._foreign)
        offers = (_offer(session, self._names[key]) for key, session in self._sessions.items())
        self._catalogue = Catalogue(offers, address=self._place[1], port=self._port)

    async def _run(self) -> None:
        while True:
            self._changed.clear()
            wait_s = None
            try:
                await self._settle()
                self._problems = ()
            except SenderError as error:
                self._complain(str(error), error.hint)
                wait_s = _AGAIN_S
            except Exception as error:  # noqa: BLE001  whatever it is, the streams must go on
                _log.exception("the RAVENNA announcements have failed")
                self._complain(f"The RAVENNA announcements have failed: {error!r}.", "They are tried again.")
                await self._leave()
                wait_s = _AGAIN_S
            await set_within(self._changed, wait_s)

    def _complain(self, text: str, hint: str) -> None:
        self._problems = (Problem("ravenna.failed", "warning", text, hint, "announce.ravenna"),)

    async def _settle(self) -> None:
        """Make the network hear what is wanted."""
        interface = self._interface
        if interface is None or not interface.up or interface.address is None:
            return
        place = (interface.name, interface.address)
        if self._was_down or place != self._place:
            # RFC 6762 8: on a network that may be another, names are asked for anew.
            await self._leave()
            if place != self._place:
                await self._hang_up()
            self._was_down = False
        if self._rtsp is None:
            await self._answer(place)
        if self._responder is None:
            mdns = await open_mdns(interface.address)
            self._foreign.clear()
            self._responder = Responder(mdns, _host(interface), interface.address, self._on_conflict)
            self._refresh()
        await self._publish(self._responder)

    async def _answer(self, place: tuple[str, str]) -> None:
        listening = _listen(place[1], self._wanted_port)
        self._place, self._port = place, port_of(listening)
        self._refresh()
        server = RtspServer(lambda: self._catalogue)
        await server.start(listening)
        self._rtsp = server

    async def _publish(self, responder: Responder) -> None:
        wanted = set(self._names.values())
        await responder.withdraw([label for label in responder.published if label not in wanted])
        missing = [label for label in wanted if label not in responder.published]
        free = await asyncio.gather(*(responder.publish(label, self._port) for label in missing))
        for label in (label for label, was_free in zip(missing, free, strict=True) if not was_free):
            self._on_conflict(label)

    def _on_conflict(self, label: str) -> None:
        _log.info("the name %r is taken on the network", label)
        self._foreign.add(label)
        self._refresh()
        self._changed.set()

    async def _leave(self) -> None:
        responder, self._responder = self._responder, None
        if responder is not None:
            await responder.close()

    async def _hang_up(self) -> None:
        server, self._rtsp, self._port, self._place = self._rtsp, None, 0, ("", "")
        if server is not None:
            await server.close()


def _listen(address: str, port: int) -> Listening:
    try:
        try:
            return listen(address, port)
        except PortTakenError:
            return listen(address, 0)
    except MachineError as error:
        raise MachineError(f"No RTSP server for RAVENNA: {error}", hint="It is tried again.") from error


def _host(interface: Interface) -> str:
    """A host name of our own: the machine's belongs to its mDNS responder, which tells all of its addresses."""
    tail = (interface.mac or interface.name).replace(":", "")
    return f"aes67-{''.join(char if char.isalnum() and char.isascii() else '-' for char in tail)}.local."


def _offer(session: Session, label: str) -> Offer:
    described = session.description
    return Offer(
        stream_id=session.stream_id,
        names=(label, described.name),
        sdp=session.text,
        source=described.origin_address,
        destination=described.destination,
        port=described.port,
        ttl=described.ttl,
    )
