"""Session descriptions made up by chance: the same text again, and whatever the octets no error but the one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import get_args

from hypothesis import given
from hypothesis import strategies as st

from aes67_sender.model.packet import PacketFormat
from aes67_sender.wire.sdp import (
    Connection,
    DirectClock,
    Line,
    LocalMac,
    MediaField,
    Origin,
    OwnStream,
    PtpReference,
    PtpTraceable,
    RtpMap,
    SdpError,
    SdpProfile,
    SenderClock,
    SessionDescription,
    SourceFilter,
    compose,
    decode,
    encode,
    ptime_ms,
    render,
)
from aes67_sender.wire.sdp.attributes import PARSERS
from support.wire_checks import ask_all, check_sdp

PROFILES: tuple[SdpProfile, ...] = get_args(SdpProfile)
TEXTS = [path.read_bytes() for path in sorted((Path(__file__).parent / "sdp_fixtures").glob("*.sdp"))]

u32 = st.integers(0, 2**32 - 1)
hosts = st.ip_addresses(v=4).map(str)
groups = st.ip_addresses(network="239.0.0.0/9").map(str)
words = st.text(st.characters(exclude_characters="\r\n\0", exclude_categories=["Cs"]), max_size=20)
tokens = st.from_regex(r"[A-Za-z0-9-]{1,12}", fullmatch=True)
endings = st.sampled_from(["\r\n", "\n", "\r\r\n"])
octets_of = st.binary(min_size=8, max_size=8)
ptp = st.builds(PtpReference, octets_of.map(lambda octets: octets.hex("-")), st.none() | st.integers(0, 127))
references = ptp | st.just(PtpTraceable()) | octets_of.map(lambda octets: LocalMac(octets[:6].hex(":")))
media_clocks = st.builds(DirectClock, u32, st.none() | st.fractions(0, 10**6, max_denominator=10**6))
origins = st.builds(Origin, u32, u32, hosts, tokens)
connections = st.builds(Connection, groups, st.integers(0, 255), st.integers(1, 255))
media_fields = st.builds(
    MediaField,
    st.sampled_from(["audio", "video"]),
    st.integers(0, 65535),
    st.sampled_from(["RTP/AVP", "udp"]),
    st.lists(st.integers(0, 127).map(str), min_size=1, max_size=3).map(tuple),
    st.integers(1, 255),
)
maps = st.builds(RtpMap, st.integers(0, 127), tokens, st.integers(1, 384_000), st.integers(1, 64))
filters = st.builds(SourceFilter, groups | st.just("*"), st.lists(hosts, min_size=1).map(tuple), st.booleans())
attributes = st.one_of(
    maps.map(lambda each: ("rtpmap", each.render())),
    filters.map(lambda each: ("source-filter", each.render())),
    references.map(lambda each: ("ts-refclk", each.render())),
    (media_clocks | st.just(SenderClock())).map(lambda each: ("mediaclk", each.render())),
    st.tuples(st.sampled_from(["mid", *PARSERS]), words),
    st.tuples(tokens, words),
).map(lambda pair: ("a", ":".join(pair)))
others = st.tuples(st.sampled_from("biuepktrzX"), words) | st.tuples(st.just(""), st.sampled_from(["", " ", "\t"]))
bodies = st.lists(attributes | others | connections.map(lambda each: ("c", each.render())), max_size=8)


@st.composite
def descriptions(draw: st.DrawFn) -> SessionDescription:
    pairs = [("v", "0"), ("o", draw(origins).render()), ("s", draw(words)), *draw(bodies)]
    for media in draw(st.lists(media_fields, max_size=3)):
        pairs += [("m", media.render()), *draw(bodies)]
    lines = [Line(kind, value, draw(endings)) for kind, value in pairs]
    return SessionDescription((*lines[:-1], replace(lines[-1], ending=draw(endings | st.just("") | st.just("\r")))))


@given(descriptions())
def test_every_description_comes_back(description: SessionDescription) -> None:
    ask_all(description)
    assert decode(encode(description)) == decode(render(description))
    check_sdp(encode(description))
    last = description.lines[-1]
    # A blank line without an end is no line at all.
    if last.render():
        assert decode(encode(description)) == description


@given(media=references, clock=media_clocks, origin=origins, connection=connections, field=media_fields, mapped=maps)
def test_every_value_comes_back(  # noqa: PLR0917  one of each
    media: PtpReference, clock: DirectClock, origin: Origin, connection: Connection, field: MediaField, mapped: RtpMap
) -> None:
    assert PARSERS["ts-refclk"](media.render()) == media
    assert PARSERS["mediaclk"](clock.render()) == clock
    assert Origin.parse(origin.render()) == origin
    assert Connection.parse(connection.render()) == connection
    assert MediaField.parse(field.render()) == field
    assert PARSERS["rtpmap"](mapped.render()) == mapped


@given(st.binary(max_size=200) | st.text(max_size=200).map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_any_octets_are_a_description_or_the_one_error(octets: bytes) -> None:
    check_sdp(octets)
    check_sdp(b"v=0\no=- 1 1 IN IP4 10.0.0.1\ns=x\n" + octets)
    check_sdp(b"v=0\no=- 1 1 IN IP4 10.0.0.1\ns=x\nc=IN IP4 239.1.1.1/1\nm=audio 5004 RTP/AVP 97\na=" + octets)


@given(st.text(max_size=200))
def test_any_text_is_too(text: str) -> None:
    try:
        description = decode("v=0\no=- 1 1 IN IP4 10.0.0.1\ns=x\ni=" + text)
    except SdpError:
        return
    ask_all(description)


@given(st.sampled_from(TEXTS), st.data())
def test_damaged_texts_of_real_gear_are_too(octets: bytes, data: st.DataObject) -> None:
    start, end = data.draw(st.integers(0, len(octets))), data.draw(st.integers(0, len(octets)))
    check_sdp(octets[:start] + data.draw(st.binary(max_size=6)) + octets[start + 1 :])
    check_sdp(octets[:start] + octets[end:])


@given(st.sampled_from(TEXTS), st.sampled_from(TEXTS), st.integers(0, 40), st.integers(0, 40))
def test_lines_of_two_texts_mixed_are_too(one: bytes, other: bytes, cut: int, start: int) -> None:
    check_sdp(b"\n".join([*one.split(b"\n")[:cut], *other.split(b"\n")[start:]]))


@given(
    profile=st.sampled_from(PROFILES),
    packet=st.builds(PacketFormat, st.sampled_from(["L16", "L24"]), st.sampled_from([44_100, 48_000, 96_000]),
                     st.integers(1, 64), st.sampled_from([125, 250, 333, 1000])),
    destination=groups | hosts,
    reference=ptp.filter(lambda each: each.domain is not None) | st.just(LocalMac("02:fc:00:00:00:01")),
    names=st.lists(st.text(max_size=12), max_size=8).map(tuple),
)  # fmt: skip
def test_others_learn_from_our_texts_what_we_send(
    profile: SdpProfile, packet: PacketFormat, destination: str, reference: PtpReference, names: tuple[str, ...]
) -> None:
    ours = OwnStream(
        session_id=1, version=2, name="A", origin_address="10.0.0.1", destination=destination, port=5004, ttl=32,
        payload_type=97, packet=packet, refclk=reference, mediaclk_offset=0, profile=profile, channel_names=names,
    )  # fmt: skip
    description = decode(encode(compose(ours)))
    (stream,) = description.audio_streams()
    assert description.remarks() == ()
    assert (stream.address, stream.port, stream.payload_type) == (destination, 5004, 97)
    assert (stream.encoding, stream.rate_hz, stream.channels) == (packet.encoding, packet.rate_hz, packet.channels)
    assert (stream.frames_per_packet, stream.packet_time_ms) == (packet.frames, float(ptime_ms(packet)))
    assert (stream.reference_clock, stream.media_clock_offset, stream.direction) == (reference, 0, "recvonly")
