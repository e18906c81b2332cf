"""Players that nobody here wrote receive the sender from its SDP file alone."""

from __future__ import annotations

import re
import signal
import subprocess
import time
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from support.content import counter, counter_steps, exact_tone, read_counter, write_wav
from support.process import LoggedProcess
from support.sender import start_sender

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from support.content import Ints
    from support.netlab import Host
    from support.sender import Sender

GROUP = "239.69.9.1"
ATTEMPTS = 3


def with_ffmpeg(host: Host, sdp: Path, result: Path) -> Ints:
    """Three seconds as ffmpeg hears them."""
    host.run(
        "ffmpeg", "-y", "-loglevel", "warning", "-protocol_whitelist", "file,rtp,udp", "-i", str(sdp),
        "-t", "3", "-f", "s24le", str(result),
    )  # fmt: skip
    return _integers(result, 2)


def with_gstreamer(host: Host, sdp: Path, result: Path) -> Ints:
    """Three seconds as GStreamer hears them, told no more than the SDP says."""
    text = sdp.read_text()
    found = re.search(
        r"c=IN IP4 ([\d.]+)/\d+.*m=audio (\d+) RTP/AVP (\d+).*a=rtpmap:\d+ (\w+)/(\d+)/(\d+)", text, re.DOTALL
    )
    assert found, text
    group, port, payload_type, encoding, rate, channels = found.groups()
    caps = (
        f"application/x-rtp,media=audio,clock-rate={rate},encoding-name={encoding},channels={channels},"
        f"payload={payload_type}"
    )
    command = [
        "gst-launch-1.0", "-e", "udpsrc", f"address={group}", f"port={port}", f"multicast-iface={host.interface}",
        "buffer-size=4000000", f"caps={caps}", "!", "rtpL24depay", "!", "filesink", f"location={result}",
    ]  # fmt: skip
    player = LoggedProcess(host.command(command), result.with_suffix(".log"))
    time.sleep(4)
    player.stop(signal.SIGINT)
    return _integers(result, int(channels), big_endian=True)


def _integers(raw: Path, channels: int, *, big_endian: bool = False) -> Ints:
    """A file of packed 24-bit samples as integers, shape (frames, channels)."""
    octets = np.frombuffer(raw.read_bytes(), np.uint8)
    octets = octets[: len(octets) // (3 * channels) * 3 * channels].reshape(-1, channels, 3).astype(np.int32)
    high, middle, low = (octets[..., byte] for byte in ((0, 1, 2) if big_endian else (2, 1, 0)))
    return (high << 24 | middle << 16 | low << 8) >> 8


Player = pytest.mark.parametrize("play", [with_ffmpeg, with_gstreamer])


def hear(sender: Sender, play: Callable[[Host, Path, Path], Ints], host: Host, tmp_path: Path) -> Ints:
    """What a player hears while the sender misses no slot; a machine that stalls is given another chance."""
    for attempt in range(ATTEMPTS):
        before = sender.fresh()["streams"][0]["missed"]
        sound = play(host, tmp_path / "s1.sdp", tmp_path / f"heard{attempt}.raw")
        if sender.fresh()["streams"][0]["missed"] == before:
            return sound
    pytest.skip(f"this machine stalled in each of {ATTEMPTS} attempts, so packets were missed")


def config(tmp_path: Path, source: dict[str, Any]) -> dict[str, Any]:
    return {
        "clock": {"mode": "free-run"},
        "sources": [{"id": "src", **source}],
        "streams": [{"id": "s1", "source": "src", "channels": [1, 2], "address": GROUP}],
        "announce": {"sdp_dir": str(tmp_path)},
    }


@Player
def test_a_flac_file_plays_back_bit_exact(
    lab: dict[str, Host], tmp_path: Path, play: Callable[[Host, Path, Path], Ints]
) -> None:
    write_wav(tmp_path / "count.wav", counter(1 << 16, 2))
    subprocess.run(
        ["ffmpeg", "-loglevel", "error", "-i", str(tmp_path / "count.wav"), str(tmp_path / "count.flac")], check=True
    )
    with start_sender(lab["tx"], tmp_path, config(tmp_path, {"kind": "file", "path": "count.flac"})) as sender:
        sender.wait_for(lambda snapshot: snapshot["sources"][0]["state"] == "running")
        sender.wait_until_sending()
        time.sleep(1)
        sound = hear(sender, play, lab["rx"], tmp_path)
    assert len(sound) > 48_000
    _, channels = read_counter(sound)
    assert (channels == [1, 2]).all()
    # The file is 2**16 frames long, as long as the counter: it loops without a seam.
    assert (counter_steps(sound) == 1).all()


@Player
def test_a_tone_plays_back_bit_exact(
    lab: dict[str, Host], tmp_path: Path, play: Callable[[Host, Path, Path], Ints]
) -> None:
    tone = {"kind": "tone", "frequency_hz": 997, "level_dbfs": -18}
    with start_sender(lab["tx"], tmp_path, config(tmp_path, tone)) as sender:
        sender.wait_until_sending()
        time.sleep(1)
        sound = hear(sender, play, lab["rx"], tmp_path)
    second = exact_tone(np.arange(48_000), rate_hz=48_000, frequency_hz=997, level_dbfs=-18)
    # 997 Hz takes each of its 48 000 phases once a second: the first hundred samples tell which one it begins with.
    twice = np.concatenate((second, second))
    starts = [
        at for at in np.flatnonzero(second == sound[0, 0]) if np.array_equal(twice[at : at + 100], sound[:100, 0])
    ]
    assert len(starts) == 1
    wanted = np.resize(np.roll(second, -starts[0]), len(sound))
    assert (sound == wanted[:, None]).all()
