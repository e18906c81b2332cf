"""The graph of each kind of capture. Data only: importable without GStreamer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, assert_never

from aes67_sender.gst.devicekinds import device_caps, device_element
from aes67_sender.gst.elements import ElementSpec, Value, render
from aes67_sender.gst.rawsamples import FORMATS
from aes67_sender.model.capture import (
    RAW_FORMATS,
    DeviceCapture,
    FileCapture,
    GstCapture,
    JackCapture,
    StdinCapture,
)

if TYPE_CHECKING:
    from pathlib import Path

    from aes67_sender.model.capture import CaptureSpec

FEED: Final = "feed"
DECODED: Final = "decoded"
JACK: Final = "jack"
DECODER: Final = "decoder"
OUT: Final = "out"
#: What a live source keeps for a reader that is late.
LIVE_BLOCKS: Final = 256
#: audioconvert crashes at more (its channel mixer keeps a 64-bit mask).
MOST_CONVERTED_CHANNELS: Final = 63
_FLOAT: Final = "audio/x-raw,format=F32LE,layout=interleaved"
_BLOCK_MS: Final = 5
#: Ring of a JACK client: what a stalled machine may be late without losing a frame.
_RING_US: Final = 500_000


def head(spec: CaptureSpec) -> tuple[ElementSpec, ...]:
    """The elements in front of the sink; empty for a user's bin, which is no data of ours."""
    match spec:
        case FileCapture():
            return file_head(48_000, spec.channels or 2)
        case StdinCapture():
            return stdin_head(spec)
        case JackCapture():
            return jack_head(spec)
        case GstCapture():
            return ()
        case DeviceCapture():
            return device_head(spec, spec.device)
        case _:
            assert_never(spec)


def describe(spec: CaptureSpec) -> str:
    """The capture as gst-launch-1.0 lines, for the doctor. A file has two pipelines, joined by appsink and appsrc."""
    match spec:
        case GstCapture():
            return f"{spec.description} ! {render((*bin_tail(spec.channels), sink(live=False)))}"
        case FileCapture():
            decoder = render((*file_decoder(spec.path), *decoded_tail()))
            return f"{decoder}\n{render((*head(spec), sink(live=False)))}"
        case _:
            return render((*head(spec), sink(live=not isinstance(spec, StdinCapture))))


def sink(*, live: bool) -> ElementSpec:
    """Where float frames are taken out, at the source's own rate.

    A live source drops its oldest blocks when nobody pulls, others wait. Which of both it is, GStreamer tells late.
    """
    return ElementSpec(
        "appsink",
        {
            "sync": False,
            "async": False,
            "max-buffers": LIVE_BLOCKS if live else 4,
            "drop": live,
            "enable-last-sample": False,
        },
        OUT,
    )


def float_caps(rate_hz: int, channels: int) -> str:
    """Caps of float frames in which channels are numbered, not placed: nothing downstream can mix them."""
    return f"{_FLOAT},rate={rate_hz},{channel_caps(channels)}"


def channel_caps(channels: int) -> str:
    """So many channels; above two GStreamer wants to know where the loudspeakers are: nowhere."""
    return f"channels={channels}" + (",channel-mask=(bitmask)0x0" if channels > 2 else "")  # noqa: PLR2004


def _to_float() -> tuple[ElementSpec, ...]:
    # The caps leave channels and channel mask alone, so nothing is mixed; without dither nothing is added.
    return (ElementSpec("audioconvert", {"dithering": "none", "noise-shaping": "none"}), _caps(_FLOAT))


def file_decoder(path: Path) -> tuple[ElementSpec, ...]:
    """Reads and decodes; its pads come up later. It decodes audio only, also where a file has video."""
    return (
        ElementSpec("filesrc", {"location": str(path)}),
        ElementSpec("decodebin", {"caps": "audio/x-raw", "expose-all-streams": False}, DECODER),
    )


def decoded_tail() -> tuple[ElementSpec, ...]:
    """Where decoded sound is taken from, in the file's own format."""
    caps = f"audio/x-raw,format={{{','.join(FORMATS)}}}"
    return (
        ElementSpec("appsink", {"sync": False, "max-buffers": 4, "enable-last-sample": False, "caps": caps}, DECODED),
    )


def file_head(rate_hz: int, channels: int) -> tuple[ElementSpec, ...]:
    """Where decoded sound enters the capture, as one stream without beginning or end of a file in it."""
    caps = float_caps(rate_hz, channels)
    return (
        ElementSpec("appsrc", {"format": "time", "block": True, "max-bytes": 0, "max-buffers": 4, "caps": caps}, FEED),
    )


def stdin_head(spec: StdinCapture) -> tuple[ElementSpec, ...]:
    """Raw samples from a file descriptor, in blocks of 5 ms at most.

    They are converted as if they were one fast channel, so that neither the number of channels nor their places
    matter to the converter.
    """
    frame_bytes = RAW_FORMATS[spec.format] * spec.channels
    return (
        ElementSpec("fdsrc", {"fd": spec.fd, "blocksize": spec.rate_hz * _BLOCK_MS // 1000 * frame_bytes}),
        _parse(spec.format, spec.rate_hz * spec.channels, 1),
        *_to_float(),
        _parse("F32LE", spec.rate_hz, spec.channels),
    )


def _parse(raw_format: str, rate_hz: int, channels: int) -> ElementSpec:
    return ElementSpec(
        "rawaudioparse",
        {"format": "pcm", "pcm-format": raw_format.lower(), "sample-rate": rate_hz, "num-channels": channels},
    )


def jack_head(spec: JackCapture, name: str = JACK) -> tuple[ElementSpec, ...]:
    """A JACK client. See ``jacksource`` for why its slave method is none."""
    properties: dict[str, str | int | bool] = {
        "client-name": spec.client_name,
        "connect": "none",
        "slave-method": "none",
        "provide-clock": False,
        "buffer-time": _RING_US,
    }
    if spec.server_name is not None:
        properties["server"] = spec.server_name
    return (
        ElementSpec("jackaudiosrc", properties, name),
        _caps(f"audio/x-raw,{channel_caps(spec.channels)}"),
    )


def device_head(spec: DeviceCapture, device: Value | None) -> tuple[ElementSpec, ...]:
    """A sound device. See ``devicekinds.device_element`` for ``device``."""
    caps = _caps(device_caps(spec), "channels")
    float_caps = _to_float() if spec.channels <= MOST_CONVERTED_CHANNELS else (_caps(_FLOAT),)
    return (device_element(spec, device), caps, *float_caps)


def bin_tail(channels: int) -> tuple[ElementSpec, ...]:
    """Behind a user's bin: the channels it promised, checked before anything could mix them; then float.

    With more channels than can be converted the bin must give float itself.
    """
    promised = _caps(f"audio/x-raw,channels={channels}", "channels")
    return (promised, *_to_float()) if channels <= MOST_CONVERTED_CHANNELS else (promised, _caps(_FLOAT))


def _caps(caps: str, name: str = "") -> ElementSpec:
    return ElementSpec("capsfilter", {"caps": caps}, name)
