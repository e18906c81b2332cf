"""What Windows would do to a program without a window, and what this program does about it; nothing elsewhere."""

from __future__ import annotations

import ctypes
import logging
import sys
from typing import Final

import psutil

from aes67_sender import winapi

logger = logging.getLogger(__name__)
# processthreadsapi.h
_PROCESS_POWER_THROTTLING: Final = 4
_EXECUTION_SPEED: Final = 0x1
_IGNORE_TIMER_RESOLUTION: Final = 0x4
_TIMER_MS: Final = 1


class PowerThrottling(ctypes.Structure):
    """PROCESS_POWER_THROTTLING_STATE."""

    _fields_ = (("version", ctypes.c_uint32), ("control", ctypes.c_uint32), ("state", ctypes.c_uint32))


def sharpen_process() -> None:
    """Wake within a millisecond instead of 15.6, run at high priority, and be neither slowed down nor put aside.

    All of it ends with the process. What an older Windows does not know is left out.
    """
    if sys.platform == "win32":
        psutil.Process().nice(psutil.HIGH_PRIORITY_CLASS)
        sharpen_timers()


def sharpen_timers() -> None:
    """The part that is not about priority: sources sleep by the system's tick."""
    winapi.load("winmm").timeBeginPeriod(_TIMER_MS)
    kernel = winapi.load("kernel32")
    kernel.GetCurrentProcess.restype = ctypes.c_void_p
    # Both controlled and none on: neither EcoQoS nor, on Windows 11, coarse timers for programs that nobody sees.
    wanted = PowerThrottling(1, _EXECUTION_SPEED | _IGNORE_TIMER_RESOLUTION, 0)
    done = kernel.SetProcessInformation(
        ctypes.c_void_p(kernel.GetCurrentProcess()),
        _PROCESS_POWER_THROTTLING,
        ctypes.byref(wanted),
        ctypes.sizeof(wanted),
    )
    if not done:
        logger.debug("this Windows cannot be told not to slow the engine down: error %d", winapi.last_error())
