"""One capture: a source of sound, delivered at its own rate."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, assert_never

import numpy as np

from aes67_sender.gst import graphs
from aes67_sender.gst.binding import Gst
from aes67_sender.gst.devicesource import DeviceSource
from aes67_sender.gst.errors import SourceEnded, SourceError
from aes67_sender.gst.jacksource import JackSource
from aes67_sender.gst.mediaclock import system_clock
from aes67_sender.gst.pipeline import Pipeline
from aes67_sender.gst.runtime import load
from aes67_sender.gst.sources import BinSource, FileSource, StdinSource
from aes67_sender.model.capture import Block, DeviceCapture, FileCapture, GstCapture, JackCapture, StdinCapture
from aes67_sender.monotonic import monotonic_ns
from aes67_sender.units import NS_PER_MS, NS_PER_S

if TYPE_CHECKING:
    from aes67_sender.gst.binding import GstApp
    from aes67_sender.gst.mediaclock import MediaGstClock
    from aes67_sender.gst.sources import Source
    from aes67_sender.model.capture import CaptureSpec

#: How long one wait inside ``pull`` may be, so that a failure is told soon.
_SLICE_NS: Final = 20 * NS_PER_MS


class Capture:
    """One source, built once, run until it fails; its owner makes a new one then.

    ``clock`` is for bins whose elements stamp by the pipeline's clock: they run at media time's pace then, by the
    system's without it. ``start``, ``pull`` and ``stop`` are called by one thread, not by one that must not wait.
    """

    def __init__(self, spec: CaptureSpec, clock: MediaGstClock | None) -> None:
        self._source = _source(spec, clock)
        self._generation = 0
        self._pipeline: Pipeline | None = None
        self._sink: GstApp.AppSink | None = None
        self._live = False
        self._next_frame: int | None = None
        self._begun = False
        self._gap = False

    @property
    def live(self) -> bool:
        """Whether the source runs at its own pace (``NO_PREROLL``); else it gives what is asked for. After start."""
        return self._live

    @property
    def channels(self) -> int:
        """Channels of every block. After start."""
        return self._source.channels

    @property
    def notes(self) -> tuple[str, ...]:
        """Sentences about what did not go as asked but stops nothing, such as a port that could not be connected."""
        return self._source.notes

    def start(self, timeout_s: float) -> None:
        """Build the pipeline and play. On failure everything is released again.

        Raises:
            SourceError: the source cannot be used, or did not start within ``timeout_s``.
            MachineError: GStreamer, a plugin or a library is missing.
        """
        load()
        pipeline = self._pipeline = Pipeline("capture")
        deadline_ns = monotonic_ns() + round(timeout_s * NS_PER_S)
        try:
            end = self._source.install(pipeline, timeout_s)
            pipeline.add_chain((graphs.sink(live=False),), after=end)
            sink = self._sink = pipeline.sink(graphs.OUT)
            clock = self._source.media_clock
            if clock is not None:
                self._generation = clock.generation
            pipeline.set_clock(clock.gst_clock if clock is not None else system_clock())
            self._live = pipeline.play((deadline_ns - monotonic_ns()) / NS_PER_S)
            if self._live:
                sink.set_max_buffers(graphs.LIVE_BLOCKS)
                sink.set_drop(True)
            self._source.started(pipeline, (deadline_ns - monotonic_ns()) / NS_PER_S)
        except SourceError as error:
            explained = self._source.explain(error)
            self.stop()
            raise explained from error
        except BaseException:
            self.stop()
            raise

    def pull(self, timeout_s: float) -> Block | None:
        """The next block, ``None`` when none came within ``timeout_s``; 0 asks whether one is waiting.

        Raises:
            SourceError: the source failed.
            SourceEnded: it played to its end.
        """
        try:
            return self._pull(timeout_s)
        except SourceError as error:
            raise self._source.explain(error) from error

    def _pull(self, timeout_s: float) -> Block | None:
        pipeline, sink = self._pipeline, self._sink
        if pipeline is None or sink is None:
            raise SourceError("The source is stopped.")
        deadline_ns = monotonic_ns() + round(timeout_s * NS_PER_S)
        while True:
            pipeline.raise_failure()
            self._check_clock()
            sample = sink.try_pull_sample(max(min(_SLICE_NS, deadline_ns - monotonic_ns()), 0))
            block = self._block(sample) if sample is not None else None
            if block is not None:
                return block
            pipeline.raise_failure()
            if sample is None and pipeline.ended(sink):
                raise SourceEnded("The source has ended.")
            self._source.check()
            if monotonic_ns() >= deadline_ns:
                return None

    def _block(self, sample: Gst.Sample) -> Block | None:
        buffer, caps = sample.get_buffer(), sample.get_caps()
        if buffer is None or caps is None:
            return None
        samples = np.frombuffer(buffer.extract_dup(0, buffer.get_size()), dtype="<f4").reshape(-1, self.channels)
        if self._live:
            self._gap |= self._lost_before(buffer, len(samples))
        if not len(samples):
            return None
        _, rate_hz = caps.get_structure(0).get_int("rate")
        captured_ns = self._source.captured_ns(buffer.pts) if self._live else None
        gap, self._gap = self._gap, False
        return Block(samples, rate_hz, captured_ns, gap)

    def _lost_before(self, buffer: Gst.Buffer, frames: int) -> bool:
        """Whether frames are missing between this buffer and the last: by its flag, or by the frames' numbers."""
        begun, self._begun = self._begun, True
        jumped = self._next_frame not in (None, buffer.offset)
        # The flag comes with a buffer of its own; numbers also tell of buffers that nobody pulled in time.
        numbered = buffer.offset_end - buffer.offset == frames
        self._next_frame = buffer.offset_end if numbered else None
        return begun and (buffer.has_flags(Gst.BufferFlags.DISCONT) or (numbered and jumped))

    def _check_clock(self) -> None:
        clock = self._source.media_clock
        if self._live and clock is not None and clock.generation != self._generation:
            # GStreamer's clocks stand still until the old time is reached again, which may take years.
            raise SourceError("The media clock stepped back, so the capture starts anew.")

    def stop(self) -> None:
        """Release everything, within a few seconds even when a driver hangs. Safe to call again."""
        pipeline, self._pipeline, self._sink = self._pipeline, None, None
        if pipeline is not None:
            self._source.stopping()
            stopped = pipeline.stop()
            self._source.close(stopped=stopped)


def _source(spec: CaptureSpec, clock: MediaGstClock | None) -> Source:
    match spec:
        case FileCapture():
            return FileSource(spec)
        case StdinCapture():
            return StdinSource(spec)
        case JackCapture():
            return JackSource(spec)
        case GstCapture():
            return BinSource(spec, clock)
        case DeviceCapture():
            return DeviceSource(spec)
        case _:
            assert_never(spec)
