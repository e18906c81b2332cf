"""Waits for what may not come."""

from __future__ import annotations

import asyncio
import contextlib


async def set_within(event: asyncio.Event, limit_s: float | None) -> None:
    """Return when the event is set, or when the time is over; ``None`` is no limit."""
    # Not wait_for: before Python 3.12 it forgets to be cancelled when it is woken at the same time.
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(limit_s):
            await event.wait()
