"""The media clock as the threads of the engine read it: one attribute, replaced whole."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aes67_sender.monotonic import monotonic_ns
from aes67_sender.units import frames_at

if TYPE_CHECKING:
    from aes67_sender.model.clock import ClockMapping


class Timebase:
    """Written by the clock's thread, read by all others; reading takes no lock."""

    def __init__(self) -> None:
        self.mapping: ClockMapping | None = None

    @property
    def anchor(self) -> int:
        """Number of the epoch; 0 before the first."""
        return self.mapping.anchor if self.mapping else 0

    def need(self) -> ClockMapping:
        """The mapping. Raises ``ValueError`` before the first anchor."""
        if self.mapping is None:
            raise ValueError("there is no media time before the first anchor")
        return self.mapping

    def now_frame(self, rate_hz: int) -> int:
        """The media frame that is current now. Needs an anchor."""
        return frames_at(self.need().media_at(monotonic_ns()), rate_hz)
