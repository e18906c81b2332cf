"""The PTP codec beside tshark's dissector: on messages made up by chance, and on what ptp4l sends."""

from __future__ import annotations

import random
import signal
from collections import Counter
from typing import TYPE_CHECKING

from aes67_sender.units import NS_PER_S
from aes67_sender.wire.ptp import EVENT_PORT, GENERAL_PORT, Flag, Message, Tlv, decode, encode
from aes67_sender.wire.ptp_messages import (
    Announce,
    Body,
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
from aes67_sender.wire.ptp_types import ClockIdentity, PortIdentity
from support.dissector import dissect, fields, write_pcap
from support.ptp4l import follower, grandmaster

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from support.netlab import Host

ROUNDS = 25
#: Path trace, alternate time offset, an organisation's, an unknown one. tshark reads into the first two.
PATH_TRACE, TIME_OFFSET, ORGANIZATION, EXPERIMENT = 0x0008, 0x0009, 0x0003, 0x2004


def some_port(dice: random.Random) -> PortIdentity:
    return PortIdentity(ClockIdentity(dice.randbytes(8)), dice.getrandbits(16))


def some_ns(dice: random.Random) -> int:
    return dice.choice((0, dice.getrandbits(31), dice.getrandbits(48))) * NS_PER_S + dice.randrange(NS_PER_S)


def some_announce(dice: random.Random) -> Announce:
    quality = ClockQuality(dice.getrandbits(8), dice.getrandbits(8), dice.getrandbits(16))
    return Announce(
        some_ns(dice),
        dice.randrange(-(1 << 15), 1 << 15),
        dice.getrandbits(8),
        quality,
        dice.getrandbits(8),
        ClockIdentity(dice.randbytes(8)),
        dice.getrandbits(16),
        dice.getrandbits(8),
        dice.getrandbits(8),
    )


BODIES: tuple[Callable[[random.Random], Body], ...] = (
    lambda dice: Sync(some_ns(dice)),
    lambda dice: DelayReq(some_ns(dice)),
    lambda dice: PdelayReq(some_ns(dice), dice.randbytes(10)),
    lambda dice: PdelayResp(some_ns(dice), some_port(dice)),
    lambda dice: FollowUp(some_ns(dice)),
    lambda dice: DelayResp(some_ns(dice), some_port(dice)),
    lambda dice: PdelayRespFollowUp(some_ns(dice), some_port(dice)),
    some_announce,
    lambda dice: Signaling(some_port(dice)),
    lambda dice: Management(some_port(dice), *dice.randbytes(4)),
)


def some_tlvs(dice: random.Random, body: Body) -> tuple[Tlv, ...]:
    match body:
        case Announce():
            kinds = (Tlv(PATH_TRACE, dice.randbytes(16)), Tlv(TIME_OFFSET, dice.randbytes(15) + b"\x04ldt\0"))
            return dice.choice(((), kinds, (Tlv(ORGANIZATION, dice.randbytes(6)), kinds[0])))
        case Signaling():
            return (Tlv(EXPERIMENT, dice.randbytes(8)), Tlv(EXPERIMENT, dice.randbytes(2)))
        case Management():
            return (Tlv(EXPERIMENT, dice.randbytes(6)),)
        case _:
            return ()


def some_message(dice: random.Random, body: Body) -> Message:
    return Message(
        body,
        some_port(dice),
        domain=dice.getrandbits(8),
        sequence=dice.getrandbits(16),
        flags=Flag(dice.getrandbits(16)),
        correction_subns=dice.choice((0, dice.getrandbits(40), dice.getrandbits(63) - (1 << 62))),
        log_interval=dice.randrange(-128, 128),
        tlvs=some_tlvs(dice, body),
        # tshark takes 1 for 802.1AS, whose messages it reads in another way.
        transport_specific=dice.choice((0, *range(2, 16))),
        minor_version=dice.choice((0, 1, 15)),
        minor_sdo_id=dice.getrandbits(8),
        type_specific=dice.getrandbits(32),
        control=dice.choice((None, dice.getrandbits(8))),
    )


def test_made_up_messages_read_as_tsharks_dissector_reads_them(tmp_path: Path) -> None:
    dice = random.Random(1588)
    sent = [some_message(dice, body(dice)) for _ in range(ROUNDS) for body in BODIES]
    ports = [EVENT_PORT if message.type.is_event else GENERAL_PORT for message in sent]
    write_pcap(tmp_path / "made-up.pcap", zip(ports, map(encode, sent), strict=True))
    dissected = dissect(tmp_path / "made-up.pcap")
    assert len(dissected) == len(sent) == ROUNDS * len(MessageType)
    for octets, said in dissected:
        assert fields(decode(octets)) == said


def test_what_linuxptp_sends_reads_as_tsharks_dissector_reads_it(gm: Host, tx: Host, tmp_path: Path) -> None:
    recorded = tmp_path / "ptp4l.pcap"
    ports = "udp port 319 or udp port 320"
    command = ["tshark", "-i", gm.interface, "-f", ports, "-w", str(recorded), "-P", "-l"]
    with gm.start(command, tmp_path / "tshark.log") as tshark:
        tshark.wait_for("Capturing on", 20)
        with grandmaster(gm, tmp_path), follower(tx, tmp_path):
            tx.run("pmc", "-i", tx.interface, "-b", "1", "GET PARENT_DATA_SET")
            # What is printed stands in the file. A follower may ask for the delay only seconds after it has locked.
            for kind in ("Management.*RESPONSE", "Delay_Resp"):
                tshark.wait_for(kind, 20)
        assert tshark.stop(signal.SIGINT) == 0
    kinds: Counter[MessageType] = Counter()
    for octets, said in dissect(recorded):
        message = decode(octets)
        assert fields(message) == said
        assert encode(message) == octets
        kinds[message.type] += 1
    end_to_end = {MessageType.SYNC, MessageType.FOLLOW_UP, MessageType.DELAY_REQ, MessageType.DELAY_RESP}
    assert kinds.keys() == end_to_end | {MessageType.ANNOUNCE, MessageType.MANAGEMENT}


def test_the_comparison_sees_a_wrong_octet(tmp_path: Path) -> None:
    octets = encode(some_message(random.Random(1), Sync(NS_PER_S)))
    write_pcap(tmp_path / "one.pcap", [(EVENT_PORT, octets)])
    ((_, said),) = dissect(tmp_path / "one.pcap")
    length = {2, 3}  # a wrong one cannot be decoded
    for at in sorted(set(range(len(octets))) - length):
        wrong = bytearray(octets)
        wrong[at] ^= 0x10
        assert fields(decode(bytes(wrong))) != said, at
