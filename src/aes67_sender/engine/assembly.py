"""From the settings of a source to what plays it."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from aes67_sender.config.sources import (
    AsioSource,
    FileSource,
    GstSource,
    JackSource,
    SilenceSource,
    SourceSettings,
    StdinSource,
    ToneSource,
)
from aes67_sender.engine.sources.players import CapturePlayer, SilencePlayer, TonePlayer
from aes67_sender.gst.errors import SourceEnded
from aes67_sender.model.capture import CaptureSpec, DeviceCapture, FileCapture, GstCapture, JackCapture, StdinCapture

if TYPE_CHECKING:
    from collections.abc import Callable

    from aes67_sender.config.model import Config
    from aes67_sender.config.sources import (
        AlsaSource,
        CoreaudioSource,
        PipewireSource,
        PulseSource,
        WasapiLoopbackSource,
        WasapiSource,
    )
    from aes67_sender.engine.sources.runner import Player
    from aes67_sender.gst.capture import Capture
    from aes67_sender.gst.mediaclock import MediaGstClock

    ClockGetter = Callable[[], MediaGstClock | None]
    CapturedSource = (
        FileSource
        | StdinSource
        | JackSource
        | GstSource
        | AsioSource
        | AlsaSource
        | PulseSource
        | PipewireSource
        | WasapiSource
        | WasapiLoopbackSource
        | CoreaudioSource
    )


def needs_gstreamer(config: Config) -> bool:
    """Whether any source is captured by GStreamer."""
    return any(not isinstance(source, ToneSource | SilenceSource) for source in config.sources)


def make_player(
    source: SourceSettings, clock: ClockGetter, *, latency_ms: float | None, stdin_fd: int | None, used: bool
) -> Player:
    """What plays a source; ``clock`` gives GStreamer's view of the media clock, once there is one.

    ``latency_ms`` is of live sources, ``None`` to have it found. One that is not ``used`` is silent and holds nothing.
    """
    match source:
        case ToneSource():
            return TonePlayer(source.frequency_hz, source.level_dbfs)
        case SilenceSource():
            return SilencePlayer()
        case _ if not used:
            # No stream takes it: do not hold its device.
            return SilencePlayer()
        case _:
            spec = capture_spec(source, stdin_fd)
            return CapturePlayer(partial(_capture, spec, clock), SourceEnded, latency_ms=latency_ms)


def capture_spec(source: CapturedSource, stdin_fd: int | None = None) -> CaptureSpec:
    """What GStreamer is to capture for a source."""
    match source:
        case FileSource():
            return FileCapture(Path(source.path), source.loop, source.channels)
        case StdinSource():
            return StdinCapture(stdin_fd or 0, source.format, source.rate, source.channels)
        case JackSource():
            return JackCapture(
                source.channels, source.client_name, source.channel_names, source.connect, source.server_name
            )
        case GstSource():
            return GstCapture(source.bin, source.channels)
        case AsioSource():
            return DeviceCapture("asio", source.channels, source.device, source.rate, inputs=source.input_channels)
        case _:
            return DeviceCapture(source.kind, source.channels, source.device, source.rate, source.buffer_ms)


def _capture(spec: CaptureSpec, clock: ClockGetter) -> Capture:
    from aes67_sender.gst.capture import Capture  # noqa: PLC0415  loads GStreamer, in the source's own thread

    return Capture(spec, clock())
