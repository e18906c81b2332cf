"""The monotonic clock that the media clock is mapped from, and that GStreamer's system clock reads."""

from __future__ import annotations

import sys
import time

#: ns of CLOCK_MONOTONIC; QPC on Windows, where time.monotonic counts in steps of 15 ms before Python 3.13.
monotonic_ns = time.perf_counter_ns if sys.platform == "win32" else time.monotonic_ns
