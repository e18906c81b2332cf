"""SDP text, line by line, for each family of receivers."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aes67_sender.model.packet import PACKET_TIMES_US, RATES_HZ, PacketFormat
from aes67_sender.wire import sdp
from aes67_sender.wire.sdp import LocalMac, OwnStream, PtpReference, SdpProfile, compose, ptime_ms

SESSION = OwnStream(
    session_id=123456,
    version=4004393600,
    name="Studio 1-2",
    origin_address="192.168.1.20",
    destination="239.69.100.1",
    port=5004,
    ttl=32,
    payload_type=97,
    packet=PacketFormat("L24", 48_000, 2, 1000),
    refclk=PtpReference("00-1d-c1-ff-fe-12-34-56", 0),
    mediaclk_offset=0,
    channel_names=("Left", "Right"),
)


def render(stream: OwnStream) -> str:
    return sdp.render(compose(stream))


def lines(session: OwnStream) -> list[str]:
    return render(session).split("\r\n")


def test_dante_reads_this_order_and_no_source_filter_nor_another_i_line() -> None:
    assert lines(replace(SESSION, profile="dante", information="Rack 3")) == [
        "v=0",
        "o=- 123456 4004393600 IN IP4 192.168.1.20",
        "s=Studio 1-2",
        "c=IN IP4 239.69.100.1/32",
        "t=0 0",
        "m=audio 5004 RTP/AVP 97",
        "i=2 channels: Left, Right",
        "a=recvonly",
        "a=rtpmap:97 L24/48000/2",
        "a=ptime:1",
        "a=framecount:48",
        "a=ts-refclk:ptp=IEEE1588-2008:00-1D-C1-FF-FE-12-34-56:0",
        "a=mediaclk:direct=0",
        "",
    ]


def test_generic_carries_everything() -> None:
    session = replace(SESSION, refclk=PtpReference("00-1d-c1-ff-fe-12-34-56", 127), information="Rack 3")
    assert lines(session) == [
        "v=0",
        "o=- 123456 4004393600 IN IP4 192.168.1.20",
        "s=Studio 1-2",
        "i=Rack 3",
        "c=IN IP4 239.69.100.1/32",
        "t=0 0",
        "a=clock-domain:PTPv2 127",
        "m=audio 5004 RTP/AVP 97",
        "i=2 channels: Left, Right",
        "a=recvonly",
        "a=rtpmap:97 L24/48000/2",
        "a=source-filter: incl IN IP4 239.69.100.1 192.168.1.20",
        "a=ptime:1",
        "a=framecount:48",
        "a=sync-time:0",
        "a=ts-refclk:ptp=IEEE1588-2008:00-1D-C1-FF-FE-12-34-56:127",
        "a=mediaclk:direct=0",
        "",
    ]


@pytest.mark.parametrize(
    ("profile", "present", "absent"),
    [
        ("ravenna", ["a=source-filter:", "a=sync-time:0", "a=clock-domain:PTPv2 0"], ["i=", "a=fmtp"]),
        ("st2110", ["a=source-filter:", "a=fmtp:97 channel-order=SMPTE2110.(ST)"], ["a=sync-time", "a=clock-domain"]),
    ],
)
def test_profiles(profile: SdpProfile, present: list[str], absent: list[str]) -> None:
    text = lines(replace(SESSION, profile=profile))
    for start in present:
        assert any(line.startswith(start) for line in text), start
    for start in absent:
        assert not any(line.startswith(start) for line in text), start


@pytest.mark.parametrize(("channels", "group"), [(1, "M"), (2, "ST"), (8, "U08"), (64, "U64"), (80, None)])
def test_channel_order(channels: int, group: str | None) -> None:
    text = render(replace(SESSION, profile="st2110", packet=PacketFormat("L24", 48_000, channels, 125)))
    assert re.findall(r"SMPTE2110\.\((\w+)\)", text) == ([group] if group else [])


def test_without_lock_no_grandmaster_is_named() -> None:
    text = render(replace(SESSION, refclk=LocalMac("02:fc:00:00:00:01"), mediaclk_offset=None))
    assert "a=ts-refclk:localmac=02-FC-00-00-00-01\r\n" in text
    assert "a=mediaclk:sender\r\n" in text
    assert "IEEE1588" not in text
    assert "PTPv2" not in text
    assert "sync-time" not in text


def test_without_lock_nor_mac() -> None:
    assert "a=ts-refclk:local\r\n" in render(replace(SESSION, refclk=LocalMac(None), mediaclk_offset=None))


def test_unicast_has_neither_ttl_nor_source_filter() -> None:
    text = render(replace(SESSION, destination="192.168.1.99"))
    assert "c=IN IP4 192.168.1.99\r\n" in text
    assert "source-filter" not in text
    assert "a=recvonly\r\n" in text


def test_source_specific_groups_always_name_their_source() -> None:
    text = render(replace(SESSION, profile="dante", destination="232.1.2.3"))
    assert "a=source-filter: incl IN IP4 232.1.2.3 192.168.1.20\r\n" in text


def test_options_overrule_the_profile() -> None:
    text = render(replace(SESSION, source_filter=False, ravenna=False))
    assert "source-filter" not in text
    assert "sync-time" not in text


@pytest.mark.parametrize(
    ("rate_hz", "time_us", "ptime"),
    [
        (48_000, 125, "0.125"),
        (48_000, 250, "0.25"),
        (48_000, 333, "0.333"),
        (48_000, 1000, "1"),
        (48_000, 4000, "4"),
        (44_100, 125, "0.136"),
        (44_100, 333, "0.363"),
        (44_100, 1000, "1.088"),
        (44_100, 4000, "4.354"),
        (96_000, 333, "0.333"),
    ],
)
def test_ptime(rate_hz: int, time_us: int, ptime: str) -> None:
    assert ptime_ms(PacketFormat("L24", rate_hz, 1, time_us)) == ptime


def test_ptime_gives_the_frames_back_to_less_than_half_a_sample() -> None:
    for rate_hz in RATES_HZ:
        for time_us in PACKET_TIMES_US:
            packet = PacketFormat("L24", rate_hz, 1, time_us)
            assert abs(float(ptime_ms(packet)) * rate_hz / 1000 - packet.frames) < 0.5


@pytest.mark.parametrize(
    ("names", "label"),
    [
        ((), "2 channels: 01, 02"),
        (("Kick",), "2 channels: Kick, 02"),
        (("a,b", "c\r\na=evil"), "2 channels: a b, c a=evil"),
        (("1", "2", "3"), "2 channels: 1, 2"),
    ],
)
def test_channel_names(names: tuple[str, ...], label: str) -> None:
    assert f"i={label}\r\n" in render(replace(SESSION, channel_names=names))


@given(name=st.text(), information=st.text(), channel=st.text())
def test_no_name_adds_or_breaks_a_line(name: str, information: str, channel: str) -> None:
    text = render(replace(SESSION, name=name, information=information, channel_names=(channel,)))
    plain = render(replace(SESSION, information="x" if "i=" in text.split("c=IN")[0] else ""))
    assert len(text.splitlines()) == len(plain.splitlines())
    assert text.encode().decode() == text
    assert re.search(r"^s=.+$", text, re.MULTILINE)
    assert all(re.match(r"[a-z]=\S", line) for line in text.splitlines())
