"""Where what is to be seen goes: JSON lines, a live display, or a plain line now and then.

A terminal can be stopped (Ctrl-S) and a pipe can be full. So all writing happens in a thread of its own: it may block
there as long as it likes, while the sender goes on and still hears Ctrl-C.
"""

from __future__ import annotations

import contextlib
import os
import queue
import sys
import threading
from typing import TYPE_CHECKING, BinaryIO, Final, Generic, Protocol, TextIO, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rich.console import RenderableType
    from rich.live import Live

Item = TypeVar("Item")
Item_contra = TypeVar("Item_contra", contravariant=True)

#: Items that wait for a slow reader; beyond, the newest are left out.
_WAITING: Final = 8
#: How long the end waits for the terminal, in seconds.
_END_S: Final = 0.3


class Screen(Protocol[Item_contra]):
    """Shows snapshots, or whatever else its items are. Both calls come from one thread."""

    @property
    def interval_s(self) -> float:
        """Seconds between two items."""

    def show(self, item: Item_contra) -> None:
        """Show one; BrokenPipeError when nobody reads any more."""

    def close(self) -> None:
        """Leave the terminal as it was."""


class JsonScreen(Generic[Item]):
    """A JSON line per item; ``encode`` gives it without the newline."""

    interval_s = 1.0

    def __init__(self, out: BinaryIO, encode: Callable[[Item], bytes]) -> None:
        self._out = out
        self._encode = encode

    def show(self, item: Item) -> None:
        """Write one line at once."""
        self._out.write(self._encode(item) + b"\n")
        self._out.flush()

    def close(self) -> None:
        """Nothing to do."""


class PlainScreen(Generic[Item]):
    """A line of text per item, for logs and for terminals that cannot do more."""

    def __init__(self, out: TextIO, line: Callable[[Item], str], interval_s: float) -> None:
        self._out = out
        self._line = line
        self.interval_s = interval_s

    def show(self, item: Item) -> None:
        """Write one line at once."""
        self._out.write(self._line(item) + "\n")
        self._out.flush()

    def close(self) -> None:
        """Nothing to do."""


class LiveScreen(Generic[Item]):
    """A picture of the whole item, redrawn in place; ``draw`` is given the terminal's columns and lines."""

    def __init__(self, draw: Callable[[Item, int, int], RenderableType], interval_s: float) -> None:
        self._draw = draw
        self.interval_s = interval_s
        self._live: Live | None = None
        self._size = (0, 0)

    def show(self, item: Item) -> None:
        """Draw it; the first one takes over the terminal."""
        live = self._live or self._start()
        if live.console.size != self._size:
            # The terminal has wrapped the old picture: its lines are no longer where they were drawn.
            live.stop()
            live.console.clear()
            live = self._start()
        live.update(self._draw(item, *self._size), refresh=True)

    def close(self) -> None:
        """Leave the last picture standing and the cursor below it."""
        if self._live is not None:
            self._live.stop()

    def _start(self) -> Live:
        from rich.console import Console  # noqa: PLC0415  Rich is for terminals only
        from rich.live import Live  # noqa: PLC0415

        # The log goes above the picture, unless it is sent elsewhere.
        self._live = Live(console=Console(), auto_refresh=False, redirect_stderr=sys.stderr.isatty())
        self._live.start()
        self._size = self._live.console.size
        return self._live


def can_draw() -> bool:
    """Whether stdout is a terminal that a picture can be redrawn on."""
    return sys.stdout.isatty() and os.environ.get("TERM", "") not in {"dumb", "unknown"}


@contextlib.contextmanager
def screen_thread(screen: Screen[Item]) -> Iterator[Callable[[Item], None]]:
    """Run a screen in a thread; gives a function that never blocks.

    Raises:
        Exception: what the screen raised (BrokenPipeError …), from the call after it.
    """
    waiting: queue.Queue[Item | None] = queue.Queue(_WAITING)
    failed: list[Exception] = []

    def work() -> None:
        try:
            while (item := waiting.get()) is not None:
                screen.show(item)
            screen.close()
        except Exception as error:  # noqa: BLE001  raised again by the next call
            failed.append(error)

    def offer(item: Item) -> None:
        if failed:
            raise failed[0]
        with contextlib.suppress(queue.Full):
            waiting.put_nowait(item)

    # A daemon: it may hang in a stopped terminal for ever.
    thread = threading.Thread(target=work, name="screen", daemon=True)
    thread.start()
    try:
        yield offer
    finally:
        if waiting.full():
            with contextlib.suppress(queue.Empty):
                waiting.get_nowait()
        # There is room now: nobody else puts. A terminal that is let go later ends the thread.
        waiting.put_nowait(None)
        thread.join(_END_S)
