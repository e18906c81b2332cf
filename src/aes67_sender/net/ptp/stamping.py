"""Who stamps the datagrams of a PTP port: what the port asks of a system, and the program's own stamps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol, TypeAlias

from aes67_sender.model.ptp import Arrival, Departure, StampKind
from aes67_sender.monotonic import monotonic_ns

if TYPE_CHECKING:
    import socket

    from aes67_sender.model.problem import Problem

Address: TypeAlias = tuple[str, int]
#: PTP messages are far shorter; what fills this is none.
LONGEST_DATAGRAM: Final = 2048
#: Datagrams read at a time: a flood must not hold the caller.
MOST_READS: Final = 64


class Stamping(Protocol):
    """Sends and receives by sockets the port has opened. One thread. Sockets do not block."""

    @property
    def kind(self) -> StampKind:
        """The weaker of what sent and received datagrams get now."""

    @property
    def problems(self) -> tuple[Problem, ...]:
        """Why the stamps are no better; changes while it runs."""

    def follow(self, interface_index: int) -> None:
        """The interface has this number from now on: drop what came in by others."""

    def send(self, sock: socket.socket, octets: bytes, address: Address) -> None:
        """Send an event message, which ``departures`` gives back with its stamp.

        Raises:
            OSError: it was not sent.
        """

    def arrivals(self, sock: socket.socket, *, event: bool) -> list[Arrival]:
        """What has come. An error ends the reading as an empty socket does: reading makes the system forget it."""

    def departures(self, sock: socket.socket) -> list[Departure]:
        """Event messages that have left since the last call."""

    def close(self) -> None:
        """Give back what stamping took; the sockets are the port's."""


class UserSpaceStamping:
    """Stamps by this program: right after a datagram was read, and midway between before and after it was sent.

    They are late by the time the program took to wake up. Sees no difference between interfaces: it relies on the
    sockets' memberships.
    """

    kind: StampKind = "user-space"

    def __init__(self, problems: tuple[Problem, ...] = ()) -> None:
        self.problems = problems
        self._departed: list[Departure] = []

    def follow(self, interface_index: int) -> None:
        """Nothing to do."""

    def send(self, sock: socket.socket, octets: bytes, address: Address) -> None:
        """Send and stamp."""
        before_ns = monotonic_ns()
        sock.sendto(octets, address)
        self._departed.append(Departure(octets, (before_ns + monotonic_ns()) // 2, "user-space"))

    def arrivals(self, sock: socket.socket, *, event: bool) -> list[Arrival]:
        """Read and stamp."""
        read: list[Arrival] = []
        for _ in range(MOST_READS):
            try:
                octets, address = sock.recvfrom(LONGEST_DATAGRAM)
            except OSError:
                break
            read.append(Arrival(octets, monotonic_ns(), address[0], event, "user-space"))
        return read

    def departures(self, sock: socket.socket) -> list[Departure]:  # noqa: ARG002  stamped when sent
        """All that was sent since."""
        departed, self._departed = self._departed, []
        return departed

    def close(self) -> None:
        """Nothing to give back."""
