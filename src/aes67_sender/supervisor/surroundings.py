"""What a sender has of the process it runs in: signals, and the user's standard input."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from typing import TYPE_CHECKING

from aes67_sender import console
from aes67_sender.errors import MachineError

if sys.platform == "win32":
    import msvcrt

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from aes67_sender.config.model import Config


@contextlib.contextmanager
def stop_signals(stop: Callable[[], None]) -> Iterator[None]:
    """Let the signals that mean "end" call ``stop`` in the loop."""
    loop = asyncio.get_running_loop()
    if sys.platform == "win32":

        def stop_soon(*_: object) -> None:
            loop.call_soon_threadsafe(stop)

        before = {each: signal.signal(each, stop_soon) for each in (signal.SIGINT, signal.SIGBREAK)}
        try:
            with console.closing(stop_soon):
                yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
    else:
        # SIGHUP: the terminal was closed.
        signals = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
        for number in signals:
            loop.add_signal_handler(number, stop)
        try:
            yield
        finally:
            for number in signals:
                loop.remove_signal_handler(number)


@contextlib.contextmanager
def user_stdin(config: Config) -> Iterator[int | None]:
    """The user's standard input under a number that engines can inherit, if a source reads it.

    The number is a file descriptor, on Windows a handle.
    """
    if not any(source.kind == "stdin" for source in config.sources):
        yield None
        return
    try:
        stdin_fd = os.dup(0)
    except OSError:
        raise MachineError(
            "A source reads standard input, but it is closed.", hint="Pipe the sound in: `program | aes67-sender run`."
        ) from None
    try:
        yield _inheritable(stdin_fd)
    finally:
        os.close(stdin_fd)


def _inheritable(descriptor: int) -> int:
    number = descriptor
    if sys.platform == "win32":
        number = msvcrt.get_osfhandle(descriptor)
        os.set_handle_inheritable(number, True)  # noqa: FBT003  its own signature
    return number
