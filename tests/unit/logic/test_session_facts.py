"""What a directory knows of a session from its description."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aes67_sender.errors import WireError
from aes67_sender.logic.session_facts import SessionFacts, read_facts
from aes67_sender.model.session import Destination
from aes67_sender.wire.sdp import decode
from support.sap_sessions import description

TWICE = (
    b"v=0\r\no=- 1 2 IN IP4 10.0.0.1\r\ns=Twice\r\nt=0 0\r\na=group:DUP a b\r\n"
    b"m=audio 5004 RTP/AVP 97\r\nc=IN IP4 239.1.0.1/32\r\na=rtpmap:97 L24/48000/2\r\na=mid:a\r\n"
    b"m=audio 5006 RTP/AVP 97\r\nc=IN IP4 239.2.0.1/32\r\na=rtpmap:97 L24/48000/2\r\na=mid:b\r\n"
)


def test_a_description_of_an_audio_stream_says_all_of_it() -> None:
    assert read_facts(description().encode()) == SessionFacts(
        identity="- 1 IN IP4 192.168.1.77",
        version=1,
        name="Stage",
        destinations=(Destination("239.69.7.1", 5004),),
        format="L24/48000/2",
        packet_time_ms=1.0,
        clock="ptp=IEEE1588-2008:00-1D-C1-FF-FE-12-34-56:0",
    )


def test_both_copies_of_a_stream_are_destinations() -> None:
    assert read_facts(TWICE).destinations == (Destination("239.1.0.1", 5004), Destination("239.2.0.1", 5006))


def test_a_session_nobody_can_play_still_occupies_its_address() -> None:
    video = b"v=0\no=- 1 1 IN IP4 10.0.0.1\ns=V\nt=0 0\nm=video 5000 RTP/AVP 96\nc=IN IP4 239.3.0.1/32\n"
    facts = read_facts(video)
    assert facts.destinations == (Destination("239.3.0.1", 5000),)
    assert facts.format == ""


def test_a_deletion_may_say_no_more_than_whose_it_is() -> None:
    facts = read_facts(b"o=- 1 1 IN IP4 192.168.1.77\r\n")
    assert (facts.identity, facts.version) == (read_facts(description().encode()).identity, 1)


def test_a_text_that_stands_for_thousands_of_addresses_is_cut() -> None:
    many = b"c=IN IP4 239.1.0.1/32/255\r\n" * 250
    text = b"v=0\r\no=- 1 1 IN IP4 10.0.0.1\r\ns=M\r\nt=0 0\r\nm=audio 5004 RTP/AVP 10\r\n" + many
    assert len(read_facts(text).destinations) == 32
    (stream,) = decode(text).audio_streams()
    assert len(stream.legs) <= 256


@pytest.mark.parametrize("payload", [b"", b"o=", b"o=- 1 x IN IP4 10.0.0.1", b"v=0\r\ns=A\r\n", b"\xff\0"])
def test_what_says_not_whose_it_is_is_an_error(payload: bytes) -> None:
    with pytest.raises(WireError):
        read_facts(payload)


@given(st.binary(max_size=60), st.sampled_from([b"", b"o=", b"v=0\no=- 1 1 IN IP4 1.2.3.4\ns=A\n", b"\r\n", b"o=\n"]))
def test_any_octets_are_facts_or_the_one_error(octets: bytes, start: bytes) -> None:
    try:
        read_facts(start + octets)
    except WireError:
        return
