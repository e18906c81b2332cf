"""One pipeline: built from data, started and stopped under a time-out, its first failure kept."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final

from aes67_sender.gst.binding import Gst, GstApp
from aes67_sender.gst.bounded import bounded
from aes67_sender.gst.errors import SourceError
from aes67_sender.gst.failures import Failure, read_failure
from aes67_sender.gst.runtime import element
from aes67_sender.monotonic import monotonic_ns
from aes67_sender.units import NS_PER_MS, NS_PER_S

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from aes67_sender.gst.elements import ElementSpec

log = logging.getLogger(__name__)
_STOP_TIMEOUT_S: Final = 2.0


class Pipeline:
    """Owns a ``Gst.Pipeline``. Any thread may call, one at a time.

    Without a GLib main loop, and without a sync handler on the bus: one written in Python cannot drop a message without
    leaking it, and the whole pipeline with it. The bus is read by whoever asks for failures.
    """

    def __init__(self, name: str) -> None:
        self.gst = Gst.Pipeline.new(name)
        self._failure: Failure | None = None
        self._connections: list[tuple[Gst.Element, int]] = []
        self._stopped = False
        self._bus = self.gst.get_bus()

    def add_chain(self, chain: Iterable[ElementSpec], *, after: Gst.Element | None = None) -> Gst.Element:
        """Make and link elements, behind ``after`` if given; returns the last one."""
        for spec in chain:
            made = element(spec.factory, spec.name, spec.properties)
            self.add(made, after=after)
            after = made
        if after is None:
            raise ValueError("a chain needs an element")
        return after

    def add(self, made: Gst.Element, *, after: Gst.Element | None = None) -> None:
        """Add one element and link it behind another."""
        self.gst.add(made)
        if after is not None and not after.link(made):
            raise SourceError(
                f"GStreamer cannot connect {after.get_name()} to {made.get_name()}: they have no format in common.",
                hint="Set the source's channels to what it really has.",
                retryable=False,
            )

    def find(self, name: str) -> Gst.Element:
        """An element by its name; it must be there."""
        found = self.gst.get_by_name(name)
        if found is None:
            raise KeyError(name)
        return found

    def sink(self, name: str) -> GstApp.AppSink:
        """An appsink by its name."""
        found = self.find(name)
        if not isinstance(found, GstApp.AppSink):
            raise TypeError(name)
        return found

    def connect(self, made: Gst.Element, signal: str, callback: Callable[..., None]) -> None:
        """Connect a signal until ``stop``; what the callback raises fails the pipeline instead of getting lost."""

        def guarded(*arguments: object) -> None:
            try:
                callback(*arguments)
            except Exception as error:
                log.exception("A callback of pipeline %s failed.", self.gst.get_name())
                self.fail(Failure(f"{signal}: {error!r}."))

        self._connections.append((made, made.connect(signal, guarded)))

    def set_clock(self, clock: Gst.Clock) -> None:
        """Stamp buffers with the clock's own time: base time 0, and no running time set on start."""
        self.gst.use_clock(clock)
        self.gst.set_base_time(0)
        self.gst.set_start_time(Gst.CLOCK_TIME_NONE)

    def play(self, timeout_s: float) -> bool:
        """Bring the pipeline to PLAYING; returns whether it is live (``NO_PREROLL``).

        Raises:
            SourceError: an element failed, or nothing happened within ``timeout_s``.
        """
        deadline_ns = monotonic_ns() + round(timeout_s * NS_PER_S)
        live = False
        for state in (Gst.State.PAUSED, Gst.State.PLAYING):
            result = self._change(state, deadline_ns)
            live = live or result == Gst.StateChangeReturn.NO_PREROLL
        return live

    def begin(self, timeout_s: float) -> None:
        """Ask for PLAYING without waiting until data flows.

        Raises:
            SourceError: an element refused at once, or blocked for ``timeout_s``.
        """
        result = self._set_state(Gst.State.PLAYING, timeout_s)
        self.raise_failure()
        self._check(Gst.State.PLAYING, result)

    def _change(self, state: Gst.State, deadline_ns: int) -> Gst.StateChangeReturn | None:
        result = self._set_state(state, (deadline_ns - monotonic_ns()) / NS_PER_S)
        while result == Gst.StateChangeReturn.ASYNC:
            self.raise_failure()
            if monotonic_ns() > deadline_ns:
                break
            # A live pipeline reports ASYNC on its way to PLAYING only.
            result = self.gst.get_state(20 * NS_PER_MS)[0]
        self.raise_failure()
        self._check(state, None if result == Gst.StateChangeReturn.ASYNC else result)
        return result

    @staticmethod
    def _check(state: Gst.State, result: Gst.StateChangeReturn | None) -> None:
        if result is None:
            raise SourceError(
                f"GStreamer did not reach {state.value_nick} in time.",
                hint="The device or file does not answer; it is tried again.",
            )
        if result == Gst.StateChangeReturn.FAILURE:
            raise SourceError("GStreamer could not start this source and gave no reason.")

    def _set_state(self, state: Gst.State, timeout_s: float) -> Gst.StateChangeReturn | None:
        """``set_state``, which a driver may block for ever; ``None`` when it did."""
        return bounded(lambda: self.gst.set_state(state), timeout_s)

    def fail(self, failure: Failure) -> None:
        """Keep a failure, unless there was one before. Any thread."""
        if self._failure is None:
            self._failure = failure

    def raise_failure(self) -> None:
        """Read the bus; raise the first failure there ever was as a new ``SourceError``."""
        while self._failure is None and (message := self._bus.pop_filtered(Gst.MessageType.ERROR)) is not None:
            self.fail(read_failure(message))
        if self._failure is not None:
            raise self._failure.to_error()

    def ended(self, sink: GstApp.AppSink) -> bool:
        """Whether a sink has given all it will ever give.

        Raises:
            SourceError: because an element failed. It says so before it ends the stream, so this is asked afterwards.
        """
        if not sink.is_eos():
            return False
        self.raise_failure()
        return True

    def stop(self) -> bool:
        """Release everything, in at most two seconds; returns whether GStreamer obeyed. Safe to call again."""
        if self._stopped:
            return True
        self._stopped = True
        if self._set_state(Gst.State.NULL, _STOP_TIMEOUT_S) is None:
            log.warning("Pipeline %s does not stop; it is left behind.", self.gst.get_name())
            return False
        # The closures hold this object; without them nothing is left for the garbage collector.
        for made, handler in self._connections:
            made.disconnect(handler)
        self._connections.clear()
        return True
