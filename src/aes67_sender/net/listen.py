"""The listening socket of the REST interface."""

from __future__ import annotations

import errno
import socket
import sys
from typing import Final, TypeAlias

from aes67_sender.errors import MachineError

_BACKLOG: Final = 64
#: A TCP socket that listens, for those who may not name sockets.
Listening: TypeAlias = socket.socket


class PortTakenError(MachineError):
    """Another program listens on the port already."""


def listen(host: str, port: int) -> Listening:
    """A listening, non-blocking TCP socket; ``port`` 0 takes any free one.

    Raises:
        PortTakenError: the port is in use.
        MachineError: it cannot be opened for another reason.
    """
    listening: socket.socket | None = None
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listening = socket.socket(family, kind, protocol)
        if sys.platform == "win32":
            # There, SO_REUSEADDR would let two programs share the port.
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
        else:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(address)
        listening.listen(_BACKLOG)
        listening.setblocking(False)  # noqa: FBT003  the socket's own signature
    except OSError as error:
        if listening is not None:
            listening.close()
        if error.errno == errno.EADDRINUSE:
            raise PortTakenError(f"TCP port {port} on {host} is taken by another program.") from error
        raise MachineError(
            f"TCP port {port} on {host} cannot be opened: {error.strerror or error}.",
            hint='Set "web": {"listen": "127.0.0.1:8067"} in the config, or run with --no-web.',
        ) from error
    return listening


def port_of(listening: Listening) -> int:
    """The TCP port a socket listens on."""
    port: int = listening.getsockname()[1]
    return port
