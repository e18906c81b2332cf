"""What is no PTP message, and what the wire cannot hold."""

from __future__ import annotations

from dataclasses import replace

import pytest

from aes67_sender.errors import WireError
from aes67_sender.wire.ptp import Flag, Message, Tlv, decode, encode
from aes67_sender.wire.ptp_messages import Announce, Body, ClockQuality, DelayResp, Management, PdelayReq, Sync
from aes67_sender.wire.ptp_types import ClockIdentity, PortIdentity

MASTER = PortIdentity(ClockIdentity(bytes.fromhex("001dc1fffe123456")), 1)
A_SYNC = Message(Sync(), MASTER, 0, 0)
AN_ANNOUNCE = Announce(0, 37, 128, ClockQuality(6, 0x21, 0x4E5D), 129, MASTER.clock, 1, 0x20)
SYNC = encode(A_SYNC)
#: One TLV of eight octets, at 64.
ANNOUNCE = encode(replace(A_SYNC, body=AN_ANNOUNCE, tlvs=(Tlv(8, MASTER.clock.octets),)))


def patched(octets: bytes, at: int, patch: str) -> bytes:
    put = bytes.fromhex(patch)
    return octets[:at] + put + octets[at + len(put) :]


@pytest.mark.parametrize(
    ("octets", "why"),
    [
        pytest.param(b"", "0 octets", id="nothing"),
        pytest.param(patched(SYNC, 0, "04"), "4 is not a valid MessageType", id="a reserved type"),
        pytest.param(patched(SYNC, 1, "01"), "version 1", id="version 1"),
        pytest.param(patched(SYNC, 1, "13"), "version 3", id="version 3"),
        pytest.param(patched(SYNC, 2, "0021"), "Sync of 33 octets", id="shorter than a header"),
        pytest.param(patched(SYNC, 2, "002b"), "Sync of 43 octets", id="shorter than its body"),
        pytest.param(patched(SYNC, 2, "002d"), "Sync of 45 octets in 44", id="longer than the datagram"),
        pytest.param(patched(SYNC, 40, "3b9aca00"), "no 1000000000 ns", id="a second of 10^9 ns and more"),
        pytest.param(patched(ANNOUNCE, 66, "0009"), "a TLV of 9 octets where 8 are left", id="a TLV too long"),
        pytest.param(patched(ANNOUNCE, 66, "0007"), "a TLV of 7 octets", id="a TLV of odd length"),
        pytest.param(
            patched(ANNOUNCE, 66, "0006"), "2 octets where a TLV should stand", id="too little left for another TLV"
        ),
    ],
)
def test_a_malformed_message_is_an_error(octets: bytes, why: str) -> None:
    with pytest.raises(WireError, match=why):
        decode(octets)


def with_body(body: Body) -> Message:
    return replace(A_SYNC, body=body)


@pytest.mark.parametrize(
    "message",
    [
        replace(A_SYNC, domain=256),
        replace(A_SYNC, domain=-1),
        replace(A_SYNC, sequence=1 << 16),
        replace(A_SYNC, flags=Flag(1 << 16)),
        replace(A_SYNC, correction_subns=1 << 63),
        replace(A_SYNC, correction_subns=-(1 << 63) - 1),
        replace(A_SYNC, correction_subns=1 << 200),
        replace(A_SYNC, log_interval=128),
        replace(A_SYNC, log_interval=-129),
        replace(A_SYNC, transport_specific=16),
        replace(A_SYNC, transport_specific=-1),
        replace(A_SYNC, minor_version=16),
        replace(A_SYNC, minor_version=-1),
        replace(A_SYNC, minor_sdo_id=256),
        replace(A_SYNC, type_specific=1 << 32),
        replace(A_SYNC, control=256),
        replace(A_SYNC, source=replace(MASTER, port=1 << 16)),
        replace(A_SYNC, tlvs=(Tlv(1 << 16, b""),)),
        replace(A_SYNC, tlvs=(Tlv(3, bytes(3)),)),
        replace(A_SYNC, tlvs=(Tlv(3, bytes(1 << 16)),)),
        replace(A_SYNC, tlvs=(Tlv(3, bytes(40_000)), Tlv(3, bytes(40_000)))),
        with_body(Sync(-1)),
        with_body(Sync((1 << 48) * 10**9)),
        with_body(PdelayReq(0, bytes(9))),
        with_body(PdelayReq(0, bytes(11))),
        with_body(DelayResp(0, replace(MASTER, port=-1))),
        with_body(replace(AN_ANNOUNCE, utc_offset_s=1 << 15)),
        with_body(replace(AN_ANNOUNCE, quality=ClockQuality(256, 0, 0))),
        with_body(replace(AN_ANNOUNCE, steps_removed=-1)),
        with_body(replace(AN_ANNOUNCE, reserved=256)),
        with_body(Management(MASTER, 0, 0, 256)),
    ],
    ids=repr,
)
def test_what_the_wire_cannot_hold_is_a_value_error(message: Message) -> None:
    with pytest.raises(ValueError, match=r"out of range|no PTP time|odd number|reserved octets"):
        encode(message)
