from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aes67_sender.errors import WireError
from aes67_sender.wire.rtsp import (
    MAX_BODY_OCTETS,
    MAX_HEAD_OCTETS,
    MAX_HEADERS,
    Decoder,
    Message,
    Request,
    Response,
    RtspError,
    encode,
)
from aes67_sender.wire.rtsp_url import RtspUrl, by_name, parse_url, path_of

# RFC 2326 10.2, shortened.
ASKED = (
    b"DESCRIBE rtsp://server.example.com/fizzle/foo RTSP/1.0\r\n"
    b"CSeq: 312\r\nAccept: application/sdp, application/rtsl\r\n\r\n"
)
ANSWERED = b"RTSP/1.0 200 OK\r\nCSeq: 312\r\nContent-Type: application/sdp\r\nContent-Length: 9\r\n\r\nv=0\r\ns=-\n"
REQUEST = Request(
    "DESCRIBE",
    "rtsp://server.example.com/fizzle/foo",
    (("CSeq", "312"), ("Accept", "application/sdp, application/rtsl")),
)
RESPONSE = Response(200, "OK", (("CSeq", "312"), ("Content-Type", "application/sdp")), b"v=0\r\ns=-\n")


def decode(octets: bytes, step: int = 1 << 20) -> list[Message]:
    decoder = Decoder()
    return [message for at in range(0, len(octets), step) for message in decoder.feed(octets[at : at + step])]


@pytest.mark.parametrize("step", [1, 2, 7, 1000])
def test_messages_are_the_same_however_the_stream_is_cut(step: int) -> None:
    assert decode(ASKED + b"\r\n" + ANSWERED + ASKED, step) == [REQUEST, RESPONSE, REQUEST]


def test_a_body_needs_no_length_from_who_encodes_it() -> None:
    assert decode(encode(RESPONSE)) == [RESPONSE]
    assert encode(RESPONSE).count(b"Content-Length: 9\r\n") == 1


def test_bare_line_feeds_folded_headers_and_blanks_in_a_url_are_read() -> None:
    octets = b"\n\nDESCRIBE rtsp://h/by-name/My Stream RTSP/1.0\nCSeq:7\nAccept: a,\n\tb\n\n"
    assert decode(octets) == [Request("DESCRIBE", "rtsp://h/by-name/My Stream", (("CSeq", "7"), ("Accept", "a, b")))]


def test_headers_are_found_in_whatever_case() -> None:
    assert (REQUEST.header("cseq"), RESPONSE.header("CONTENT-TYPE"), REQUEST.header("Session")) == (
        "312",
        "application/sdp",
        None,
    )


@pytest.mark.parametrize(
    ("octets", "why"),
    [
        (b"GET / HTTP/1.1\r\nHost h\r\n\r\n", "no header"),
        (b"rubbish\r\n\r\n", "neither"),
        (b"DESCRIBE RTSP/1.0\r\n\r\n", "neither"),
        (b"OPTIONS * SIP/2.0\r\n\r\n", "neither"),
        (b"RTSP/1.0 OK\r\n\r\n", "status"),
        (b"OPTIONS * RTSP/1.0\r\n folded\r\n\r\n", "goes on"),
        (b"OPTIONS * RTSP/1.0\r\nA: \0\r\n\r\n", "control"),
        (b"OPTIONS * RTSP/1.0\r\nContent-Length: -1\r\n\r\n", "no number"),
        (b"OPTIONS * RTSP/1.0\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", "no number"),
        ("OPTIONS * RTSP/1.0\r\nContent-Length: ٣\r\n\r\n".encode(), "no number"),
        (f"OPTIONS * RTSP/1.0\r\nContent-Length: {MAX_BODY_OCTETS + 1}\r\n\r\n".encode(), "body of more"),
        (b"OPTIONS * RTSP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", "chunks"),
        (b"OPTIONS * RTSP/1.0\r\n" + b"A: b\r\n" * (MAX_HEADERS + 1) + b"\r\n", "headers"),
        (b"A" * MAX_HEAD_OCTETS, "head of more"),
        (b"$\0\0\4abcd", "interleaved"),
    ],
)
def test_what_is_no_message_is_refused_for_ever(octets: bytes, why: str) -> None:
    decoder = Decoder()
    with pytest.raises(RtspError, match=why):
        decoder.feed(octets)
    with pytest.raises(RtspError, match=why):
        decoder.feed(ASKED)


def test_a_header_cannot_smuggle_in_another() -> None:
    with pytest.raises(ValueError, match="control"):
        encode(Response(200, "OK", (("CSeq", "1\r\nSession: 2"),)))


@given(st.binary(max_size=300))
def test_garbage_is_refused_or_read_but_nothing_else(octets: bytes) -> None:
    try:
        messages = decode(octets)
    except RtspError:
        return
    assert all(decode(encode(message)) == [message] for message in messages)


_TEXT = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x10FFFF, exclude_categories=["Cs", "Zs"]), min_size=1)
_HEADERS = st.lists(
    st.tuples(st.sampled_from(["CSeq", "Session", "Transport", "X-Y"]), _TEXT.filter(lambda text: "\x7f" not in text)),
    max_size=5,
).map(tuple)
_MESSAGES = st.one_of(
    st.builds(
        Request,
        st.sampled_from(["DESCRIBE", "SETUP"]),
        _TEXT.filter(lambda text: "\x7f" not in text),
        _HEADERS,
        st.binary(),
    ),
    st.builds(Response, st.integers(100, 599), st.sampled_from(["OK", "", "Not Found"]), _HEADERS, st.binary()),
)


@given(st.lists(_MESSAGES, max_size=4), st.integers(1, 40))
def test_what_is_written_is_read_again(messages: list[Message], step: int) -> None:
    assert decode(b"".join(map(encode, messages)), step) == messages


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("rtsp://10.0.0.1:8554/by-name/Studio%20A", "/by-name/Studio A"),
        ("rtsp://10.0.0.1/by-name/Studio A/", "/by-name/Studio A"),
        ("rtsp://h/by-name/a%2Fb%3F", "/by-name/a/b?"),
        ("rtsp://h/by-name/%C3%9C?x=y", "/by-name/Ü"),
        ("rtsp://h", "/"),
        ("/sdp/s1", "/sdp/s1"),
        ("*", "*"),
    ],
)
def test_the_path_of_a_url(url: str, path: str) -> None:
    assert path_of(url) == path


@pytest.mark.parametrize("url", ["by-name/a", "", "ftp://h/a", "/%ff"])
def test_what_has_no_path(url: str) -> None:
    with pytest.raises(WireError):
        path_of(url)


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1))
def test_any_name_is_found_again_in_its_url(name: str) -> None:
    assert path_of(str(RtspUrl("10.0.0.1", 8554, by_name(name)))) == f"/by-name/{name}"


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("rtsp://10.0.0.1/x", RtspUrl("10.0.0.1", 554, "/x")),
        ("RTSP://u:p@host.local:8554", RtspUrl("host.local", 8554, "/")),
        ("rtsp://[fe80::1]:80/a b", RtspUrl("fe80::1", 80, "/a%20b")),
    ],
)
def test_the_parts_of_a_url(text: str, parts: RtspUrl) -> None:
    assert parse_url(text) == parts
    assert parse_url(str(parts)) == parts


@pytest.mark.parametrize("text", ["http://h/x", "rtsp://", "rtsp://h:0/", "rtsp://h:99999/", "rtsp://h:x/", "x"])
def test_what_is_no_rtsp_url(text: str) -> None:
    with pytest.raises(WireError):
        parse_url(text)
