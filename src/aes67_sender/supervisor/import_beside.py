"""Imports what takes long without holding up the event loop."""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import threading
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from types import ModuleType


async def import_beside(name: str) -> ModuleType:
    """The module of this name, imported in a thread: FastAPI takes most of a second. Raises what the import raises.

    A daemon thread rather than the loop's executor, whose end would have to be waited for when the user stops early.
    """
    loop = asyncio.get_running_loop()
    imported: asyncio.Future[ModuleType] = loop.create_future()

    def settle(module: ModuleType | None, error: Exception | None) -> None:
        if not imported.done():
            imported.set_exception(error) if error else imported.set_result(cast("ModuleType", module))

    def work() -> None:
        module, error = None, None
        try:
            module = importlib.import_module(name)
        except Exception as caught:  # noqa: BLE001  handed to the loop as it is
            error = caught
        with contextlib.suppress(RuntimeError):  # the loop may be closed by now
            loop.call_soon_threadsafe(settle, module, error)

    threading.Thread(target=work, name=f"import-{name.rpartition('.')[2]}", daemon=True).start()
    return await imported
