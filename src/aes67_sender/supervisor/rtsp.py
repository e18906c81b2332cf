"""The RTSP server: connections in the supervisor's loop, none of which can hold it up."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from typing import TYPE_CHECKING, Final

from aes67_sender.logic.rtsp_server import TIMED_OUT, RtspConnection

if TYPE_CHECKING:
    from asyncio import StreamReader, StreamWriter
    from collections.abc import Callable

    from aes67_sender.logic.rtsp_server import Catalogue, Offer, Reply
    from aes67_sender.net.listen import Listening

_PIECE_OCTETS: Final = 16384
#: A client that takes in nothing while so much waits for it is dropped.
_MAX_WAITING_OCTETS: Final = 1 << 18


class Limits:
    """``request_s`` for a request from its first octet, and for the first one; ``write_s`` for taking in an answer."""

    def __init__(
        self, *, connections: int = 64, per_peer: int = 16, request_s: float = 10.0, write_s: float = 5.0
    ) -> None:
        self.connections, self.per_peer = connections, per_peer
        self.request_s, self.write_s = request_s, write_s


class _Client:
    def __init__(self, connection: RtspConnection, writer: StreamWriter, now_s: float) -> None:
        self.connection, self.writer = connection, writer
        self.peer = str((writer.get_extra_info("peername") or ("",))[0])
        self.active_s = now_s
        self.asked = False


class RtspServer:
    """Serves what ``catalogue`` gives at the moment. Who has described a session may stay for as long as he likes."""

    def __init__(self, catalogue: Callable[[], Catalogue], limits: Limits | None = None) -> None:
        self._catalogue = catalogue
        self._limits = limits or Limits()
        self._clients: dict[_Client, asyncio.Task[None]] = {}
        self._server: asyncio.Server | None = None

    @property
    def connections(self) -> int:
        """How many there are now."""
        return len(self._clients)

    async def start(self, listening: Listening) -> None:
        """Serve on a listening socket; takes it over."""
        self._server = await asyncio.start_server(self._accept, sock=listening)

    def announce(self, offer: Offer) -> None:
        """Tell those who have asked for the session that it has changed."""
        for client in self._clients:
            octets = client.connection.announce(offer)
            if not octets or client.writer.is_closing():
                continue
            client.writer.write(octets)
            if client.writer.transport.get_write_buffer_size() > _MAX_WAITING_OCTETS:
                client.writer.transport.abort()

    async def close(self) -> None:
        """Close all connections, at once."""
        if self._server is not None:
            self._server.close()
        tasks = tuple(self._clients.values())
        for client, task in self._clients.items():
            client.writer.transport.abort()
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _accept(self, reader: StreamReader, writer: StreamWriter) -> None:
        client = _Client(RtspConnection(self._catalogue), writer, _now_s())
        self._make_room(client.peer)
        task = self._clients[client] = asyncio.create_task(self._serve(client, reader))
        task.add_done_callback(lambda _: self._clients.pop(client, None))

    def _make_room(self, peer: str) -> None:
        """Where there are too many, the one that has been silent for longest gives way."""
        live = [client for client in self._clients if not client.writer.is_closing()]
        counted = Counter(client.peer for client in live)
        if counted[peer] >= self._limits.per_peer:
            live = [client for client in live if client.peer == peer]
        elif len(live) < self._limits.connections:
            return
        # A described session counts for more than a connection without a word.
        victim = min(live, key=lambda client: (bool(client.connection.described), client.active_s))
        victim.writer.transport.abort()

    async def _serve(self, client: _Client, reader: StreamReader) -> None:
        writer = client.writer
        try:
            # ConnectionError is an OSError; TimeoutError too: a client that takes in nothing.
            with contextlib.suppress(OSError):
                await self._converse(client, reader)
                writer.close()
                async with asyncio.timeout(self._limits.write_s):
                    await writer.wait_closed()
        finally:
            writer.transport.abort()

    async def _converse(self, client: _Client, reader: StreamReader) -> None:
        deadline_s: float | None = _now_s() + self._limits.request_s
        while True:
            try:
                async with asyncio.timeout_at(deadline_s):
                    octets = await reader.read(_PIECE_OCTETS)
            except TimeoutError:
                await self._reply(client, TIMED_OUT)
                return
            if not octets:
                return
            had_part, client.active_s = client.connection.has_part, _now_s()
            reply = client.connection.receive(octets)
            client.asked = client.asked or bool(reply.octets)
            await self._reply(client, reply)
            if reply.close:
                return
            if not client.connection.has_part:
                deadline_s = None if client.asked else deadline_s
            elif not had_part or reply.octets:
                deadline_s = _now_s() + self._limits.request_s

    async def _reply(self, client: _Client, reply: Reply) -> None:
        if reply.octets:
            client.writer.write(reply.octets)
            async with asyncio.timeout(self._limits.write_s):
                await client.writer.drain()


def _now_s() -> float:
    return asyncio.get_running_loop().time()
