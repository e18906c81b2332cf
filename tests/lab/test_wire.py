"""What an independent receiver sees of the sender, with ptp4l as grandmaster."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from support import ptp4l
from support.capture import analyse, samples
from support.content import counter, exact_tone, read_counter, write_wav
from support.receiver import start_capture
from support.sender import follow_on_eth0, start_sender

if TYPE_CHECKING:
    from pathlib import Path

    from support.capture import Analysis, Capture
    from support.netlab import Host

GROUP = "239.69.7.1"
TONE = {"id": "tone", "kind": "tone", "channels": 2, "frequency_hz": 997, "level_dbfs": -18}


def stream(**settings: Any) -> dict[str, Any]:
    return {"id": "s1", "source": "tone", "channels": [1, 2], "address": GROUP, **settings}


def judge(capture: Capture, missed: int, **format_of: int) -> Analysis:
    """The figures of one stream; what is lost must be what the sender itself says it missed."""
    assert capture.malformed == 0
    assert capture.receiver_drops == 0
    analysis = analyse(capture, **format_of)
    assert analysis.stamp_errors == ()
    assert analysis.lost <= missed
    assert all(gap.missing > 0 for gap in analysis.gaps)
    assert len(analysis.ssrcs) == 1
    return analysis


@pytest.mark.parametrize("provider", ["gstreamer", "system"])
def test_stamps_are_the_grandmasters_time(lab: dict[str, Host], tmp_path: Path, provider: str) -> None:
    tx, rx = lab["tx"], lab["rx"]
    clock: dict[str, Any] = {"mode": provider}
    follow_on_eth0(tx)
    with ptp4l.grandmaster(lab["gm"], tmp_path) as master:
        if provider == "system":
            clock["ptp4l_socket"] = str(ptp4l.uds_path(tx, tmp_path, "follower"))
            daemon = ptp4l.follower(tx, tmp_path)
        else:
            daemon = None
        config = {
            "clock": clock,
            "sources": [TONE],
            "streams": [stream(ttl=17, dscp=46, payload_type=101, ssrc=0xCAFEBABE)],
            "announce": {"sdp_dir": str(tmp_path)},
        }
        with daemon or master, start_sender(tx, tmp_path, config) as sender:
            locked = sender.wait_for(lambda snapshot: snapshot["clock"]["state"] == "locked", 60)
            assert locked["clock"]["provider"] == provider
            assert locked["clock"]["grandmaster"] == ptp4l.grandmaster_identity(master)
            sender.wait_until_sending()
            with start_capture(rx, tmp_path, seconds=6) as receiver:
                capture = receiver.finish()
            last = sender.fresh()
            assert sender.stop() == 0

    status = last["streams"][0]
    analysis = judge(capture.stream(GROUP), status["missed"])
    assert analysis.packets > 4000
    assert analysis.payload_sizes == {288}
    assert analysis.ssrcs == {0xCAFEBABE}
    assert set(capture.ttl.tolist()) == {17}
    assert set(capture.dscp.tolist()) == {46}
    assert set(capture.payload_type.tolist()) == {101}
    assert not capture.marker.any()
    assert set(capture.source.tolist()) == {tx.address}
    assert set(capture.source_mac.tolist()) == {tx.mac()}
    # The grandmaster serves CLOCK_REALTIME, which stamps the arrivals too: this is the true error, less one packet.
    error_us = float(np.median(analysis.lag_us)) - 1000
    allowed_us = 5000 if provider == "gstreamer" else 500
    assert -allowed_us < error_us < allowed_us

    sdp = (tmp_path / "s1.sdp").read_text()
    assert f"a=ts-refclk:ptp=IEEE1588-2008:{ptp4l.grandmaster_identity(master).upper()}:0" in sdp
    assert f"IN IP4 {tx.address}" in sdp
    assert "a=mediaclk:direct=0" in sdp


@pytest.mark.parametrize(
    ("settings", "rate_hz", "frames"),
    [
        ({"packet_time_us": 125}, 48_000, 6),
        ({"packet_time_us": 250}, 48_000, 12),
        ({"packet_time_us": 333}, 48_000, 16),
        ({"packet_time_us": 4000}, 48_000, 192),
        ({"rate": 44_100}, 44_100, 48),
        ({"rate": 96_000, "packet_time_us": 1000}, 96_000, 96),
        ({"encoding": "L16", "packet_time_us": 1000}, 48_000, 48),
    ],
)
def test_every_packet_time_rate_and_encoding_carries_the_tone_bit_exact(
    lab: dict[str, Host], tmp_path: Path, settings: dict[str, Any], rate_hz: int, frames: int
) -> None:
    config = {
        "clock": {"mode": "free-run"},
        "sources": [TONE],
        "streams": [stream(**settings)],
        "announce": {"sdp_dir": str(tmp_path)},
    }
    with start_sender(lab["tx"], tmp_path, config) as sender:
        sender.wait_until_sending()
        with start_capture(lab["rx"], tmp_path, seconds=2) as receiver:
            capture = receiver.finish().stream(GROUP)
        missed = sender.fresh()["streams"][0]["missed"]
    encoding = settings.get("encoding", "L24")
    width = {"L24": 3, "L16": 2}[encoding]
    analysis = judge(capture, missed, rate_hz=rate_hz, frames=frames)
    assert analysis.payload_sizes == {frames * 2 * width}
    # A tone is a function of the media clock alone: its stamps say what every sample must be.
    sound = samples(capture, channels=2, encoding=encoding)
    first_frame = _unwrap(int(capture.stamp[0]), int(capture.arrival_ns[0]) + 37 * 10**9, rate_hz)
    frame = first_frame + ((capture.stamp - capture.stamp[0]) % 2**32)[:, None] + np.arange(frames)
    bits = 8 * width
    wanted = exact_tone(frame.reshape(-1), rate_hz=rate_hz, frequency_hz=997, level_dbfs=-18, bits=bits)
    assert (sound == wanted[:, None]).all()


def _unwrap(stamp: int, near_ns: int, rate_hz: int) -> int:
    near = near_ns * rate_hz // 10**9
    return near - ((near - stamp + 2**31) % 2**32 - 2**31)


def test_eight_streams_of_eight_each_carry_the_right_channel(lab: dict[str, Host], tmp_path: Path) -> None:
    write_wav(tmp_path / "count.wav", counter(48_000, 60))
    config = {
        "clock": {"mode": "free-run"},
        "sources": [{"id": "file", "kind": "file", "path": "count.wav", "channels": 60}],
        "streams": [
            {
                "id": f"s{number}",
                "source": "file",
                "channels": [(number * 8 + channel) % 60 + 1 for channel in range(8)],
                "address": f"239.69.7.{number + 1}",
            }
            for number in range(8)
        ],
        "announce": {"sdp_dir": str(tmp_path)},
    }
    with start_sender(lab["tx"], tmp_path, config) as sender:
        sender.wait_for(lambda snapshot: snapshot["sources"][0]["state"] == "running")
        sender.wait_until_sending()
        with start_capture(lab["rx"], tmp_path, seconds=3) as receiver:
            capture = receiver.finish()
        last = sender.fresh()
    assert len({status["ssrc"] for status in last["streams"]}) == 8
    for number, status in enumerate(last["streams"]):
        one = capture.stream(f"239.69.7.{number + 1}")
        judge(one, status["missed"])
        frames, channels = read_counter(samples(one, channels=8))
        assert channels[4800:].tolist() == [[(number * 8 + n) % 60 + 1 for n in range(8)]] * len(channels[4800:])
        assert (frames[4800:] == frames[4800:, :1]).all()
        # The file is 48 000 frames long and loops without a seam; only packets the sender missed may be missing.
        steps = np.diff(frames[4800:, 0]) % 2**16
        seams = steps != 1
        assert seams.sum() <= 3 + status["missed"]


def test_unicast_goes_to_one_receiver(lab: dict[str, Host], tmp_path: Path) -> None:
    config = {
        "clock": {"mode": "free-run"},
        "sources": [TONE],
        "streams": [stream(address=lab["rx"].address, port=6004)],
        "announce": {"sdp_dir": str(tmp_path)},
    }
    with start_sender(lab["tx"], tmp_path, config) as sender:
        sender.wait_until_sending()
        with start_capture(lab["rx"], tmp_path, seconds=1, ports=(6004,)) as receiver:
            capture = receiver.finish().stream(lab["rx"].address, 6004)
        missed = sender.fresh()["streams"][0]["missed"]
    judge(capture, missed)
    assert f"c=IN IP4 {lab['rx'].address}\r\n".encode() in (tmp_path / "s1.sdp").read_bytes()


def test_tshark_finds_nothing_malformed(lab: dict[str, Host], tmp_path: Path) -> None:
    rx = lab["rx"]
    config = {
        "clock": {"mode": "free-run"},
        "sources": [TONE],
        "streams": [stream(payload_type=98, packet_time_us=125)],
        "announce": {"sdp_dir": str(tmp_path)},
    }
    header = ("rtp.version", "rtp.padding", "rtp.ext", "rtp.cc", "rtp.marker", "rtp.p_type")
    fields = (*header, "ip.flags.df", "_ws.malformed")
    with start_sender(lab["tx"], tmp_path, config) as sender:
        sender.wait_until_sending()
        shown = rx.run(
            "tshark", "-i", rx.interface, "-c", "200", "-f", "udp port 5004", "-d", "udp.port==5004,rtp",
            "-T", "fields", *(word for field in fields for word in ("-e", field)),
        )  # fmt: skip
    lines = shown.stdout.splitlines()
    assert len(lines) == 200, shown.stderr
    # Version 2, no padding, extension or CSRC, no marker, our payload type, do not fragment, nothing malformed.
    assert {tuple(line.split("\t")) for line in lines} == {("2", "0", "0", "0", "0", "98", "1", "")}
