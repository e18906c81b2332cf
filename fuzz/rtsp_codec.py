"""The RTSP codec and server on any octets: the same messages however they are cut, written again as they were read."""

from __future__ import annotations

from aes67_sender.errors import WireError
from aes67_sender.logic.rtsp_server import Catalogue, Offer, RtspConnection
from aes67_sender.wire.rtsp import Decoder, Message, RtspError, encode
from aes67_sender.wire.rtsp_url import parse_url, path_of

_SDP = "v=0\r\ns=A\r\n"
_OFFER = Offer("s1", ("Studio A", "A"), _SDP, "10.0.0.1", "239.1.2.3", 5004, 32)
_CATALOGUE = Catalogue([_OFFER], address="h", port=8554)
SEEDS = (
    b"DESCRIBE rtsp://h:8554/by-name/Studio%20A RTSP/1.0\r\nCSeq: 1\r\nAccept: application/sdp\r\n\r\n",
    b"OPTIONS * RTSP/1.0\nCSeq: 1\nRequire: a\n b\n\n",
    b"TEARDOWN /by-id/s1 RTSP/1.0\r\nSession: x;timeout=60\r\nCSeq: 2\r\n\r\n",
    b"SETUP rtsp://h/by-id/s1/ RTSP/1.0\r\nCSeq: 3\r\nTransport: RTP/AVP;unicast,RTP/AVP;multicast\r\n\r\n",
    b"PLAY rtsp://h/by-id/s1/ RTSP/1.0\r\nCSeq: 4\r\nSession: 0\r\nRange: npt=0-\r\n\r\n",
    b"GET /sdp/s1 HTTP/1.1\r\nHost: h\r\n\r\n",
    b"ANNOUNCE rtsp://h/by-name/A RTSP/1.0\r\nCSeq: 1\r\nContent-Length: 10\r\n\r\nv=0\r\ns=A\r\n",
    b"RTSP/1.0 200 OK\r\nCSeq: 1\r\nContent-Length: 3\r\n\r\nv=0RTSP/1.0 404 Not Found\r\n\r\n",
)


def check(octets: bytes) -> None:
    """Raises on anything that must not happen."""
    whole = _decode(octets, len(octets) or 1)
    if whole is not None:
        assert _decode(octets, 3) == whole
        for message in whole:
            assert _decode(encode(message), 1 << 20) == [message]
    _check_url(octets)
    _check_server(octets)


def _decode(octets: bytes, step: int) -> list[Message] | None:
    decoder, messages = Decoder(), []
    try:
        for start in range(0, len(octets), step):
            messages += decoder.feed(octets[start : start + step])
    except RtspError:
        return None
    return messages


def _check_url(octets: bytes) -> None:
    text = octets.decode("utf-8", "replace")
    try:
        path_of(text)
        url = parse_url(text)
    except WireError:
        return
    assert parse_url(str(url)) == url


def _check_server(octets: bytes) -> None:
    connection = RtspConnection(lambda: _CATALOGUE, lambda: "0")
    reply = connection.receive(octets)
    answers = Decoder().feed(reply.octets)
    assert bool(answers) or not reply.close
    assert connection.announce(_CATALOGUE.offers[0]) == b"" or "s1" in connection.described
