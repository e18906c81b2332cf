"""Decodes a file, over and over, into one stream without a seam."""

from __future__ import annotations

import os
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from aes67_sender.gst.binding import Gst, GstApp
from aes67_sender.gst.errors import SourceError
from aes67_sender.gst.failures import MORE_DECODERS, Failure
from aes67_sender.gst.graphs import DECODED, decoded_tail, file_decoder
from aes67_sender.gst.pipeline import Pipeline
from aes67_sender.gst.rawsamples import to_float
from aes67_sender.monotonic import monotonic_ns
from aes67_sender.units import NS_PER_MS, NS_PER_S

if TYPE_CHECKING:
    from collections.abc import Callable

    from aes67_sender.model.capture import FileCapture

_OTHER_FILE: Final = "Choose another file."
#: Some damaged WAV files make the parser deliver nothing, for ever.
_MOST_EMPTY_BUFFERS: Final = 1000


class FileFeed:
    """A decoding pipeline of its own, whose sound a thread pushes into the capture's ``appsrc``.

    Two pipelines, because at the end of the file the decoder is wound back by a flushing seek, which every format
    does exactly, while behind the ``appsrc`` nothing is flushed: the capture knows of no seam.
    """

    def __init__(self, spec: FileCapture) -> None:
        self._spec = spec
        self._pipeline: Pipeline | None = None
        self._first: Gst.Sample | None = None
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self.rate_hz = 0
        self.channels = 0

    def open(self, timeout_s: float) -> None:
        """Decode the beginning, to know rate and channels.

        Raises:
            SourceError: there is no such file, it cannot be read, or it holds no sound that can be decoded.
        """
        self._check_file()
        deadline_ns = monotonic_ns() + round(timeout_s * NS_PER_S)
        pipeline = self._build(timeout_s)
        while self._first is None:
            self._first = self._next(pipeline)
            if self._first is None and pipeline.ended(pipeline.sink(DECODED)):
                raise self._no_sound()
            if monotonic_ns() > deadline_ns:
                raise SourceError(f"{self._spec.path.name} could not be read in time.")
        found = _sample_format(self._first)
        if found is None:
            raise SourceError(f"{self._spec.path.name} is in no known format.", hint=MORE_DECODERS, retryable=False)
        if self._spec.channels not in (None, found.channels):
            raise SourceError(
                f"{self._spec.path.name} has {found.channels} channels, not {self._spec.channels}.",
                hint=f"Set the source's channels to {found.channels}, or leave them out.",
                retryable=False,
            )
        self.rate_hz, self.channels = found.rate_hz, found.channels

    def _no_sound(self) -> SourceError:
        return SourceError(f"{self._spec.path.name} holds no sound.", hint=_OTHER_FILE, retryable=False)

    def _check_file(self) -> None:
        path = self._spec.path
        if not path.exists():
            raise SourceError(f"There is no file {path}.", hint="Check the path.")
        if not path.is_file():
            raise SourceError(f"{path} is not a file.", hint="Give the path of an audio file.", retryable=False)
        if not os.access(path, os.R_OK):
            raise SourceError(f"{path} may not be read.", hint="Give the sender's user the right to read it.")
        if path.stat().st_size == 0:
            raise SourceError(f"{path} is empty.", hint=_OTHER_FILE)

    def _build(self, timeout_s: float) -> Pipeline:
        pipeline = self._pipeline = Pipeline("file")
        decoder = pipeline.add_chain(file_decoder(self._spec.path))
        entry = pipeline.add_chain(decoded_tail()).get_static_pad("sink")
        name = self._spec.path.name

        def link(_decoder: Gst.Element, pad: Gst.Pad) -> None:
            if entry is not None and not entry.is_linked():
                pad.link(entry)

        def check(_decoder: Gst.Element) -> None:
            if entry is None or not entry.is_linked():
                pipeline.fail(Failure(f"{name} holds no sound.", _OTHER_FILE, retryable=False))

        pipeline.connect(decoder, "pad-added", link)
        pipeline.connect(decoder, "no-more-pads", check)
        pipeline.begin(timeout_s)
        return pipeline

    def run(self, target: GstApp.AppSrc, on_failure: Callable[[Failure], None]) -> None:
        """Push from a thread of its own until ``stop``; it reports failures instead of raising them."""
        self._thread = threading.Thread(target=self._run, args=(target, on_failure), name="file-feed", daemon=True)
        self._thread.start()

    def _run(self, target: GstApp.AppSrc, on_failure: Callable[[Failure], None]) -> None:
        try:
            self._push_all(target)
        except SourceError as error:
            on_failure(Failure(str(error), error.hint, retryable=error.retryable))
        except Exception as error:  # noqa: BLE001  the owner must hear of it, whatever it was
            on_failure(Failure(f"Reading {self._spec.path.name} failed: {error!r}."))

    def _push_all(self, target: GstApp.AppSrc) -> None:
        pipeline = self._pipeline
        sample, self._first = self._first, None
        pushed_frames = 0
        while pipeline is not None and not self._stopping.is_set():
            if sample is not None:
                frames = self._push(sample, target)
                if frames is None:
                    return
                pushed_frames += frames
            elif pipeline.ended(pipeline.sink(DECODED)):
                if not self._spec.loop:
                    target.end_of_stream()
                    return
                if pushed_frames == 0:
                    raise self._no_sound()
                pipeline, pushed_frames = self._rewind(pipeline), 0
            sample = self._next(pipeline)

    def _push(self, sample: Gst.Sample, target: GstApp.AppSrc) -> int | None:
        """Push the sound as float, without the file's time stamps; frames, ``None`` when the capture is stopping."""
        found, buffer = _sample_format(sample), sample.get_buffer()
        if found is None or buffer is None:
            return 0
        if (found.rate_hz, found.channels) != (self.rate_hz, self.channels):
            raise SourceError(f"{self._spec.path.name} changes its format half way.", retryable=False)
        data = buffer.extract_dup(0, buffer.get_size())
        frames = to_float(data, found.raw_format, found.channels, interleaved=found.interleaved)
        pushed = target.push_buffer(Gst.Buffer.new_wrapped(frames.tobytes()))
        return len(frames) if pushed == Gst.FlowReturn.OK else None

    def _rewind(self, pipeline: Pipeline) -> Pipeline:
        seek = Gst.SeekFlags.FLUSH | Gst.SeekFlags.ACCURATE
        if pipeline.gst.seek_simple(Gst.Format.TIME, seek, 0):
            return pipeline
        # A format that cannot be wound back is opened again; it is only slower.
        pipeline.stop()
        return self._build(timeout_s=5.0)

    def _next(self, pipeline: Pipeline) -> Gst.Sample | None:
        """The next decoded buffer with sound in it, ``None`` when there is none yet or no more."""
        sink = pipeline.sink(DECODED)
        for _ in range(_MOST_EMPTY_BUFFERS):
            sample = sink.try_pull_sample(50 * NS_PER_MS)
            pipeline.raise_failure()
            buffer = sample.get_buffer() if sample is not None else None
            if sample is None or (buffer is not None and buffer.get_size() > 0):
                return sample
        raise SourceError(f"{self._spec.path.name} is damaged.", hint=_OTHER_FILE, retryable=False)

    def close(self) -> None:
        """Stop the thread, which must have been unblocked by stopping the target's pipeline, and the decoder."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join(2.0)
        if self._pipeline is not None:
            self._pipeline.stop()


@dataclass(frozen=True, slots=True)
class _SampleFormat:
    raw_format: str
    rate_hz: int
    channels: int
    interleaved: bool


def _sample_format(sample: Gst.Sample) -> _SampleFormat | None:
    caps = sample.get_caps()
    if caps is None:
        return None
    structure = caps.get_structure(0)
    raw_format = structure.get_string("format")
    has_rate, rate_hz = structure.get_int("rate")
    has_channels, channels = structure.get_int("channels")
    if raw_format is None or not (has_rate and has_channels):
        return None
    return _SampleFormat(raw_format, rate_hz, channels, structure.get_string("layout") != "non-interleaved")
