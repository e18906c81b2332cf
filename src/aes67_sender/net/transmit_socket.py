"""The UDP socket that RTP packets leave through, set up once; the packet path only uses its descriptor."""

from __future__ import annotations

import errno
import socket
import struct
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from aes67_sender import winapi
from aes67_sender.errors import MachineError
from aes67_sender.model.problem import Problem
from aes67_sender.net.closing import Closing
from aes67_sender.net.qwave import DscpMarks, policy_hint

if TYPE_CHECKING:
    from collections.abc import Callable

#: Room for bursts of all streams of a tick: 64 packets of 1500 bytes take about 150 kB of kernel memory.
_SEND_BUFFER_BYTES: Final = 4 * 1024 * 1024
#: The highest priority that needs no privilege: first band of the default queue, PCP 6 where VLANs map it.
_PRIORITY: Final = 6
# Not in the socket module; values of linux/in.h and asm-generic/socket.h.
_IP_MTU_DISCOVER: Final = 10
_IP_UNICAST_IF: Final = 50
_IP_PMTUDISC_DO: Final = 2
_SO_SNDBUFFORCE: Final = 32
# ws2ipdef.h
_IP_DONTFRAGMENT: Final = 14


@dataclass(frozen=True, slots=True)
class TransmitSocketSpec:
    """What one socket is for: streams that share a TTL and a DSCP.

    ``source_port`` 0 lets the system choose; ``dscp`` is 0 … 63.
    """

    interface_address: str
    interface_name: str
    ttl: int
    dscp: int
    multicast_loop: bool = False
    source_port: int = 0


class TransmitSocket(Closing):
    """An open, non-blocking, unconnected UDP socket. ``problems`` tells what the system refused.

    Non-blocking: a full buffer must cost one packet (EAGAIN), never the time of the next.
    """

    def __init__(self, sock: socket.socket, problems: tuple[Problem, ...], marks: DscpMarks | None = None) -> None:
        """``marks`` are for destinations one by one, where the socket has none for all."""
        self._socket = sock
        self._problems = problems
        self._marks = marks
        self._dscp_problem: tuple[Problem, ...] = ()
        self.source_port: int = sock.getsockname()[1]

    @property
    def problems(self) -> tuple[Problem, ...]:
        """What the system refused, of what has been asked so far."""
        return (*self._problems, *self._dscp_problem)

    def reach(self, address: str, port: int) -> bytes:
        """The ``sockaddr`` of a destination; what is sent there from now on carries the socket's DSCP, if it may."""
        packed = sockaddr_in(address, port)
        if self._marks is not None:
            self._marks.add(self._socket.fileno(), packed)
            if self._marks.why:
                hint = policy_hint("AES67 media", (port, port), self._marks.dscp)
                self._dscp_problem = (Problem("network.dscp", "warning", self._marks.why, hint=hint),)
        return packed

    def fileno(self) -> int:
        """The descriptor, or the SOCKET handle on Windows; -1 when closed."""
        return self._socket.fileno()

    def close(self) -> None:
        """Close it; safe to call twice. The packet path must have stopped."""
        if self._marks is not None:
            self._marks.close()
        self._socket.close()


def open_transmit_socket(spec: TransmitSocketSpec) -> TransmitSocket:
    """Open and set up a socket.

    Raises:
        MachineError: It cannot be bound to the address, or multicast cannot leave by the interface: packets would
            go out of another one.
    """
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        sock.settimeout(0)
        problems = [*_bind(sock, spec), *_set_options(sock, spec)]
    except BaseException:
        sock.close()
        raise
    # Windows takes IP_TOS and ignores it: no error would tell.
    marks = DscpMarks(spec.dscp) if winapi.ON_WINDOWS and spec.dscp else None
    return TransmitSocket(sock, tuple(problems), marks)


def sockaddr_in(address: str, port: int, platform: str = sys.platform) -> bytes:
    """``struct sockaddr_in`` of 16 bytes as the platform's ``sendto``, ``sendmmsg`` and ``WSASendTo`` take it."""
    tail = struct.pack("!H4s8x", port, socket.inet_aton(address))
    if platform == "darwin":
        return struct.pack("BB", 16, 2) + tail
    return struct.pack("=H", 2) + tail


