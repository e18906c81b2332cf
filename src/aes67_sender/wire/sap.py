"""Session announcements (SAP, RFC 2974): what is sent to UDP port 9875, as frozen records and back.

Encrypted packets are recognised and left closed; authentication data is kept and not checked.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address
from typing import Final, Literal

from aes67_sender.errors import WireError

SapMessage = Literal["announce", "delete"]

VERSION: Final = 1
PORT: Final = 9875
#: The highest address of the administrative scope (RFC 2974 3), where all AES67 gear announces and listens.
GROUP: Final = "239.255.255.255"
#: RFC 2974 3: SAP is sent with the highest TTL; the scope of the group is what bounds it.
TTL: Final = 255
SDP_TYPE: Final = "application/sdp"

#: Octets in front of the origin.
_HEAD_BYTES: Final = 4
_VERSION_SHIFT: Final = 5
_IPV6: Final = 0x10
_DELETE: Final = 0x04
_ENCRYPTED: Final = 0x02
_COMPRESSED: Final = 0x01
_WORD_BYTES: Final = 4
_MOST_AUTHENTICATION: Final = 255 * _WORD_BYTES
_LONGEST_TYPE: Final = 255
#: No MIME type begins so: such a payload stands without its type (RFC 2974 5); a deletion may be ``o=`` only.
_SDP_STARTS: Final = (b"v=0", b"o=")
#: What fits in a UDP datagram over IPv4.
LONGEST_PACKET: Final = 65_507
#: A few kB could be inflated to a GB; a session description has some hundred octets.
_LONGEST_INFLATED: Final = 32_768


@dataclass(frozen=True, slots=True)
class SapPacket:
    """One packet.

    ``message_hash`` has 16 bits and names this very payload of this origin; 0 says nothing. ``payload_type`` is a MIME
    type, ``None`` where the packet has none and the payload is SDP, or is ``encrypted`` and nobody knows. ``payload``
    is inflated where the packet was ``compressed``, unless it is encrypted too. ``authentication`` is a multiple of
    four octets, up to 1020.
    """

    message: SapMessage
    message_hash: int
    origin: IPv4Address | IPv6Address
    payload: bytes
    payload_type: str | None = SDP_TYPE
    encrypted: bool = False
    compressed: bool = False
    authentication: bytes = b""


def encode(packet: SapPacket) -> bytes:
    """The octets of a packet.

    Raises:
        ValueError: a value does not fit the wire, or would be read as something else.
    """
    _check(packet)
    flags = (
        VERSION << _VERSION_SHIFT
        | _IPV6 * (packet.origin.version != 4)  # noqa: PLR2004  IPv4
        | _DELETE * (packet.message == "delete")
        | _ENCRYPTED * packet.encrypted
        | _COMPRESSED * packet.compressed
    )
    content = packet.payload
    if packet.payload_type is not None:
        content = packet.payload_type.encode("ascii") + b"\0" + content
    if packet.compressed and not packet.encrypted:
        if len(content) > _LONGEST_INFLATED:
            raise ValueError(f"{len(content)} octets are too many to be inflated again")
        content = zlib.compress(content)
    head = bytes([flags, len(packet.authentication) // _WORD_BYTES]) + packet.message_hash.to_bytes(2)
    octets = head + packet.origin.packed + packet.authentication + content
    if len(octets) > LONGEST_PACKET:
        raise ValueError(f"{len(octets)} octets do not fit in a datagram")
    return octets


def decode(octets: bytes) -> SapPacket:
    """The packet in a datagram.

    Raises:
        WireError: it is no SAP packet of version 1. Nothing else is raised, whatever the octets.
    """
    if len(octets) < _HEAD_BYTES:
        raise WireError(f"SAP: a packet of {len(octets)} octets.")
    flags = octets[0]
    if flags >> _VERSION_SHIFT != VERSION:
        raise WireError(f"SAP: version {flags >> _VERSION_SHIFT}.")
    kind = IPv6Address if flags & _IPV6 else IPv4Address
    signed_from = _HEAD_BYTES + (16 if flags & _IPV6 else 4)
    content_from = signed_from + octets[1] * _WORD_BYTES
    if len(octets) < content_from:
        raise WireError(f"SAP: {len(octets)} octets where the header alone has {content_from}.")
    encrypted, compressed = bool(flags & _ENCRYPTED), bool(flags & _COMPRESSED)
    payload_type, payload = None, octets[content_from:]
    if not encrypted:
        payload_type, payload = _split(_inflate(payload) if compressed else payload)
    return SapPacket(
        message="delete" if flags & _DELETE else "announce",
        message_hash=int.from_bytes(octets[2:_HEAD_BYTES]),
        origin=kind(octets[_HEAD_BYTES:signed_from]),
        payload=payload,
        payload_type=payload_type,
        encrypted=encrypted,
        compressed=compressed,
        authentication=octets[signed_from:content_from],
    )


def _check(packet: SapPacket) -> None:
    if not 0 <= packet.message_hash < 1 << 16:
        raise ValueError(f"hash {packet.message_hash} out of range")
    if len(packet.authentication) % _WORD_BYTES or len(packet.authentication) > _MOST_AUTHENTICATION:
        raise ValueError(f"authentication data of {len(packet.authentication)} octets")
    if packet.encrypted:
        if packet.payload_type is not None:
            raise ValueError("the type of an encrypted payload is encrypted with it")
    elif packet.payload_type is None:
        if not packet.payload.startswith(_SDP_STARTS):
            raise ValueError("a payload without type that is no SDP")
    elif not _is_type(packet.payload_type.encode("ascii", "replace")):
        raise ValueError(f"no MIME type: {packet.payload_type!r}")


def _is_type(octets: bytes) -> bool:
    printable = all(0x20 <= octet <= 0x7E for octet in octets)  # noqa: PLR2004  ASCII from space to tilde
    return printable and b"/" in octets and len(octets) <= _LONGEST_TYPE and not octets.startswith(_SDP_STARTS)


def _split(content: bytes) -> tuple[str | None, bytes]:
    if content.startswith(_SDP_STARTS):
        return None, content
    head, end, payload = content.partition(b"\0")
    if not end or not _is_type(head):
        raise WireError("SAP: neither SDP nor a payload type.")
    return head.decode("ascii"), payload


def _inflate(octets: bytes) -> bytes:
    stream = zlib.decompressobj()
    try:
        content = stream.decompress(octets, _LONGEST_INFLATED + 1)
    except zlib.error as error:
        raise WireError(f"SAP: a compressed payload is broken: {error}.") from None
    if len(content) > _LONGEST_INFLATED:
        raise WireError(f"SAP: a compressed payload of more than {_LONGEST_INFLATED} octets.")
    if not stream.eof or stream.unused_data:
        raise WireError("SAP: a compressed payload is cut off or has something behind it.")
    return content
