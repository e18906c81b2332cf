"""What comes before the sink: files, standard input, a user's own bin. JACK has a module of its own."""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING, Protocol

from aes67_sender.gst import graphs
from aes67_sender.gst.binding import GLib, Gst, GstApp, GstAudio
from aes67_sender.gst.errors import SourceError
from aes67_sender.gst.filefeed import FileFeed
from aes67_sender.gst.timeline import Arrivals, Timeline
from aes67_sender.monotonic import monotonic_ns
from aes67_sender.units import NS_PER_S

if TYPE_CHECKING:
    from aes67_sender.gst.mediaclock import MediaGstClock
    from aes67_sender.gst.pipeline import Pipeline
    from aes67_sender.model.capture import FileCapture, GstCapture, StdinCapture


class Source(Protocol):
    """One kind of source, which gives float frames."""

    channels: int

    @property
    def notes(self) -> tuple[str, ...]:
        """See ``Capture.notes``."""

    @property
    def media_clock(self) -> MediaGstClock | None:
        """The clock whose time the stamps are; ``None`` where they are not media time. Once installed."""

    def install(self, pipeline: Pipeline, timeout_s: float) -> Gst.Element:
        """Add the elements to the pipeline and return the last one. Raises SourceError or MachineError."""

    def started(self, pipeline: Pipeline, timeout_s: float) -> None:
        """Do what can only be done once the pipeline plays."""

    def captured_ns(self, pts_ns: int) -> int | None:
        """Monotonic time at which the frame with this stamp was captured, ``None`` where that is not known."""

    def check(self) -> None:
        """Raise SourceError when the silence has lasted too long; called while there is nothing to pull."""

    def explain(self, error: SourceError) -> SourceError:
        """A failure of the pipeline in better words, where the source knows more; else the same."""

    def stopping(self) -> None:
        """Do what must be done before the pipeline is stopped."""

    def close(self, *, stopped: bool) -> None:
        """Release the rest, after the pipeline has ``stopped``, or would not."""


class _Driven:
    """A source without time of its own: it gives what is asked for, when it is asked for."""

    notes: tuple[str, ...] = ()
    media_clock = None

    def started(self, pipeline: Pipeline, timeout_s: float) -> None:
        """Nothing to do."""

    def captured_ns(self, _pts_ns: int) -> int | None:
        """No time."""
        return None

    def check(self) -> None:
        """May pause for as long as it likes."""

    def explain(self, error: SourceError) -> SourceError:
        """Nothing to add."""
        return error

    def stopping(self) -> None:
        """Nothing to do."""

    def close(self, *, stopped: bool) -> None:
        """Nothing to release."""


class FileSource(_Driven):
    """A file, decoded by a pipeline of its own."""

    def __init__(self, spec: FileCapture) -> None:
        self._feed = FileFeed(spec)
        self.channels = spec.channels or 0

    def install(self, pipeline: Pipeline, timeout_s: float) -> Gst.Element:
        """Open the file: it must give sound before the capture counts as started."""
        self._feed.open(timeout_s)
        self.channels = self._feed.channels
        return pipeline.add_chain(graphs.file_head(self._feed.rate_hz, self.channels))

    def started(self, pipeline: Pipeline, timeout_s: float) -> None:  # noqa: ARG002  the protocol's
        """Let the decoder's sound in."""
        target = pipeline.find(graphs.FEED)
        if isinstance(target, GstApp.AppSrc):
            self._feed.run(target, pipeline.fail)

    def close(self, *, stopped: bool) -> None:  # noqa: ARG002
        """Stop decoding."""
        self._feed.close()


class StdinSource(_Driven):
    """Raw samples from a file descriptor, which stays open."""

    def __init__(self, spec: StdinCapture) -> None:
        self._spec = spec
        self.channels = spec.channels

    def install(self, pipeline: Pipeline, timeout_s: float) -> Gst.Element:  # noqa: ARG002
        """Check the descriptor, which GStreamer would only do while playing."""
        try:
            os.fstat(self._spec.fd)
        except OSError as error:
            raise SourceError(
                "Standard input is closed.", hint="Pipe raw audio into the sender.", retryable=False
            ) from error
        return pipeline.add_chain(graphs.stdin_head(self._spec))