def _bind(sock: socket.socket, spec: TransmitSocketSpec) -> list[Problem]:
    try:
        sock.bind((spec.interface_address, spec.source_port))
    except OSError as taken:
        if taken.errno != errno.EADDRINUSE or spec.source_port == 0:
            raise MachineError(
                f"Cannot send from {spec.interface_address} on {spec.interface_name}: {taken.strerror}.",
                hint="Check that the interface is up and still has this address.",
            ) from taken
        return [*_bind_anywhere(sock, spec)]
    return []


def _bind_anywhere(sock: socket.socket, spec: TransmitSocketSpec) -> list[Problem]:
    sock.bind((spec.interface_address, 0))
    text = f"UDP source port {spec.source_port} is taken; packets come from port {sock.getsockname()[1]}."
    return [Problem("network.source-port", "info", text)]


def _set_options(sock: socket.socket, spec: TransmitSocketSpec) -> list[Problem]:
    try:
        _choose_multicast_interface(sock, spec)
    except OSError as refused:
        raise MachineError(
            f"Multicast cannot leave by {spec.interface_name} ({spec.interface_address}): {refused.strerror}.",
            hint="Check that the interface is up and still has this address.",
        ) from refused
    ip = socket.IPPROTO_IP
    steps: list[tuple[str, str, Callable[[], None]]] = [
        ("network.ttl", f"TTL {spec.ttl}", lambda: sock.setsockopt(ip, socket.IP_MULTICAST_TTL, spec.ttl)),
        ("network.ttl", f"unicast TTL {spec.ttl}", lambda: sock.setsockopt(ip, socket.IP_TTL, spec.ttl)),
        (
            "network.loop",
            "the multicast loop",
            lambda: sock.setsockopt(ip, socket.IP_MULTICAST_LOOP, int(spec.multicast_loop)),
        ),
        ("network.buffer", "a larger send buffer", lambda: _enlarge_buffer(sock)),
    ]
    if sys.platform != "win32":
        steps.append(
            ("network.dscp", f"DSCP {spec.dscp}", lambda: sock.setsockopt(ip, socket.IP_TOS, spec.dscp << 2)),
        )
    if sys.platform == "win32":
        # AES67 6.1: never fragments.
        steps.append(("network.df", "do not fragment", lambda: sock.setsockopt(ip, _IP_DONTFRAGMENT, 1)))
    if sys.platform == "linux":
        # AES67 6.1: never fragments. Priority comes last, for IP_TOS sets it too.
        steps += [
            ("network.unicast", "the interface for unicast", lambda: _choose_unicast_interface(sock, spec)),
            ("network.df", "do not fragment", lambda: sock.setsockopt(ip, _IP_MTU_DISCOVER, _IP_PMTUDISC_DO)),
            ("network.priority", "priority", lambda: sock.setsockopt(socket.SOL_SOCKET, socket.SO_PRIORITY, _PRIORITY)),
        ]
    return [problem for code, what, step in steps if (problem := _attempt(code, what, step))]


def _attempt(code: str, what: str, step: Callable[[], None]) -> Problem | None:
    try:
        step()
    except OSError as refused:
        return Problem(code, "warning", f"The system refuses to set {what}: {refused.strerror}.")
    return None


def _choose_multicast_interface(sock: socket.socket, spec: TransmitSocketSpec) -> None:
    address = socket.inet_aton(spec.interface_address)
    if sys.platform == "win32":
        choice = address
    else:
        # struct ip_mreqn: the index decides, also where two interfaces share an address.
        choice = struct.pack("4s4si", bytes(4), address, socket.if_nametoindex(spec.interface_name))
    sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, choice)


def _choose_unicast_interface(sock: socket.socket, spec: TransmitSocketSpec) -> None:
    # In network byte order, unlike the index of ip_mreqn.
    index = struct.pack("!I", socket.if_nametoindex(spec.interface_name))
    sock.setsockopt(socket.IPPROTO_IP, _IP_UNICAST_IF, index)


def _enlarge_buffer(sock: socket.socket) -> None:
    if sys.platform == "linux":
        try:
            sock.setsockopt(socket.SOL_SOCKET, _SO_SNDBUFFORCE, _SEND_BUFFER_BYTES)
        except PermissionError:
            pass
        else:
            return
    # Linux clamps this to net.core.wmem_max silently; that is enough for some dozens of streams.
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER_BYTES)
