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
#: Said when what was lost is there again.
BACK: Final = "The sender answers again."
#: How long the end waits for the terminal, in seconds.
_END_S: Final = 0.3


class Screen(Protocol[Item_contra]):
    """Shows snapshots, or whatever else its items are. All calls come from one thread."""

    @property
    def interval_s(self) -> float:
        """Seconds between two items."""

    def show(self, item: Item_contra) -> None:
        """Show one; BrokenPipeError when nobody reads any more."""

    def lost(self, why: str) -> None:
        """There is no newer item, and why, in a sentence. ``show`` means that there is one again."""

    def close(self) -> None:
        """Leave the terminal as it was."""


class _Losses:
    """Says once that something is lost, and once that it is back."""

    def __init__(self, say: Callable[[str], object]) -> None:
        self._say = say
        self._lost = False

    def lost(self, why: str) -> None:
        if not self._lost:
            self._say(why)
        self._lost = True

    def back(self) -> None:
        if self._lost:
            self._say(BACK)
        self._lost = False


class JsonScreen(Generic[Item]):
    """A JSON line per item; ``encode`` gives it without the newline. What is lost is told on stderr."""

    interval_s = 1.0

    def __init__(self, out: BinaryIO | None, encode: Callable[[Item], bytes]) -> None:
        """``out`` is ``None`` where the program was started without standard output."""
        self._out = out
        self._encode = encode
        self._losses = _Losses(lambda sentence: sys.stderr.write(sentence + "\n"))

    def show(self, item: Item) -> None:
        """Write one line at once."""
        self._losses.back()
        if self._out is not None:
            self._out.write(self._encode(item) + b"\n")
            self._out.flush()

    def lost(self, why: str) -> None:
        """Say so, once."""
        self._losses.lost(why)

    def close(self) -> None:
        """Nothing to do."""


class PlainScreen(Generic[Item]):
    """A line of text per item, for logs and for terminals that cannot do more."""

    def __init__(self, out: TextIO | None, line: Callable[[Item], str], interval_s: float) -> None:
        self._out = out
        self._line = line
        self.interval_s = interval_s
        self._losses = _Losses(self._write)

    def show(self, item: Item) -> None:
        """Write one line at once."""
        self._losses.back()
        self._write(self._line(item))

    def lost(self, why: str) -> None:
        """Say so in a line, once."""
        self._losses.lost(why)

    def close(self) -> None:
        """Nothing to do."""

    def _write(self, line: str) -> None:
        if self._out is not None:  # as of pythonw.exe, which has no standard output
            self._out.write(line + "\n")
            self._out.flush()


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
            live = self._anew(live)
        live.update(self._draw(item, *self._size), refresh=True)

    def lost(self, why: str) -> None:
        """Not told: who draws it shows what it has."""

    def wipe(self) -> None:
        """Begin on an empty terminal: somebody else has written on it."""
        if self._live is not None:
            self._anew(self._live)

    def send(self, sequence: str) -> None:
        """A sequence for the terminal itself, which shows nothing."""
        if self._live is not None:
            self._live.console.file.write(sequence)
            self._live.console.file.flush()

    def close(self) -> None:
        """Leave the last picture standing and the cursor below it."""
        if self._live is not None:
            self._live.stop()

    def _anew(self, live: Live) -> Live:
        live.stop()
        live.console.clear()
        return self._start()

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
    return sys.stdout is not None and sys.stdout.isatty() and os.environ.get("TERM", "") not in {"dumb", "unknown"}


class Outlet(Generic[Item]):
    """What a screen's own thread is given to do. No call blocks; what there is no room for is left out."""

    def __init__(self, screen: Screen[Item]) -> None:
        self._screen = screen
        self._waiting: queue.Queue[Callable[[], None] | None] = queue.Queue(_WAITING)
        self._failed: list[Exception] = []
        # A daemon: it may hang in a stopped terminal for ever.
        self._thread = threading.Thread(target=self._work, name="screen", daemon=True)
        self._thread.start()

    @property
    def interval_s(self) -> float:
        """Seconds between two items."""
        return self._screen.interval_s

    def __call__(self, item: Item) -> None:
        """Show an item.

        Raises:
            Exception: what the screen raised before (BrokenPipeError …).
        """
        if self._failed:
            raise self._failed[0]
        self.post(lambda: self._screen.show(item))

    def lost(self, why: str) -> None:
        """There is no newer item; see ``Screen``."""
        self.post(lambda: self._screen.lost(why))

    def post(self, call: Callable[[], None]) -> None:
        """Have something done in the screen's thread; from any thread."""
        with contextlib.suppress(queue.Full):
            self._waiting.put_nowait(call)

    def end(self) -> None:
        """Let the screen close; waits a moment for the terminal."""
        while True:
            try:
                self._waiting.put_nowait(None)
            except queue.Full:
                with contextlib.suppress(queue.Empty):
                    self._waiting.get_nowait()
            else:
                break
        # A terminal that is let go later ends the thread.
        self._thread.join(_END_S)

    def _work(self) -> None:
        try:
            try:
                while (call := self._waiting.get()) is not None:
                    call()
            finally:
                self._screen.close()
        except Exception as error:  # noqa: BLE001  raised again by the next call
            self._failed.append(error)


@contextlib.contextmanager
def screen_thread(screen: Screen[Item]) -> Iterator[Outlet[Item]]:
    """Run a screen in a thread of its own."""
    outlet = Outlet(screen)
    try:
        yield outlet
    finally:
        outlet.end()
