"""Notices when the config file is changed by hand.

By looking once a second, which works on every system and network drive and needs no library. What is read has been the
same on two looks, so a file half written is not taken.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from typing import TYPE_CHECKING, Final

from aes67_sender.config.read import read_text
from aes67_sender.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    #: The text of the file, or why it cannot be read.
    Seen = str | ConfigError

INTERVAL_S: Final = 1.0
#: Looks at a file that rests: some file systems tell the time of a change in steps of two seconds.
_LOOKS_AT_REST: Final = 3
_JOIN_S: Final = 0.2


class ConfigWatch:
    """Looks at one file. ``poll`` is called once every ``INTERVAL_S``, by any one thread; it reads the file."""

    def __init__(self, path: Path, text: str) -> None:
        """``text`` is what is known to stand in the file."""
        self._path = path
        self._known: object = text
        self._stamp: object = None
        self._rested = 0

    def poll(self) -> Seen | None:
        """What stands in the file if that is news, else ``None``."""
        stamp = self._look()
        if stamp != self._stamp:
            self._stamp, self._rested = stamp, 0
            return None
        self._rested += 1
        if self._rested > _LOOKS_AT_REST:
            return None
        seen: Seen
        try:
            if self._path.is_fifo():
                # Whoever opens one waits for its writer, perhaps for ever.
                raise ConfigError(f"{self._path.name} is a pipe now.", hint="Put the file back.")  # noqa: TRY301  as below
            seen = read_text(self._path)
        except ConfigError as error:
            seen = error
        if self._look() != stamp:
            return None
        known = seen if isinstance(seen, str) else [str(seen), *(problem.text for problem in seen.problems)]
        if known == self._known:
            return None
        self._known = known
        return seen

    def _look(self) -> object:
        try:
            found = self._path.stat()
        except OSError as error:
            return error.errno
        return found.st_mtime_ns, found.st_size, found.st_ino


@contextlib.contextmanager
def watching(path: Path, text: str, on_seen: Callable[[Seen], None]) -> Iterator[None]:
    """Watch a file in a thread of its own, for a network drive may hang; ``on_seen`` is called in the running loop."""
    loop = asyncio.get_running_loop()
    watch, stop = ConfigWatch(path, text), threading.Event()

    def work() -> None:
        while not stop.wait(INTERVAL_S):
            seen = watch.poll()
            if seen is not None:
                with contextlib.suppress(RuntimeError):  # the loop may be closed by now
                    loop.call_soon_threadsafe(on_seen, seen)

    thread = threading.Thread(target=work, name="watch-config", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(_JOIN_S)
