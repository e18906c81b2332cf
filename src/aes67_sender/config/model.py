"""The config file as frozen records; see docs/config.md for the same in words.

``Config.model_validate`` judges one value at a time. Use ``load.parse_data`` for data from outside: it also judges the
values against each other, and says every problem in plain words.
"""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, Field, model_validator

from aes67_sender.config.complete import complete, host_name
from aes67_sender.config.fields import (
    FROZEN,
    Address,
    Flag,
    HostName,
    Id,
    LatencyMs,
    Listen,
    LongText,
    Name,
    Number,
    Port,
    TaiUtcOffset,
    Token,
    Whole,
    is_loopback,
)
from aes67_sender.config.read import MOST_ENTRIES
from aes67_sender.config.sources import MAX_CHANNELS, SourceSettings, ToneSource
from aes67_sender.model.clock import ClockMode
from aes67_sender.model.packet import Encoding, PacketFormat

ChannelNumber = Annotated[Whole, Field(ge=1, le=MAX_CHANNELS)]
GainDb = Annotated[Number, Field(ge=-60, le=20)]
#: Not one address but all of the computer, by IPv4 and IPv6.
_EVERYWHERE: Final = frozenset({"0.0.0.0", "::"})  # noqa: S104  recognised, not bound
SdpProfile = Literal["dante", "ravenna", "st2110", "generic"]


class ClockSettings(BaseModel):
    """Where media time comes from."""

    model_config = FROZEN

    mode: ClockMode = Field(
        default="auto",
        description="auto chooses; builtin follows the PTP grandmaster; gstreamer does so by GStreamer's clock, less "
        "exactly; system takes the system clock or a hardware clock that another program disciplines; free-run follows "
        "nobody; grandmaster is the master itself, unless a better one is heard.",
    )
    domain: Whole = Field(default=0, ge=0, le=127, description="PTP domain; Dante uses 0, ST 2110 often 127.")
    fallback: Literal["free-run", "wait"] = Field(
        default="free-run",
        description="Without a clock: free-run sends on this computer's own time, wait sends nothing until it has one.",
    )
    tai_utc_offset: TaiUtcOffset = Field(
        default="auto",
        description="TAI minus UTC in seconds for mode system; auto takes what the system knows.",
    )
    phc: LongText | None = Field(
        default=None,
        description="Hardware clock that mode system reads; null for the system clock.",
        examples=["/dev/ptp0"],
    )
    ptp4l_socket: LongText = Field(
        default="/var/run/ptp4l", description="Socket on which ptp4l tells mode system who the grandmaster is."
    )
    delay_mechanism: Literal["auto", "e2e", "p2p"] = Field(
        default="auto",
        description="How builtin measures the path delay: e2e asks the master, p2p the switch; auto asks the switch "
        "only where the master does not answer.",
    )
    delay_asymmetry_ns: Whole = Field(
        default=0,
        ge=-1_000_000,
        le=1_000_000,
        description="How much longer, in ns, the way from the master is than the mean of both ways.",
    )
    slew_limit_ppm: Number = Field(
        default=20.0, ge=1, le=200, description="How fast small phase differences are made up for, beyond the rate."
    )
    priority1: Whole = Field(
        default=128, ge=0, le=255, description="Of the grandmaster: the lowest wins, whatever its quality."
    )
    priority2: Whole = Field(
        default=128, ge=0, le=255, description="Of the grandmaster: the lowest of equally good ones wins."
    )
    clock_class: Whole = Field(
        default=248, ge=0, le=255, description="Of the grandmaster: 248 for a clock that nothing keeps right."
    )


