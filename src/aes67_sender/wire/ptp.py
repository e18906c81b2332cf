"""PTP version 2 messages (IEEE 1588-2008 clause 13, minor version 1 of 2019 included) as frozen records.

``encode(decode(octets)) == octets`` up to the message's own length, reserved fields included, and ``decode`` raises
``WireError`` for all else, whatever the octets. Version 1, which Dante devices speak among themselves, is recognised by
``recognise_v1`` and not decoded.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from enum import IntFlag
from typing import Final

from aes67_sender.errors import WireError
from aes67_sender.wire.ptp_messages import BODIES, Body, MessageType
from aes67_sender.wire.ptp_types import PortIdentity

#: UDP ports (IEEE 1588-2008 annex D).
EVENT_PORT: Final = 319
GENERAL_PORT: Final = 320

VERSION: Final = 2
SUBNS_PER_NS: Final = 1 << 16
#: correctionField of a message whose correction is too large to be told (IEEE 1588-2008 13.3.2.7).
UNKNOWN_CORRECTION: Final = (1 << 63) - 1
#: logMessageInterval of messages that have none.
NO_INTERVAL: Final = 0x7F

_HEADER: Final = struct.Struct("!BBHBBHqI10sHBb")
_TLV: Final = struct.Struct("!HH")
_LOW_NIBBLE: Final = 0x0F
#: controlField, deprecated (IEEE 1588-2008 table 23); 5 for all others.
_CONTROLS: Final = {
    MessageType.SYNC: 0,
    MessageType.DELAY_REQ: 1,
    MessageType.FOLLOW_UP: 2,
    MessageType.DELAY_RESP: 3,
    MessageType.MANAGEMENT: 4,
}
_OTHER_CONTROL: Final = 5


class Flag(IntFlag):
    """The bits of flagField (IEEE 1588-2008 table 20); those not named here are kept as they are."""

    NONE = 0
    LEAP_61 = 0x0001
    LEAP_59 = 0x0002
    UTC_OFFSET_VALID = 0x0004
    PTP_TIMESCALE = 0x0008
    TIME_TRACEABLE = 0x0010
    FREQUENCY_TRACEABLE = 0x0020
    ALTERNATE_MASTER = 0x0100
    TWO_STEP = 0x0200
    UNICAST = 0x0400


@dataclass(frozen=True, slots=True)
class Tlv:
    """Type, length, value (IEEE 1588-2008 14.1); ``value`` has an even length."""

    type: int
    value: bytes


@dataclass(frozen=True, slots=True)
class Message:
    """One message. ``correction_subns`` counts 2⁻¹⁶ ns; ``control`` ``None`` is what the standard has for the type.

    ``transport_specific`` is majorSdoId in 2019, ``minor_version`` the upper half of the version octet,
    ``type_specific`` four octets reserved in 2008.
    """

    body: Body
    source: PortIdentity
    domain: int
    sequence: int
    flags: Flag = Flag.NONE
    correction_subns: int = 0
    log_interval: int = NO_INTERVAL
    tlvs: tuple[Tlv, ...] = ()
    transport_specific: int = 0
    minor_version: int = 0
    minor_sdo_id: int = 0
    type_specific: int = 0
    control: int | None = None

    @property
    def type(self) -> MessageType:
        """What kind of message it is."""
        return self.body.TYPE


def encode(message: Message) -> bytes:
    """The octets of a message.

    Raises:
        ValueError: a field is beyond what the wire can hold.
    """
    try:
        return _encode(message)
    except struct.error as beyond:
        raise ValueError(f"a field of {message.type.label} is out of range: {beyond}") from beyond


def _encode(message: Message) -> bytes:
    rest = message.body.encode() + b"".join(_encode_tlv(tlv) for tlv in message.tlvs)
    control = _CONTROLS.get(message.type, _OTHER_CONTROL) if message.control is None else message.control
    return (
        _HEADER.pack(
            message.transport_specific << 4 | message.type,
            message.minor_version << 4 | VERSION,
            _HEADER.size + len(rest),
            message.domain,
            message.minor_sdo_id,
            message.flags,
            message.correction_subns,
            message.type_specific,
            message.source.encode(),
            message.sequence,
            control,
            message.log_interval,
        )
        + rest
    )


def _encode_tlv(tlv: Tlv) -> bytes:
    if len(tlv.value) % 2:
        raise ValueError(f"a TLV value of {len(tlv.value)} octets, an odd number")
    return _TLV.pack(tlv.type, len(tlv.value)) + tlv.value


def decode(octets: bytes) -> Message:
    """Read one message; octets after its own length are ignored. A malformed TLV spoils it.

    Raises:
        WireError: these are no octets of a well-formed PTP version 2 message.
    """
    try:
        return _decode(octets)
    except ValueError as malformed:
        raise WireError(f"Not a PTP message: {malformed}.") from malformed


def _decode(octets: bytes) -> Message:
    if len(octets) < _HEADER.size:
        raise ValueError(f"{len(octets)} octets, fewer than its header has")
    kind, version, length, domain, sdo, flags, correction, specific, source, sequence, control, interval = (
        _HEADER.unpack_from(octets)
    )
    if version & _LOW_NIBBLE != VERSION:
        raise ValueError(f"version {version & _LOW_NIBBLE}")
    body_type = BODIES[MessageType(kind & _LOW_NIBBLE)]
    if not _HEADER.size + body_type.SIZE <= length <= len(octets):
        raise ValueError(f"{body_type.TYPE.label} of {length} octets in {len(octets)}")
    rest = octets[_HEADER.size : length]
    return Message(
        body=body_type.decode(rest),
        source=PortIdentity.decode(source),
        domain=domain,
        sequence=sequence,
        flags=Flag(flags),
        correction_subns=correction,
        log_interval=interval,
        tlvs=_decode_tlvs(rest[body_type.SIZE :]),
        transport_specific=kind >> 4,
        minor_version=version >> 4,
        minor_sdo_id=sdo,
        type_specific=specific,
        control=None if control == _CONTROLS.get(body_type.TYPE, _OTHER_CONTROL) else control,
    )


def _decode_tlvs(octets: bytes) -> tuple[Tlv, ...]:
    tlvs, start = [], 0
    while start < len(octets):
        if len(octets) - start < _TLV.size:
            raise ValueError(f"{len(octets) - start} octets where a TLV should stand")
        kind, length = _TLV.unpack_from(octets, start)
        start += _TLV.size
        value = octets[start : start + length]
        if len(value) != length or length % 2:
            raise ValueError(f"a TLV of {length} octets where {len(value)} are left")
        tlvs.append(Tlv(kind, value))
        start += length
    return tuple(tlvs)


@dataclass(frozen=True, slots=True)
class Version1Message:
    """A message of IEEE 1588-2002: who sent it, in which subdomain, and its controlField (0 Sync, 2 Follow_Up …).

    Only masters send 0, 2 and 3. ``subdomain`` can be shown as it is: what cannot be printed is replaced.
    """

    uuid: str
    subdomain: str
    control: int


_V1: Final = struct.Struct("!HH16sBB6sHHB")
_V1_CONTROLS: Final = range(5)


def recognise_v1(octets: bytes) -> Version1Message | None:
    """Whether this is PTP version 1; ``None`` for anything else. Never raises."""
    if len(octets) < _V1.size:
        return None
    version, _, subdomain, _, _, uuid, _, _, control = _V1.unpack_from(octets)
    if version != 1 or control not in _V1_CONTROLS:
        return None
    name = subdomain.split(b"\0")[0].decode("ascii", "replace")
    # Whoever sent it must not steer the terminal it is shown on.
    printable = "".join(each if each.isprintable() else "\ufffd" for each in name)
    return Version1Message(uuid.hex("-"), printable, control)
