"""Multicast by one interface only, beside other programs on the same port: what each system calls it."""

from __future__ import annotations

import contextlib
import socket
import struct
import sys
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from aes67_sender.model.interface import Interface

# Not in the socket module: linux/in.h.
_IP_MULTICAST_ALL: Final = 49


def share(sock: socket.socket) -> None:
    """Let others have the port too: all who hold it hear the groups. Before ``bind``."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if sys.platform == "darwin":
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)


def hear_own_groups_only(sock: socket.socket) -> None:
    """Else, on Linux, a socket hears every group that any program of the machine has joined."""
    if sys.platform == "linux":
        sock.setsockopt(socket.IPPROTO_IP, _IP_MULTICAST_ALL, 0)


def send_by(sock: socket.socket, interface: Interface, index: int) -> None:
    """Send multicast by this interface.

    Raises:
        OSError: the interface is gone.
    """
    sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, _way(interface, index))


def join(sock: socket.socket, group: str, interface: Interface, index: int) -> None:
    """Join a group on this interface.

    Raises:
        OSError: the interface is gone, or the socket is in the group already.
    """
    sock.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, _membership(group, interface, index))


def leave(sock: socket.socket, group: str, interface: Interface, index: int) -> None:
    """Leave a group, if still in it."""
    with contextlib.suppress(OSError):
        sock.setsockopt(socket.IPPROTO_IP, socket.IP_DROP_MEMBERSHIP, _membership(group, interface, index))


def _way(interface: Interface, index: int) -> bytes:
    if sys.platform == "win32":
        way = socket.inet_aton(interface.address or "")
    else:
        way = struct.pack("=4s4si", bytes(4), bytes(4), index)
    return way


def _membership(group: str, interface: Interface, index: int) -> bytes:
    if sys.platform == "win32":
        membership = socket.inet_aton(group) + _way(interface, index)
    else:
        # struct ip_mreqn: the index alone decides, so a new address changes nothing.
        membership = struct.pack("=4s4si", socket.inet_aton(group), bytes(4), index)
    return membership
