"""What stands behind an interface's name: cables are pulled, and DHCP gives other addresses."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Final

from aes67_sender.net.interfaces import find_interface

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable

    from aes67_sender.model.interface import Interface

    #: Tells the interface of a name as it is now, ``None`` where there is none; called in a thread.
    Look = Callable[[str], Interface | None]

_log = logging.getLogger(__name__)
LOOK_EVERY_S: Final = 0.5


async def looks(
    name: Callable[[], str], look: Look = find_interface, *, every_s: float = LOOK_EVERY_S
) -> AsyncGenerator[Interface | None, None]:
    """The interface as it is, again and again; ``None`` as long as there is none.

    ``name`` is asked before each look, for another interface may be gone over to. A look that fails tells nothing.
    """
    failed = False
    while True:
        await asyncio.sleep(every_s)
        wanted = name()
        try:
            found = await asyncio.to_thread(look, wanted)
        except Exception as error:  # noqa: BLE001  whatever it is, the streams must go on
            if not failed:
                _log.warning("Interface %s cannot be looked at, and is looked at again: %r.", wanted, error)
            failed = True
            continue
        failed = False
        if name() == wanted:
            yield found
