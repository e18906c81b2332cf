"""Calls into drivers and servers that may never return."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")


def bounded(call: Callable[[], T], timeout_s: float, lane: threading.Lock | None = None) -> T | None:
    """Make the call in a thread of its own; ``None`` when it has not returned in time, and the thread is left behind.

    Calls with the same ``lane`` are made one after another, and not at all while one hangs: whoever tries again for
    hours leaves one thread behind, not thousands. What the call raises is raised here.
    """
    deadline_s = time.monotonic() + timeout_s
    if lane is not None and not lane.acquire(timeout=max(timeout_s, 0.0)):
        return None
    results: list[T] = []
    errors: list[BaseException] = []

    def run() -> None:
        try:
            results.append(call())
        except BaseException as error:  # noqa: BLE001  it is raised again, in the thread that asked
            errors.append(error)
        finally:
            if lane is not None:
                lane.release()

    worker = threading.Thread(target=run, name="gst-bounded", daemon=True)
    worker.start()
    worker.join(max(deadline_s - time.monotonic(), 0.0))
    if errors:
        raise errors[0]
    return results[0] if results else None
