"""A source within an engine: its runner, and the rings that it writes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from aes67_sender.engine.sources.driven import START_MS, ms_to_frames
from aes67_sender.logic.changes import holds

if TYPE_CHECKING:
    from aes67_sender.config.sources import SourceSettings
    from aes67_sender.engine.sources.runner import SourceRunner
    from aes67_sender.engine.timebase import Timebase
    from aes67_sender.engine.transmit.transmitter import Transmitter
    from aes67_sender.model.snapshot import SourceStatus

#: Beyond its beginning a ring fades in; this is past that.
_FADED_IN_MS: Final = START_MS + 10
_DRIVEN: Final = frozenset({"tone", "file", "stdin"})


class Voice:
    """One run of one source. ``slots`` are those of its rings in the transmitter, by rate in Hz. One thread.

    ``is_placeholder``: no stream takes the source, and it is silent without its device.
    """

    def __init__(
        self, source: SourceSettings, runner: SourceRunner, slots: dict[int, int], *, is_placeholder: bool
    ) -> None:
        self.source = source
        self.runner = runner
        self.slots = slots
        self.is_placeholder = is_placeholder
        self.holds = None if is_placeholder else holds(source)
        self.started = False
        self._stopping = False
        self._ready_frames: dict[int, int] = {}

    def start(self) -> None:
        """Begin to play."""
        self.started = True
        self.runner.start()

    def stop(self) -> None:
        """Play no more; the device may be held for a moment longer. Once is enough."""
        if not self._stopping:
            self._stopping = True
            self.runner.stop()

    @property
    def is_over(self) -> bool:
        """Whether it holds nothing and writes nothing, and never will."""
        return self._stopping and not self.runner.alive

    def take_slots(self, slots: dict[int, int]) -> None:
        """Have these rings from now on."""
        self._ready_frames = {
            rate: frame for rate, frame in self._ready_frames.items() if slots.get(rate) == self.slots.get(rate)
        }
        self.slots = slots

    def is_heard(self, rate_hz: int, transmitter: Transmitter, timebase: Timebase) -> bool:
        """Whether the ring of this rate has sound for the present frame, or there is none to come."""
        if self.is_placeholder or self.source.kind == "silence" or timebase.anchor == 0:
            return True
        position, now_frame = transmitter.feed(self.slots[rate_hz]).position, timebase.now_frame(rate_hz)
        if position == 0:
            return False
        if rate_hz not in self._ready_frames:
            # What is driven is written far ahead, and begins soon; what is live begins after its latency.
            soon = now_frame + ms_to_frames(_FADED_IN_MS, rate_hz)
            self._ready_frames[rate_hz] = min(position, soon) if self.source.kind in _DRIVEN else position
        return now_frame >= self._ready_frames[rate_hz]

    def status(self) -> SourceStatus:
        """Its status; levels are those since the last call."""
        return self.runner.status()
