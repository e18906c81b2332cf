"""When a captured frame was sampled."""

from __future__ import annotations

import threading
from collections import deque
from typing import Final

from aes67_sender.units import NS_PER_S

_WINDOW_NS: Final = NS_PER_S // 2


class Timeline:
    """Buffer stamps to monotonic time: the stamps count frames from the start of the capture, at the card's pace.

    Written by the capturing thread, read by the pulling one.
    """

    def __init__(self, memory: int = 1024) -> None:
        self._points: deque[tuple[int, int]] = deque(maxlen=memory)
        self._lock = threading.Lock()

    def add(self, pts_ns: int, monotonic_ns: int) -> None:
        """Frame stamped ``pts_ns`` was captured at ``monotonic_ns``."""
        with self._lock:
            self._points.append((pts_ns, monotonic_ns))

    def monotonic_at(self, pts_ns: int) -> int | None:
        """Monotonic time of a stamp in ns, from the last point at or before it; ``None`` while there is no point."""
        with self._lock:
            if not self._points:
                return None
            earlier = (point for point in reversed(self._points) if point[0] <= pts_ns)
            known_pts_ns, monotonic_ns = next(earlier, self._points[0])
            return monotonic_ns + pts_ns - known_pts_ns


class Earliest:
    """The earliest of the readings of the last while. Not thread-safe."""

    def __init__(self, window_ns: int = _WINDOW_NS) -> None:
        self._window_ns = window_ns
        self._kept: deque[tuple[int, int]] = deque()

    def clear(self) -> None:
        """Forget all readings."""
        self._kept.clear()

    def add(self, now_ns: int, reading_ns: int) -> int:
        """Take a reading made at ``now_ns``; the earliest there is."""
        # Only what can still become the earliest is kept, so the first one is it.
        while self._kept and self._kept[-1][1] >= reading_ns:
            self._kept.pop()
        self._kept.append((now_ns, reading_ns))
        while now_ns - self._kept[0][0] > self._window_ns:
            self._kept.popleft()
        return self._kept[0][1]


class Arrivals:
    """Finds when frames were captured that a device counts, from when they arrived.

    They arrive when the last of them was captured, or later, but never earlier: so the earliest arrival in half a
    second counts, each as if it had been that of frame 0. Not thread-safe.
    """

    def __init__(self) -> None:
        self._zeros = Earliest()

    def captured_ns(self, position_ns: int, duration_ns: int, now_ns: int) -> int:
        """Monotonic time at which the first frame of a buffer was captured that has just arrived.

        ``position_ns``: that frame's number, and ``duration_ns`` the buffer's length, as time at the nominal rate.
        """
        return self._zeros.add(now_ns, now_ns - duration_ns - position_ns) + position_ns
