"""Session descriptions (SDP) of AES67, RAVENNA, ST 2110-30 and Dante gear, and of our own streams.

``decode`` keeps every line of a text, known or not, with the end it had, so that ``encode(decode(octets)) == octets``;
it raises ``SdpError`` for all else. What lines mean is read when it is asked for: ``SessionDescription.audio_streams``
has what a receiver must know, ``remarks`` what cannot be read. ``compose`` makes the description of a stream of ours.

Clauses: RFC 8866 (grammar), 7273 (clocks), 4570 (source filters), 5888 and 7104 (copies), 3551 (payload types),
ST 2110-10 and -30; and what real gear does beside them.
"""

from aes67_sender.wire.sdp.attributes import Group, RtpMap, SourceFilter
from aes67_sender.wire.sdp.clocks import (
    DirectClock,
    LocalMac,
    MediaClock,
    NtpReference,
    OtherClock,
    OtherReference,
    PtpReference,
    PtpTraceable,
    ReferenceClock,
    SenderClock,
)
from aes67_sender.wire.sdp.fields import Connection, MediaField, Origin
from aes67_sender.wire.sdp.lines import Line, SdpError, clean
from aes67_sender.wire.sdp.profiles import OwnStream, SdpProfile, compose, ptime_ms
from aes67_sender.wire.sdp.session import Remark, Section, SessionDescription, decode, encode, render
from aes67_sender.wire.sdp.streams import AudioStream, Leg

__all__ = [
    "AudioStream",
    "Connection",
    "DirectClock",
    "Group",
    "Leg",
    "Line",
    "LocalMac",
    "MediaClock",
    "MediaField",
    "NtpReference",
    "Origin",
    "OtherClock",
    "OtherReference",
    "OwnStream",
    "PtpReference",
    "PtpTraceable",
    "ReferenceClock",
    "Remark",
    "RtpMap",
    "SdpError",
    "SdpProfile",
    "Section",
    "SenderClock",
    "SessionDescription",
    "SourceFilter",
    "clean",
    "compose",
    "decode",
    "encode",
    "ptime_ms",
    "render",
]
