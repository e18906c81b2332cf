"""PTP messages as tshark's dissector reads them, beside what our codec reads, as the same numbers by the same names."""

from __future__ import annotations

import struct
import subprocess
from typing import TYPE_CHECKING, Final

from aes67_sender.units import NS_PER_S
from aes67_sender.wire.ptp import SUBNS_PER_NS, Message, encode
from aes67_sender.wire.ptp_messages import (
    Announce,
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

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from aes67_sender.wire.ptp_types import PortIdentity

Fields = dict[str, list[int]]

_HEADER: Final = (
    "majorsdoid", "messagetype", "minorversionptp", "versionptp", "messagelength", "domainnumber", "minorsdoid",
    "flags", "correction.ns", "correction.subns", "messagetypespecific", "clockidentity", "sourceportid", "sequenceid",
    "controlfield", "logmessageperiod",
)  # fmt: skip
_BODIES: Final = (
    "sdr.origintimestamp.seconds", "sdr.origintimestamp.nanoseconds",
    "pdrq.origintimestamp.seconds", "pdrq.origintimestamp.nanoseconds",
    "fu.preciseorigintimestamp.seconds", "fu.preciseorigintimestamp.nanoseconds",
    "dr.receivetimestamp.seconds", "dr.receivetimestamp.nanoseconds",
    "dr.requestingsourceportidentity", "dr.requestingsourceportid",
    "pdrs.requestreceipttimestamp.seconds", "pdrs.requestreceipttimestamp.nanoseconds",
    "pdrs.requestingportidentity", "pdrs.requestingsourceportid",
    "pdfu.responseorigintimestamp.seconds", "pdfu.responseorigintimestamp.nanoseconds",
    "pdfu.requestingportidentity", "pdfu.requestingsourceportid",
    "an.origintimestamp.seconds", "an.origintimestamp.nanoseconds", "an.origincurrentutcoffset", "an.priority1",
    "an.grandmasterclockclass", "an.grandmasterclockaccuracy", "an.grandmasterclockvariance", "an.priority2",
    "an.grandmasterclockidentity", "an.localstepsremoved", "timesource", "an.tlvType", "an.lengthField",
    "sig.targetportidentity", "sig.targetportid", "sig.tlv.tlvType", "sig.tlv.lengthField",
    "mm.targetportidentity", "mm.targetportid", "mm.startingboundaryhops", "mm.boundaryhops", "mm.action",
    "mm.tlvType", "mm.lengthField",
)  # fmt: skip
_ANSWERS: Final = {
    MessageType.DELAY_RESP: (
        "dr.receivetimestamp", "dr.requestingsourceportidentity", "dr.requestingsourceportid",
    ),
    MessageType.PDELAY_RESP: (
        "pdrs.requestreceipttimestamp", "pdrs.requestingportidentity", "pdrs.requestingsourceportid",
    ),
    MessageType.PDELAY_RESP_FOLLOW_UP: (
        "pdfu.responseorigintimestamp", "pdfu.requestingportidentity", "pdfu.requestingsourceportid",
    ),
}  # fmt: skip
_PREFIX: Final = "ptp.v2."


def fields(message: Message) -> Fields:
    """What the dissector should say of a message; it says nothing of TLVs behind other bodies than these three."""
    correction_ns, subns = divmod(message.correction_subns, SUBNS_PER_NS)
    correction_ns %= 1 << 64  # tshark prints negative ones so
    octets = encode(message)
    header = (
        message.transport_specific, message.type, message.minor_version, 2, len(octets), message.domain,
        message.minor_sdo_id, message.flags, correction_ns, subns, message.type_specific,
        *_port(message.source), message.sequence, octets[32], message.log_interval,
    )  # fmt: skip
    found: dict[str, list[int]] = {name: [value] for name, value in zip(_HEADER, map(int, header), strict=True)}
    found |= {name: [value] for name, value in _body(message).items()}
    match message.body:
        case Announce():
            prefix = "an."
        case Signaling():
            prefix = "sig.tlv."
        case Management():
            prefix = "mm."
        case _:
            return found
    if message.tlvs:
        found[f"{prefix}tlvType"] = [tlv.type for tlv in message.tlvs]
        found[f"{prefix}lengthField"] = [len(tlv.value) for tlv in message.tlvs]
    return found


def _body(message: Message) -> dict[str, int]:  # noqa: PLR0911  one for each kind of body
    match message.body:
        case Sync(at) | DelayReq(at):
            return _time("sdr.origintimestamp", at)
        case FollowUp(at):
            return _time("fu.preciseorigintimestamp", at)
        case PdelayReq(at):
            return _time("pdrq.origintimestamp", at)
        case DelayResp(at, asked) | PdelayResp(at, asked) | PdelayRespFollowUp(at, asked):
            time, clock, port = _ANSWERS[message.type]
            return _time(time, at) | dict(zip((clock, port), _port(asked), strict=True))
        case Announce() as announce:
            return _announce(announce)
        case Signaling(target):
            return dict(zip(("sig.targetportidentity", "sig.targetportid"), _port(target), strict=True))
        case Management(target, starting, hops, action):
            names = ("mm.targetportidentity", "mm.targetportid", "mm.startingboundaryhops", "mm.boundaryhops")
            return dict(zip(names, (*_port(target), starting, hops), strict=True)) | {"mm.action": action & 0xF}


def _announce(announce: Announce) -> dict[str, int]:
    return _time("an.origintimestamp", announce.origin_ns) | {
        "an.origincurrentutcoffset": announce.utc_offset_s,
        "an.priority1": announce.priority1,
        "an.grandmasterclockclass": announce.quality.clock_class,
        "an.grandmasterclockaccuracy": announce.quality.accuracy,
        "an.grandmasterclockvariance": announce.quality.variance,
        "an.priority2": announce.priority2,
        "an.grandmasterclockidentity": int.from_bytes(announce.grandmaster.octets),
        "an.localstepsremoved": announce.steps_removed,
        "timesource": announce.time_source,
    }


def _time(name: str, at_ns: int) -> dict[str, int]:
    seconds, rest_ns = divmod(at_ns, NS_PER_S)
    return {f"{name}.seconds": seconds, f"{name}.nanoseconds": rest_ns}


def _port(identity: PortIdentity) -> tuple[int, int]:
    return int.from_bytes(identity.clock.octets), identity.port


def dissect(capture: Path) -> list[tuple[bytes, Fields]]:
    """Every PTP message over UDP in a capture file: its octets, and what tshark says of them."""
    names = [*(_PREFIX + name for name in (*_HEADER, *_BODIES)), "udp.payload"]
    command = ["tshark", "-r", str(capture), "-Y", "ptp && udp", "-T", "fields"]
    command += [word for name in names for word in ("-e", name)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise AssertionError(done.stderr)
    return [_read(line.split("\t")) for line in done.stdout.splitlines()]


def _read(columns: list[str]) -> tuple[bytes, Fields]:
    *values, payload = columns
    named = zip((*_HEADER, *_BODIES), values, strict=True)
    return bytes.fromhex(payload), {
        name: [_number(name, each) for each in text.split(",")] for name, text in named if text
    }


def _number(name: str, text: str) -> int:
    # A fraction of a ns, printed to fewer digits than it has.
    return round(float(text) * SUBNS_PER_NS) if name == "correction.subns" else int(text, 0)


def write_pcap(path: Path, datagrams: Iterable[tuple[int, bytes]]) -> None:
    """Write a capture file of UDP datagrams, each with the port it goes to, from one host to PTP's group."""
    with path.open("wb") as file:
        file.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 0xFFFF, 1))
        for number, (port, payload) in enumerate(datagrams):
            frame = _ETHERNET + _ip(port, payload)
            file.write(struct.pack("<IIII", 1_700_000_000 + number, 0, len(frame), len(frame)) + frame)


_ETHERNET: Final = bytes.fromhex("01005e0001810200000000010800")


def _ip(port: int, payload: bytes) -> bytes:
    """IPv4 and UDP headers (RFC 791, 768) without check sums, which are not judged here."""
    udp = struct.pack("!HHHH", port, port, 8 + len(payload), 0) + payload
    addresses = bytes([10, 77, 0, 1]) + bytes([224, 0, 1, 129])
    return struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(udp), 0, 0, 1, 17, 0) + addresses + udp
