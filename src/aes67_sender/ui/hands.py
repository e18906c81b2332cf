"""Keys to a status screen, and its errands to the desk: a thread for each, since both wait."""

from __future__ import annotations

import contextlib
import queue
import threading
from functools import partial
from typing import TYPE_CHECKING, Final

from aes67_sender.errors import ConfigError, SenderError
from aes67_sender.ui.keys import open_keys

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from aes67_sender.ui.desk import Desk
    from aes67_sender.ui.keys import Keys
    from aes67_sender.ui.status_screen import Outcome, StatusScreen

#: How long one look at the terminal waits for a key, in seconds; the end waits for one look.
_LOOK_S: Final = 0.2


@contextlib.contextmanager
def hands_on(screen: StatusScreen, desk: Desk, post: Callable[[Callable[[], None]], None]) -> Iterator[None]:
    """Take keys while this is open; ``post`` calls the screen in its own thread. The terminal gets its mode back.

    Where stdin is no terminal there are no keys, and the screen is not told of any.
    """
    keys = open_keys()
    if keys is None:
        yield
        return
    stop, errands = threading.Event(), _Errands(lambda outcome: post(lambda: screen.outcome(outcome)))
    reader = threading.Thread(target=_read, args=(keys, stop, screen, post), name="keys", daemon=True)
    post(lambda: screen.attend(desk, errands.give))
    reader.start()
    try:
        yield
    finally:
        stop.set()
        keys.close()
        errands.end()
        reader.join(2 * _LOOK_S)


def _read(keys: Keys, stop: threading.Event, screen: StatusScreen, post: Callable[[Callable[[], None]], None]) -> None:
    # EOFError: the terminal is gone. The sender is told by SIGHUP.
    with contextlib.suppress(EOFError):
        while not stop.is_set():
            for key in keys.read(_LOOK_S):
                post(partial(screen.press, key))


class _Errands:
    """Does one after the other in a thread of its own, which nobody waits for."""

    def __init__(self, tell: Callable[[Outcome], None]) -> None:
        self._tell = tell
        self._waiting: queue.SimpleQueue[Callable[[], Outcome] | None] = queue.SimpleQueue()
        threading.Thread(target=self._work, name="errands", daemon=True).start()

    def give(self, errand: Callable[[], Outcome]) -> None:
        self._waiting.put(errand)

    def end(self) -> None:
        self._waiting.put(None)

    def _work(self) -> None:
        while (errand := self._waiting.get()) is not None:
            try:
                self._tell(errand())
            except SenderError as error:
                self._tell(_refusal(error))


def _refusal(error: SenderError) -> str:
    problems = error.problems if isinstance(error, ConfigError) else ()
    if problems:
        return " ".join(f"{problem.text} {problem.hint}".strip() for problem in problems)
    return f"{error} {error.hint}".strip()
