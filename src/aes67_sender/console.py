"""The console of Windows: its colours, its closing, and how programs leave it. Does nothing on other systems."""

from __future__ import annotations

import contextlib
import ctypes
import threading
from typing import TYPE_CHECKING, Any, Final

from aes67_sender import winapi

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

# winbase.h and consoleapi.h
_STANDARD_HANDLES: Final = (-10, -11, -12)
_STDOUT: Final = -11
_VIRTUAL_TERMINAL: Final = 0x4
_CLOSED: Final = frozenset({2, 5, 6})
#: Windows ends a program this long after its console was closed, whatever that is doing.
_PATIENCE_S: Final = 5.0


def show_colours() -> None:
    """Let the console obey escape sequences, as Rich writes them; the same as every terminal elsewhere does."""
    if winapi.ON_WINDOWS:
        kernel = _kernel()
        for handle, mode in _modes(kernel).items():
            if handle != kernel.GetStdHandle(_STANDARD_HANDLES[0]):
                kernel.SetConsoleMode(ctypes.c_void_p(handle), mode | _VIRTUAL_TERMINAL)


@contextlib.contextmanager
def modes_kept() -> Iterator[None]:
    """Put the console's modes back afterwards: what was started inside may have changed them for all."""
    if not winapi.ON_WINDOWS:
        yield
        return
    kernel = _kernel()
    before = _modes(kernel)
    try:
        yield
    finally:
        for handle, mode in before.items():
            kernel.SetConsoleMode(ctypes.c_void_p(handle), mode)


@contextlib.contextmanager
def closing(stop: Callable[[], None]) -> Iterator[None]:
    """Call ``stop``, in a thread of Windows, when the console is closed, the user logs off or the computer shuts down.

    Windows ends the process when that thread returns, so it waits: the program ends by itself meanwhile.
    """
    if not winapi.ON_WINDOWS:
        yield
        return
    kernel = _kernel()
    handler = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_uint32)(on_event(stop))
    kernel.SetConsoleCtrlHandler(handler, 1)
    try:
        yield
    finally:
        kernel.SetConsoleCtrlHandler(handler, 0)
        _kept.append(handler)


#: Handlers that Windows may be in the middle of.
_kept: list[Any] = []


def on_event(stop: Callable[[], None], patience_s: float = _PATIENCE_S) -> Callable[[int], int]:
    """What Windows calls: Ctrl-C and Ctrl-Break are left to the next handler, which is Python's own."""

    def handle(event: int) -> int:
        if event not in _CLOSED:
            return 0
        with contextlib.suppress(RuntimeError):  # the loop that stop wants may be closed by now
            stop()
        threading.Event().wait(patience_s)
        return 1

    return handle


def _kernel() -> Any:  # noqa: ANN401  ctypes types are untyped
    kernel = winapi.load("kernel32")
    kernel.GetStdHandle.restype = ctypes.c_void_p
    return kernel


def _modes(kernel: Any) -> dict[int, int]:  # noqa: ANN401  ctypes types are untyped
    """By handle, of those standard streams that are a console."""
    modes: dict[int, int] = {}
    for number in _STANDARD_HANDLES:
        handle, mode = kernel.GetStdHandle(number), ctypes.c_uint32()
        if handle and kernel.GetConsoleMode(ctypes.c_void_p(handle), ctypes.byref(mode)):
            modes[handle] = mode.value
    return modes
