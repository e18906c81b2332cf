"""Whether the transmit thread has real-time priority. Who gives it: ``fifo``, ``mmcss``, ``machtime``."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Realtime:
    """Whether it was granted; if not, ``why`` tells, with the remedy in ``hint``."""

    granted: bool
    why: str
    hint: str = ""
