"""What GStreamer captures, and the blocks of sound that come of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

#: Sample formats of raw standard input, by GStreamer's names, and their bytes per sample.
RAW_FORMATS: dict[str, int] = {
    "S16LE": 2,
    "S16BE": 2,
    "S24LE": 3,
    "S24BE": 3,
    "S32LE": 4,
    "S32BE": 4,
    "F32LE": 4,
    "F32BE": 4,
}


@dataclass(frozen=True, slots=True)
class FileCapture:
    """An audio file in any format the installed decoders know; ``channels`` is what it must have, if given."""

    path: Path
    loop: bool = True
    channels: int | None = None


@dataclass(frozen=True, slots=True)
class StdinCapture:
    """Interleaved raw samples from a file descriptor; ``format`` is a key of ``RAW_FORMATS``."""

    fd: int
    format: str
    rate_hz: int
    channels: int


@dataclass(frozen=True, slots=True)
class JackCapture:
    """Input ports of a JACK client.

    ``port_names`` name the first ports, the rest are ``in_<n>``. ``connect`` are globs over output ports
    (``system:capture_*``); what they match, in this order, feeds port 1, 2, and so on.
    """

    channels: int
    client_name: str = "aes67-sender"
    port_names: tuple[str, ...] = ()
    connect: tuple[str, ...] = ()
    server_name: str | None = None


@dataclass(frozen=True, slots=True)
class GstCapture:
    """A bin in gst-launch syntax with one unlinked audio source pad that gives ``channels`` channels."""

    description: str
    channels: int


DeviceKind: TypeAlias = Literal["alsa", "pulse", "pipewire", "wasapi", "wasapi-loopback", "asio", "coreaudio"]


@dataclass(frozen=True, slots=True)
class DeviceCapture:
    """A sound device, as one interface of the operating system offers it.

    ``device`` is its stable id, or a part of its name that no other has; ``None`` for the system's default.
    ``rate_hz`` ``None``: 48 kHz if the device can, else what it does. ``buffer_ms``: in what pieces it delivers.
    ``inputs`` choose the inputs of an ASIO device, from 1 on; empty for the first ones.
    """

    kind: DeviceKind
    channels: int
    device: str | None = None
    rate_hz: int | None = None
    buffer_ms: float = 5.0
    inputs: tuple[int, ...] = ()


CaptureSpec: TypeAlias = FileCapture | StdinCapture | JackCapture | GstCapture | DeviceCapture


@dataclass(frozen=True, slots=True)
class Block:
    """A few ms of sound at the source's own rate.

    ``samples`` are float32 (frames, channels), C-contiguous, read-only, full scale 1.0. ``rate_hz`` is theirs: a user's
    bin may change it on the way. ``captured_ns`` is the monotonic time (``aes67_sender.monotonic``) at which the first
    frame was captured; ``None`` where the source has no time of its own (files, stdin). ``gap``: frames were lost
    right before these, as the driver says.
    """

    samples: NDArray[np.float32]
    rate_hz: int
    captured_ns: int | None
    gap: bool = False


@dataclass(frozen=True, slots=True)
class AudioDevice:
    """Something sound can be taken from.

    ``identity`` is what stays the same when devices are plugged in another order; ``channels`` the most it has; rates
    are empty where unknown. ``default``: the one the system uses if none is named. ``monitor``: what an output plays.
    ``config`` is what to write as a source.
    """

    name: str
    kind: str
    identity: str
    channels: int
    rates_hz: tuple[int, ...]
    config: dict[str, object]
    default: bool = False
    monitor: bool = False
