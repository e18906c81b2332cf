"""What PTP management messages (IEEE 1588-2008 clause 15) say, as far as they read the state of a linuxptp daemon.

Header and TLVs are those of ``ptp``; here is the one TLV that such a message carries. ``decode(encode(message)) ==
message`` for every message that can be encoded; any other bytes raise ``WireError``.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from aes67_sender.errors import WireError
from aes67_sender.wire import ptp
from aes67_sender.wire.ptp_datasets import DATA_SETS, DataSet, ManagementId
from aes67_sender.wire.ptp_messages import Management
from aes67_sender.wire.ptp_types import ALL_PORTS, PortIdentity

#: The upper half of the action octet is reserved.
_LOW_NIBBLE: Final = 0x0F
_TLV_MANAGEMENT: Final = 1
_TLV_ERROR_STATUS: Final = 2
_MANAGEMENT_ID: Final = struct.Struct("!H")
_ERROR: Final = struct.Struct("!HH4x")


class _Action(IntEnum):
    GET = 0
    RESPONSE = 2


@dataclass(frozen=True, slots=True)
class Get:
    """Ask for a data set."""

    id: ManagementId


@dataclass(frozen=True, slots=True)
class Response:
    """An answer."""

    data: DataSet


@dataclass(frozen=True, slots=True)
class Refusal:
    """The daemon does not know or does not allow the question; ``error`` as in IEEE 1588-2008 table 72."""

    error: int
    id: int


Content = Get | Response | Refusal


@dataclass(frozen=True, slots=True)
class Message:
    """``transport_specific`` is 0, or 1 for 802.1AS daemons: a daemon ignores messages with the other."""

    content: Content
    source: PortIdentity
    domain: int
    sequence: int
    transport_specific: int = 0


def encode(message: Message) -> bytes:
    """The octets of a message, for all ports of the daemon that gets it.

    Raises:
        ValueError: a field is beyond what the wire can hold.
    """
    try:
        action, tlv = _encode_content(message.content)
    except struct.error as beyond:
        raise ValueError(f"a field of the management TLV is out of range: {beyond}") from beyond
    return ptp.encode(
        ptp.Message(
            Management(ALL_PORTS, starting_hops=0, hops=0, action=action),
            message.source,
            message.domain,
            message.sequence,
            tlvs=(tlv,),
            transport_specific=message.transport_specific,
        )
    )


def _encode_content(content: Content) -> tuple[_Action, ptp.Tlv]:
    match content:
        case Get(identifier):
            return _Action.GET, ptp.Tlv(_TLV_MANAGEMENT, _MANAGEMENT_ID.pack(identifier))
        case Response(data):
            value = _MANAGEMENT_ID.pack(data.ID) + data.encode()
            # Padded to an even length (IEEE 1588-2008 5.3.8).
            return _Action.RESPONSE, ptp.Tlv(_TLV_MANAGEMENT, value + bytes(len(value) % 2))
        case Refusal(error, refused):
            return _Action.RESPONSE, ptp.Tlv(_TLV_ERROR_STATUS, _ERROR.pack(error, refused))


def decode(octets: bytes) -> Message:
    """Read one message.

    Raises:
        WireError: These are no octets of a PTPv2 management message that is known here.
    """
    outer = ptp.decode(octets)
    try:
        content = _decode_content(outer)
    except (struct.error, ValueError) as malformed:
        raise WireError(f"Not a PTP management message: {malformed}.") from malformed
    return Message(content, outer.source, outer.domain, outer.sequence, outer.transport_specific)


def _decode_content(outer: ptp.Message) -> Content:
    if not isinstance(outer.body, Management) or not outer.tlvs:
        raise ValueError(f"{outer.type.label} with {len(outer.tlvs)} TLVs")
    tlv = outer.tlvs[0]
    if tlv.type == _TLV_ERROR_STATUS:
        error, refused = _ERROR.unpack_from(tlv.value)
        return Refusal(error, refused)
    if tlv.type != _TLV_MANAGEMENT:
        raise ValueError(f"TLV type {tlv.type}")
    identifier = ManagementId(*_MANAGEMENT_ID.unpack_from(tlv.value))
    match _Action(outer.body.action & _LOW_NIBBLE):
        case _Action.GET:
            return Get(identifier)
        case _Action.RESPONSE:
            return Response(DATA_SETS[identifier].decode(tlv.value[_MANAGEMENT_ID.size :]))
