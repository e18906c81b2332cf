"""Receives one RTP stream with the kernel's stamps: as a member of its group, or as it leaves this computer."""

from __future__ import annotations

import contextlib
import errno
import socket
import struct
import sys
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network
from typing import TYPE_CHECKING, Final

from aes67_sender.errors import MachineError
from aes67_sender.monotonic import monotonic_ns
from aes67_sender.net.closing import Closing
from aes67_sender.net.ipv4 import Datagram, udp_in
from aes67_sender.net.ptp.realtime import RealtimeOffset, observe_now
from aes67_sender.units import NS_PER_S

if sys.platform == "win32":
    from aes67_sender.net.ptp.windows import (
        ARRIVALS_ONLY,
        SIO_TIMESTAMPING,
        believed_ns,
        performance_counter_ns,
        stamp_of,
    )
    from aes67_sender.net.ptp.winsock import control_messages, load_winsock

if TYPE_CHECKING:
    from collections.abc import Iterable

    from aes67_sender.model.interface import Interface

_ON_LINUX: Final = bool(sys.platform == "linux")
# Not in the socket module: linux/in.h, asm-generic/socket.h, linux/if_packet.h.
_IP_MULTICAST_ALL: Final = 49
_IP_ADD_SOURCE_MEMBERSHIP: Final = 39
_SO_RCVBUFFORCE: Final = 33
_SO_RXQ_OVFL: Final = 40
_SO_TIMESTAMPNS_NEW: Final = 64
# ws2ipdef.h: how Windows asks for the TTL, and calls it.
_IP_HOPLIMIT: Final = 21
_SOL_PACKET: Final = 263
_PACKET_STATISTICS: Final = 6
_ETH_P_ALL: Final = 0x0003
_TIMESPEC: Final = struct.Struct("=qq")
_COUNT: Final = struct.Struct("=I")

