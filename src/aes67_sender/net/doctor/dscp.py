"""Sends a multicast packet as the streams are sent, and catches it again to see its DSCP."""

from __future__ import annotations

import secrets
import socket
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING, Final

from aes67_sender import winapi
from aes67_sender.errors import MachineError
from aes67_sender.logic.doctor.multicast import DscpFacts
from aes67_sender.net.receive_socket import ReceiveSocket, Wanted, open_receive_socket, open_tap
from aes67_sender.net.transmit_socket import TransmitSocketSpec, open_transmit_socket

if TYPE_CHECKING:
    from collections.abc import Callable

    from aes67_sender.model.interface import Interface

#: Of the administratively scoped block that nobody is given (RFC 2365); it leaves the subnet with no TTL.
PROBE_GROUP: Final = "239.255.67.254"
_PROBE_PORT: Final = 56_767
_TRIES: Final = 3
_WITHIN_S: Final = 0.3
_LOOK_EVERY_S: Final = 0.01


def probe_dscp(interface: Interface, dscp: int) -> DscpFacts:
    """Send up to three packets with TTL 1 to a group of our own, with the streams' socket settings. Below a second.

    Where this user may look at what leaves (``open_tap``), that counts; else what the system loops back. On Windows
    nothing is sent: what its QoS service says to the streams' socket settings is all that can be known.
    """
    spec = TransmitSocketSpec(interface.address or "", interface.name, ttl=1, dscp=dscp, multicast_loop=True)
    wanted = Wanted(PROBE_GROUP, _PROBE_PORT, interface)
    try:
        with ExitStack() as stack:
            sending = stack.enter_context(open_transmit_socket(spec))
            sending.reach(PROBE_GROUP, _PROBE_PORT)
            if winapi.ON_WINDOWS:
                unmarked = next((each.text for each in sending.problems if each.code == "network.dscp"), "")
                return DscpFacts(interface.name, dscp, unmarked=unmarked)
            catching = {
                "looped": _opened(stack, lambda: open_receive_socket(wanted)),
                "wire": _opened(stack, lambda: open_tap(wanted)),
            }
            # The socket is the packet path's, which only knows its number.
            out = stack.enter_context(socket.fromfd(sending.fileno(), socket.AF_INET, socket.SOCK_DGRAM))
            return _caught(interface, dscp, out, {name: each for name, each in catching.items() if each})
    except (MachineError, OSError) as refused:
        return DscpFacts(interface.name, dscp, refused=_sentence(refused))


def _sentence(refused: MachineError | OSError) -> str:
    if isinstance(refused, OSError):
        return f"A multicast packet cannot be sent: {refused.strerror or refused}."
    return str(refused)


def _opened(stack: ExitStack, open_socket: Callable[[], ReceiveSocket]) -> ReceiveSocket | None:
    try:
        return stack.enter_context(open_socket())
    except MachineError:
        return None


def _caught(interface: Interface, dscp: int, out: socket.socket, catching: dict[str, ReceiveSocket]) -> DscpFacts:
    token = secrets.token_bytes(16)
    seen: dict[str, int] = {}
    for _ in range(_TRIES):
        out.sendto(token, (PROBE_GROUP, _PROBE_PORT))
        until_s = time.monotonic() + _WITHIN_S
        while time.monotonic() < until_s and len(seen) < len(catching):
            time.sleep(_LOOK_EVERY_S)
            for name, each in catching.items():
                # A tap sees the looped copy too, which has passed the same rules.
                for found in each.receive():
                    if found.octets == token:
                        seen[name] = found.dscp
        if len(seen) == len(catching):
            break
    return DscpFacts(interface.name, dscp, seen.get("looped"), seen.get("wire"))
