"""The two sockets of a PTP port: bound beside other PTP programs, sending by one interface only."""

from __future__ import annotations

import errno
import socket
import struct
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from aes67_sender import winapi
from aes67_sender.errors import MachineError
from aes67_sender.model.problem import Problem
from aes67_sender.net.multicast import hear_own_groups_only, join, leave, send_by, share
from aes67_sender.net.qwave import DscpMarks, policy_hint
from aes67_sender.net.transmit_socket import sockaddr_in

if TYPE_CHECKING:
    from aes67_sender.model.interface import Interface

EVENT_PORT: Final = 319
GENERAL_PORT: Final = 320
#: IEEE 1588-2008 annex D.3: all messages but those about the link to the neighbour.
GROUP: Final = "224.0.1.129"
PEER_GROUP: Final = "224.0.0.107"
#: PTP does not pass routers: each hop adds a delay nobody knows.
MULTICAST_TTL: Final = 1

# Not in the socket module: linux/in.h.
_IP_UNICAST_IF: Final = 50


class PortsForbiddenError(MachineError):
    """This user may not open UDP ports 319 and 320."""


class PortsTakenError(MachineError):
    """Another program holds UDP port 319 or 320 and does not share it."""


@dataclass(frozen=True, slots=True)
class PtpSockets:
    """Both sockets, not blocking; ``problems`` tells what the system refused."""

    event: socket.socket
    general: socket.socket
    problems: tuple[Problem, ...]
    marks: DscpMarks | None = None

    def close(self) -> None:
        """Safe to call twice."""
        if self.marks is not None:
            self.marks.close()
        self.event.close()
        self.general.close()


def open_sockets(dscp: int) -> PtpSockets:
    """Bound to all addresses, in no group yet.

    Raises:
        PortsForbiddenError: no right to the ports.
        PortsTakenError: another program has one for itself.
        MachineError: they cannot be opened for another reason.
    """
    opened: list[socket.socket] = []
    try:
        for port in (EVENT_PORT, GENERAL_PORT):
            opened.append(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
            share(opened[-1])
            opened[-1].bind(("", port))
            opened[-1].settimeout(0)
            opened[-1].setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, MULTICAST_TTL)
            opened[-1].setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_LOOP, 0)
            hear_own_groups_only(opened[-1])
    except OSError as refused:
        for each in opened:
            each.close()
        raise why_not_bound(refused, EVENT_PORT if len(opened) == 1 else GENERAL_PORT) from refused
    return PtpSockets(opened[0], opened[1], *_mark(opened, dscp))


def why_not_bound(refused: OSError, port: int, platform: str = sys.platform) -> MachineError:
    """What to tell the user."""
    # Windows says "forbidden" when another program has the port for itself.
    if refused.errno == errno.EADDRINUSE or (refused.errno == errno.EACCES and platform == "win32"):
        return PortsTakenError(
            f"Another PTP program holds UDP port {port} for itself.",
            hint='Stop it, or let it keep the system clock right and set "clock": {"mode": "system"}.',
        )
    if refused.errno in {errno.EACCES, errno.EPERM}:
        return PortsForbiddenError(
            f"This user may not open UDP ports {EVENT_PORT} and {GENERAL_PORT}, which PTP needs.",
            hint=_how_to_allow(platform),
        )
    return MachineError(
        f"UDP port {port}, which PTP needs, cannot be opened: {refused.strerror or refused}.",
        hint='Set another "clock" mode in the config if this machine has no PTP.',
    )


def _how_to_allow(platform: str) -> str:
    if platform == "darwin":
        # Later ones let anybody have them, for all addresses at once, as here; for one address, root only.
        return (
            "macOS before 10.14 gives them to root only: run it with `sudo`. Later ones refuse only what is sandboxed."
        )
    program = Path(sys.executable).resolve()
    return (
        f"Allow it until the next boot: `sudo sysctl net.ipv4.ip_unprivileged_port_start={EVENT_PORT}`; "
        f"or for this Python for ever: `sudo setcap cap_net_bind_service=+ep {program}`."
    )


def choose_interface(sockets: PtpSockets, interface: Interface, index: int) -> None:
    """Join both groups on the interface, and send by it.

    Raises:
        OSError: the interface is gone.
    """
    for each in (sockets.event, sockets.general):
        send_by(each, interface, index)
        if sys.platform == "linux":
            # In network byte order, unlike the index of ip_mreqn.
            each.setsockopt(socket.IPPROTO_IP, _IP_UNICAST_IF, struct.pack("!I", index))
        for group in (GROUP, PEER_GROUP):
            join(each, group, interface, index)


def leave_groups(sockets: PtpSockets, interface: Interface, index: int) -> None:
    """Leave them, as far as still in them."""
    for each in (sockets.event, sockets.general):
        for group in (GROUP, PEER_GROUP):
            leave(each, group, interface, index)


def _mark(sockets: list[socket.socket], dscp: int) -> tuple[tuple[Problem, ...], DscpMarks | None]:
    if dscp == 0:
        return (), None
    if winapi.ON_WINDOWS:
        marks = DscpMarks(dscp)
        for each, port in zip(sockets, (EVENT_PORT, GENERAL_PORT), strict=True):
            marks.add(each.fileno(), sockaddr_in(GROUP, port))
        hint = policy_hint("AES67 PTP", (EVENT_PORT, GENERAL_PORT), dscp)
        return ((Problem("ptp.dscp", "warning", marks.why, hint=hint),) if marks.why else ()), marks
    try:
        for each in sockets:
            each.setsockopt(socket.IPPROTO_IP, socket.IP_TOS, dscp << 2)
    except OSError as refused:
        text = f"The system refuses to mark PTP messages with DSCP {dscp}: {refused.strerror}."
        return (Problem("ptp.dscp", "warning", text),), None
    return (), None
