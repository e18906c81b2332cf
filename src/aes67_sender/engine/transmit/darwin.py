"""macOS: the clock and the sleep of Mach, and ``sendto``. Compiled, but for ``system_calls``. Never run on a Mac.

Pointers are passed as integers, so that the same calls work from compiled code and from plain Python.
"""

from __future__ import annotations

import ctypes
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from aes67_sender.engine.jit import nogil

if TYPE_CHECKING:
    from aes67_sender.engine.transmit.tables import Tables

#: clockid_t of XNU's time.h: mach_absolute_time in ns, which Python's time.monotonic_ns tells too.
CLOCK_UPTIME_RAW = 8
ERRNO_BYTES = 4


class Timebase(ctypes.Structure):
    """struct mach_timebase_info: so many ns are so many ticks."""

    _fields_ = (("ns", ctypes.c_uint32), ("ticks", ctypes.c_uint32))


class DarwinCalls(NamedTuple):
    """The functions, typed for numba, and the timebase in which to ask for a sleep."""

    uptime: Any
    wait: Any
    send: Any
    copy: Any
    errno_address: Any
    ns: int
    ticks: int


def system_calls(library: Any = None) -> DarwinCalls:  # noqa: ANN401  ctypes types are untyped
    """Look the functions up in ``library``, the system's own if not given."""
    system: Final = library or ctypes.CDLL(None)

    def typed(name: str, result: Any, *arguments: Any) -> Any:  # noqa: ANN401  ctypes types are untyped
        return ctypes.CFUNCTYPE(result, *arguments)((name, system))

    size, integer = ctypes.c_size_t, ctypes.c_int
    base = Timebase()
    typed("mach_timebase_info", integer, size)(ctypes.addressof(base))
    return DarwinCalls(
        uptime=typed("clock_gettime_nsec_np", ctypes.c_int64, integer),
        wait=typed("mach_wait_until", integer, ctypes.c_int64),
        send=typed("sendto", ctypes.c_ssize_t, integer, size, size, integer, size, ctypes.c_uint32),
        copy=typed("memcpy", size, size, size, size),
        errno_address=typed("__error", size),
        ns=base.ns,
        ticks=base.ticks,
    )


@nogil
def now_ns(calls: DarwinCalls, tables: Tables) -> int:  # noqa: ARG001  the same everywhere
    """mach_absolute_time in ns."""
    return calls.uptime(CLOCK_UPTIME_RAW)  # type: ignore[no-any-return]


@nogil
def sleep_until(calls: DarwinCalls, tables: Tables, wake_ns: int) -> None:  # noqa: ARG001  the same everywhere
    """Sleep to an instant of that clock."""
    # Rounded up: who wakes early finds nothing to do.
    calls.wait((wake_ns * calls.ticks + calls.ns - 1) // calls.ns)


@nogil
def last_error(calls: DarwinCalls, tables: Tables) -> int:
    """Why the packet before was refused: errno."""
    calls.copy(tables.errno_word.ctypes.data, calls.errno_address(), ERRNO_BYTES)
    return tables.errno_word[0]  # type: ignore[no-any-return]
