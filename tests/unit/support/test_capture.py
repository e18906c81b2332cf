"""The analysis of captures, on frames put together by hand."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pytest

from support.capture import Capture, Gap, analyse, join, parse_frames, samples
from support.content import counter, counter_steps, read_counter, read_wav, sine, write_wav

if TYPE_CHECKING:
    from pathlib import Path

MAC = bytes.fromhex("01005e4d00010a0b0c0d0e0f")
AT_NS = 1_800_000_000_000_000_000
STAMP = 1_800_000_000 * 48_000 % 2**32


def frame(
    sequence: int = 0,
    stamp: int = 0,
    payload: bytes = bytes(288),
    *,
    group: bytes = bytes([239, 77, 0, 1]),
    port: int = 5004,
    first: int = 0x80,
    ip_first: int = 0x45,
    flags: int = 0x4000,
) -> bytes:
    rtp = struct.pack("!BBHII", first, 97, sequence % 2**16, stamp % 2**32, 0x12345678) + payload
    udp = struct.pack("!HHHH", 40000, port, 8 + len(rtp), 0) + rtp
    ip = struct.pack("!BBHHHBBH", ip_first, 34 << 2, 20 + len(udp), 1, flags, 32, 17, 0) + bytes([10, 77, 0, 2]) + group
    return MAC + b"\x08\x00" + ip + udp


def parse(frames: list[bytes], arrival_ns: list[int] | None = None) -> Capture:
    table = np.zeros((len(frames), 1536), np.uint8)
    for row, octets in zip(table, frames, strict=True):
        row[: len(octets)] = np.frombuffer(octets, np.uint8)
    times = arrival_ns or [AT_NS + 1_000_000 * (number + 1) for number in range(len(frames))]
    lengths = np.array([len(octets) for octets in frames])
    return parse_frames(table, lengths, np.array(times), ports=[5004])


def stream(numbers: list[int]) -> Capture:
    """Packets as numbered, each arriving when its last sample is over."""
    times = [AT_NS + 1_000_000 * (number + 1) for number in numbers]
    return parse([frame(65530 + number, STAMP + 48 * number) for number in numbers], times)


def test_every_field_of_a_packet_is_read() -> None:
    packet = parse([frame(7, 96, b"\x01\x02\x03" * 96)])
    assert (packet.source[0], packet.source_port[0]) == ("10.77.0.2", 40000)
    assert packet.destinations() == {("239.77.0.1", 5004)}
    assert packet.source_mac[0] == "0a:0b:0c:0d:0e:0f"
    assert (packet.ttl[0], packet.dscp[0]) == (32, 34)
    assert (packet.sequence[0], packet.stamp[0], packet.ssrc[0]) == (7, 96, 0x12345678)
    assert (packet.payload_type[0], packet.marker[0], packet.payload_bytes[0]) == (97, False, 288)
    assert samples(packet, channels=2).tolist() == [[0x010203, 0x010203]] * 48


@pytest.mark.parametrize(
    "change",
    [{"first": 0x81}, {"first": 0x90}, {"first": 0xA0}, {"first": 0x40}, {"ip_first": 0x46}, {"flags": 0x2000}],
    ids=["csrc", "extension", "padding", "version", "ip options", "fragment"],
)
def test_what_is_no_plain_rtp_is_counted_apart(change: dict[str, Any]) -> None:
    capture = parse([frame(1), frame(2, **change)])
    assert (len(capture), capture.malformed) == (1, 1)


def test_other_ports_and_streams_are_kept_apart() -> None:
    capture = parse([frame(1), frame(9, port=5006), frame(2, group=bytes([239, 77, 0, 2]))])
    assert {key: one.sequence.tolist() for key, one in capture.streams().items()} == {
        ("239.77.0.1", 5004): [1],
        ("239.77.0.2", 5004): [2],
    }


def test_a_perfect_stream_has_no_findings_across_the_wrap_of_its_sequence() -> None:
    seen = analyse(stream(list(range(12))))
    assert (seen.packets, seen.gaps, seen.stamp_errors, seen.lost) == (12, (), (), 0)
    assert seen.stamp_steps == {48}
    assert seen.payload_sizes == {288}
    assert seen.lag_us == pytest.approx([1000.0] * 12, abs=0.001)


def test_gaps_late_and_double_packets_are_told() -> None:
    seen = analyse(stream([0, 1, 5, 6, 6, 8, 7, 9]))
    assert seen.gaps == (Gap(2, 3), Gap(4, -1), Gap(5, 1), Gap(6, -2), Gap(7, 1))
    assert seen.lost == 5
    assert seen.stamp_errors == ()


def test_a_stamp_that_jumps_is_told() -> None:
    capture = parse([frame(number, STAMP + 48 * number + (1 if number >= 3 else 0)) for number in range(6)])
    assert analyse(capture).stamp_errors == (3,)


@pytest.mark.parametrize("early_us", [0, 500, 1_000_000, -1_000_000])
def test_lag_has_a_sign_and_parts_of_a_sample(early_us: int) -> None:
    capture = parse([frame(0, STAMP)], [AT_NS - early_us * 1000 + 7])
    assert analyse(capture).lag_us[0] == pytest.approx(-early_us + 0.007, abs=0.0005)


def test_l24_and_l16_are_signed() -> None:
    deep = parse([frame(payload=bytes.fromhex("7fffff 800000 ffffff 000001"))])
    assert samples(deep, channels=2).tolist() == [[8388607, -8388608], [-1, 1]]
    flat = parse([frame(payload=bytes.fromhex("7fff 8000 ffff 0001"))])
    assert samples(flat, channels=2, encoding="L16").tolist() == [[32767, -32768], [-1, 1]]


def test_payloads_of_several_sizes_are_no_sample_table() -> None:
    with pytest.raises(AssertionError, match="not whole L24 frames"):
        samples(parse([frame(1), frame(2, payload=bytes(6))]), channels=2)


def test_captures_are_joined_and_stored(tmp_path: Path) -> None:
    both = join([parse([frame(1, payload=b"abc")]), parse([frame(2, payload=b"abcdef"), frame(3, first=0)])])
    both.save(tmp_path / "capture.npz")
    again = Capture.load(tmp_path / "capture.npz")
    assert again.sequence.tolist() == [1, 2]
    assert [bytes(row) for row in again.payload] == [b"abc\0\0\0", b"abcdef"]
    assert (again.malformed, again.receiver_drops) == (1, 0)


@pytest.mark.parametrize("bits", [16, 24])
def test_a_counter_names_frame_and_channel_and_survives_a_wav_file(bits: Literal[16, 24], tmp_path: Path) -> None:
    sent = counter(3000, 8, start=100, bits=bits)
    read = read_wav(write_wav(tmp_path / "counter.wav", sent, bits=bits))
    assert (read == sent).all()
    numbers, channels = read_counter(read, bits=bits)
    assert numbers[0, 0] == 100
    assert channels[17].tolist() == [1, 2, 3, 4, 5, 6, 7, 8]
    assert set(counter_steps(read, bits=bits).tolist()) == {1}
    assert (np.abs(sent) < 1 << (bits - 1)).all()


def test_a_sine_has_its_level_and_frequency() -> None:
    wave_form = sine(48_000, [1000.0, 50.0], level_dbfs=-6.0206)
    assert np.abs(wave_form).max(axis=0) == pytest.approx([4194304] * 2, rel=1e-4)
    spectrum = np.abs(np.fft.rfft(wave_form.astype(float), axis=0))
    assert spectrum.argmax(axis=0).tolist() == [1000, 50]
