"""What receivers know a stream by, and what it keeps when its engine or its config changes."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from aes67_sender.logic.changes import session_changes
from aes67_sender.model.protocol import StreamHandover

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aes67_sender.config.model import Config, StreamSettings
    from aes67_sender.model.interface import Interface

#: Settings that the socket has, and with it the UDP port that packets come from.
_SOCKET_KEYS: Final = frozenset({"ttl", "dscp", "multicast_loop"})


def stable_ssrc(interface: Interface, stream: StreamSettings) -> int:
    """An SSRC as good as random, and the same at every start: some receivers lock on to the one they knew."""
    seed = f"{interface.mac or interface.address} {stream.id} {stream.address}:{stream.port}".encode()
    return int.from_bytes(hashlib.sha256(seed).digest()[:4], "big") or 1


def new_handover(interface: Interface, stream: StreamSettings) -> StreamHandover:
    """What a stream begins with that was never sent."""
    ssrc = stable_ssrc(interface, stream) if stream.ssrc is None else stream.ssrc
    return StreamHandover(stream.id, ssrc, secrets.randbelow(2**16))


def handovers_after(
    old: Config, new: Config, interface: Interface, known: Mapping[str, StreamHandover]
) -> tuple[StreamHandover, ...]:
    """What each stream of ``new`` goes on with; only one that receivers must take anew gets another SSRC."""
    was = {stream.id: stream for stream in old.streams}
    found = []
    for stream in new.streams:
        fresh, before = new_handover(interface, stream), known.get(stream.id)
        changed = session_changes(was[stream.id], stream) if stream.id in was else ()
        if before is None:
            found.append(fresh)
        elif not changed:
            found.append(before)
        else:
            port = 0 if _SOCKET_KEYS.intersection(changed) else before.source_port
            found.append(replace(before, ssrc=fresh.ssrc, source_port=port))
    return tuple(found)
