"""How many connections the REST interface holds.

uvicorn waits for ever for the first request, and holds as many connections as there are. Each costs a file, and without
files the supervisor can neither look after its interface nor start an engine.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from uvicorn.protocols.http.h11_impl import H11Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable

#: macOS allows a process 256 files.
MOST_CONNECTIONS: Final = 64


class BoundedConnection(H11Protocol):
    """A connection that is taken when others have gone: first the one that has been without a request for longest.

    What answers a request finds in the scope's state how to ``abort`` it, however much of an answer is unread.
    """

    begun_s = 0.0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """Make room, then begin."""
        self.begun_s = asyncio.get_running_loop().time()
        _make_room(each for each in self.connections if isinstance(each, BoundedConnection))
        super().connection_made(transport)
        self.app_state = {**self.app_state, "abort": transport.abort}


def _make_room(connections: Iterable[BoundedConnection]) -> None:
    live = [each for each in connections if not each.transport.is_closing()]
    if len(live) >= MOST_CONNECTIONS:
        min(live, key=_worth).transport.abort()


def _worth(connection: BoundedConnection) -> tuple[bool, float]:
    # Before the first request there is no cycle.
    is_busy = not getattr(connection.cycle, "response_complete", True)
    return is_busy, connection.begun_s
