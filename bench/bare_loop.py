"""A timer loop that does nothing but wake up: what this machine allows, at this moment. A process of its own."""

from __future__ import annotations

import ctypes
import json
import os
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final, Self

import numba
import numpy as np

from support.process import LoggedProcess

READY: Final = "bare loop: ready"
STALL_US: Final = 5000
_TIMER_ABSTIME: Final = 1

_libc = ctypes.CDLL(None)
_sleep = _libc.clock_nanosleep
_sleep.argtypes = (ctypes.c_int, ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p)
_now = _libc.clock_gettime
_now.argtypes = (ctypes.c_int, ctypes.c_void_p)


@dataclass(frozen=True, slots=True)
class Lateness:
    """Of the wake-ups, in µs; ``stalls`` came more than 5 ms late."""

    p50: float
    p99: float
    max: float
    stalls: int


@numba.njit(nogil=True)
def _loop(start_ns: int, period_ns: int, late_ns: Any) -> None:  # noqa: ANN401  an array of int64
    at = np.zeros(2, np.int64)
    for tick in range(len(late_ns)):
        due_ns = start_ns + tick * period_ns
        at[0], at[1] = due_ns // 1_000_000_000, due_ns % 1_000_000_000
        _sleep(1, _TIMER_ABSTIME, at.ctypes.data, 0)
        _now(1, at.ctypes.data)
        late_ns[tick] = at[0] * 1_000_000_000 + at[1] - due_ns


def measure(period_us: float, seconds: float) -> Lateness:
    """Wake up for some seconds. Ticks overslept are counted once, with the lateness of the first."""
    period_ns = round(period_us * 1000)
    late_ns = np.zeros(int(seconds * 1e9 / period_ns), np.int64)
    _loop(time.monotonic_ns() + period_ns, period_ns, late_ns)
    late_us = late_ns / 1000
    fresh = np.diff(late_us, prepend=0) > -period_us / 2  # after a stall, lateness falls by one period per tick
    stalls = int(np.count_nonzero((late_us > STALL_US) & fresh))
    return Lateness(float(np.median(late_us)), float(np.percentile(late_us, 99)), float(late_us.max()), stalls)


class BareLoop:
    """The loop as a process, compiled and waiting before the load begins; for one measurement."""

    def __init__(self, directory: Path) -> None:
        self._orders = directory / "bare-loop.orders"
        self._process = LoggedProcess(
            [sys.executable, "-m", "bench.bare_loop", str(self._orders)], directory / "bare-loop.log"
        )

    def __enter__(self) -> Self:
        self._process.wait_for(READY, 60)
        return self

    def __exit__(self, *_: object) -> None:
        self._process.stop()

    def measure(self, period_us: float, seconds: float, fifo_priority: int) -> Lateness:
        """Run it now. ``fifo_priority`` 0 means no real-time priority."""
        ready = self._orders.with_suffix(".new")
        ready.write_text(json.dumps([period_us, seconds, fifo_priority]))
        ready.replace(self._orders)
        self._process.wait(seconds + 60)
        return Lateness(**json.loads(self._process.output().splitlines()[-1]))


def _main() -> None:
    orders = Path(sys.argv[1])
    measure(1000, 0.01)  # compiled before it counts
    print(READY, flush=True)
    while not orders.exists():
        time.sleep(0.05)
    period_us, seconds, fifo_priority = json.loads(orders.read_text())
    if fifo_priority:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(fifo_priority))
    print(json.dumps(asdict(measure(period_us, seconds))), flush=True)


if __name__ == "__main__":
    _main()
