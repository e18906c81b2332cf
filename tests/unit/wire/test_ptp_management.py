"""Management messages: what linuxptp sent, any record there and back, any bytes without another exception."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aes67_sender.errors import WireError
from aes67_sender.wire.ptp import Flag
from aes67_sender.wire.ptp_datasets import (
    CurrentDataSet,
    DefaultDataSet,
    ManagementId,
    ParentDataSet,
    PortDataSet,
    PortProperties,
    PortState,
    TimeProperties,
    TimeStatus,
)
from aes67_sender.wire.ptp_management import Get, Message, Refusal, Response, decode, encode
from aes67_sender.wire.ptp_types import ClockIdentity, PortIdentity

u8, u16 = st.integers(0, 0xFF), st.integers(0, 0xFFFF)
i64 = st.integers(-(1 << 63), (1 << 63) - 1)
whole_ns = st.integers(-(1 << 47), (1 << 47) - 1)
clocks = st.builds(ClockIdentity, st.binary(min_size=8, max_size=8))
ports = st.builds(PortIdentity, clocks, u16)
states = st.sampled_from(PortState)
datasets = st.one_of(
    st.builds(DefaultDataSet, clocks, u16, u8, u8, u8, u8, st.booleans()),
    st.builds(CurrentDataSet, u16, whole_ns, whole_ns),
    st.builds(ParentDataSet, ports, clocks, u8, u8, u8),
    st.builds(TimeProperties, st.integers(-(1 << 15), (1 << 15) - 1), st.integers(0, 63).map(Flag), u8),
    st.builds(PortDataSet, ports, states),
    st.builds(TimeStatus, i64, i64, st.booleans(), clocks),
    st.builds(PortProperties, ports, states, u8, st.text(max_size=15).filter(lambda name: len(name.encode()) < 256)),
)
contents = st.one_of(
    st.builds(Get, st.sampled_from(ManagementId)),
    st.builds(Response, datasets),
    st.builds(Refusal, u16, u16),
)
messages = st.builds(Message, contents, ports, u8, u16, st.integers(0, 15))


@given(messages)
def test_every_message_comes_back(message: Message) -> None:
    assert decode(encode(message)) == message


@given(st.binary(max_size=120))
def test_any_bytes_are_a_message_or_the_one_error(octets: bytes) -> None:
    try:
        message = decode(octets)
    except WireError:
        return
    assert decode(encode(message)) == message


@given(messages, st.integers(0, 120), st.binary(max_size=8))
def test_damaged_messages_too(message: Message, at: int, patch: bytes) -> None:
    octets = encode(message)
    damaged = octets[:at] + patch + octets[at + len(patch) :]
    try:
        again = decode(damaged)
    except WireError:
        return
    assert decode(encode(again)) == again


@given(messages, st.data())
def test_a_message_cut_short_is_an_error(message: Message, data: st.DataObject) -> None:
    octets = encode(message)
    with pytest.raises(WireError):
        decode(octets[: data.draw(st.integers(0, len(octets) - 1))])


def test_question_as_pmc_asks_it() -> None:
    source = PortIdentity(ClockIdentity(bytes(8)), 0x1234)
    octets = encode(Message(Get(ManagementId.TIME_PROPERTIES_DATA_SET), source, domain=5, sequence=7))
    assert octets.hex() == (
        "0d02" "0036" "05" "00" "0000" "0000000000000000" "00000000" "0000000000000000" "1234" "0007" "04" "7f"
        "ffffffffffffffffffff" "00" "00" "00" "00" "0001" "0002" "2003"
    )  # fmt: skip


def test_answer_with_an_interface_name_of_odd_length() -> None:
    octets = bytes.fromhex(
        "0d02" "004c" "00" "00" "0000" "0000000000000000" "00000000" "06fd72fffe9a92180001" "0003" "04" "7f"
        "00000000000000003290" "00" "00" "02" "00" "0001" "0018" "c004"
        "06fd72fffe9a92180001" "08" "00" "06" "736573737631" "000000"
    )  # fmt: skip
    message = decode(octets)
    port = PortIdentity(ClockIdentity(bytes.fromhex("06fd72fffe9a9218")), 1)
    assert message.content == Response(PortProperties(port, PortState.UNCALIBRATED, 0, "sessv1"))
    assert message.source == port
    assert str(port.clock) == "06-fd-72-ff-fe-9a-92-18"


def test_a_clock_identity_has_eight_octets() -> None:
    with pytest.raises(ValueError, match="8 octets"):
        ClockIdentity(b"1234567")
