"""What is no session description, where and why; and what is one all the same."""

from __future__ import annotations

from dataclasses import replace

import pytest

from aes67_sender.errors import WireError
from aes67_sender.wire.sdp import Line, SdpError, SessionDescription, decode, encode

WHOLE = [
    "v=0",
    "o=- 1 2 IN IP4 10.0.0.1",
    "s=A",
    "c=IN IP4 239.1.1.1/32",
    "t=0 0",
    "m=audio 5004 RTP/AVP 97",
    "a=rtpmap:97 L24/48000/2",
]


def with_line(number: int, *lines: str) -> bytes:
    """The whole text with other lines in place of one of its own, counted from 1."""
    return "\r\n".join([*WHOLE[: number - 1], *lines, *WHOLE[number:], ""]).encode()


@pytest.mark.parametrize(
    ("octets", "line", "why"),
    [
        pytest.param(b"", 1, "begins with v=0", id="nothing"),
        pytest.param(b"\r\n", 1, "begins with v=0", id="a blank line"),
        pytest.param(with_line(1, "v=1"), 1, "begins with v=0", id="another version"),
        pytest.param(with_line(1), 1, "begins with v=0", id="no version"),
        pytest.param(with_line(2), 0, "no o= line", id="no origin"),
        pytest.param(with_line(3), 0, "no s= line", id="no name"),
        pytest.param(with_line(2, "o=- 1 2 IN IP4"), 2, "5 fields, not 6", id="a short origin"),
        pytest.param(with_line(2, "o=- x 2 IN IP4 10.0.0.1"), 2, "the session id is no number: 'x'", id="session id"),
        pytest.param(with_line(2, "o=- 1 -2 IN IP4 10.0.0.1"), 2, "the version is no number", id="version"),
        pytest.param(with_line(2, "o=- 1 2 IN IP4 10.0.0.300"), 2, "10.0.0.300", id="no such address"),
        pytest.param(with_line(2, "o=- 1 2 IN IP4 a/b"), 2, "no address: 'a/b'", id="no address"),
        pytest.param(with_line(4, "c=IN IP4"), 4, "2 fields, not 3", id="a short connection"),
        pytest.param(with_line(4, "c=IN IP4 239.1.1.1/256"), 4, "the TTL is above 255", id="TTL"),
        pytest.param(with_line(4, "c=IN IP4 239.1.1.1/x"), 4, "the TTL is no number", id="TTL in letters"),
        pytest.param(with_line(4, "c=IN IP4 239.1.1.1/1/0"), 4, "no address with TTL and count", id="no addresses"),
        pytest.param(with_line(4, "c=IN IP4 239.1.1.1/1/2/3"), 4, "no address with TTL and count", id="too many"),
        pytest.param(with_line(4, "c=IN IP4 239.1.1.1/1/999999999"), 4, "count of addresses is above", id="a flood"),
        pytest.param(with_line(4, "c=IN IP4 255.255.255.255/1/2"), 4, "4294967296", id="beyond the last address"),
        pytest.param(with_line(6, "m=audio 5004 RTP/AVP"), 6, "needs media, port, protocol and format", id="short m="),
        pytest.param(with_line(6, "m=audio 65536 RTP/AVP 97"), 6, "the port is above 65535", id="port"),
        pytest.param(with_line(6, "m=audio 5004/ RTP/AVP 97"), 6, "the count of ports is no number", id="ports"),
        pytest.param(with_line(5, "hello"), 5, "not <letter>=<value>: 'hello'", id="prose"),
        pytest.param(with_line(5, "=0 0"), 5, "not <letter>=<value>", id="no letter"),
        pytest.param(with_line(5, "tt=0 0"), 5, "the kind of a line is one letter", id="two letters"),
        pytest.param(with_line(5, "t=0\r0"), 5, "an end of line within the line", id="CR within"),
        pytest.param(with_line(5, "t=0 0\0"), 5, "a NUL", id="NUL"),
        pytest.param(with_line(5, "s=B"), 5, "a second s= line", id="two names"),
        pytest.param(with_line(7, "a=recvonly", "v=0"), 8, "a second v= line", id="two sessions"),
        pytest.param(with_line(7, "a=" + "x" * 4097), 7, "longer than 4096 characters", id="a long line"),
        pytest.param(with_line(7, *["a=x"] * 995), 0, "more than 1000 lines", id="many lines"),
        pytest.param(with_line(7, *["m=audio 5004 RTP/AVP 97"] * 64), 0, "more than 64 media", id="many media"),
        pytest.param(b"v=0\r\n" * 20_000, 0, "longer than 65536 octets", id="a long text"),
        pytest.param(b"\n" * 60_000, 0, "more than 1000 lines", id="many blank lines"),
        pytest.param(b"\xff\xfe\x00", 1, "not <letter>=<value>", id="no text"),
    ],
)
def test_an_error_tells_line_and_reason(octets: bytes, line: int, why: str) -> None:
    with pytest.raises(SdpError) as caught:
        decode(octets)
    assert (caught.value.line, why in caught.value.reason) == (line, True), caught.value
    assert isinstance(caught.value, WireError)
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 400