#: More than a second of the fastest stream: 8000 packets that take 2304 bytes of kernel memory each.
_BUFFER_BYTES: Final = 32 << 20
_LONGEST_BYTES: Final = 2048
_CONTROL_BYTES: Final = 256
#: One call returns after so many, so that its caller can tell how far it is.
_MOST_READS: Final = 4096
_READINGS_AT_START: Final = 50
_OLDEST_NS: Final = 60 * NS_PER_S
_SOURCE_SPECIFIC: Final = IPv4Network("232.0.0.0/8")


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which stream, and where it should come in. ``sources`` matter only for groups that need them (RFC 4607)."""

    address: str
    port: int
    interface: Interface
    sources: tuple[str, ...] = ()


class ReceiveSocket(Closing):
    """An open socket, not blocking; ``lost`` counts what came and found no room, ``None`` where nobody tells.

    One thread. A context manager.
    """

    def __init__(self, sock: socket.socket, tapped: Wanted | None = None) -> None:
        """``tapped``: a packet socket, and what to pick from all that passes it."""
        self._socket = sock
        self._tapped = tapped
        self._offset = RealtimeOffset()
        observe_now(self._offset, _READINGS_AT_START)
        self.lost: int | None = 0 if _ON_LINUX else None
        if sys.platform == "win32":
            self._winsock = load_winsock()
            self._winsock.control(sock, SIO_TIMESTAMPING, ARRIVALS_ONLY, 0)

    def receive(self) -> list[Datagram]:
        """All that has come; at once, also if that is nothing."""
        read: list[tuple[bytes, Iterable[tuple[int, int, bytes]], str, int]] = []
        for _ in range(_MOST_READS):
            try:
                octets, control, source = self._next()
            except OSError:
                break
            read.append((octets, control, source, monotonic_ns()))
        if read:
            observe_now(self._offset)
        if self._tapped is not None:
            self._count_tapped()
            return [found for each in read if (found := self._pick(*each, self._tapped))]
        return [self._datagram(*each) for each in read]

    if sys.platform == "win32":

        def _next(self) -> tuple[bytes, list[tuple[int, int, bytes]], str]:
            octets, source, control = self._winsock.receive(self._socket, _LONGEST_BYTES)
            return octets, control_messages(control), source

    else:

        def _next(self) -> tuple[bytes, list[tuple[int, int, bytes]], str]:
            octets, control, _, address = self._socket.recvmsg(_LONGEST_BYTES, _CONTROL_BYTES)
            return octets, control, address[0]

    def _datagram(self, octets: bytes, control: Iterable[tuple[int, int, bytes]], source: str, now_ns: int) -> Datagram:
        arrival_ns, ttl, dscp = now_ns, -1, -1
        for level, kind, value in control:
            if level == socket.SOL_SOCKET:
                if kind == _SO_TIMESTAMPNS_NEW:
                    arrival_ns = self._stamp(value, now_ns)
                elif kind == _SO_RXQ_OVFL:
                    self.lost = max(self.lost or 0, _COUNT.unpack_from(value)[0])
                elif sys.platform == "win32" and (ticks := stamp_of([(level, kind, value)])) is not None:
                    arrival_ns = believed_ns(performance_counter_ns(ticks), now_ns) or now_ns
            elif level == socket.IPPROTO_IP:
                if kind in {socket.IP_TTL, _IP_HOPLIMIT}:
                    ttl = int.from_bytes(value, sys.byteorder)
                elif kind in {socket.IP_TOS, getattr(socket, "IP_RECVTOS", socket.IP_TOS)}:
                    dscp = value[0] >> 2
        return Datagram(octets, arrival_ns, source, ttl, dscp)

    def _pick(
        self, packet: bytes, control: Iterable[tuple[int, int, bytes]], _source: str, now_ns: int, wanted: Wanted
    ) -> Datagram | None:
        if packet[16:20] != socket.inet_aton(wanted.address):
            return None
        stamps = [self._stamp(value, now_ns) for _, kind, value in control if kind == _SO_TIMESTAMPNS_NEW]
        found = udp_in(packet, stamps[0] if stamps else now_ns)
        return found if found and (found.port == wanted.port or found.fragment) else None

    def _stamp(self, timespec: bytes, now_ns: int) -> int:
        seconds, rest_ns = _TIMESPEC.unpack_from(timespec)
        stamp_ns = self._offset.monotonic_ns(
            seconds * NS_PER_S + rest_ns, earliest_ns=now_ns - _OLDEST_NS, latest_ns=now_ns
        )
        return now_ns if stamp_ns is None else stamp_ns

    def _count_tapped(self) -> None:
        # struct tpacket_stats: all packets, and those dropped; reading sets both to zero.
        statistics = self._socket.getsockopt(_SOL_PACKET, _PACKET_STATISTICS, 8)
        self.lost = (self.lost or 0) + struct.unpack("=II", statistics)[1]

    def close(self) -> None:
        """Leave the group; safe to call twice."""
        self._socket.close()


def open_receive_socket(wanted: Wanted) -> ReceiveSocket:
    """A socket on the stream's port, in its group on this interface only, beside other receivers of this computer.

    Raises:
        MachineError: the port is taken, or the group cannot be joined.
    """
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        sock.settimeout(0)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        # Bound to the group, it gets nothing that is sent to another address with this port; Windows cannot.
        sock.bind(("" if sys.platform == "win32" else wanted.address, wanted.port))
        if IPv4Address(wanted.address).is_multicast:
            _join(sock, wanted)
        _ask_for_more(sock)
    except OSError as refused:
        sock.close()
        raise _refused(wanted, refused) from refused
    except BaseException:
        sock.close()
        raise
    return ReceiveSocket(sock)


def open_tap(wanted: Wanted) -> ReceiveSocket:
    """Hears the stream as it leaves this computer: it does not come back to who sends it. Linux.

    Raises:
        MachineError: that needs a right this user has not, or another system.
    """
    if sys.platform == "linux":
        try:
            sock = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, 0)
        except OSError as refused:
            raise MachineError(
                f"This computer sends the stream itself, and may not listen to what it sends ({refused.strerror}).",
                hint="Run it on another computer, or here as root.",
            ) from refused
        sock.settimeout(0)
        _enlarge(sock)
        sock.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS_NEW, 1)
        # All protocols: what this computer sends is shown to nobody who asks for IPv4 only.
        sock.bind((wanted.interface.name, _ETH_P_ALL))
        return ReceiveSocket(sock, wanted)

    raise MachineError(
        "This computer sends the stream itself, so nothing of it can be received here.",
        hint="Run it on another computer.",
    )


def _join(sock: socket.socket, wanted: Wanted) -> None:
    group, here = socket.inet_aton(wanted.address), socket.inet_aton(wanted.interface.address or "0.0.0.0")  # noqa: S104
    if _ON_LINUX:
        # Else it hears the group on every interface that any program has joined it on.
        sock.setsockopt(socket.IPPROTO_IP, _IP_MULTICAST_ALL, 0)
        if IPv4Address(wanted.address) in _SOURCE_SPECIFIC:
            for source in wanted.sources:
                membership = group + here + socket.inet_aton(source)
                sock.setsockopt(socket.IPPROTO_IP, _IP_ADD_SOURCE_MEMBERSHIP, membership)
            return
        index = socket.if_nametoindex(wanted.interface.name)
        sock.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, group + here + struct.pack("@i", index))
        return
    sock.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, group + here)


def _ask_for_more(sock: socket.socket) -> None:
    """Stamps, TTL, DSCP and losses with each packet, as far as the system tells them."""
    _enlarge(sock)
    asked = [getattr(socket, name, None) for name in ("IP_RECVTTL", "IP_RECVTOS")]
    if sys.platform == "win32":
        asked.append(_IP_HOPLIMIT)
    for option in asked:
        if option is not None:
            with contextlib.suppress(OSError):
                sock.setsockopt(socket.IPPROTO_IP, option, 1)
    if _ON_LINUX:
        # IP_RECVTTL of linux/in.h, which the module lacks before Python 3.14.
        sock.setsockopt(socket.IPPROTO_IP, 12, 1)
        for option in (_SO_TIMESTAMPNS_NEW, _SO_RXQ_OVFL):
            with contextlib.suppress(OSError):
                sock.setsockopt(socket.SOL_SOCKET, option, 1)


def _enlarge(sock: socket.socket) -> None:
    if _ON_LINUX:
        with contextlib.suppress(OSError):
            sock.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, _BUFFER_BYTES)
            return
    with contextlib.suppress(OSError):
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER_BYTES)


def _refused(wanted: Wanted, refused: OSError) -> MachineError:
    where = f"{wanted.address}:{wanted.port} on {wanted.interface.name}"
    if refused.errno == errno.EADDRINUSE:
        return MachineError(
            f"UDP port {wanted.port} is held by another program alone, so {where} cannot be received.",
            hint="Stop the other receiver, or listen on another computer.",
        )
    return MachineError(
        f"{where} cannot be received: {refused.strerror or refused}.",
        hint="Check that the interface is up and has an IPv4 address, or choose another one with --interface.",
    )
