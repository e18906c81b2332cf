"""PTP messages both ways, against octets written down by hand from IEEE 1588-2008 clause 13 and 1588-2019."""

from __future__ import annotations

import pytest

from aes67_sender.errors import WireError
from aes67_sender.wire.ptp import Flag, Message, Tlv, decode, encode
from aes67_sender.wire.ptp_messages import (
    Announce,
    ClockQuality,
    DelayReq,
    DelayResp,
    FollowUp,
    Management,
    MessageType,
    PdelayReq,
    PdelayResp,
    PdelayRespFollowUp,
    Signaling,
    Sync,
)
from aes67_sender.wire.ptp_types import ALL_PORTS, ClockIdentity, PortIdentity

MASTER = PortIdentity(ClockIdentity(bytes.fromhex("001dc1fffe123456")), 1)
FOLLOWER = PortIdentity(ClockIdentity(bytes.fromhex("0050c2fffe0000a1")), 0x8002)
GRANDMASTER = ClockIdentity(bytes.fromhex("ec4670fffe0a0b0c"))
NEW_YEAR_NS = 1_704_067_200_000_000_000  # 0x65920080 s
QUALITY = ClockQuality(clock_class=6, accuracy=0x21, variance=0x4E5D)

# Type, version, messageLength, domain, minorSdoId, flags, correction, type-specific, source, sequence, control,
# interval; below it the body and the TLVs.
TABLE = {
    "a two-step Sync says that a Follow_Up comes": (
        "00 02 002c 00 00 0200 0000000000000000 00000000 001dc1fffe123456 0001 1f40 00 fd",
        "000000000000 00000000",
        Message(Sync(), MASTER, 0, 0x1F40, Flag.TWO_STEP, log_interval=-3),
    ),
    "a one-step Sync of 1588-2019, corrected by -1.5 ns": (
        "00 12 002c 7f 2a 0008 fffffffffffe8000 00000000 001dc1fffe123456 0001 0000 00 00",
        "000065920080 3b9ac9ff",
        Message(
            Sync(NEW_YEAR_NS + 999_999_999),
            MASTER,
            127,
            0,
            Flag.PTP_TIMESCALE,
            correction_subns=-98304,
            log_interval=0,
            minor_version=1,
            minor_sdo_id=0x2A,
        ),
    ),
    "a Sync of 802.1AS": (
        "10 02 002c 00 00 0208 0000000000000000 00000000 001dc1fffe123456 0001 0007 00 fd",
        "000000000000 00000000",
        Message(Sync(), MASTER, 0, 7, Flag.TWO_STEP | Flag.PTP_TIMESCALE, log_interval=-3, transport_specific=1),
    ),
    "a Delay_Req in the last ns that PTP can name": (
        "01 02 002c 05 00 0000 0000000000000000 00000000 0050c2fffe0000a1 8002 ffff 01 7f",
        "ffffffffffff 3b9ac9ff",
        Message(DelayReq(((1 << 48) - 1) * 10**9 + 999_999_999), FOLLOWER, 5, 0xFFFF),
    ),
    "a Pdelay_Req whose reserved octets are set": (
        "02 02 0036 00 00 0000 0000000000000000 00000000 0050c2fffe0000a1 8002 0100 05 7f",
        "000065920080 00000001 00112233445566778899",
        Message(PdelayReq(NEW_YEAR_NS + 1, bytes.fromhex("00112233445566778899")), FOLLOWER, 0, 0x100),
    ),
    "a Pdelay_Resp": (
        "03 02 0036 00 00 0200 0000000000000000 00000000 001dc1fffe123456 0001 0100 05 7f",
        "000065920080 00000002 0050c2fffe0000a1 8002",
        Message(PdelayResp(NEW_YEAR_NS + 2, FOLLOWER), MASTER, 0, 0x100, Flag.TWO_STEP),
    ),
    "a Follow_Up with the TLV of 802.1AS": (
        "18 02 004c 00 00 0008 0000000000018000 00000000 001dc1fffe123456 0001 0007 02 fd",
        "000065920080 00000003 0003 001c 0080c2 000001 00000000 0000 000000000000000000000000 00000000",
        Message(
            FollowUp(NEW_YEAR_NS + 3),
            MASTER,
            0,
            7,
            Flag.PTP_TIMESCALE,
            correction_subns=98304,
            log_interval=-3,
            tlvs=(Tlv(3, bytes.fromhex("0080c2000001") + bytes(22)),),
            transport_specific=1,
        ),
    ),
    "a Delay_Resp sent to one only": (
        "09 02 0036 00 00 0400 7fffffffffffffff 00000000 001dc1fffe123456 0001 ffff 03 7f",
        "000065920080 00000004 0050c2fffe0000a1 8002",
        Message(DelayResp(NEW_YEAR_NS + 4, FOLLOWER), MASTER, 0, 0xFFFF, Flag.UNICAST, correction_subns=(1 << 63) - 1),
    ),
    "a Pdelay_Resp_Follow_Up": (
        "0a 02 0036 00 00 0000 8000000000000000 00000000 001dc1fffe123456 0001 0100 05 7f",
        "000065920080 00000005 0050c2fffe0000a1 8002",
        Message(PdelayRespFollowUp(NEW_YEAR_NS + 5, FOLLOWER), MASTER, 0, 0x100, correction_subns=-(1 << 63)),
    ),
    "an Announce of a clock locked to GPS, behind a boundary clock that writes down its path": (
        "0b 02 004c 00 00 003c 0000000000000000 00000000 001dc1fffe123456 0001 0001 05 01",
        "000000000000 00000000 0025 00 80 06 21 4e5d 81 ec4670fffe0a0b0c 0001 20 0008 0008 ec4670fffe0a0b0c",
        Message(
            Announce(0, 37, 128, QUALITY, 129, GRANDMASTER, steps_removed=1, time_source=0x20),
            MASTER,
            0,
            1,
            Flag.UTC_OFFSET_VALID | Flag.PTP_TIMESCALE | Flag.TIME_TRACEABLE | Flag.FREQUENCY_TRACEABLE,
            log_interval=1,
            tlvs=(Tlv(8, GRANDMASTER.octets),),
        ),
    ),
    "an Announce with a negative UTC offset, a leap second, its reserved octet set and two TLVs": (
        "0b 02 0050 00 00 0102 0000000000000000 00000000 001dc1fffe123456 0001 0002 05 fe",
        "000065920080 00000000 ffff a5 00 f8 fe ffff ff ec4670fffe0a0b0c 00ff a0 20040000 0009000801ffffc79c000000",
        Message(
            Announce(NEW_YEAR_NS, -1, 0, ClockQuality(248, 0xFE, 0xFFFF), 255, GRANDMASTER, 255, 0xA0, reserved=0xA5),
            MASTER,
            0,
            2,
            Flag.ALTERNATE_MASTER | Flag.LEAP_59,
            log_interval=-2,
            tlvs=(Tlv(0x2004, b""), Tlv(9, bytes.fromhex("01ffffc79c000000"))),
        ),
    ),
    "a Signaling message that asks for unicast Announces": (
        "0c 02 0036 00 00 0400 0000000000000000 00000000 0050c2fffe0000a1 8002 0000 05 7f",
        "ffffffffffffffff ffff 0004 0006 b0 01 0000012c",
        Message(Signaling(ALL_PORTS), FOLLOWER, 0, 0, Flag.UNICAST, tlvs=(Tlv(4, bytes.fromhex("b0010000012c")),)),
    ),
    "a Management message with reserved bits set": (
        "0d 02 0036 00 00 0000 0000000000000000 00000000 0050c2fffe0000a1 8002 0003 04 7f",
        "001dc1fffe123456 0001 02 01 f0 5a 0001 0002 0000",
        Message(
            Management(MASTER, starting_hops=2, hops=1, action=0xF0, reserved=0x5A),
            FOLLOWER,
            0,
            3,
            tlvs=(Tlv(1, bytes(2)),),
        ),
    ),
    "a Sync with everything set that the standard reserves": (
        "f0 f2 002c ff ff ffff 0000000000000000 deadbeef 001dc1fffe123456 0001 0000 63 80",
        "000000000000 00000000",
        Message(
            Sync(),
            MASTER,
            255,
            0,
            Flag(0xFFFF),
            log_interval=-128,
            transport_specific=15,
            minor_version=15,
            minor_sdo_id=255,
            type_specific=0xDEADBEEF,
            control=0x63,
        ),
    ),
}
NAMES = list(TABLE)
OCTETS = [bytes.fromhex(header + rest) for header, rest, _ in TABLE.values()]
MESSAGES = [message for *_, message in TABLE.values()]
both = pytest.mark.parametrize(("octets", "message"), [*zip(OCTETS, MESSAGES, strict=True)], ids=NAMES)


