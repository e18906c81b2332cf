"""The port of the REST interface, which also keeps a second sender from starting unseen."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from aes67_sender.errors import MachineError, SenderError
from aes67_sender.net.listen import Listening, PortTakenError, listen
from aes67_sender.supervisor.client import door_of, fetch_snapshot

if TYPE_CHECKING:
    from aes67_sender.config.model import WebSettings


async def open_port(web: WebSettings) -> Listening:
    """Listen where the settings say, or find out who does.

    Raises:
        MachineError: the port is taken, by another sender or by another program.
    """
    try:
        return listen(web.host, web.port)
    except PortTakenError as error:
        where = web.listen
        change = 'give this one another port ("web": {"listen": "127.0.0.1:8068"} in the config) or --no-web.'
        try:
            other = await asyncio.to_thread(fetch_snapshot, door_of(web), timeout_s=3.0)
        except SenderError:
            raise MachineError(
                f"{where} is taken by another program.", hint=f"Stop that program, or {change}"
            ) from error
        raise MachineError(
            f"Another aes67-sender is running on {where}.",
            hint=f"It is called {other.name!r}; see `aes67-sender status`. To run two, {change}",
        ) from error
