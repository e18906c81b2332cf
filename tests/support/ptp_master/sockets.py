"""UDP sockets on the PTP ports whose packets the kernel stamps, in both directions."""

from __future__ import annotations

import contextlib
import select
import socket
import struct
import time
from typing import Final, Self

from support.ptp_master.messages import EVENT_PORT, GENERAL_PORT

GROUP: Final = "224.0.1.129"
PEER_GROUP: Final = "224.0.0.107"

_SO_TIMESTAMPING: Final = 37
_TX_SOFTWARE, _RX_SOFTWARE, _SOFTWARE, _OPT_ID, _OPT_TSONLY = 1 << 1, 1 << 3, 1 << 4, 1 << 7, 1 << 11
_IP_RECVERR: Final = 11
#: EF, as AES67 wants it for the clock; the upper six bits of the old TOS octet.
_TOS: Final = 46 << 2
_TX_STAMP_WITHIN_S: Final = 0.02


class Sockets:
    """Both ports on one interface. All stamps are CLOCK_REALTIME, in ns."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.event, self.general = self._open(EVENT_PORT), self._open(GENERAL_PORT)
        flags = _TX_SOFTWARE | _RX_SOFTWARE | _SOFTWARE | _OPT_ID | _OPT_TSONLY
        self.event.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPING, flags)
        self._sent_events = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.event.close()
        self.general.close()

    def _open(self, port: int) -> socket.socket:
        opened = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        opened.bind(("", port))
        here = socket.inet_aton(self.address)
        opened.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, here)
        opened.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_LOOP, 0)
        opened.setsockopt(socket.IPPROTO_IP, socket.IP_TOS, _TOS)
        for group in (GROUP, PEER_GROUP):
            opened.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, socket.inet_aton(group) + here)
        opened.setblocking(False)  # noqa: FBT003  the standard library's signature
        return opened

    def send_general(self, octets: bytes, to: str = GROUP) -> None:
        """To port 320."""
        with contextlib.suppress(OSError):  # a network that is down is part of the plan
            self.general.sendto(octets, (to, GENERAL_PORT))

    def send_event(self, octets: bytes, to: str = GROUP) -> int:
        """To port 319; returns when it left, by the kernel's stamp."""
        try:
            self.event.sendto(octets, (to, EVENT_PORT))
        except OSError:
            return time.time_ns()
        number, self._sent_events = self._sent_events, self._sent_events + 1
        return self._transmit_stamp(number)

    def _transmit_stamp(self, number: int) -> int:
        until_s = time.monotonic() + _TX_STAMP_WITHIN_S
        poller = select.poll()
        poller.register(self.event, 0)  # POLLERR is always reported
        while time.monotonic() < until_s:
            for found, stamp_ns in self.pending_stamps():
                if found == number:
                    return stamp_ns
            poller.poll(5)
        raise OSError("the kernel gave no transmit stamp")

    def pending_stamps(self) -> list[tuple[int, int]]:
        """Empties the error queue: number of the packet and its stamp."""
        stamps = []
        with contextlib.suppress(BlockingIOError):
            while True:
                _, ancillary, _, _ = self.event.recvmsg(256, 512, socket.MSG_ERRQUEUE)
                fields = {(level, kind): octets for level, kind, octets in ancillary}
                stamp, error = fields[socket.SOL_SOCKET, _SO_TIMESTAMPING], fields[socket.IPPROTO_IP, _IP_RECVERR]
                # struct sock_extended_err: ee_data, the number, is its last word.
                stamps.append((struct.unpack_from("I", error, 12)[0], _ns(stamp)))
        return stamps

    def receive_event(self) -> tuple[bytes, str, int] | None:
        """A datagram, who sent it, and when it came; ``None`` where none waits."""
        try:
            octets, ancillary, _, sender = self.event.recvmsg(2048, 512)
        except BlockingIOError:
            return None
        for level, kind, value in ancillary:
            if (level, kind) == (socket.SOL_SOCKET, _SO_TIMESTAMPING):
                return octets, sender[0], _ns(value)
        raise OSError("the kernel gave no receive stamp")


def _ns(timespecs: bytes) -> int:
    seconds, ns = struct.unpack_from("qq", timespecs)
    return int(seconds * 1_000_000_000 + ns)