@both
def test_octets_decode_to_the_message(octets: bytes, message: Message) -> None:
    assert decode(octets) == message


@both
def test_the_message_encodes_to_the_octets(octets: bytes, message: Message) -> None:
    assert encode(message) == octets


@both
def test_octets_behind_the_message_are_ignored(octets: bytes, message: Message) -> None:
    assert decode(octets + b"\xff\xff\xff") == message


@pytest.mark.parametrize("octets", OCTETS, ids=NAMES)
def test_a_message_cut_short_anywhere_is_an_error(octets: bytes) -> None:
    for length in range(len(octets)):
        with pytest.raises(WireError, match=r"^Not a PTP message: .*\.$"):
            decode(octets[:length])


def test_the_table_has_every_type() -> None:
    assert {message.type for message in MESSAGES} == set(MessageType)


def test_those_that_are_timed_go_to_the_event_port() -> None:
    events = {MessageType.SYNC, MessageType.DELAY_REQ, MessageType.PDELAY_REQ, MessageType.PDELAY_RESP}
    assert {kind for kind in MessageType if kind.is_event} == events


def test_types_are_called_as_the_standard_writes_them() -> None:
    assert MessageType.PDELAY_RESP_FOLLOW_UP.label == "Pdelay_Resp_Follow_Up"
