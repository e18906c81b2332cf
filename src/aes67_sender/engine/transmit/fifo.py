"""Real-time priority on Linux, and the plain truth about whether it was given."""

from __future__ import annotations

import os
import signal
import sys
from typing import Final

from aes67_sender.engine.transmit.libc import sharpen_timer
from aes67_sender.engine.transmit.realtime import Realtime

assert sys.platform == "linux"  # noqa: S101  tells type checkers whose functions these are

#: Above ordinary threads, below the kernel's own interrupt threads (50).
PRIORITY: Final = 40


def become_realtime() -> Realtime:
    """Ask for SCHED_FIFO and a sharp timer for the calling thread, and keep signals away from it."""
    signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    sharpen_timer()
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(PRIORITY))
    except PermissionError:
        return Realtime(
            granted=False,
            why="The system refused real-time priority; packets may leave late while other programs are busy.",
            hint=f"Put '@audio - rtprio {PRIORITY}' into /etc/security/limits.d/audio.conf, join the group audio and "
            "log in again.",
        )
    except OSError as error:
        return Realtime(granted=False, why=f"Real-time priority is not to be had here: {error.strerror}.")
    return Realtime(granted=True, why=f"SCHED_FIFO priority {PRIORITY}")
