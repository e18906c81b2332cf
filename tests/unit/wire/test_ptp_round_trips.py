"""PTP messages made up by chance: every record there and back, any octets without another exception."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from aes67_sender.errors import WireError
from aes67_sender.wire.ptp import Flag, Message, Tlv, decode, encode, recognise_v1
from aes67_sender.wire.ptp_messages import (
    Announce,
    ClockQuality,
    DelayReq,
    DelayResp,
    FollowUp,
    Management,
    PdelayReq,
    PdelayResp,
    PdelayRespFollowUp,
    Signaling,
    Sync,
)
from aes67_sender.wire.ptp_types import ClockIdentity, PortIdentity


def integers(bits: int, *, signed: bool = False) -> st.SearchStrategy[int]:
    low = -(1 << bits - 1) if signed else 0
    return st.integers(low, low + (1 << bits) - 1)


def octets(count: int) -> st.SearchStrategy[bytes]:
    return st.binary(min_size=count, max_size=count)


u8, u16, u4 = integers(8), integers(16), integers(4)
times = st.integers(0, (1 << 48) * 10**9 - 1)
clocks = st.builds(ClockIdentity, octets(8))
ports = st.builds(PortIdentity, clocks, u16)
qualities = st.builds(ClockQuality, u8, u8, u16)
answers = [st.builds(kind, times, ports) for kind in (DelayResp, PdelayResp, PdelayRespFollowUp)]
bodies = st.one_of(
    *(st.builds(kind, times) for kind in (Sync, DelayReq, FollowUp)),
    st.builds(PdelayReq, times, octets(10)),
    *answers,
    st.builds(Announce, times, integers(16, signed=True), u8, qualities, u8, clocks, u16, u8, u8),
    st.builds(Signaling, ports),
    st.builds(Management, ports, u8, u8, u8, u8),
)
tlvs = st.builds(Tlv, u16, st.binary(max_size=12).map(lambda half: half + half))
messages = st.builds(
    Message,
    bodies,
    ports,
    u8,
    u16,
    u16.map(Flag),
    integers(64, signed=True),
    integers(8, signed=True),
    st.lists(tlvs, max_size=3).map(tuple),
    u4,
    u4,
    u8,
    integers(32),
    # Those up to 5 are some type's own, which decode to None.
    st.none() | st.integers(6, 255),
)


def check(wire: bytes) -> None:
    """Any octets decode to a message that encodes to the same, or they are the one error."""
    try:
        message = decode(wire)
    except WireError:
        return
    again = encode(message)
    assert again == wire[: int.from_bytes(wire[2:4])]
    assert decode(again) == message


@given(messages)
def test_every_message_comes_back(message: Message) -> None:
    assert decode(encode(message)) == message


@given(messages, st.binary(max_size=4))
def test_octets_come_back_too(message: Message, behind: bytes) -> None:
    check(encode(message) + behind)


@given(st.binary(max_size=160))
def test_any_octets_are_a_message_or_the_one_error(wire: bytes) -> None:
    check(wire)


@given(octets(1), u4, st.binary(min_size=30, max_size=120))
def test_any_octets_behind_a_fitting_start_are_too(kind: bytes, minor: int, rest: bytes) -> None:
    check(kind + bytes([minor << 4 | 2]) + (len(rest) + 4).to_bytes(2) + rest)


@given(messages, st.integers(0, 140), st.binary(min_size=1, max_size=8))
def test_damaged_messages_are_too(message: Message, at: int, patch: bytes) -> None:
    wire = encode(message)
    check(wire[:at] + patch + wire[at + len(patch) :])


@given(messages, st.data())
def test_messages_cut_or_spliced_are_too(message: Message, data: st.DataObject) -> None:
    wire = encode(message)
    start, end = data.draw(st.integers(0, len(wire))), data.draw(st.integers(0, len(wire)))
    check(wire[:start] + wire[end:])


@given(st.binary(max_size=140) | messages.map(encode))
def test_recognising_version_1_never_raises_and_shows_only_what_can_be_printed(wire: bytes) -> None:
    for candidate in (wire, b"\0\1" + wire[2:32] + b"\0" + wire[33:]):
        found = recognise_v1(candidate)
        assert found is None or found.subdomain.isprintable()