class StreamSettings(BaseModel):
    """One RTP stream. ``channels`` counts from 1; ``name`` and ``channel_names`` go into the SDP."""

    model_config = FROZEN

    id: Id = Field(
        description="Name in commands, web addresses and the SDP file `<id>.sdp`; unique among the streams.",
        examples=["s1"],
        json_schema_extra={"x-default": "s1, s2, …"},
    )
    name: Name = Field(
        description="Session name that receivers show.",
        examples=["DAW 1-8"],
        json_schema_extra={"x-default": "`<name> - Stream <n>`"},
    )
    source: Name = Field(
        description="Id of the source it takes its channels from.",
        examples=["daw"],
        json_schema_extra={"x-default": "the first source"},
    )
    channels: tuple[ChannelNumber, ...] = Field(
        min_length=1,
        description="Channels of the source, counted from 1, in the order of the stream.",
        examples=[[1, 2]],
        json_schema_extra={"x-default": "the first 8, or as many as there are"},
    )
    channel_names: tuple[Name, ...] = Field(
        default=(), description="Names of the channels, from the first on.", examples=[["left", "right"]]
    )
    address: Address = Field(
        description="IPv4 multicast group, or the address of one receiver. Dante receives 239.69.x.x by default.",
        examples=["239.69.1.1"],
    )
    port: Port = Field(default=5004, description="UDP port; even. Dante receives on 5004 only.")
    encoding: Encoding = Field(default="L24", description="Sample format: 24 or 16 bits, linear.")
    rate: Literal[44_100, 48_000, 96_000] = Field(default=48_000, description="Sampling rate in Hz.")
    packet_time_us: Literal[125, 250, 333, 1000, 4000] = Field(
        default=1000, description="Packet time in µs; every AES67 receiver takes 1000. 4000 is not for 96 kHz."
    )
    payload_type: Whole = Field(default=97, ge=96, le=127, description="RTP payload type.")
    ttl: Whole = Field(default=32, ge=1, le=255, description="IP time to live: how many routers it may pass.")
    dscp: Whole = Field(default=34, ge=0, le=63, description="DSCP for the switches: AES67 says 34, Dante 46.")
    enabled: Flag = Field(default=True, description="Whether it is sent.")
    multicast_loop: Flag = Field(default=False, description="Whether programs on this computer can receive it too.")
    ssrc: Whole | None = Field(
        default=None,
        ge=0,
        le=2**32 - 1,
        description="RTP synchronisation source; null to have one chosen.",
        examples=[305_419_896],
    )
    gain_db: GainDb = Field(default=0.0, description="Gain of all channels in dB.")
    channel_gains_db: tuple[GainDb, ...] = Field(
        default=(), description="Further gain of each channel in dB, from the first on.", examples=[[-3.0, -3.0]]
    )
    mute: Flag = Field(default=False, description="Whether silence is sent in place of all channels.")
    mute_channels: tuple[ChannelNumber, ...] = Field(
        default=(),
        description="Channels of the stream, counted from 1, in whose place silence is sent.",
        examples=[[2]],
    )
    alert_silence_s: Number | None = Field(
        default=None,
        ge=0.1,
        le=86_400,
        description="Silence of so many seconds is reported; null: it is not.",
        examples=[10],
    )
    alert_silence_dbfs: Number = Field(
        default=-60.0, ge=-120, le=0, description="What counts as silence: no peak above this level."
    )
    alert_clipping: Flag = Field(default=False, description="Whether samples beyond full scale are reported.")

    @property
    def packet_format(self) -> PacketFormat:
        """What one packet of this stream holds."""
        return PacketFormat(self.encoding, self.rate, len(self.channels), self.packet_time_us)

    @property
    def gains(self) -> tuple[float, ...]:
        """Linear gain of each channel, 0.0 where it is muted."""
        own = (*self.channel_gains_db, *(0.0,) * len(self.channels))
        muted = range(1, len(self.channels) + 1) if self.mute else self.mute_channels
        return tuple(
            0.0 if position in muted else 10 ** ((self.gain_db + own[position - 1]) / 20)
            for position in range(1, len(self.channels) + 1)
        )


class NmosSettings(BaseModel):
    """AMWA NMOS IS-04/IS-05."""

    model_config = FROZEN

    enabled: Flag = Field(default=False, description="Whether to register with NMOS. Not in this version.")
    registry: LongText = Field(default="auto", description="Address of the registry; auto finds it by DNS-SD.")


