"""CPU time of a process and all it started, from ``/proc/PID/stat``."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psutil

_TICK_S: Final = 1 / os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class CpuTimes:
    """Seconds of CPU since each process began, user and system together, all threads."""

    by_pid: dict[int, float]

    def since(self, earlier: CpuTimes) -> CpuTimes:
        """What was used in between; of processes that began in between, all."""
        return CpuTimes({pid: used - earlier.by_pid.get(pid, 0.0) for pid, used in self.by_pid.items()})

    @property
    def total_s(self) -> float:
        """Of all processes."""
        return sum(self.by_pid.values())


def cpu_times(roots: list[int]) -> CpuTimes:
    """CPU times of processes and their descendants, as of now."""
    pids = set(roots)
    for root in roots:
        pids |= {child.pid for child in psutil.Process(root).children(recursive=True)}
    return CpuTimes({pid: used for pid in pids if (used := _used_s(pid)) is not None})


def _used_s(pid: int) -> float | None:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:  # it has just ended
        return None
    fields = stat.rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) * _TICK_S


def fifo_priority(pids: list[int]) -> int:
    """The highest SCHED_FIFO priority among the threads of some processes, 0 if none has any."""
    highest = 0
    for pid in pids:
        for thread in psutil.Process(pid).threads():
            if os.sched_getscheduler(thread.id) & ~os.SCHED_RESET_ON_FORK == os.SCHED_FIFO:
                highest = max(highest, os.sched_getparam(thread.id).sched_priority)
    return highest
