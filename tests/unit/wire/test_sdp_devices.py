"""The session descriptions of each family of gear, down to what a receiver must know of them.

The texts are modelled on what such gear sends, with names and addresses of their own.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import pytest

from aes67_sender.wire.sdp import (
    AudioStream,
    DirectClock,
    Leg,
    LocalMac,
    PtpReference,
    PtpTraceable,
    SenderClock,
    decode,
    encode,
    render,
)

FIXTURES = {path.stem: path.read_bytes() for path in (Path(__file__).parent / "sdp_fixtures").glob("*.sdp")}


@dataclass(frozen=True)
class Expected:
    """``shape`` is ``L24/48000/2 1 ms 48``: format, packet time, frames per packet."""

    name: str
    legs: tuple[Leg, ...]
    shape: str
    clocks: tuple[object, ...]
    media_clock: object
    channels: tuple[str, ...]
    direction: str = "recvonly"


def ptp(tail: str, domain: int = 0) -> tuple[PtpReference]:
    return (PtpReference(tail, domain),)


EXPECTED = {
    "dante-old-stereo": Expected(
        "BOOTH-USB-0421 : 2", (Leg("239.69.12.31", 5004, 32, ()),), "L24/48000/2 1 ms 48",
        ptp("02-1d-c1-ff-fe-20-04-21"), DirectClock(3140028811), ("Host", "Guest"),
    ),
    "dante-old-mono": Expected(
        "Stagebox-B : 17", (Leg("239.69.12.32", 5004, 32, ()),), "L24/48000/1 1 ms 48",
        ptp("02-1d-c1-ff-fe-20-04-22"), DirectClock(77), ("Kick, in",),
    ),
    "dante-new-stereo": Expected(
        "FOYER : 4", (Leg("239.69.12.33", 5004, 32, ()),), "L24/48000/2 1 ms 48",
        ptp("02-1d-c1-ff-fe-20-04-23"), DirectClock(0), ("Foyer L", "Foyer R"),
    ),
    "dante-madi-bridge": Expected(
        "MADI-BRIDGE-2 : 64", (Leg("239.10.12.34", 5004, 32, ()),), "L24/48000/2 1 ms 48",
        ptp("00-00-00-ff-fe-00-00-00"), DirectClock(901), ("63", "64"),
    ),
    "ravenna-converter-125us": Expected(
        "Converter_3301", (Leg("239.1.20.41", 5004, 15, ("10.20.0.41",)),), "L24/96000/8 0.125 ms 12",
        ptp("02-0b-72-ff-fe-41-00-01", 5), DirectClock(0), ("",) * 8,
    ),
    "ravenna-clock-of-the-session": Expected(
        "gallery-12", (Leg("239.1.20.42", 5004, 31, ("10.20.0.42",)),), "L24/48000/2 1 ms 48",
        ptp("02-0b-72-ff-fe-42-00-01"), DirectClock(4096), ("", ""),
    ),
    "linux-daemon-44100": Expected(
        "Line 0", (Leg("239.1.20.43", 5004, 15, ()),), "L16/44100/2 1.08843537415 ms 48",
        (PtpTraceable(None),), DirectClock(0), ("", ""),
    ),
    "linux-daemon-two-ports": Expected(
        "Line 1",
        (Leg("239.1.20.44", 5004, 15, ("10.20.0.44",)), Leg("239.1.20.44", 5006, 15, ("10.30.0.44",))),
        "L24/48000/2 1 ms 48", ptp("02-1d-c1-ff-fe-44-00-01"), DirectClock(0), ("", ""),
    ),
    "livewire-plus-node": Expected(
        "Talk Mix", (Leg("239.192.20.51", 5004, 128, ()),), "L24/48000/2 1 ms 48",
        ptp("02-e2-83-ff-fe-51-00-01"), DirectClock(0), ("", ""),
    ),
    "livewire-encoder": Expected(
        "LineUp", (Leg("239.192.0.52", 5004, None, ()),), "L24/48000/1 None ms None", (), None, ("",), "sendrecv",
    ),
    "pipewire-without-ptp": Expected(
        "PipeWire desk", (Leg("239.69.20.53", 5004, 1, ()),), "L24/48000/2 1 ms 48", (), SenderClock(), ("", ""),
    ),
    "st2110-encoder": Expected(
        "st2110 0-1-0", (Leg("239.20.0.61", 20000, 64, ("10.20.0.61",)),), "L24/48000/2 1 ms 48",
        ptp("02-5c-6c-ff-fe-61-00-01", 127), DirectClock(0, Fraction(48000)), ("", ""), "sendrecv",
    ),
    "st2110-surround-two-groups": Expected(
        "Gateway A1",
        (Leg("239.20.0.62", 5004, 64, ("10.20.0.62",)), Leg("239.21.0.62", 5004, 64, ("10.30.0.62",))),
        "L24/48000/8 0.125 ms 6", (LocalMac("02:5c:6c:62:00:01"),), DirectClock(0),
        ("L", "R", "C", "LFE", "Ls", "Rs", "L", "R"), "sendrecv",
    ),
    "st2110-two-sources": Expected(
        "Gateway A2",
        (Leg("232.20.0.63", 5004, 64, ("10.20.0.63",)), Leg("232.20.0.63", 5004, 64, ("10.30.0.63",))),
        "L16/48000/1 1 ms 48", ptp("02-5c-6c-ff-fe-63-00-01", 127), DirectClock(0), ("Mono",), "sendrecv",
    ),
}  # fmt: skip


def shape(stream: AudioStream) -> str:
    time_ms = stream.packet_time_ms and f"{stream.packet_time_ms:.12g}"
    return f"{stream.encoding}/{stream.rate_hz}/{stream.channels} {time_ms} ms {stream.frames_per_packet}"


def test_every_fixture_is_expected() -> None:
    assert FIXTURES.keys() == EXPECTED.keys()


@pytest.mark.parametrize("family", EXPECTED)
def test_a_receiver_learns_what_it_needs(family: str) -> None:
    description = decode(FIXTURES[family])
    (stream,) = description.audio_streams()
    assert EXPECTED[family] == Expected(
        description.name,
        stream.legs,
        shape(stream),
        stream.reference_clocks,
        stream.media_clock,
        stream.channel_names,
        stream.direction,
    )


@pytest.mark.parametrize("family", EXPECTED)
def test_nothing_in_it_is_beyond_us(family: str) -> None:
    assert decode(FIXTURES[family]).remarks() == ()


@pytest.mark.parametrize("ending", [b"\n", b"\r\n", b"\r\r\n"])
@pytest.mark.parametrize("last", [b"", b"\r", b"\n", b"\r\n", b"\r\n\r\n", b"\n \t"])
@pytest.mark.parametrize("family", EXPECTED)
def test_nothing_is_lost_whatever_ends_the_lines(family: str, ending: bytes, last: bytes) -> None:
    octets = FIXTURES[family].strip().replace(b"\n", ending) + last
    description = decode(octets)
    assert encode(description) == octets
    assert decode(render(description)) == description
    assert description.audio_streams() == decode(FIXTURES[family]).audio_streams()


def test_what_ravenna_adds_is_read() -> None:
    (converter,) = decode(FIXTURES["ravenna-converter-125us"]).audio_streams()
    (gallery,) = decode(FIXTURES["ravenna-clock-of-the-session"]).audio_streams()
    assert [(each.clock_domain, each.sync_time, each.media_clock_offset) for each in (converter, gallery)] == [
        (5, 0, 0),
        (0, 4096, 4096),
    ]


def test_what_nobody_knows_is_kept_and_can_be_asked_for() -> None:
    (media,) = decode(FIXTURES["ravenna-converter-125us"]).media
    assert media.attributes("deviceid") == ("3301-77",)
    assert media.attributes("palign") == ("0",)
    assert media.attributes("nothing") == ()


def test_channel_groups_and_packet_times_are_read() -> None:
    (surround,) = decode(FIXTURES["st2110-surround-two-groups"]).audio_streams()
    assert surround.channel_groups == ("51", "ST")
    (node,) = decode(FIXTURES["livewire-plus-node"]).audio_streams()
    assert (node.packet_time_ms, node.longest_packet_time_ms) == (1, 5)
