from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aes67_sender.logic.rtsp_server import Catalogue, Offer, RtspConnection
from aes67_sender.wire.rtsp import Decoder, Message, Request, Response

SDP = "v=0\r\ns=Übung\r\n"
OFFER = Offer("s1", ("Studio A (2)", "Studio A"), SDP, "10.0.0.1", "239.1.2.3", 5004, 32)
OTHER = Offer("s2", ("Studio A",), "v=0\r\ns=B\r\n", "10.0.0.1", "239.1.2.4", 5006, 32)
CATALOGUE = Catalogue([OFFER, OTHER], address="10.0.0.1", port=8554)
BASE = "rtsp://10.0.0.1:8554"


def connection(catalogue: Catalogue = CATALOGUE) -> RtspConnection:
    ids = iter(f"id{number}" for number in range(100))
    return RtspConnection(lambda: catalogue, lambda: next(ids))


def decode(octets: bytes) -> list[Message]:
    return Decoder().feed(octets)


def ask(here: RtspConnection, method: str, url: str = "*", version: str = "RTSP/1.0", **headers: str) -> Response:
    lines = [f"{method} {url} {version}", *(f"{name}: {value}" for name, value in headers.items()), "", ""]
    (answer,) = decode(here.receive("\r\n".join(lines).encode()).octets)
    assert isinstance(answer, Response)
    return answer


def test_options_tell_what_can_be_asked() -> None:
    answer = ask(connection(), "OPTIONS", CSeq="3")
    assert (answer.status, answer.header("CSeq")) == (200, "3")
    assert "DESCRIBE" in (answer.header("Public") or "")


@pytest.mark.parametrize(
    "url",
    [
        f"{BASE}/by-name/Studio%20A%20(2)",
        f"{BASE}/by-id/s1",
        f"{BASE}/by-id/s1/",
        "/by-id/s1",
        "rtsp://elsewhere/by-id/s1",
    ],
)
def test_a_session_is_described_by_name_and_by_id(url: str) -> None:
    answer = ask(connection(), "DESCRIBE", url, CSeq="1", Accept="application/sdp")
    assert (answer.status, answer.body.decode(), answer.header("Content-Type")) == (200, SDP, "application/sdp")
    base = url if url.startswith("rtsp") else BASE + url
    assert answer.header("Content-Base") == base.rstrip("/") + "/"


def test_the_name_announced_by_another_stream_is_that_streams() -> None:
    assert ask(connection(), "DESCRIBE", "/by-name/Studio%20A", CSeq="1").body == b"v=0\r\ns=B\r\n"


@pytest.mark.parametrize(
    ("method", "url", "headers", "status"),
    [
        ("DESCRIBE", "/by-name/Nobody", {"CSeq": "1"}, 404),
        ("DESCRIBE", "/sdp/s1", {"CSeq": "1"}, 404),
        ("DESCRIBE", "/", {"CSeq": "1"}, 404),
        ("DESCRIBE", "/by-id/s1", {"CSeq": "1", "Accept": "application/rtsl"}, 406),
        ("DESCRIBE", "/by-id/s1", {}, 400),
        ("DESCRIBE", "/by-id/s1", {"CSeq": "x"}, 400),
        ("DESCRIBE", "by-id/s1", {"CSeq": "1"}, 400),
        ("DESCRIBE", "/by-id/%ff", {"CSeq": "1"}, 400),
        ("DESCRIBE", "/by-id/s1", {"CSeq": "1", "Require": "implicit-play"}, 551),
        ("PAUSE", "/by-id/s1", {"CSeq": "1"}, 405),
        ("RECORD", "/by-id/s1", {"CSeq": "1"}, 405),
        ("ANNOUNCE", "/by-id/s1", {"CSeq": "1"}, 405),
        ("DANCE", "/by-id/s1", {"CSeq": "1"}, 501),
        ("PLAY", "/by-id/s1", {"CSeq": "1"}, 455),
        ("PLAY", "/by-id/s1", {"CSeq": "1", "Session": "1"}, 454),
        ("TEARDOWN", "/by-id/s1", {"CSeq": "1", "Session": "1"}, 454),
        ("SETUP", "/by-id/s9", {"CSeq": "1", "Transport": "RTP/AVP"}, 404),
        ("SETUP", "/by-id/s1", {"CSeq": "1"}, 461),
        ("SETUP", "/by-id/s1", {"CSeq": "1", "Transport": "RTP/AVP;unicast;client_port=1-2"}, 461),
        ("SETUP", "/by-id/s1", {"CSeq": "1", "Transport": "RTP/AVP/TCP;interleaved=0-1"}, 461),
        ("SETUP", "/by-id/s1", {"CSeq": "1", "Transport": "RTP/AVP", "Session": "9"}, 454),
        ("GET_PARAMETER", "*", {"CSeq": "1"}, 200),
    ],
)
def test_what_cannot_be_had_is_refused_in_the_words_of_the_standard(
    method: str, url: str, headers: dict[str, str], status: int
) -> None:
    assert ask(connection(), method, url, **headers).status == status