class CountedFrames:
    """When the buffers of a device were captured that counts its frames, or whose frames are counted here."""

    def __init__(self) -> None:
        self._arrivals = Arrivals()
        self._timeline = Timeline()
        self._next_frame = 0

    def note(self, pad: Gst.Pad, buffer: Gst.Buffer, now_ns: int) -> None:
        """A buffer has just arrived from the device. Streaming thread."""
        caps = pad.get_current_caps()
        audio = GstAudio.AudioInfo.new_from_caps(caps) if caps is not None else None
        if audio is None or not audio.bpf or buffer.pts == Gst.CLOCK_TIME_NONE:
            return
        if buffer.has_flags(Gst.BufferFlags.DISCONT):
            # What was lost may not be in the count.
            self._arrivals = Arrivals()
        frames = buffer.get_size() // audio.bpf
        # Not by the stamp: ALSA stamps when it was asked, which may be late.
        first = buffer.offset if buffer.offset_end - buffer.offset == frames else self._next_frame
        self._next_frame = first + frames
        first_ns, end_ns = (frame * NS_PER_S // audio.rate for frame in (first, first + frames))
        self._timeline.add(buffer.pts, self._arrivals.captured_ns(first_ns, end_ns - first_ns, now_ns))

    def captured_ns(self, pts_ns: int) -> int | None:
        """Monotonic time at which the frame with this stamp was captured. Any thread."""
        return self._timeline.monotonic_at(pts_ns)


class BinSource:
    """A bin in the user's own words."""

    notes: tuple[str, ...] = ()

    def __init__(self, spec: GstCapture, clock: MediaGstClock | None) -> None:
        self._spec = spec
        self._clock = clock
        self._counted = CountedFrames()
        self._counts_frames = False
        self.channels = spec.channels

    @property
    def media_clock(self) -> MediaGstClock | None:
        """Stamps are the pipeline clock's time, unless they count frames."""
        return None if self._counts_frames else self._clock

    def install(self, pipeline: Pipeline, timeout_s: float) -> Gst.Element:  # noqa: ARG002
        """Parse the bin; audio devices in it, also those that come up later, are made to count frames."""
        parsed = _parse(self._spec.description)
        pad = parsed.get_static_pad("src")
        if pad is None:
            raise SourceError(
                "The GStreamer bin has no unlinked source pad.",
                hint="It must end with an element that gives audio, not with a sink.",
                retryable=False,
            )
        pipeline.connect(pipeline.gst, "deep-element-added", self._adopt)
        pipeline.add(parsed)
        pad.add_probe(Gst.PadProbeType.BUFFER, self._note)
        return pipeline.add_chain(graphs.bin_tail(self.channels), after=parsed)

    def _adopt(self, _pipeline: Gst.Bin, _parent: Gst.Bin, made: Gst.Element) -> None:
        if any(known.name == "slave-method" for known in made.list_properties()):
            Gst.util_set_object_arg(made, "slave-method", "none")
            self._counts_frames = True

    def _note(self, pad: Gst.Pad, info: Gst.PadProbeInfo) -> Gst.PadProbeReturn:
        """Runs in the streaming thread, as soon as the device gave a buffer."""
        buffer = info.get_buffer()
        if self._counts_frames and buffer is not None:
            self._counted.note(pad, buffer, monotonic_ns())
        return Gst.PadProbeReturn.OK

    def started(self, pipeline: Pipeline, timeout_s: float) -> None:
        """Nothing to do."""

    def captured_ns(self, pts_ns: int) -> int | None:
        """From the time line where frames are counted, else the stamp itself, which a clock gave."""
        if pts_ns == Gst.CLOCK_TIME_NONE:
            return None
        if self._counts_frames:
            return self._counted.captured_ns(pts_ns)
        return pts_ns if self._clock is None else self._clock.mapping.monotonic_at(pts_ns)

    def check(self) -> None:
        """A bin may be silent for as long as it likes."""

    def explain(self, error: SourceError) -> SourceError:
        """Nothing to add."""
        return error

    def stopping(self) -> None:
        """Nothing to do."""

    def close(self, *, stopped: bool) -> None:
        """Nothing to release."""


def _parse(description: str) -> Gst.Bin:
    """Build the user's bin, which may end with caps, though a bin in gst-launch syntax may not."""
    try:
        return Gst.parse_bin_from_description(description, ghost_unlinked_pads=True)
    except GLib.Error as error:
        with contextlib.suppress(GLib.Error):
            return Gst.parse_bin_from_description(f"{description} ! identity silent=true", ghost_unlinked_pads=True)
        raise SourceError(
            f"The GStreamer bin cannot be built: {error.message}.",
            hint="Try it first with gst-launch-1.0, followed by ! fakesink.",
            retryable=False,
        ) from error
