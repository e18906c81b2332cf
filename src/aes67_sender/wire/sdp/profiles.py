"""The session descriptions of our own streams, as each family of receivers wants them."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network
from typing import TYPE_CHECKING, Final, Literal

from aes67_sender.wire.sdp.attributes import RtpMap, SourceFilter
from aes67_sender.wire.sdp.channels import channel_group, render_names
from aes67_sender.wire.sdp.clocks import DirectClock, LocalMac, PtpReference, SenderClock
from aes67_sender.wire.sdp.fields import Connection, MediaField, Origin
from aes67_sender.wire.sdp.lines import Line, attribute, clean
from aes67_sender.wire.sdp.session import SessionDescription

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aes67_sender.model.packet import PacketFormat

SdpProfile = Literal["dante", "ravenna", "st2110", "generic"]

#: RFC 4607: a source-specific group cannot be joined without its source.
_SOURCE_SPECIFIC: Final = IPv4Network("232.0.0.0/8")


@dataclass(frozen=True, slots=True)
class OwnStream:
    """All that we say of one of our streams.

    ``version`` must grow with every change of the text (RFC 8866 5.2). ``mediaclk_offset`` is the RTP timestamp at the
    PTP epoch, ``None`` for a media clock of the sender's own (RFC 7273 5). ``source_filter`` and ``ravenna`` (the
    attributes RAVENNA gear reads) are ``None`` to do as the profile does.
    """

    session_id: int
    version: int
    name: str
    origin_address: str
    destination: str
    port: int
    ttl: int
    payload_type: int
    packet: PacketFormat
    refclk: PtpReference | LocalMac
    mediaclk_offset: int | None
    profile: SdpProfile = "generic"
    channel_names: tuple[str, ...] = ()
    information: str = ""
    source_filter: bool | None = None
    ravenna: bool | None = None


@dataclass(frozen=True, slots=True)
class _Rules:
    """What a family of receivers wants to see; field experience more than standards."""

    source_filter: bool
    ravenna: bool
    channel_info: bool
    channel_order: bool = False
    session_info: bool = True


#: Dante hides streams with a source filter, wants its own order of lines, and takes the session's i= for a list of
#: channels; ST 2110 checkers demand the filter.
_RULES: Final[dict[SdpProfile, _Rules]] = {
    "dante": _Rules(source_filter=False, ravenna=False, channel_info=True, session_info=False),
    "ravenna": _Rules(source_filter=True, ravenna=True, channel_info=False),
    "st2110": _Rules(source_filter=True, ravenna=False, channel_info=True, channel_order=True),
    "generic": _Rules(source_filter=True, ravenna=True, channel_info=True),
}


def compose(stream: OwnStream) -> SessionDescription:
    """The session description of one of our streams, lines ended by CRLF.

    Never with ``a=keywds:Dante``: receivers take a stream that has it for Dante's own protocol.
    """
    return SessionDescription(tuple(_lines(stream)))


def ptime_ms(packet: PacketFormat) -> str:
    """The packet time for ``a=ptime``: at most three decimals, right to less than half a sample (AES67 8.1).

    Three decimals are what the strictest parsers read; half a microsecond is a twentieth of a sample at 96 kHz.
    """
    return f"{packet.exact_packet_time_ms:.3f}".rstrip("0").rstrip(".")


def _lines(stream: OwnStream) -> Iterator[Line]:
    rules = _RULES[stream.profile]
    ravenna = rules.ravenna if stream.ravenna is None else stream.ravenna
    multicast = IPv4Address(stream.destination).is_multicast
    yield Line("v", "0")
    yield Line("o", Origin(stream.session_id, stream.version, stream.origin_address).render())
    yield Line("s", clean(stream.name) or "-")
    if rules.session_info and (information := clean(stream.information)):
        yield Line("i", information)
    yield Line("c", Connection(stream.destination, stream.ttl if multicast else None).render())
    yield Line("t", "0 0")
    if ravenna and isinstance(stream.refclk, PtpReference):
        yield attribute("clock-domain", f"PTPv2 {stream.refclk.domain}")
    yield Line("m", MediaField("audio", stream.port, "RTP/AVP", (str(stream.payload_type),)).render())
    if rules.channel_info:
        yield Line("i", render_names(stream.channel_names, stream.packet.channels))
    yield from _media_attributes(stream, rules, ravenna=ravenna)


def _media_attributes(stream: OwnStream, rules: _Rules, *, ravenna: bool) -> Iterator[Line]:
    packet, offset = stream.packet, stream.mediaclk_offset
    # recvonly is how the program that reads this starts (RFC 8866 6.7.1), not what the sender does.
    yield attribute("recvonly")
    yield attribute("rtpmap", RtpMap(stream.payload_type, packet.encoding, packet.rate_hz, packet.channels).render())
    if rules.channel_order and (group := channel_group(packet.channels)):
        yield attribute("fmtp", f"{stream.payload_type} channel-order=SMPTE2110.({group})")
    if _has_source_filter(stream, rules):
        yield attribute("source-filter", SourceFilter(stream.destination, (stream.origin_address,)).render())
    yield attribute("ptime", ptime_ms(packet))
    yield attribute("framecount", packet.frames)
    if ravenna and offset is not None:
        yield attribute("sync-time", offset)
    yield attribute("ts-refclk", stream.refclk.render())
    yield attribute("mediaclk", (SenderClock() if offset is None else DirectClock(offset)).render())


def _has_source_filter(stream: OwnStream, rules: _Rules) -> bool:
    group = IPv4Address(stream.destination)
    if not group.is_multicast:
        return False
    wanted = rules.source_filter if stream.source_filter is None else stream.source_filter
    return wanted or group in _SOURCE_SPECIFIC