@pytest.mark.parametrize(
    "octets",
    [
        pytest.param(with_line(1, "v=0 "), id="a blank behind the version"),
        pytest.param(with_line(5, "t=0 0", "Z=what", "k=clear:x", "b=AS:2400"), id="lines nobody knows"),
        pytest.param(with_line(5, "", "t=0 0"), id="a blank line"),
        pytest.param(with_line(5), id="no time"),
        pytest.param(with_line(4, "a=x", "c=IN IP4 239.1.1.1"), id="lines in another order"),
        pytest.param(with_line(3, "s="), id="an empty name"),
        pytest.param(with_line(3, "s=X").replace(b"s=X", b"s=S\xe4ule"), id="Latin-1"),
        pytest.param(with_line(7, "a=rtpmap", "a=ptime:soon", "a=ts-refclk:", "a=:x", "a="), id="odd attributes"),
    ],
)
def test_what_does_no_harm_is_kept(octets: bytes) -> None:
    assert encode(decode(octets)) == octets


def test_names_are_readable_whatever_the_octets() -> None:
    octets = with_line(3, "s=X").replace(b"s=X", b"s=S\xe4ule \x1b[31m\xa0")
    assert decode(octets).name == "S\N{LATIN SMALL LETTER A WITH DIAERESIS}ule [31m"


@pytest.mark.parametrize("turning", ["\N{RIGHT-TO-LEFT OVERRIDE}", "\N{LEFT-TO-RIGHT ISOLATE}"])
def test_no_name_turns_the_direction_of_the_sentence_it_is_shown_in(turning: str) -> None:
    assert decode(with_line(3, f"s=gpj{turning}.exe")).name == "gpj .exe"
    assert decode(with_line(3, "s=\N{HEBREW LETTER ALEF}")).name == "\N{HEBREW LETTER ALEF}"


def test_remarks_tell_what_cannot_be_used() -> None:
    description = decode(with_line(7, "a=rtpmap:96 L24/48000/2", "a=ptime:soon", "m=audio 5004 RTP/AVP 10"))
    assert [(each.line, each.reason) for each in description.remarks()] == [
        (6, "no a=rtpmap says what payload type 97 is"),
        (8, "a=ptime: no packet time in ms: 'soon'"),
    ]
    homeless = decode(with_line(4))
    assert [(each.line, each.reason) for each in homeless.remarks()] == [
        (5, "no c= line says where the packets go"),
    ]
    assert homeless.audio_streams() == ()


def test_a_text_is_read_like_octets() -> None:
    assert decode(with_line(1, "v=0").decode()) == decode(with_line(1, "v=0"))
    with pytest.raises(SdpError, match="line 3: a character that cannot be encoded"):
        decode(with_line(3, "s=X").decode().replace("X", "\ud800"))


@pytest.mark.parametrize(
    ("kind", "value", "ending"),
    [("a", "x\r\na=evil", "\r\n"), ("ab", "x", "\n"), ("", "text", "\n"), ("a", "x", "\n\n"), ("a", "\ud800", "\n")],
)
def test_no_line_can_pass_for_two(kind: str, value: str, ending: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        Line(kind, value, ending)


def test_only_the_last_line_may_lack_its_end() -> None:
    lines = decode(with_line(1, "v=0")).lines
    assert len(SessionDescription((*lines[:-1], replace(lines[-1], ending=""))).lines) == len(lines)
    with pytest.raises(SdpError, match="line 2: the line before has no end"):
        SessionDescription((replace(lines[0], ending=""), *lines[1:]))
