"""Real-time priority on macOS: Mach's time constraint policy. Never run on a Mac."""

from __future__ import annotations

import ctypes
import signal
import sys
from typing import Any, Final

from aes67_sender.engine.transmit.darwin import Timebase
from aes67_sender.engine.transmit.realtime import Realtime
from aes67_sender.units import NS_PER_MS

THREAD_TIME_CONSTRAINT_POLICY: Final = 2
# The usual packet time; how much of it the loop needs, and by when.
_PERIOD_NS: Final = NS_PER_MS
_COMPUTATION_NS: Final = NS_PER_MS // 4
_CONSTRAINT_NS: Final = NS_PER_MS // 2


class TimeConstraint(ctypes.Structure):
    """struct thread_time_constraint_policy, in ticks."""

    _fields_ = (
        ("period", ctypes.c_uint32),
        ("computation", ctypes.c_uint32),
        ("constraint", ctypes.c_uint32),
        ("preemptible", ctypes.c_int),
    )


def become_realtime(library: Any = None) -> Realtime:  # noqa: ANN401  ctypes types are untyped
    """Ask for the policy for the calling thread, and keep signals away from it. ``library``: the system's own."""
    if sys.platform != "win32":
        signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    system = library or ctypes.CDLL(None)
    base = Timebase()
    system.mach_timebase_info(ctypes.byref(base))
    ticks = [ns * base.ticks // base.ns for ns in (_PERIOD_NS, _COMPUTATION_NS, _CONSTRAINT_NS)]
    policy = TimeConstraint(*ticks, 1)
    words = ctypes.sizeof(policy) // ctypes.sizeof(ctypes.c_int)
    refused = system.thread_policy_set(
        system.mach_thread_self(), THREAD_TIME_CONSTRAINT_POLICY, ctypes.byref(policy), words
    )
    if refused:
        return Realtime(
            granted=False,
            why=f"macOS refused real-time priority (Mach error {refused}); packets may leave late while other programs "
            "are busy.",
        )
    return Realtime(granted=True, why="Mach time constraint policy")
