"""RTP packets: octets both ways, damage, and anything at all."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aes67_sender.errors import WireError
from aes67_sender.wire.rtp import RtpExtension, RtpPacket, decode, encode
from support.wire_checks import check_rtp

PLAIN = bytes.fromhex("8061 1234 89abcdef cafebabe 000001 fffffe")


def integers(bits: int) -> st.SearchStrategy[int]:
    return st.integers(0, (1 << bits) - 1)


extensions = st.builds(RtpExtension, integers(16), st.binary(max_size=12).map(lambda part: part * 4))
packets = st.builds(
    RtpPacket,
    # 64 to 95 with the marker are RTCP.
    st.integers(0, 63) | st.integers(96, 127),
    integers(16),
    integers(32),
    integers(32),
    st.binary(max_size=40),
    st.booleans(),
    st.lists(integers(32), max_size=15).map(tuple),
    st.none() | extensions,
    st.integers(0, 255),
)


def test_a_plain_packet_is_twelve_octets_and_the_sound() -> None:
    packet = RtpPacket(97, 0x1234, 0x89ABCDEF, 0xCAFEBABE, b"\0\0\1\xff\xff\xfe")
    assert decode(PLAIN) == packet
    assert encode(packet) == PLAIN


def test_everything_the_header_may_have_is_found_where_it_is() -> None:
    octets = bytes.fromhex("b2e2 0001 00000002 00000003 00000004 00000005 bede 0001 10aa0000 f00d 000003")
    assert decode(octets) == RtpPacket(
        payload_type=98,
        sequence=1,
        stamp=2,
        ssrc=3,
        payload=b"\xf0\x0d",
        marker=True,
        csrcs=(4, 5),
        extension=RtpExtension(0xBEDE, b"\x10\xaa\0\0"),
        padding_bytes=3,
    )
    assert encode(decode(octets)) == octets


@pytest.mark.parametrize(
    ("octets", "why"),
    [
        (PLAIN[:11], "12 octets at least"),
        (b"\x40" + PLAIN[1:], "version"),
        (bytes.fromhex("80c80006") + bytes(24), "RTCP"),
        (b"\x8f" + PLAIN[1:], "contributing sources"),
        (b"\x90" + PLAIN[1:14], "head of its extension"),
        (b"\x90" + PLAIN[1:12] + bytes.fromhex("bede0002 00000000"), "within its extension"),
        (b"\xa0" + PLAIN[1:-1] + b"\0", "0 octets of padding"),
        (b"\xa0" + PLAIN[1:-1] + b"\x07", "7 octets of padding in 6"),
    ],
)
def test_what_is_no_packet_is_refused_with_the_reason(octets: bytes, why: str) -> None:
    with pytest.raises(WireError, match=why):
        decode(octets)


@pytest.mark.parametrize(
    "packet",
    [
        RtpPacket(128, 0, 0, 0, b""),
        RtpPacket(96, 1 << 16, 0, 0, b""),
        RtpPacket(96, 0, -1, 0, b""),
        RtpPacket(96, 0, 0, 0, b"", csrcs=(0,) * 16),
        RtpPacket(96, 0, 0, 0, b"", extension=RtpExtension(0, b"abc")),
        RtpPacket(96, 0, 0, 0, b"", padding_bytes=256),
        RtpPacket(72, 0, 0, 0, b"", marker=True),
    ],
)
def test_what_does_not_fit_is_not_sent(packet: RtpPacket) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        encode(packet)


@given(packets)
def test_every_packet_comes_back(packet: RtpPacket) -> None:
    assert decode(encode(packet)) == packet


@given(st.binary(max_size=100))
def test_any_octets_are_a_packet_or_the_one_error(octets: bytes) -> None:
    check_rtp(octets)
    check_rtp(b"\x80" + octets)
    check_rtp(b"\xbf" + octets)


@given(packets, st.integers(0, 60), st.binary(min_size=1, max_size=6))
def test_damaged_packets_are_too(packet: RtpPacket, at: int, patch: bytes) -> None:
    octets = encode(packet)
    check_rtp(octets[:at] + patch + octets[at + len(patch) :])


@given(packets, st.data())
def test_packets_cut_or_spliced_are_too(packet: RtpPacket, data: st.DataObject) -> None:
    octets = encode(packet)
    start, end = data.draw(st.integers(0, len(octets))), data.draw(st.integers(0, len(octets)))
    check_rtp(octets[:start] + octets[end:])


def test_the_header_is_in_network_order() -> None:
    assert struct.unpack("!H", encode(RtpPacket(96, 258, 0, 0, b""))[2:4]) == (258,)
