"""Reading the operating system's clocks: which they are, and two of them at one instant."""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import sys
import time
from typing import TYPE_CHECKING, Final

from aes67_sender.errors import MachineError
from aes67_sender.logic.system_clock import KernelTime
from aes67_sender.monotonic import monotonic_ns

if TYPE_CHECKING:
    from collections.abc import Callable

_READINGS: Final = 3
_TIME_ERROR: Final = 5
_STA_UNSYNC: Final = 0x0040

if sys.platform == "win32":
    _FILETIME_UNIX: Final = 116_444_736_000_000_000

    def system_time_ns() -> int:
        """UTC in ns since 1970; time.time counts in steps of up to 15 ms before Python 3.13."""
        now = ctypes.c_ulonglong()
        ctypes.windll.kernel32.GetSystemTimePreciseAsFileTime(ctypes.byref(now))
        return (now.value - _FILETIME_UNIX) * 100

    def _hardware_ns(_descriptor: int) -> int:
        raise OSError(errno.EINVAL, "Windows reads no such clocks")

else:
    system_time_ns = time.time_ns

    def _hardware_ns(descriptor: int) -> int:
        # FD_TO_CLOCKID of linux/posix-timers.h.
        return time.clock_gettime_ns((~descriptor << 3) | 3)


class HardwareClock:
    """A PTP hardware clock, such as ``/dev/ptp0`` (Linux)."""

    def __init__(self, path: str) -> None:
        try:
            self._descriptor = os.open(path, os.O_RDONLY)
        except OSError as refused:
            raise MachineError(
                f"PTP hardware clock {path} cannot be opened: {refused.strerror}.",
                hint="`ethtool -T INTERFACE` names the interface's clock; reading it may need a udev rule or root.",
            ) from refused
        try:
            self.read_ns()
        except OSError as refused:
            self.close()
            raise MachineError(
                f"{path} is no clock: {refused.strerror}.", hint="Name a device such as /dev/ptp0."
            ) from refused

    def read_ns(self) -> int:
        """The clock's time in ns: PTP time, when a daemon keeps it so."""
        return _hardware_ns(self._descriptor)

    def close(self) -> None:
        """Close the device; safe to call twice."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


def read_together(read_ns: Callable[[], int], monotonic: Callable[[], int] = monotonic_ns) -> tuple[int, int, int]:
    """``(monotonic_ns, clock_ns, uncertainty_ns)`` of one instant: the closest bracketed of three readings."""
    best: tuple[int, int, int] | None = None
    for _ in range(_READINGS):
        before_ns = monotonic()
        clock_ns = read_ns()
        after_ns = monotonic()
        uncertainty_ns = (after_ns - before_ns + 1) // 2
        if best is None or uncertainty_ns < best[2]:
            best = (before_ns + (after_ns - before_ns) // 2, clock_ns, uncertainty_ns)
    assert best is not None  # noqa: S101  there was a reading
    return best


class _Timex(ctypes.Structure):
    """``struct timex`` of sys/timex.h."""

    _fields_ = (
        ("modes", ctypes.c_uint),
        ("offset", ctypes.c_long),
        ("freq", ctypes.c_long),
        ("maxerror", ctypes.c_long),
        ("esterror", ctypes.c_long),
        ("status", ctypes.c_int),
        ("constant", ctypes.c_long),
        ("precision", ctypes.c_long),
        ("tolerance", ctypes.c_long),
        ("time", ctypes.c_long * 2),
        ("tick", ctypes.c_long),
        ("pps", ctypes.c_long * 2),
        ("shift", ctypes.c_int),
        ("stability", ctypes.c_long * 5),
        ("tai", ctypes.c_int),
        ("reserved", ctypes.c_int * 11),
    )


def kernel_time() -> KernelTime:
    """What the kernel says of the system clock; nothing where there is no adjtimex. Takes microseconds."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError, AttributeError):
            timex = _Timex()
            state = ctypes.CDLL(None).adjtimex(ctypes.byref(timex))
            if state >= 0:
                return KernelTime(timex.tai, state != _TIME_ERROR and not timex.status & _STA_UNSYNC)
    return KernelTime()
