"""SAP packets: as they stand on the wire, made up by chance, broken, and bombs."""

from __future__ import annotations

import zlib
from dataclasses import replace
from ipaddress import IPv4Address, IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aes67_sender.errors import WireError
from aes67_sender.wire.sap import SapPacket, decode, encode

SDP = b"v=0\r\no=- 1 1 IN IP4 10.0.0.1\r\ns=A\r\nt=0 0\r\n"
PLAIN = SapPacket("announce", 0x1234, IPv4Address("10.0.0.1"), SDP)
TYPED = b"application/sdp\0" + SDP


@pytest.mark.parametrize(
    ("packet", "octets"),
    [
        pytest.param(PLAIN, bytes.fromhex("20001234 0a000001") + TYPED, id="announcement"),
        pytest.param(replace(PLAIN, message="delete"), bytes.fromhex("24001234 0a000001") + TYPED, id="deletion"),
        pytest.param(replace(PLAIN, payload_type=None), bytes.fromhex("20001234 0a000001") + SDP, id="without type"),
        pytest.param(
            replace(PLAIN, message="delete", payload_type=None, payload=b"o=- 1 1 IN IP4 10.0.0.1\r\n"),
            bytes.fromhex("24001234 0a000001") + b"o=- 1 1 IN IP4 10.0.0.1\r\n",
            id="deletion by its origin alone",
        ),
        pytest.param(
            replace(PLAIN, origin=IPv6Address("fe80::1"), authentication=b"sign"),
            bytes.fromhex("30011234 fe80 0000 0000 0000 0000 0000 0000 0001") + b"sign" + TYPED,
            id="signed, IPv6",
        ),
        pytest.param(
            replace(PLAIN, compressed=True), bytes.fromhex("21001234 0a000001") + zlib.compress(TYPED), id="compressed"
        ),
        pytest.param(
            replace(PLAIN, encrypted=True, compressed=True, payload_type=None, payload=b"\x93\x11"),
            bytes.fromhex("23001234 0a000001 9311"),
            id="encrypted",
        ),
    ],
)
def test_a_packet_stands_on_the_wire_as_the_rfc_draws_it(packet: SapPacket, octets: bytes) -> None:
    assert encode(packet) == octets
    assert decode(octets) == packet


def test_the_type_stands_where_receivers_read_it_without_looking() -> None:
    # aes67-linux-daemon and aes67-monitor: the type at 8, the description at 24.
    octets = encode(PLAIN)
    assert octets[8:24] == b"application/sdp\0"
    assert octets[24:] == SDP


def test_the_reserved_bit_is_ignored() -> None:
    octets = encode(PLAIN)
    assert decode(bytes([octets[0] | 0x08]) + octets[1:]) == PLAIN


HEAD = bytes.fromhex("20001234 0a000001")
SQUEEZED = bytes.fromhex("21001234 0a000001")
BOMB = zlib.compress(bytes(20_000_000), 9)


@pytest.mark.parametrize(
    ("octets", "why"),
    [
        (b"", "0 octets"),
        (HEAD[:3], "3 octets"),
        (b"\x00" + HEAD[1:] + TYPED, "version 0"),
        (b"\x40" + HEAD[1:] + TYPED, "version 2"),
        (HEAD[:7], "7 octets where the header alone has 8"),
        (b"\x30" + HEAD[1:] + b"1234", "12 octets where the header alone has 20"),
        (b"\x20\xff" + HEAD[2:] + TYPED, "header alone has 1028"),
        (HEAD, "neither"),
        (HEAD + b"application/sdp", "neither"),
        (HEAD + b"\0" + SDP, "neither"),
        (HEAD + b"applic\xc3tion/sdp\0" + SDP, "neither"),
        (HEAD + b"a/" + b"b" * 300 + b"\0" + SDP, "neither"),
        (SQUEEZED + TYPED, "broken"),
        (SQUEEZED + zlib.compress(TYPED)[:-5], "cut off"),
        (SQUEEZED + zlib.compress(TYPED) + b"more", "behind it"),
        (SQUEEZED + BOMB, "more than 32768 octets"),
    ],
)
def test_what_is_no_packet_is_an_error(octets: bytes, why: str) -> None:
    with pytest.raises(WireError, match=why):
        decode(octets)


@pytest.mark.parametrize(
    "packet",
    [
        replace(PLAIN, message_hash=1 << 16),
        replace(PLAIN, message_hash=-1),
        replace(PLAIN, authentication=b"abc"),
        replace(PLAIN, authentication=bytes(1024)),
        replace(PLAIN, payload_type=""),
        replace(PLAIN, payload_type="sdp"),
        replace(PLAIN, payload_type="a/b\0c"),
        replace(PLAIN, payload_type="ä/sdp\n"),
        replace(PLAIN, payload_type="v=0/"),
        replace(PLAIN, payload_type="a/" + "b" * 254),
        replace(PLAIN, payload_type=None, payload=b"hello"),
        replace(PLAIN, encrypted=True),
        replace(PLAIN, payload=bytes(65_507)),
        replace(PLAIN, payload=bytes(32_768), compressed=True),
    ],
    ids=lambda packet: repr(packet)[:60],
)
def test_what_could_not_be_read_again_is_not_written(packet: SapPacket) -> None:
    with pytest.raises(ValueError, match=r"."):
        encode(packet)


def octets_of(count: int) -> st.SearchStrategy[bytes]:
    return st.binary(min_size=count, max_size=count)


octets = st.binary(max_size=100)
addresses = st.one_of(octets_of(4).map(IPv4Address), octets_of(16).map(IPv6Address))
types = st.from_regex(r"[a-z]{1,12}/[a-z0-9.+-]{1,12}( ?; ?charset=[a-z]+)?", fullmatch=True)
signed = st.integers(0, 255).map(lambda words: bytes(range(4)) * words)
kinds = st.sampled_from(["announce", "delete"])
hashes = st.integers(0, 0xFFFF)
packets = st.one_of(
    st.builds(SapPacket, kinds, hashes, addresses, octets, types, st.just(value=False), st.booleans(), signed),
    st.builds(
        SapPacket, kinds, hashes, addresses, octets.map(b"v=0".__add__), st.none(), st.just(value=False), st.booleans()
    ),
    st.builds(SapPacket, kinds, hashes, addresses, octets, st.none(), st.just(value=True), st.booleans(), signed),
)


@given(packets)
def test_every_packet_is_read_as_it_was_written(packet: SapPacket) -> None:
    assert decode(encode(packet)) == packet


@given(st.one_of(octets, st.tuples(st.sampled_from([b"\x20\0", b"\x31\1", b"\x25\0"]), octets).map(b"".join)))
def test_any_octets_are_a_packet_or_the_one_error(octets: bytes) -> None:
    try:
        packet = decode(octets)
    except WireError:
        return
    assert decode(encode(packet)) == packet
