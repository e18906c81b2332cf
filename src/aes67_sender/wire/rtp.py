"""RTP packets (RFC 3550 5.1) as frozen records.

``encode(decode(octets)) == octets`` but for the octets of padding before its count, which say nothing, and ``decode``
raises ``WireError`` for all else, whatever the octets. RTCP on the same port is refused too (RFC 5761 4).
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Final

from aes67_sender.errors import WireError

VERSION: Final = 2
#: Sequence numbers wrap at this.
SEQUENCES: Final = 1 << 16

_HEADER: Final = struct.Struct("!BBHII")
_EXTENSION: Final = struct.Struct("!HH")
_WORD: Final = 4
_PLAIN: Final = VERSION << 6
_PADDING: Final = 0x20
_EXTENDED: Final = 0x10
_CSRC_COUNT: Final = 0x0F
_MARKER: Final = 0x80
_PAYLOAD_TYPE: Final = 0x7F
_MAX_EXTENSION_WORDS: Final = 0xFFFF
_MAX_PADDING: Final = 0xFF
#: Marker and payload type of RTCP packets, read as RTP (RFC 5761 4).
_RTCP: Final = range(192, 224)


@dataclass(frozen=True, slots=True)
class RtpExtension:
    """A header extension (RFC 3550 5.3.1); ``octets`` are whole words of four."""

    profile: int
    octets: bytes


@dataclass(frozen=True, slots=True)
class RtpPacket:
    """One packet. ``stamp`` is the RTP timestamp; ``padding_bytes`` counts its own count too."""

    payload_type: int
    sequence: int
    stamp: int
    ssrc: int
    payload: bytes
    marker: bool = False
    csrcs: tuple[int, ...] = ()
    extension: RtpExtension | None = None
    padding_bytes: int = 0


def decode(octets: bytes) -> RtpPacket:
    """The packet in a datagram.

    Raises:
        WireError: it is no RTP packet of version 2; whatever the octets, nothing else.
    """
    if len(octets) < _HEADER.size:
        raise WireError(f"An RTP packet has {_HEADER.size} octets at least, not {len(octets)}.")
    first, second, sequence, stamp, ssrc = _HEADER.unpack_from(octets)
    if first >> 6 != VERSION:
        raise WireError(f"RTP has version {VERSION}, not {first >> 6}.")
    if second in _RTCP:
        raise WireError("This is RTCP, not RTP.")
    marker, payload_type = second >= _MARKER, second & _PAYLOAD_TYPE
    if first == _PLAIN:
        return RtpPacket(payload_type, sequence, stamp, ssrc, octets[_HEADER.size :], marker)
    start = _HEADER.size + (first & _CSRC_COUNT) * _WORD
    if start > len(octets):
        raise WireError("The RTP packet ends within its list of contributing sources.")
    csrcs = struct.unpack_from(f"!{first & _CSRC_COUNT}I", octets, _HEADER.size)
    extension = None
    if first & _EXTENDED:
        extension, start = _decode_extension(octets, start)
    padding_bytes = _padding_of(octets, start) if first & _PADDING else 0
    payload = octets[start : len(octets) - padding_bytes]
    return RtpPacket(payload_type, sequence, stamp, ssrc, payload, marker, csrcs, extension, padding_bytes)


def encode(packet: RtpPacket) -> bytes:
    """The octets of a packet.

    Raises:
        ValueError: a field does not fit.
    """
    if len(packet.csrcs) > _CSRC_COUNT or not 0 <= packet.payload_type <= _PAYLOAD_TYPE:
        raise ValueError("more contributing sources, or a higher payload type, than the header has room for")
    if not 0 <= packet.padding_bytes <= _MAX_PADDING:
        raise ValueError(f"padding of {packet.padding_bytes} octets")
    first = _PLAIN | len(packet.csrcs)
    first |= _EXTENDED if packet.extension else 0
    first |= _PADDING if packet.padding_bytes else 0
    second = packet.payload_type | (_MARKER if packet.marker else 0)
    if second in _RTCP:
        raise ValueError("with the marker, this payload type would be taken for RTCP")
    try:
        header = _HEADER.pack(first, second, packet.sequence, packet.stamp, packet.ssrc)
        header += struct.pack(f"!{len(packet.csrcs)}I", *packet.csrcs)
    except struct.error as wrong:
        raise ValueError(f"a field of the RTP header does not fit: {wrong}") from None
    if packet.extension:
        header += _encode_extension(packet.extension)
    padding = bytes(packet.padding_bytes - 1) + bytes([packet.padding_bytes]) if packet.padding_bytes else b""
    return header + packet.payload + padding


def _decode_extension(octets: bytes, start: int) -> tuple[RtpExtension, int]:
    """The extension, and where the payload begins."""
    begun = start + _EXTENSION.size
    if begun > len(octets):
        raise WireError("The RTP packet ends within the head of its extension.")
    profile, words = _EXTENSION.unpack_from(octets, start)
    end = begun + words * _WORD
    if end > len(octets):
        raise WireError("The RTP packet ends within its extension.")
    return RtpExtension(profile, octets[begun:end]), end


def _encode_extension(extension: RtpExtension) -> bytes:
    words, rest = divmod(len(extension.octets), _WORD)
    if rest or words > _MAX_EXTENSION_WORDS or not 0 <= extension.profile <= 0xFFFF:  # noqa: PLR2004  16 bits
        raise ValueError("an RTP extension is whole words of four octets, with a profile of 16 bits")
    return _EXTENSION.pack(extension.profile, words) + extension.octets


def _padding_of(octets: bytes, start: int) -> int:
    count = octets[-1]
    if not 1 <= count <= len(octets) - start:
        raise WireError(f"The RTP packet has {count} octets of padding in {len(octets) - start} of payload.")
    return count
