"""From the loop's counters to figures for people."""

from __future__ import annotations

import math
from collections import deque
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from aes67_sender.engine.transmit.tables import METER_BANKS, PEAK, SQUARES
from aes67_sender.engine.transmit.timing import bin_upper_us
from aes67_sender.model.levels import LevelWindow
from aes67_sender.model.snapshot import LatenessStatus
from aes67_sender.units import SILENCE_DBFS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy.typing as npt

    from aes67_sender.engine.transmit.tables import Int64Array, Tables

WINDOW_S: Final = 10
#: So often percentiles are computed: they are what costs most in a report.
REFRESH_S: Final = 0.5


def dbfs(linear: float) -> float:
    """A linear peak in dBFS to a tenth, not below -144."""
    return max(round(20 * math.log10(linear), 1), SILENCE_DBFS) if linear > 0 else SILENCE_DBFS


def percentile_us(counts: Int64Array, share: float) -> float:
    """The lateness in µs that ``share`` of the counted packets did not exceed; 0 without packets."""
    total = int(counts.sum())
    if not total:
        return 0.0
    return float(bin_upper_us(int(np.searchsorted(np.cumsum(counts), math.ceil(total * share)))))


class LatenessMeter:
    """Lateness of one stream over the last ten seconds, from a histogram that only grows. One thread."""

    def __init__(self, tables: Tables, row: int) -> None:
        self._tables = tables
        self._row = row
        self._past: deque[tuple[int, Int64Array]] = deque([(0, np.zeros_like(tables.lateness[row]))])
        self._status = LatenessStatus(0.0, 0.0, 0.0)
        self._computed_s = -math.inf

    def status(self, now_s: float) -> LatenessStatus:
        """p50 and p99 of the window, max since the start, not older than half a second; call at any pace."""
        if now_s - self._computed_s >= REFRESH_S:
            self._computed_s = now_s
            self._status = self._compute(now_s)
        return self._status

    def _compute(self, now_s: float) -> LatenessStatus:
        counts = self._tables.lateness[self._row].copy()
        if int(now_s) != self._past[-1][0]:
            self._past.append((int(now_s), counts))
            while len(self._past) > WINDOW_S + 1:
                self._past.popleft()
        window = counts - self._past[0][1]
        return LatenessStatus(
            p50=percentile_us(window, 0.5),
            p99=percentile_us(window, 0.99),
            max=round(int(self._tables.states[self._row]["max_late_ns"]) / 1000, 1),
        )


class LevelMeter:
    """Level windows of all streams, each handed out once. One thread.

    Reads the banks of windows that are complete: the loop comes back to one only after ``METER_BANKS - 1`` more, so
    nobody writes what is read here. A window is a part of media time, the same for all sample rates.
    """

    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        self._next = np.zeros(len(tables.states), np.int64)

    def forget(self, row: int) -> None:
        """Another stream has this row now."""
        self._next[row] = 0

    def take(self, rows: Sequence[int]) -> list[list[LevelWindow]]:
        """Windows of these rows completed since the last call, oldest first; all are lost that it comes too late for.

        It comes too late after six windows: 300 ms.
        """
        found: list[list[LevelWindow]] = [[] for _ in rows]
        index = np.array(rows, np.int64)
        complete = self._tables.states["window"][index]
        # One to spare: the loop may begin the next window, and with it empty the oldest bank, while this one reads.
        first = np.maximum(self._next[index], complete - (METER_BANKS - 2))
        # In another epoch the numbers may be lower.
        first = np.where(first <= complete, first, complete)
        self._next[index] = complete
        for later in range(METER_BANKS - 2):
            wanted = np.flatnonzero(first + later < complete)
            for position, window in self._read(wanted, index[wanted], first[wanted] + later):
                found[position].append(window)
        return found

    def _read(
        self, positions: npt.NDArray[np.intp], rows: Int64Array, numbers: Int64Array
    ) -> Iterator[tuple[int, LevelWindow]]:
        tables, banks = self._tables, numbers % METER_BANKS
        # During a stall nothing was sent in some windows.
        there = (tables.windows[banks, rows] == numbers) & (tables.metered[banks, rows] > 0)
        positions, rows, banks = positions[there], rows[there], banks[there]
        counts = tables.streams["channels"][rows]
        widest = int(counts.max(initial=0))
        peaks = tables.meters[banks, rows, PEAK, :widest]
        mean_squares = tables.meters[banks, rows, SQUARES, :widest] / tables.metered[banks, rows][:, None]
        columns = zip(
            positions.tolist(),
            counts.tolist(),
            _dbfs_array(peaks, 20).tolist(),
            _dbfs_array(mean_squares, 10).tolist(),
            strict=True,
        )
        for position, channels, peaks_dbfs, rms_dbfs in columns:
            yield position, LevelWindow(tuple(peaks_dbfs[:channels]), tuple(rms_dbfs[:channels]))


def _dbfs_array(linear: npt.NDArray[np.floating[Any]], factor: int) -> npt.NDArray[np.float64]:
    """``factor`` is 20 for magnitudes, 10 for squares."""
    floor = 10 ** (SILENCE_DBFS / factor)
    decibels: npt.NDArray[np.float64] = np.round(factor * np.log10(np.maximum(linear, floor, dtype=np.float64)), 2)
    return decibels
