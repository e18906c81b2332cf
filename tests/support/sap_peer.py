"""Somebody else on SAP's group: a plain socket that announces and listens, on the loopback unless told otherwise."""

from __future__ import annotations

import socket
import struct
import time
from typing import TYPE_CHECKING, Self

from aes67_sender.wire.sap import SapPacket, decode, encode

if TYPE_CHECKING:
    from collections.abc import Callable

GROUP = "239.255.255.255"


def free_port() -> int:
    """A UDP port nobody has now."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("", 0))
        port: int = sock.getsockname()[1]
        return port


class SapPeer:
    """Hears everything on the port, also what it sends itself; a context manager."""

    def __init__(self, port: int, interface: str = "lo") -> None:
        self.packets: list[SapPacket] = []
        self._port = port
        by = struct.pack("=4s4si", socket.inet_aton(GROUP), bytes(4), socket.if_nametoindex(interface))
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._socket.bind((GROUP, port))
        self._socket.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, by)
        self._socket.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, by)
        self._socket.settimeout(0)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def send(self, packet: SapPacket | bytes) -> None:
        octets = packet if isinstance(packet, bytes) else encode(packet)
        self._socket.sendto(octets, (GROUP, self._port))

    def hear(self) -> list[SapPacket]:
        """All that has come so far."""
        while True:
            try:
                self.packets.append(decode(self._socket.recv(65_536)))
            except BlockingIOError:
                return self.packets

    def wait_for(self, condition: Callable[[list[SapPacket]], object], within_s: float = 20.0) -> None:
        """Block until what was heard meets the condition."""
        deadline_s = time.monotonic() + within_s
        while not condition(self.hear()):
            assert time.monotonic() < deadline_s, f"not within {within_s} s: {self.packets}"
            time.sleep(0.01)
