"""Listens on the addresses of the streams for others who send there."""

from __future__ import annotations

import time
from collections import Counter
from contextlib import ExitStack
from ipaddress import IPv4Address
from typing import TYPE_CHECKING, Final

from aes67_sender.errors import MachineError, WireError
from aes67_sender.logic.doctor.multicast import StreamFacts
from aes67_sender.net.receive_socket import Wanted, open_receive_socket
from aes67_sender.wire.rtp import decode

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from aes67_sender.model.interface import Interface
    from aes67_sender.net.receive_socket import ReceiveSocket

_LOOK_EVERY_S: Final = 0.05
#: Each takes a socket, and its switch port a membership.
_MOST: Final = 64


def listen_for_others(
    streams: Sequence[tuple[str, str, int]], interface: Interface, own: Collection[str], seconds: float
) -> tuple[StreamFacts, ...]:
    """``streams``: id, multicast address and port of each. ``own``: addresses of this computer. Blocks for ``seconds``.

    What this computer sends itself is not another's; only RTP counts.
    """
    multicast = [each for each in streams if IPv4Address(each[1]).is_multicast][:_MOST]
    if not multicast:
        return ()
    errors: dict[str, str] = {}
    heard: dict[str, Counter[str]] = {name: Counter() for name, _, _ in multicast}
    with ExitStack() as stack:
        opened: dict[str, ReceiveSocket] = {}
        for name, address, port in multicast:
            try:
                opened[name] = stack.enter_context(open_receive_socket(Wanted(address, port, interface)))
            except MachineError as refused:
                errors[name] = str(refused)
        until_s = time.monotonic() + seconds
        while time.monotonic() < until_s:
            time.sleep(_LOOK_EVERY_S)
            for name, sock in opened.items():
                for datagram in sock.receive():
                    if datagram.source not in own and _is_rtp(datagram.octets):
                        heard[name][datagram.source] += 1
    return tuple(
        StreamFacts(name, address, port, seconds, dict(heard[name]), errors.get(name, ""))
        for name, address, port in multicast
    )


def _is_rtp(octets: bytes) -> bool:
    try:
        decode(octets)
    except WireError:
        return False
    return True
