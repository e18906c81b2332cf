"""The socket that announces and hears sessions (SAP, RFC 2974) on one interface, beside other programs."""

from __future__ import annotations

import asyncio
import socket
import sys
from typing import TYPE_CHECKING, Final, NoReturn

from aes67_sender.errors import MachineError
from aes67_sender.net.multicast import hear_own_groups_only, join, send_by, share
from aes67_sender.wire.sap import GROUP, PORT, TTL

if TYPE_CHECKING:
    from collections.abc import Callable

    from aes67_sender.model.interface import Interface

#: Only to listen. The global scope, and where PipeWire announces unless it is told otherwise.
ELSEWHERE: Final = ("224.2.127.254", "224.0.0.56")
#: Longer ones are cut, and then refused by who reads them: no session description has so many octets.
_LONGEST: Final = 16_384
#: In a network with a thousand sessions there come a hundred packets a second. What is beyond, the kernel drops.
_MOST_PER_S: Final = 500
#: After so many the loop gets its turn.
_AT_ONCE: Final = 16
_AFTER_ERROR_S: Final = 0.1
#: Descriptions made to be slow to read may cost a tenth of the loop's time, counted in pieces of this.
_SPENT_S: Final = 0.02
_REST: Final = 9


class SapSocket:
    """Sends and receives by one interface. All calls from one event loop's thread."""

    def __init__(self, sock: socket.socket, port: int) -> None:
        self._socket = sock
        self._port = port

    def send(self, octets: bytes) -> None:
        """Send one packet to the group, at once.

        Raises:
            OSError: it cannot be sent.
        """
        self._socket.sendto(octets, (GROUP, self._port))

    async def receive(self, take: Callable[[bytes], None]) -> NoReturn:
        """Hand over every packet that comes, our own too, until cancelled; of a flood only a part."""
        loop = asyncio.get_running_loop()
        begun_s, count, spent_s = loop.time(), 0, 0.0
        while True:
            try:
                octets, _ = await loop.sock_recvfrom(self._socket, _LONGEST)
            except OSError:
                # Windows reports a datagram that is too long as an error.
                await asyncio.sleep(_AFTER_ERROR_S)
                continue
            taken_s = loop.time()
            take(octets)
            count += 1
            spent_s += loop.time() - taken_s
            if spent_s >= _SPENT_S:
                await asyncio.sleep(_REST * spent_s)
                spent_s = 0.0
            elapsed_s = loop.time() - begun_s
            if elapsed_s >= 1:
                begun_s, count = loop.time(), 0
            elif count >= _MOST_PER_S:
                await asyncio.sleep(1 - elapsed_s)
            elif count % _AT_ONCE == 0:
                await asyncio.sleep(0)

    def close(self) -> None:
        """Safe to call twice. Cancel ``receive`` before."""
        self._socket.close()


def open_sap_socket(interface: Interface, *, port: int = PORT) -> SapSocket:
    """Join SAP's groups on the interface, and send by it with TTL 255. Programs on this computer hear it too.

    Raises:
        MachineError: the port is held by a program that does not share it, or the interface cannot be used.
    """
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        sock.setblocking(False)  # noqa: FBT003  the socket's own signature
        share(sock)
        hear_own_groups_only(sock)
        sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, TTL)
        sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_LOOP, 1)
        index = 0 if sys.platform == "win32" else socket.if_nametoindex(interface.name)
        send_by(sock, interface, index)
        sock.bind(("", port))
        for group in (GROUP, *ELSEWHERE):
            join(sock, group, interface, index)
    except OSError as refused:
        sock.close()
        raise MachineError(
            f"SAP (UDP port {port}) cannot be used on {interface.name}: {refused.strerror or refused}.",
            hint=f"Check that {interface.name} is up and has an IPv4 address, and that no other program holds UDP port "
            f"{port} for itself.",
        ) from refused
    return SapSocket(sock, port)