def test_another_version_is_refused_and_ends_the_connection() -> None:
    here = connection()
    assert ask(here, "DESCRIBE", "/by-id/s1", "RTSP/2.0", CSeq="1").status == 505
    assert here.receive(b"OPTIONS * RTSP/2.0\r\nCSeq: 1\r\n\r\n").close


def test_rubbish_is_answered_once_and_ends_the_connection() -> None:
    reply = connection().receive(b"\0\1\2\3\r\n\r\n")
    assert (reply.octets[:12], reply.close) == (b"RTSP/1.0 400", True)


def test_requests_in_one_piece_are_answered_in_their_order() -> None:
    reply = connection().receive(b"OPTIONS * RTSP/1.0\r\nCSeq: 1\r\n\r\nDANCE * RTSP/1.0\r\nCSeq: 2\r\n\r\n")
    assert [(each.status, each.header("CSeq")) for each in decode(reply.octets) if isinstance(each, Response)] == [
        (200, "1"),
        (501, "2"),
    ]
    assert not reply.close


def test_a_player_sets_up_multicast_plays_and_leaves() -> None:
    here = connection()
    url = f"{BASE}/by-id/s1/"
    wanted = "RTP/AVP;unicast;client_port=5000-5001,RTP/AVP;multicast"
    setup = ask(here, "SETUP", url, CSeq="1", Transport=wanted)
    assert setup.header("Transport") == "RTP/AVP;multicast;destination=239.1.2.3;source=10.0.0.1;port=5004-5005;ttl=32"
    assert setup.header("Session") == "id0;timeout=60"
    assert ask(here, "PLAY", url, CSeq="2", Session="id0").status == 200
    assert ask(here, "GET_PARAMETER", url, CSeq="3", Session="id0").status == 200
    assert ask(here, "TEARDOWN", url, CSeq="4", Session="id0").status == 200
    assert ask(here, "PLAY", url, CSeq="5", Session="id0").status == 454


def test_nobody_can_set_up_sessions_without_end() -> None:
    here = connection()
    answers = [ask(here, "SETUP", "/by-id/s1", CSeq="1", Transport="RTP/AVP").status for _ in range(17)]
    assert answers == [200] * 16 + [453]


def test_who_has_asked_is_told_of_changes() -> None:
    here = connection()
    assert here.announce(OFFER) == b""
    ask(here, "DESCRIBE", "/by-id/s1", CSeq="1")
    (told,) = decode(here.announce(OFFER))
    assert isinstance(told, Request)
    assert (told.method, told.url) == ("ANNOUNCE", f"{BASE}/by-name/Studio%20A%20%282%29")
    assert (told.header("CSeq"), told.header("Content-Type"), told.body.decode()) == ("1", "application/sdp", SDP)
    assert here.receive(b"RTSP/1.0 200 OK\r\nCSeq: 1\r\n\r\n").octets == b""
    assert here.announce(OTHER) == b""


@pytest.mark.parametrize(
    ("line", "status", "body"),
    [
        ("GET /sdp/s1 HTTP/1.1", 200, SDP),
        ("GET /sdp/s1?x HTTP/1.0", 200, SDP),
        ("HEAD /sdp/s1 HTTP/1.1", 200, ""),
        ("GET /sdp/s9 HTTP/1.1", 404, ""),
        ("GET /by-id/s1 HTTP/1.1", 404, ""),
        ("GET sdp HTTP/1.1", 400, ""),
        ("POST /sdp/s1 HTTP/1.1", 405, ""),
        ("GET /sdp/s1 HTTP/2.0", 505, ""),
    ],
)
def test_http_gets_a_description_once_per_connection(line: str, status: int, body: str) -> None:
    reply = connection().receive(f"{line}\r\nHost: h\r\n\r\n".encode())
    (answer,) = decode(reply.octets)
    assert isinstance(answer, Response)
    assert (answer.version, answer.status, answer.body.decode(), reply.close) == ("HTTP/1.1", status, body, True)


@given(st.lists(st.binary(max_size=60), max_size=5))
def test_nothing_a_client_sends_is_an_exception(pieces: list[bytes]) -> None:
    here = connection()
    for piece in pieces:
        decode(here.receive(piece).octets)
