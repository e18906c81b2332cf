"""The sockets that streams leave by: one for all that share a TTL, a DSCP and the multicast loop."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aes67_sender.net.transmit_socket import TransmitSocket, TransmitSocketSpec, open_transmit_socket

if TYPE_CHECKING:
    from collections.abc import Collection

    from aes67_sender.config.model import StreamSettings
    from aes67_sender.model.problem import Problem

    #: TTL, DSCP, multicast loop.
    Key = tuple[int, int, bool]


class Outlets:
    """Opens sockets when a stream first needs them. One thread."""

    def __init__(self, interface: str, address: str) -> None:
        """``address`` is the interface's own, from which packets come."""
        self._interface = interface
        self._address = address
        self._sockets: dict[Key, TransmitSocket] = {}

    def take(self, stream: StreamSettings, source_port: int) -> TransmitSocket:
        """The socket for a stream; a new one gets the ``source_port`` if it is free, 0 for any.

        Raises:
            MachineError: the interface has gone, or cannot send multicast.
        """
        key = _key(stream)
        if key not in self._sockets:
            self._sockets[key] = open_transmit_socket(
                TransmitSocketSpec(
                    interface_address=self._address,
                    interface_name=self._interface,
                    ttl=stream.ttl,
                    dscp=stream.dscp,
                    multicast_loop=stream.multicast_loop,
                    source_port=source_port,
                )
            )
        return self._sockets[key]

    def close_all_but(self, streams: Collection[StreamSettings], used: Collection[int]) -> None:
        """Close the sockets that none of the streams needs and that are not among the descriptors in use."""
        needed = {_key(stream) for stream in streams}
        for key, socket in list(self._sockets.items()):
            if key not in needed and socket.fileno() not in used:
                del self._sockets[key]
                socket.close()

    @property
    def problems(self) -> tuple[Problem, ...]:
        """What the system refused in setting them up."""
        return tuple(problem for socket in self._sockets.values() for problem in socket.problems)


def _key(stream: StreamSettings) -> Key:
    return stream.ttl, stream.dscp, stream.multicast_loop
