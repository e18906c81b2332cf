"""How what a session says of its media is put together to streams."""

from __future__ import annotations

from aes67_sender.wire.sdp import AudioStream, DirectClock, Leg, PtpReference, SenderClock, decode

HEAD = ["v=0", "o=- 1 2 IN IP4 10.0.0.1", "s=A", "t=0 0"]
AUDIO = ["m=audio 5004 RTP/AVP 97", "c=IN IP4 239.1.1.1/32", "a=rtpmap:97 L24/48000/2"]
GMID = "39-a7-94-ff-fe-07-cb-d0"


def streams(*lines: str) -> tuple[AudioStream, ...]:
    return decode("\r\n".join([*HEAD, *lines, ""])).audio_streams()


def one(*lines: str) -> AudioStream:
    (stream,) = streams(*lines)
    return stream


def test_media_overrule_the_session() -> None:
    session = ["a=ts-refclk:local", "a=mediaclk:direct=5", "a=sendonly", "a=clock-domain:PTPv2 1", "a=ptime:4"]
    own = [f"a=ts-refclk:ptp=IEEE1588-2008:{GMID}:3", "a=mediaclk:sender", "a=recvonly", "a=clock-domain:PTPv2 3"]
    stream = one(*session, *AUDIO, *own, "a=ptime:1")
    assert (stream.reference_clock, stream.media_clock) == (PtpReference(GMID, 3), SenderClock())
    assert (stream.direction, stream.clock_domain, stream.frames_per_packet) == ("recvonly", 3, 48)


def test_what_media_leave_out_the_session_says() -> None:
    stream = one("c=IN IP4 239.9.9.9/7", "a=mediaclk:direct=5", "a=inactive", "a=source-filter:incl IN IP4 * 10.0.0.7",
                 AUDIO[0], AUDIO[2])  # fmt: skip
    assert stream.legs == (Leg("239.9.9.9", 5004, 7, ("10.0.0.7",)),)
    assert (stream.media_clock, stream.direction) == (DirectClock(5), "inactive")


def test_what_cannot_be_read_does_not_hide_the_stream() -> None:
    stream = one("a=mediaclk:direct=5", *AUDIO, "a=ptime:soon", "a=framecount:-", "a=mediaclk:direct=x", "a=ts-refclk:")
    assert (stream.packet_time_ms, stream.frames_per_packet, stream.reference_clock) == (None, None, None)
    assert stream.media_clock_offset == 5


def test_a_count_of_frames_is_better_than_a_time() -> None:
    assert one(*AUDIO, "a=ptime:1").frames_per_packet == 48
    assert one(*AUDIO, "a=ptime:0.333").frames_per_packet == 16
    assert one(*AUDIO, "a=ptime:1", "a=framecount:6-48").frames_per_packet == 6
    assert one(*AUDIO, "a=ptime:0.000001").frames_per_packet is None


def test_source_filters_hold_for_their_destination() -> None:
    filters = [
        "a=source-filter: incl IN IP4 239.1.1.1 10.0.0.1 10.0.0.2",
        "a=source-filter: incl IN IP4 239.1.1.2 10.0.0.3",
        "a=source-filter: incl IN * * 10.0.0.2 10.0.0.4",
        "a=source-filter: excl IN IP4 239.1.1.1 10.0.0.5",
    ]
    assert one(*AUDIO, *filters).sources == ("10.0.0.1", "10.0.0.2", "10.0.0.4")
    assert one(*AUDIO).sources == ()


def test_media_that_are_copies_are_one_stream() -> None:
    second = [AUDIO[0], "c=IN IP4 239.2.1.1/32", AUDIO[2], "a=mid:b"]
    third = ["m=audio 5010 RTP/AVP 97", *AUDIO[1:], "a=mid:c"]
    copies, other = streams("a=group:LS c", "a=group:DUP b a nobody", *AUDIO, "a=mid:a", *second, *third)
    assert [leg.address for leg in copies.legs] == ["239.2.1.1", "239.1.1.1"]
    assert [leg.port for leg in other.legs] == [5010]
    assert len(streams(*AUDIO, "a=mid:a", *second, *third)) == 3


def test_copies_of_a_stream_may_have_addresses_and_ports_of_their_own() -> None:
    base = ["m=audio 5004/2 RTP/AVP 97", "c=IN IP4 239.1.1.1/32/2", AUDIO[2]]
    assert one(*base).legs == (Leg("239.1.1.1", 5004, 32, ()), Leg("239.1.1.2", 5006, 32, ()))
    apart = one(AUDIO[0], "c=IN IP4 239.1.1.1/32", "c=IN IP4 239.2.2.2/31", AUDIO[2])
    assert apart.legs == (Leg("239.1.1.1", 5004, 32, ()), Leg("239.2.2.2", 5004, 31, ()))


def test_copies_of_a_stream_may_differ_by_their_source_alone() -> None:
    sources = "a=source-filter: incl IN IP4 239.1.1.1 10.0.0.1 10.1.0.1"
    assert [leg.sources for leg in one(*AUDIO, sources).legs] == [("10.0.0.1", "10.1.0.1")]
    assert [leg.sources for leg in one(*AUDIO, sources, "a=ssrc-group:DUP 1 2").legs] == [("10.0.0.1",), ("10.1.0.1",)]


def test_the_first_payload_type_that_is_explained_counts() -> None:
    assert one("m=audio 5004 RTP/AVP 96 97 98", *AUDIO[1:], "a=rtpmap:98 L16/48000/2").payload_type == 97
    static = one("m=audio 5004 RTP/AVP 11", AUDIO[1])
    assert (static.encoding, static.rate_hz, static.channels) == ("L16", 44_100, 1)


def test_only_audio_that_is_sent_over_rtp_is_a_stream() -> None:
    assert streams() == ()
    assert streams("m=video 5004 RTP/AVP 97", *AUDIO[1:]) == ()
    assert streams("m=audio 0 RTP/AVP 97", *AUDIO[1:]) == ()
    assert streams("m=audio 5004 udp 97", *AUDIO[1:]) == ()
    assert streams("m=audio 5004 RTP/AVP wav", *AUDIO[1:]) == ()


def test_channels_are_called_what_somebody_calls_them() -> None:
    surround, order = "a=rtpmap:97 L24/48000/8", "a=fmtp:97 channel-order=SMPTE2110.(51,ST)"
    assert one(*AUDIO[:2], surround, order).channel_names == ("L", "R", "C", "LFE", "Ls", "Rs", "L", "R")
    assert one(*AUDIO[:2], surround, order.replace("97", "98")).channel_names == ("",) * 8
    own = one("i=2 channels: A, B", AUDIO[0], "i=2 channels: C, D", *AUDIO[1:])
    assert own.channel_names == ("C", "D")
    two = streams("i=2 channels: A, B", *AUDIO, *AUDIO)
    assert [stream.channel_names for stream in two] == [("", ""), ("", "")]
