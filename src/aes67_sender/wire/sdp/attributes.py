"""Attributes that receivers of audio read (RFC 8866 6, RFC 4570, 5888; RAVENNA). ``parse`` raises ``ValueError``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from aes67_sender.wire.sdp.channels import parse_channel_order
from aes67_sender.wire.sdp.clocks import parse_media_clock, parse_reference
from aes67_sender.wire.sdp.fields import whole
from aes67_sender.wire.sdp.lines import shown

if TYPE_CHECKING:
    from collections.abc import Callable

MAX_PAYLOAD_TYPE: Final = 127
MAX_RATE_HZ: Final = 10_000_000
MAX_CHANNELS: Final = 1024
MAX_FRAMES: Final = 1_000_000
_MILLISECONDS: Final = re.compile(r"[0-9]{1,6}(?:\.[0-9]{0,32})?|\.[0-9]{1,32}")
_RTPMAP: Final = re.compile(r"([0-9]{1,3})\s+([^\s/]{1,64})/([0-9]{1,8})(?:/([0-9]{1,4}))?")
_FRAMES: Final = re.compile(r"([0-9]{1,7})(?:[:-][0-9]{1,8})?")
_PTP_DOMAIN: Final = re.compile(r"PTPv2\s+([0-9]{1,3})", re.IGNORECASE)
#: Mode, network, family, destination, and one source at least.
_FILTER_FIELDS: Final = 5


@dataclass(frozen=True, slots=True)
class RtpMap:
    """What a payload type means."""

    payload_type: int
    encoding: str
    rate_hz: int
    channels: int = 1

    @classmethod
    def parse(cls, value: str) -> RtpMap:
        """``97 L24/48000/2``; one channel where none is given."""
        found = _RTPMAP.fullmatch(value.strip())
        if not found:
            raise ValueError(f"no payload type with encoding/rate/channels: {shown(value)}")
        payload_type, encoding, rate_hz, channels = found.groups(default="1")
        mapped = cls(
            whole(payload_type, "the payload type", most=MAX_PAYLOAD_TYPE),
            encoding,
            whole(rate_hz, "the rate", most=MAX_RATE_HZ),
            whole(channels, "the count of channels", most=MAX_CHANNELS),
        )
        if not mapped.rate_hz or not mapped.channels:
            raise ValueError(f"no rate or no channel: {shown(value)}")
        return mapped

    def render(self) -> str:
        """With the count of channels, even if it is 1."""
        return f"{self.payload_type} {self.encoding}/{self.rate_hz}/{self.channels}"


#: Payload types that need no ``a=rtpmap`` (RFC 3551 6).
STATIC_PAYLOADS: Final = {10: RtpMap(10, "L16", 44_100, 2), 11: RtpMap(11, "L16", 44_100, 1)}


@dataclass(frozen=True, slots=True)
class SourceFilter:
    """From whom packets to ``destination`` are wanted (``include``) or not (RFC 4570); ``*`` is any destination."""

    destination: str
    sources: tuple[str, ...]
    include: bool = True
    network: str = "IN"
    family: str = "IP4"

    @classmethod
    def parse(cls, value: str) -> SourceFilter:
        """`` incl IN IP4 239.69.1.1 192.168.1.20``, with and without the blank in front."""
        parts = value.split()
        if len(parts) < _FILTER_FIELDS or parts[0].lower() not in {"incl", "excl"}:
            raise ValueError(f"no source filter: {shown(value)}")
        mode, network, family, destination, *sources = parts
        return cls(destination, tuple(sources), mode.lower() == "incl", network, family)

    def concerns(self, destination: str) -> bool:
        """Whether it says something of packets to this address."""
        return self.destination in {"*", destination}

    def render(self) -> str:
        """With the blank that RFC 4570 3 has behind the colon."""
        mode = "incl" if self.include else "excl"
        return f" {mode} {self.network} {self.family} {self.destination} {' '.join(self.sources)}"


@dataclass(frozen=True, slots=True)
class Group:
    """Media that belong together, by their ``a=mid``; ``DUP`` are copies of the same packets (RFC 7104)."""

    semantics: str
    identifiers: tuple[str, ...]

    @classmethod
    def parse(cls, value: str) -> Group:
        """``DUP primary secondary``."""
        semantics, *identifiers = value.split() or ("",)
        if not semantics:
            raise ValueError("a group of nothing")
        return cls(semantics, tuple(identifiers))

    def render(self) -> str:
        """The value of ``a=group`` or ``a=ssrc-group``."""
        return " ".join((self.semantics, *self.identifiers))


def parse_milliseconds(value: str) -> float:
    """A packet time above 0, with any count of decimals."""
    if not _MILLISECONDS.fullmatch(value.strip()) or not float(value):
        raise ValueError(f"no packet time in ms: {shown(value)}")
    return float(value)


def parse_frames(value: str) -> int:
    """Frames per packet: ``48``; some gear adds the rate as ``48:48000`` or the most it can as ``6-48``."""
    found = _FRAMES.fullmatch(value.strip())
    if not found or not 0 < int(found[1]) <= MAX_FRAMES:
        raise ValueError(f"no count of frames: {shown(value)}")
    return int(found[1])


def parse_clock_domain(value: str) -> int | None:
    """RAVENNA's ``PTPv2 0``; ``None`` for a domain that is not PTP's."""
    found = _PTP_DOMAIN.fullmatch(value.strip())
    if not found and value.strip().lower().startswith("ptpv2"):
        raise ValueError(f"no PTP domain: {shown(value)}")
    return int(found[1]) if found else None


def parse_sync_time(value: str) -> int:
    """RAVENNA's name for the media clock's offset."""
    return whole(value.strip(), "the sync time")


def parse_format(value: str) -> tuple[int, dict[str, str]]:
    """Payload type and parameters of ``a=fmtp``: ``97 channel-order=SMPTE2110.(ST); TSMODE=SAMP``."""
    payload_type, _, rest = value.strip().partition(" ")
    pairs = (each.partition("=") for each in rest.split(";") if each.strip())
    parameters = {name.strip().lower(): text.strip() for name, _, text in pairs}
    if order := parameters.get("channel-order"):
        parse_channel_order(order)
    return whole(payload_type, "the payload type", most=MAX_PAYLOAD_TYPE), parameters


#: How each attribute that is understood is read; all others are kept as they are.
PARSERS: Final[dict[str, Callable[[str], object]]] = {
    "rtpmap": RtpMap.parse,
    "fmtp": parse_format,
    "source-filter": SourceFilter.parse,
    "group": Group.parse,
    "ssrc-group": Group.parse,
    "ptime": parse_milliseconds,
    "maxptime": parse_milliseconds,
    "framecount": parse_frames,
    "clock-domain": parse_clock_domain,
    "sync-time": parse_sync_time,
    "ts-refclk": parse_reference,
    "mediaclk": parse_media_clock,
}
