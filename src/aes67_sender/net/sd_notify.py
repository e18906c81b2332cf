"""systemd's notification socket: one datagram of lines to the service manager (sd_notify(3))."""

from __future__ import annotations

import contextlib
import socket
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

#: Windows has none.
_FAMILY: Final[int | None] = getattr(socket, "AF_UNIX", None)
_US_PER_S: Final = 1_000_000


class ServiceManager:
    """Who started this process as a service. Its calls never block and never raise.

    ``watchdog_s``: how long it waits for a sign of life, ``None`` for ever.
    """

    def __init__(self, address: str, watchdog_s: float | None) -> None:
        assert _FAMILY is not None, "find_manager makes none where there are no sockets with a path"  # noqa: S101
        self.watchdog_s = watchdog_s
        # "@" stands for the zero byte of an address without a file.
        self._address = f"\0{address[1:]}" if address.startswith("@") else address
        self._socket = socket.socket(_FAMILY, socket.SOCK_DGRAM)
        self._socket.setblocking(False)  # noqa: FBT003  the socket's own signature

    def tell(self, *lines: str) -> None:
        """Send assignments, as ``READY=1``, together; a manager that is gone or busy gets the next ones."""
        with contextlib.suppress(OSError, ValueError):
            self._socket.sendto("\n".join(lines).encode(), self._address)

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()


def find_manager(environment: Mapping[str, str], process_id: int) -> ServiceManager | None:
    """The manager that the environment names, if this process is its service's main one; else ``None``."""
    address = environment.get("NOTIFY_SOCKET", "")
    # Other kinds of address (vsock:…) are for virtual machines.
    if _FAMILY is None or not address.startswith(("/", "@")):
        return None
    for_us = environment.get("WATCHDOG_PID", str(process_id)) == str(process_id)
    limit = environment.get("WATCHDOG_USEC", "")
    watchdog_s = int(limit) / _US_PER_S if for_us and limit.isascii() and limit.isdigit() and int(limit) else None
    try:
        return ServiceManager(address, watchdog_s)
    except OSError:
        return None
