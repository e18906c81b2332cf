"""Tries to open the UDP ports that are needed, and finds out who has them."""

from __future__ import annotations

import contextlib
import os
import socket
from pathlib import Path
from typing import TYPE_CHECKING, Final

import psutil

from aes67_sender.errors import MachineError
from aes67_sender.logic.doctor.ports import PTP_PORTS, SAP_PORT, Holder, PortFacts
from aes67_sender.net.listen import PortTakenError, listen
from aes67_sender.net.multicast import share
from aes67_sender.net.ptp.sockets import PortsForbiddenError, PortsTakenError, why_not_bound

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from aes67_sender.logic.doctor.ports import Attempt

#: A TCP connection from a port does not keep others from listening on it.
_HOLDING: Final = frozenset({psutil.CONN_LISTEN, psutil.CONN_NONE})
_OWN: Final = ("aes67_sender", "aes67-sender")
_FIRST_UNPRIVILEGED: Final = Path("/proc/sys/net/ipv4/ip_unprivileged_port_start")


def survey_ports() -> tuple[PortFacts, ...]:
    """319 and 320 of PTP, 9875 of SAP: opened as the sender opens them, and closed again."""
    holders = _holders("udp")
    return tuple(_survey(port, holders) for port in (*PTP_PORTS, SAP_PORT))


def survey_web(host: str, port: int) -> PortFacts:
    """The TCP port of the REST interface: opened as the sender opens it, and closed again."""
    try:
        listen(host, port).close()
    except PortTakenError:
        return PortFacts(port, "taken", holders=_holders("tcp").get(port, ()))
    except MachineError as refused:
        return PortFacts(port, "failed", str(refused))
    return PortFacts(port, "opened")


def is_grandmaster_here() -> bool:
    """Whether one of this program holds the PTP ports as a grandmaster; as far as this user may see."""
    with contextlib.suppress(psutil.Error, OSError):
        for each in psutil.net_connections("udp4"):
            if each.laddr and each.laddr.port in PTP_PORTS and each.pid not in {None, 0, os.getpid()}:
                words = psutil.Process(each.pid).cmdline()
                if _is_own(words) and "grandmaster" in words:
                    return True
    return False


def first_unprivileged_port() -> int | None:
    """From which port on any user may open ports; ``None`` where the system does not tell."""
    with contextlib.suppress(OSError, ValueError):
        return int(_FIRST_UNPRIVILEGED.read_text())
    return None


def _survey(port: int, holders: Mapping[int, tuple[Holder, ...]]) -> PortFacts:
    attempt, error = _attempt(port)
    return PortFacts(port, attempt, error, holders.get(port, ()))


def _attempt(port: int) -> tuple[Attempt, str]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            share(probe)
            probe.bind(("", port))
        except OSError as refused:
            match why_not_bound(refused, port):
                case PortsTakenError():
                    return "taken", ""
                case PortsForbiddenError():
                    return "forbidden", ""
                case _:
                    return "failed", refused.strerror or str(refused)
    return "opened", ""


def _is_own(words: Sequence[str]) -> bool:
    return any(own in word for word in words[:3] for own in _OWN)


def _holders(kind: str) -> dict[int, tuple[Holder, ...]]:
    """By port. Of other users' sockets Linux tells a plain user only that they are there."""
    found: dict[int, dict[tuple[str, int | None], Holder]] = {}
    with contextlib.suppress(psutil.Error, OSError):
        for each in psutil.net_connections(kind):
            # Windows says 0 of what belongs to nobody any more.
            if each.laddr and each.status in _HOLDING and each.pid not in {0, os.getpid()}:
                holder = _holder(each.pid)
                found.setdefault(each.laddr.port, {})[holder.name, holder.pid] = holder
    return {port: tuple(holders.values()) for port, holders in found.items()}


def _holder(pid: int | None) -> Holder:
    if pid is None:
        return Holder("another user's program", None)
    with contextlib.suppress(psutil.Error):
        process = psutil.Process(pid)
        name = process.name()
        with contextlib.suppress(psutil.Error):
            if _is_own(process.cmdline()):
                return Holder("a running aes67-sender", pid, own=True)
        return Holder(name, pid)
    return Holder("a program", pid)
