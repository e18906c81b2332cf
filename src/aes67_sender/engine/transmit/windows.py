"""Windows: QueryPerformanceCounter, a high-resolution waitable timer, Winsock. Compiled, but for ``system_calls``.

Pointers are passed as integers, so that the same calls work from compiled code and from plain Python.
"""

from __future__ import annotations

import ctypes
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from aes67_sender.engine.jit import nogil
from aes67_sender.errors import MachineError
from aes67_sender.units import NS_PER_S

if TYPE_CHECKING:
    from aes67_sender.engine.transmit.tables import Tables

#: synchapi.h. High resolution: Windows 10 1803 and later; others wake with the system's tick, of 1 ms at best.
CREATE_WAITABLE_TIMER_HIGH_RESOLUTION: Final = 0x2
TIMER_ALL_ACCESS: Final = 0x1F0003
#: Due times are counted in these.
TICK_NS = 100
#: A timer that never fires must not stop the loop.
LONGEST_WAIT_MS = 20


class WindowsCalls(NamedTuple):
    """The functions, typed for numba; a timer of this loop alone, and what a second of the counter has."""

    counter: Any
    set_timer: Any
    wait: Any
    send: Any
    error: Any
    timer: int
    ticks_per_s: int


def system_calls(library: Any = ctypes.CDLL) -> WindowsCalls:  # noqa: ANN401  ctypes types are untyped
    """Look the functions up and make the timer, which is there until the process ends.

    ``library`` opens a DLL by its name: on 64-bit Windows there is one calling convention.

    Raises:
        MachineError: Windows gives no timer.

    """
    kernel, winsock = library("kernel32"), library("ws2_32")

    def typed(where: Any, name: str, result: Any, *arguments: Any) -> Any:  # noqa: ANN401  ctypes types are untyped
        return ctypes.CFUNCTYPE(result, *arguments)((name, where))

    size, integer, word = ctypes.c_size_t, ctypes.c_int, ctypes.c_uint32
    frequency = ctypes.c_int64()
    typed(kernel, "QueryPerformanceFrequency", integer, size)(ctypes.addressof(frequency))
    make_timer = typed(kernel, "CreateWaitableTimerExW", size, size, size, word, word)
    timer = make_timer(0, 0, CREATE_WAITABLE_TIMER_HIGH_RESOLUTION, TIMER_ALL_ACCESS)
    timer = timer or make_timer(0, 0, 0, TIMER_ALL_ACCESS)
    if not timer:
        raise MachineError(
            "Windows gives this program no timer, so it cannot send.",
            hint="Restart the computer; if that does not help, please report it.",
        )
    return WindowsCalls(
        counter=typed(kernel, "QueryPerformanceCounter", integer, size),
        set_timer=typed(kernel, "SetWaitableTimer", integer, size, size, integer, size, size, integer),
        wait=typed(kernel, "WaitForSingleObject", word, size, word),
        send=typed(winsock, "sendto", integer, size, size, integer, integer, size, integer),
        error=typed(winsock, "WSAGetLastError", integer),
        timer=timer,
        ticks_per_s=frequency.value,
    )


@nogil
def now_ns(calls: WindowsCalls, tables: Tables) -> int:
    """QueryPerformanceCounter in ns, rounded as ``aes67_sender.monotonic`` does it."""
    calls.counter(tables.time_words.ctypes.data)
    ticks = tables.time_words[0]
    return ticks // calls.ticks_per_s * NS_PER_S + ticks % calls.ticks_per_s * NS_PER_S // calls.ticks_per_s  # type: ignore[no-any-return]


@nogil
def sleep_until(calls: WindowsCalls, tables: Tables, wake_ns: int) -> None:
    """Sleep to an instant of the counter, or for the longest wait."""
    ahead_ns = wake_ns - now_ns(calls, tables)
    if ahead_ns <= 0:
        return
    # Negative: from now on. Absolute times are those of the system clock.
    tables.time_words[0] = -((ahead_ns + TICK_NS - 1) // TICK_NS)
    calls.set_timer(calls.timer, tables.time_words.ctypes.data, 0, 0, 0, 0)
    calls.wait(calls.timer, LONGEST_WAIT_MS)


@nogil
def last_error(calls: WindowsCalls, tables: Tables) -> int:  # noqa: ARG001  the same everywhere
    """Why the packet before was refused: an error of Winsock."""
    return calls.error()  # type: ignore[no-any-return]
