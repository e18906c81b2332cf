"""What must hold of any octets, whoever makes them up: Hypothesis in ``unit/wire``, a fuzzer in ``fuzz/``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aes67_sender.errors import WireError
from aes67_sender.wire import rtp, sdp

if TYPE_CHECKING:
    from aes67_sender.wire.sdp import SessionDescription


def check_rtp(octets: bytes) -> None:
    """Any octets are a packet that says the same when encoded again, or the one error."""
    try:
        packet = rtp.decode(octets)
    except WireError:
        return
    again = rtp.encode(packet)
    assert len(again) == len(octets)
    assert rtp.decode(again) == packet
    assert packet.padding_bytes or again == octets


def check_sdp(octets: bytes) -> None:
    """Any octets are the same again once they are read, or they are the one error."""
    try:
        description = sdp.decode(octets)
    except sdp.SdpError:
        return
    assert sdp.encode(description) == octets
    assert sdp.decode(sdp.render(description)) == description
    ask_all(description)


def ask_all(description: SessionDescription) -> None:
    """Nothing that can be asked of a description raises, and what is shown can be printed."""
    for stream in description.audio_streams():
        assert stream.legs
        assert len(stream.channel_names) == stream.channels
        assert 0 < stream.port <= 65_535
        assert stream.media_clock_offset is None or stream.media_clock_offset >= 0
    for section in description.sections:
        assert "\n" not in section.information
        assert all(connection.addresses for connection in section.connections)
        assert section.media is None or section.media.formats
    assert all(1 <= remark.line <= len(description.lines) for remark in description.remarks())
    assert description.origin.version >= 0
    assert "\n" not in description.name
    description.name.encode()
