"""Single lines of session descriptions: what their values mean, and the same text again where it is by the book."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Protocol

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aes67_sender.wire.sdp import (
    Connection,
    DirectClock,
    Group,
    LocalMac,
    MediaField,
    NtpReference,
    Origin,
    OtherClock,
    OtherReference,
    PtpReference,
    PtpTraceable,
    RtpMap,
    SenderClock,
    SourceFilter,
)
from aes67_sender.wire.sdp.attributes import PARSERS
from aes67_sender.wire.sdp.channels import labels, parse_channel_order, parse_names, render_names

if TYPE_CHECKING:
    from collections.abc import Callable

GMID = "39-a7-94-ff-fe-07-cb-d0"
LONG = "9" * 60


class Rendering(Protocol):
    def render(self) -> str: ...


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("ts-refclk", f"ptp=IEEE1588-2008:{GMID.upper()}:0", PtpReference(GMID, 0)),
        ("ts-refclk", f"ptp=IEEE1588-2019:{GMID.upper()}:127", PtpReference(GMID, 127, "IEEE1588-2019")),
        ("ts-refclk", f"ptp=IEEE1588-2008:{GMID.upper()}", PtpReference(GMID, None)),
        ("ts-refclk", f"ptp=IEEE802.1AS-2011:{GMID.upper()}", PtpReference(GMID, None, "IEEE802.1AS-2011")),
        ("ts-refclk", f"ptp=IEEE1588-2002:{GMID.upper()}:_DFLT", PtpReference(GMID, "_DFLT", "IEEE1588-2002")),
        ("ts-refclk", "ptp=IEEE1588-2008:traceable", PtpTraceable()),
        ("ts-refclk", "ptp=traceable", PtpTraceable(None)),
        ("ts-refclk", "ntp=203.0.113.10", NtpReference("203.0.113.10")),
        ("ts-refclk", "ntp=[2001:db8::1]:123", NtpReference("[2001:db8::1]:123")),
        ("ts-refclk", "ntp=/traceable/", NtpReference(None)),
        ("ts-refclk", "localmac=02-FC-00-00-00-01", LocalMac("02:fc:00:00:00:01")),
        ("ts-refclk", "local", LocalMac(None)),
        ("ts-refclk", "gps", OtherReference("gps")),
        ("ts-refclk", "private:traceable", OtherReference("private:traceable")),
        ("mediaclk", "direct=0", DirectClock(0)),
        ("mediaclk", "direct=963214424", DirectClock(963214424)),
        ("mediaclk", "direct", DirectClock(None)),
        ("mediaclk", "direct=5 rate=1000/1001", DirectClock(5, Fraction(1000, 1001))),
        ("mediaclk", "sender", SenderClock()),
        ("mediaclk", "IEEE1722=38-D6-6D-8E-D2-78-13-2F", OtherClock("IEEE1722=38-D6-6D-8E-D2-78-13-2F")),
        ("rtpmap", "97 L24/48000/2", RtpMap(97, "L24", 48000, 2)),
        ("source-filter", " incl IN IP4 239.1.1.1 10.0.0.1", SourceFilter("239.1.1.1", ("10.0.0.1",))),
        ("source-filter", " incl IN * * 10.0.0.1 10.0.0.2", SourceFilter("*", ("10.0.0.1", "10.0.0.2"), family="*")),
        ("source-filter", " excl IN IP6 FF0E::11A 2001:db8::1",
         SourceFilter("FF0E::11A", ("2001:db8::1",), include=False, family="IP6")),
        ("group", "DUP primary secondary", Group("DUP", ("primary", "secondary"))),
        ("ssrc-group", "DUP 1000 1010", Group("DUP", ("1000", "1010"))),
    ],
)  # fmt: skip
def test_values_by_the_book_go_both_ways(name: str, text: str, value: Rendering) -> None:
    assert PARSERS[name](text) == value
    assert value.render() == text


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("ts-refclk", f" ptp=IEEE1588-2008:{GMID}:domain-nmbr=3 ", PtpReference(GMID, 3)),
        ("ts-refclk", f"ptp=IEEE1588-2002:{GMID}:domain-name=stage", PtpReference(GMID, "stage", "IEEE1588-2002")),
        ("ts-refclk", "localmac=02:FC:00:00:00:01", LocalMac("02:fc:00:00:00:01")),
        ("mediaclk", "id=MDA6NjA= src:00:60:2b:20:12:1f direct=7 rate=48000", DirectClock(7, Fraction(48000))),
        ("mediaclk", "id=MDA6NjA= sender", SenderClock()),
        ("rtpmap", "97  L24/48000", RtpMap(97, "L24", 48000, 1)),
        ("rtpmap", "10 L16/44100/02", RtpMap(10, "L16", 44100, 2)),
        ("source-filter", "incl IN IP4 239.1.1.1  10.0.0.1", SourceFilter("239.1.1.1", ("10.0.0.1",))),
        ("ptime", "1", 1.0),
        ("ptime", "0.33333333333333333333", 1 / 3),
        ("ptime", " .125 ", 0.125),
        ("maxptime", "5.", 5.0),
        ("framecount", "48", 48),
        ("framecount", "48:48000", 48),
        ("framecount", "6-48", 6),
        ("clock-domain", "PTPv2 127", 127),
        ("clock-domain", "ptpv2  1", 1),
        ("clock-domain", "local", None),
        ("sync-time", "4294967295", 4294967295),
        ("fmtp", "97 channel-order=SMPTE2110.(ST); TSMODE=SAMP;", (97, {"channel-order": "SMPTE2110.(ST)",
                                                                        "tsmode": "SAMP"})),
        ("fmtp", "97", (97, {})),
    ],
)  # fmt: skip
def test_other_ways_to_write_them_are_read(name: str, text: str, value: object) -> None:
    assert PARSERS[name](text) == value


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("ts-refclk", ""),
        ("ts-refclk", "ntp="),
        ("ts-refclk", "ptp="),
        ("ts-refclk", "ptp=IEEE1588-2008:39-A7-94-FF-FE-07-CB:0"),
        ("ts-refclk", "ptp=IEEE1588-2008:39:A7:94:FF:FE:07:CB:D0:0"),
        ("ts-refclk", f"ptp=IEEE1588-2008:{GMID}:256"),
        ("ts-refclk", f"ptp=IEEE1588-2008:{GMID}:{LONG}"),
        ("ts-refclk", "localmac=02-FC-00-00-00"),
        ("mediaclk", ""),
        ("mediaclk", "direct=-1"),
        ("mediaclk", f"direct={LONG}"),
        ("mediaclk", "direct=0 rate=1/0"),
        ("rtpmap", "L24/48000/2"),
        ("rtpmap", "128 L24/48000/2"),
        ("rtpmap", "97 L24/0/2"),
        ("rtpmap", "97 L24/48000/0"),
        ("rtpmap", "97 L24/48000/9999"),
        ("rtpmap", "97 L24/99999999/2"),
        ("rtpmap", "\N{SUPERSCRIPT TWO} L24/48000/2"),
        ("source-filter", ""),
        ("source-filter", "incl IN IP4 239.1.1.1"),
        ("source-filter", "only IN IP4 239.1.1.1 10.0.0.1"),
        ("ptime", "0"),
        ("ptime", "-1"),
        ("ptime", "nan"),
        ("ptime", "1e3"),
        ("ptime", LONG),
        ("ptime", "\N{ARABIC-INDIC DIGIT ONE}"),
        ("framecount", "0"),
        ("framecount", "many"),
        ("framecount", "9999999"),
        ("clock-domain", "PTPv2"),
        ("sync-time", "-1"),
        ("fmtp", "x channel-order=SMPTE2110.(ST)"),
        ("fmtp", "97 channel-order=SMPTE2110.(STEREO)"),
        ("fmtp", "97 channel-order=SMPTE2110.()"),
        ("fmtp", "97 channel-order=OTHER.(ST)"),
        ("group", ""),
    ],
)
def test_what_cannot_be_read_is_the_one_error(name: str, text: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        PARSERS[name](text)


@pytest.mark.parametrize(
    ("parse", "text", "value"),
    [
        (Origin.parse, "- 1 2 IN IP4 10.0.0.1", Origin(1, 2, "10.0.0.1")),
        (Origin.parse, "Studio Node 1 18446744073709551615 IN IP6 2001:db8::1",
         Origin(1, 18446744073709551615, "2001:db8::1", "Studio Node", "IN", "IP6")),
        (Connection.parse, "IN IP4 239.1.1.1/32", Connection("239.1.1.1", 32)),
        (Connection.parse, "IN IP4 239.1.1.1/32/3", Connection("239.1.1.1", 32, 3)),
        (Connection.parse, "IN IP4 10.0.0.9", Connection("10.0.0.9")),
        (Connection.parse, "IN IP4 studio.example.com", Connection("studio.example.com")),
        (Connection.parse, "IN IP6 ff15::101/3", Connection("ff15::101", None, 3, "IN", "IP6")),
        (MediaField.parse, "audio 5004 RTP/AVP 97", MediaField("audio", 5004, "RTP/AVP", ("97",))),
        (MediaField.parse, "audio 5004/2 RTP/SAVP 97 98", MediaField("audio", 5004, "RTP/SAVP", ("97", "98"), 2)),
    ],
)  # fmt: skip
def test_fields_go_both_ways(parse: Callable[[str], Rendering], text: str, value: Rendering) -> None:
    assert parse(text) == value
    assert value.render() == text


def test_a_connection_may_stand_for_several_addresses() -> None:
    assert Connection.parse("IN IP4 239.1.1.254/32/3").addresses == ("239.1.1.254", "239.1.1.255", "239.1.2.0")
    assert Connection.parse("IN IP6 ff15::101/2").addresses == ("ff15::101", "ff15::102")


@pytest.mark.parametrize(
    ("symbol", "count"),
    [("M", 1), ("DM", 2), ("ST", 2), ("LtRt", 2), ("51", 6), ("71", 8), ("222", 24), ("SGRP", 4), ("U64", 64)],
)
def test_each_group_of_channels_has_its_size(symbol: str, count: int) -> None:
    assert len(labels(symbol)) == count


@pytest.mark.parametrize("symbol", ["U00", "U65", "U1", "5.1", ""])
def test_there_is_no_such_group(symbol: str) -> None:
    with pytest.raises(ValueError, match="no group of channels"):
        labels(symbol)


def test_a_channel_order_lists_groups() -> None:
    assert parse_channel_order("SMPTE2110.(ST, 51,U02)") == ("ST", "51", "U02")


@pytest.mark.parametrize(
    ("information", "channels", "names"),
    [
        ("2 channels: Left, Right", 2, ("Left", "Right")),
        ("2 channels: Left Right", 2, ("Left", "Right")),
        ("2 Channels: Left one, Right one", 2, ("Left one", "Right one")),
        ("1 channels: Kick, in", 1, ("Kick, in",)),
        ("3 channels: A, B", 3, ("A", "B", "")),
        ("2 channels:", 2, ("", "")),
        ("8 channels: A, B", 2, None),
        ("A, B", 2, ("A", "B")),
        ("A, B", 3, None),
        ("Channels 1-8", 8, None),
        ("Rack 3", 1, None),
        ("2 channels: \udce4, \x1b[31mb", 2, ("\N{LATIN SMALL LETTER A WITH DIAERESIS}", "[31mb")),
    ],
)
def test_channel_names_are_found(information: str, channels: int, names: tuple[str, ...] | None) -> None:
    assert parse_names(information, channels) == names


@given(
    st.lists(st.text(st.characters(categories=["L", "N", "P", "S"], exclude_characters=","), min_size=1), min_size=1)
)
def test_channel_names_come_back(names: list[str]) -> None:
    assert parse_names(render_names(tuple(names), len(names)), len(names)) == tuple(names)