class AnnounceSettings(BaseModel):
    """How receivers learn of the streams."""

    model_config = FROZEN

    sap: Flag = Field(default=True, description="Announce by SAP, as Dante expects.")
    ravenna: Flag = Field(default=False, description="Announce by mDNS and RTSP, as RAVENNA expects.")
    nmos: NmosSettings = Field(
        default=NmosSettings(), description="NMOS registration.", examples=[{"enabled": False, "registry": "auto"}]
    )
    sdp_profile: SdpProfile = Field(default="dante", description="Receiver family whose habits the SDP follows.")
    sdp_dir: LongText = Field(
        default="sdp-files",
        description="Folder for the SDP files; a relative path starts at the folder of the config file.",
    )


class WebSettings(BaseModel):
    """The web page and the REST interface. No ``repr`` shows the token."""

    model_config = FROZEN

    listen: Listen = Field(
        default="127.0.0.1:8067",
        description="Address and port. Any but this computer's own 127.0.0.1 needs a token; 0.0.0.0 stands for all "
        "addresses. Port 0 takes any free one.",
    )
    token: Token = Field(
        default=None,
        repr=False,
        description="What programs and browsers must know to be let in; null: nothing. The environment variable "
        "AES67_SENDER_TOKEN stands in for it.",
        examples=["write-your-own-here"],
    )
    names: tuple[HostName, ...] = Field(
        default=(),
        description="Further names under which browsers reach it, as through a reverse proxy.",
        examples=[["studio.example"]],
    )

    @property
    def host(self) -> str:
        """The address to bind, without the brackets of IPv6."""
        return self.listen.rpartition(":")[0].strip("[]")

    @property
    def port(self) -> int:
        """The TCP port, 0 for any."""
        return int(self.listen.rpartition(":")[2])

    @property
    def local_only(self) -> bool:
        """Whether nobody on another computer can reach it."""
        return is_loopback(self.host)

    def url(self, everywhere: str = "127.0.0.1", port: int | None = None) -> str:
        """Where to reach it; ``everywhere`` stands for the address if it listens on all, ``port`` for port 0."""
        host = self.host
        if host in _EVERYWHERE:
            host = everywhere
        return f"http://{f'[{host}]' if ':' in host else host}:{port or self.port}"


class Config(BaseModel):
    """The whole file. Data given to it may leave out everything but the address of each stream."""

    model_config = FROZEN

    version: Literal[1] = Field(default=1, description="Version of this file format.")
    name: Name = Field(
        default_factory=host_name,
        description="Name of this sender, seen by others.",
        examples=["Studio PC"],
        json_schema_extra={"x-default": "the computer's name"},
    )
    interface: Name | None = Field(
        default=None,
        description="Network interface to send on, as `aes67-sender interfaces` lists it; null to have one chosen.",
        examples=["eth0"],
    )
    secondary_interface: Name | None = Field(
        default=None, description="Second interface for ST 2022-7. Not in this version.", examples=[None]
    )
    clock: ClockSettings = Field(
        default=ClockSettings(), description="Where media time comes from.", examples=[{"mode": "auto"}]
    )
    latency_ms: LatencyMs = Field(
        default=20,
        description="From capture to the wire in ms; more survives a busier computer. auto finds it out.",
    )
    sources: tuple[SourceSettings, ...] = Field(
        default=(ToneSource(id="tone"),),
        min_length=1,
        description=f"Where sound comes from; {MOST_ENTRIES} at most.",
        examples=[[{"id": "daw", "kind": "jack", "channels": 8}]],
    )
    streams: tuple[StreamSettings, ...] = Field(
        default=(),
        description=f"What is sent; at least one, {MOST_ENTRIES} at most.",
        examples=[[{"address": "239.69.1.1"}]],
    )
    announce: AnnounceSettings = Field(
        default=AnnounceSettings(), description="How receivers learn of the streams.", examples=[{"sap": True}]
    )
    web: WebSettings = Field(
        default=WebSettings(),
        description="The web page and the REST interface.",
        examples=[{"listen": "127.0.0.1:8067"}],
    )

    @model_validator(mode="before")
    @classmethod
    def _complete(cls, data: Any) -> Any:  # noqa: ANN401  whatever stands in the file
        return complete(data)
