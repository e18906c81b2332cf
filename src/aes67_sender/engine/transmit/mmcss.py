"""Real-time priority on Windows: the Multimedia Class Scheduler's task "Pro Audio" (avrt.dll)."""

from __future__ import annotations

import ctypes
from typing import Final

from aes67_sender import winapi
from aes67_sender.engine.transmit.realtime import Realtime

TASK: Final = "Pro Audio"
# avrt.h and winbase.h
AVRT_PRIORITY_CRITICAL: Final = 2
THREAD_PRIORITY_TIME_CRITICAL: Final = 15


def become_realtime() -> Realtime:
    """Register the calling thread with the scheduler; else give it the highest priority that needs none."""
    try:
        avrt = winapi.load("avrt")
    except OSError as missing:
        return _refused(str(missing))
    avrt.AvSetMmThreadCharacteristicsW.restype = ctypes.c_void_p
    task = avrt.AvSetMmThreadCharacteristicsW(ctypes.c_wchar_p(TASK), ctypes.byref(ctypes.c_uint32()))
    if not task:
        number = winapi.last_error()
        return _refused(f"error {number}, {winapi.error_text(number)}")
    if not avrt.AvSetMmThreadPriority(ctypes.c_void_p(task), AVRT_PRIORITY_CRITICAL):
        return Realtime(granted=True, why=f"MMCSS task {TASK}, at its normal priority")
    return Realtime(granted=True, why=f"MMCSS task {TASK}, critical priority")


def _refused(why: str) -> Realtime:
    kernel = winapi.load("kernel32")
    kernel.GetCurrentThread.restype = ctypes.c_void_p
    kernel.SetThreadPriority(ctypes.c_void_p(kernel.GetCurrentThread()), THREAD_PRIORITY_TIME_CRITICAL)
    return Realtime(
        granted=False,
        why=f"Windows refused the multimedia task {TASK} ({why}); packets may be late while other programs are busy.",
        hint="See to it that the service Multimedia Class Scheduler (MMCSS) runs.",
    )
