"""The sources of sound a config can name."""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import AfterValidator, BaseModel, Field

from aes67_sender.config.fields import FROZEN, Flag, Id, LongText, Name, Number, Whole

MAX_CHANNELS: Final = 256

StdinFormat = Literal["S16LE", "S24LE", "S32LE", "F32LE"]

#: One mHz is the finest step: 32-bit phase increments would carry no more.
_Frequency = Annotated[Number, Field(ge=1, le=20_000), AfterValidator(lambda value: round(value, 3))]


_InputNumber = Annotated[Whole, Field(ge=1, le=MAX_CHANNELS)]


class _Source(BaseModel):
    model_config = FROZEN

    id: Id = Field(
        description="Name that streams refer to; unique among the sources.",
        examples=["daw"],
        json_schema_extra={"x-default": "the kind"},
    )


class ToneSource(_Source):
    """A sine tone, exact to the sample of the media clock."""

    kind: Literal["tone"] = Field(default="tone", description="A sine tone, locked to the media clock.")
    channels: Whole = Field(default=2, ge=1, le=MAX_CHANNELS, description="How many channels carry the tone.")
    frequency_hz: _Frequency = Field(default=1000.0, description="Frequency in Hz, in steps of 0.001.")
    level_dbfs: Number = Field(
        default=-18.0, ge=-120, le=0, description="Peak level in dB below full scale; -18 is EBU line-up."
    )


class SilenceSource(_Source):
    """Digital silence."""

    kind: Literal["silence"] = Field(default="silence", description="Digital silence.")
    channels: Whole = Field(default=2, ge=1, le=MAX_CHANNELS, description="How many silent channels.")


class FileSource(_Source):
    """A sound file, with as many channels as it has unless the config says otherwise."""

    kind: Literal["file"] = Field(default="file", description="A sound file of any format GStreamer can decode.")
    path: LongText = Field(
        description="The file; a relative path starts at the folder of the config file.", examples=["jingle.flac"]
    )
    loop: Flag = Field(default=True, description="Start again at the end; otherwise silence follows.")
    channels: Whole | None = Field(
        default=None,
        ge=1,
        le=MAX_CHANNELS,
        description="How many channels to take; null for as many as the file has, "
        "and then nobody can check the channel numbers of streams beforehand.",
        examples=[2],
    )


class StdinSource(_Source):
    """Raw interleaved samples on standard input."""

    kind: Literal["stdin"] = Field(default="stdin", description="Raw interleaved samples on standard input.")
    format: StdinFormat = Field(default="S16LE", description="Sample format.")
    rate: Whole = Field(default=48_000, ge=8_000, le=192_000, description="Sampling rate of the samples in Hz.")
    channels: Whole = Field(default=2, ge=1, le=MAX_CHANNELS, description="How many channels are interleaved.")


class JackSource(_Source):
    """Input ports of a JACK client; PipeWire offers the same interface."""

    kind: Literal["jack"] = Field(default="jack", description="Input ports in JACK, or in PipeWire's JACK.")
    channels: Whole = Field(default=2, ge=1, le=MAX_CHANNELS, description="How many input ports to offer.")
    client_name: Name = Field(default="aes67-sender", description="Name of the JACK client.")
    connect: tuple[Name, ...] = Field(
        default=(),
        description="Output ports to connect to, by name or pattern, in the order of the channels; "
        "empty: connect by hand.",
        examples=[["system:capture_*"]],
    )
    server_name: Name | None = Field(
        default=None, description="Name of the JACK server; null for the default one.", examples=["default"]
    )
    channel_names: tuple[Name, ...] = Field(
        default=(), description="Names of the ports, from the first on.", examples=[["left", "right"]]
    )


class GstSource(_Source):
    """Any bin GStreamer can describe."""

    kind: Literal["gst"] = Field(default="gst", description="A GStreamer bin of your own.")
    bin: LongText = Field(
        description="Description of the bin as for `gst-launch-1.0`, with one audio output.",
        examples=["audiotestsrc is-live=true wave=pink-noise"],
    )
    channels: Whole = Field(default=2, ge=1, le=MAX_CHANNELS, description="How many channels it delivers.")


class _DeviceSource(_Source):
    channels: Whole = Field(default=2, ge=1, le=MAX_CHANNELS, description="How many channels to take.")
    device: LongText | None = Field(
        default=None,
        description="Its id as `aes67-sender devices` lists it, or a part of its name that no other device has; "
        "null for the system's default.",
        examples=["USB"],
    )
    rate: Whole | None = Field(
        default=None,
        ge=8_000,
        le=384_000,
        description="Sampling rate to ask for in Hz; null for 48000 if the device can, else its own.",
        examples=[48_000],
    )


class _BufferedSource(_DeviceSource):
    buffer_ms: Number = Field(
        default=5.0,
        ge=1,
        le=100,
        description="In what pieces the device delivers; `latency_ms` must be longer than one of them.",
    )


class AlsaSource(_BufferedSource):
    """A sound card, or another device of ALSA's own config."""

    kind: Literal["alsa"] = Field(default="alsa", description="A sound card on Linux, taken exclusively by ALSA.")


class PulseSource(_BufferedSource):
    """A source of PulseAudio."""

    kind: Literal["pulse"] = Field(
        default="pulse", description="A source of PulseAudio, or of PipeWire by the same interface, on Linux."
    )


class PipewireSource(_BufferedSource):
    """A node of PipeWire."""

    kind: Literal["pipewire"] = Field(default="pipewire", description="A source of PipeWire, on Linux.")


class WasapiSource(_BufferedSource):
    """An input on Windows."""

    kind: Literal["wasapi"] = Field(default="wasapi", description="An input on Windows.")


class WasapiLoopbackSource(_BufferedSource):
    """What an output on Windows plays."""

    kind: Literal["wasapi-loopback"] = Field(
        default="wasapi-loopback",
        description="What an output on Windows plays; nothing comes while nothing is played, so silence is sent.",
    )


class AsioSource(_DeviceSource):
    """An ASIO driver on Windows; its panel sets the size of the buffer."""

    kind: Literal["asio"] = Field(default="asio", description="An ASIO driver on Windows.")
    device: LongText | None = Field(
        default=None,
        description="Its CLSID as `aes67-sender devices` lists it, or a part of its name that no other has; "
        "null for the first.",
        examples=["{838FE50A-C1AB-4B77-B9B6-0A40788B53F3}"],
    )
    input_channels: tuple[_InputNumber, ...] = Field(
        default=(),
        description="Which of its inputs to take, counted from 1; empty for the first `channels`.",
        examples=[[1, 2]],
    )


class CoreaudioSource(_BufferedSource):
    """An input on macOS."""

    kind: Literal["coreaudio"] = Field(default="coreaudio", description="An input on macOS.")


SourceSettings = Annotated[
    ToneSource
    | SilenceSource
    | FileSource
    | StdinSource
    | JackSource
    | AlsaSource
    | PulseSource
    | PipewireSource
    | WasapiSource
    | WasapiLoopbackSource
    | AsioSource
    | CoreaudioSource
    | GstSource,
    Field(discriminator="kind"),
]

SOURCE_MODELS: Final[dict[str, type[_Source]]] = {
    "tone": ToneSource,
    "silence": SilenceSource,
    "file": FileSource,
    "stdin": StdinSource,
    "jack": JackSource,
    "alsa": AlsaSource,
    "pulse": PulseSource,
    "pipewire": PipewireSource,
    "wasapi": WasapiSource,
    "wasapi-loopback": WasapiLoopbackSource,
    "asio": AsioSource,
    "coreaudio": CoreaudioSource,
    "gst": GstSource,
}
