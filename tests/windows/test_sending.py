"""What an independent receiver on Linux sees of the sender on Windows."""

from __future__ import annotations

import signal
import time
from typing import TYPE_CHECKING, Any

import numpy as np
import psutil
import pytest

from support import ptp4l, wine
from support.capture import analyse, samples
from support.content import counter, exact_tone, read_counter
from support.receiver import capture

if TYPE_CHECKING:
    from pathlib import Path

    from support.capture import Analysis, Capture
    from support.netlab import Host

pytestmark = pytest.mark.timeout(300)
GROUP = "239.69.7.1"
TONE = {"id": "tone", "kind": "tone", "channels": 2, "frequency_hz": 997, "level_dbfs": -18}
STREAM = {"id": "s1", "source": "tone", "channels": [1, 2], "address": GROUP}
#: The engine may have to be compiled first.
READY_S = 120


def judge(stream: Capture, missed: int) -> Analysis:
    """What must hold at any speed: whole packets, no stamp out of step, lost only what the sender missed."""
    assert stream.malformed == 0
    assert stream.receiver_drops == 0
    analysis = analyse(stream)
    assert analysis.stamp_errors == ()
    assert analysis.lost <= missed
    assert all(gap.missing > 0 for gap in analysis.gaps)
    assert analysis.payload_sizes == {288}
    assert len(analysis.ssrcs) == 1
    return analysis


def test_the_demo_sends_a_tone_and_ends_by_itself(tx: Host, rx: Host, tmp_path: Path) -> None:
    with wine.start(tx, tmp_path, "demo", "--interface", tx.interface, "--duration", "60", "--no-web") as sender:
        sender.wait_until_sending(READY_S)
        seen = capture(rx, tmp_path, seconds=6)
        last = sender.fresh()
        assert sender.process.wait(120) == 0
    (group,) = {address for address, _ in seen.destinations()}
    stream = seen.stream(group)
    assert group == last["streams"][0]["address"]
    assert set(stream.source.tolist()) == {tx.address}
    assert set(stream.ttl.tolist()) == {32}
    analysis = judge(stream, last["streams"][0]["missed"])
    # As many samples as there was time, by the receiver's clock.
    span_s = (int(stream.arrival_ns[-1]) - int(stream.arrival_ns[0])) / 1e9
    sent = analysis.packets + analysis.lost - 1
    assert abs(sent / 1000 - span_s) < 0.1
    sound = samples(stream, channels=2)
    # Stamps are the last 32 bits of a frame's number, and nothing of it is older than a day.
    now = last["clock"]["media_time_ns"] // 1000 * 48 // 1000
    first = now - (now - stream.stamp) % 2**32
    frames = (first[:, None] + np.arange(48)).reshape(-1)
    ours = exact_tone(frames, rate_hz=48_000, frequency_hz=1000, level_dbfs=-18)
    np.testing.assert_array_equal(sound, np.stack((ours, ours), axis=1))
    assert last["engine"]["realtime"]


def test_stamps_are_the_grandmasters_time(lab: dict[str, Host], tmp_path: Path) -> None:
    config = {
        "clock": {"mode": "builtin"},
        "sources": [TONE],
        "streams": [{**STREAM, "ttl": 17}],
        "announce": {"sdp_dir": wine.windows_path(tmp_path / "sdp")},
    }
    with ptp4l.grandmaster(lab["gm"], tmp_path) as master:
        with wine.start_sender(lab["tx"], tmp_path, config) as sender:
            locked = sender.wait_for(
                lambda snapshot: snapshot["clock"]["state"] == "locked" or is_busy(snapshot), READY_S
            )
            if is_busy(locked):
                pytest.skip(f"this machine is too busy for stamps by a program: {locked['clock']['why']}")
            assert locked["clock"]["provider"] == "builtin"
            assert locked["clock"]["timestamping"] == "user-space"
            assert locked["clock"]["grandmaster"] == ptp4l.grandmaster_identity(master)
            sender.wait_until_sending()
            seen = capture(lab["rx"], tmp_path, seconds=6)
            last = sender.fresh()
        assert (tmp_path / "sdp" / "s1.sdp").read_text().count("ts-refclk:ptp=IEEE1588-2008:") == 1
    analysis = judge(seen.stream(GROUP), last["streams"][0]["missed"])
    assert set(seen.ttl.tolist()) == {17}
    # One packet time late by design. A wrong second, or time zone, or leap second, would be far off.
    assert 500 < analysis.lag_percentile_us(50) < 100_000


def is_busy(snapshot: dict[str, Any]) -> bool:
    """The master has been measured for long, and all that is known is that packets come too unevenly."""
    clock = snapshot["clock"]
    return snapshot["uptime_s"] > READY_S / 2 and clock["state"] != "locked" and "so unevenly long" in clock["why"]


def test_gstreamers_clock_locks_too_and_its_helper_says_nothing(lab: dict[str, Host], tmp_path: Path) -> None:
    tx = lab["tx"]
    # GStreamer's helper names the interface by a number, which wine takes for an address.
    index = tx.run("cat", f"/sys/class/net/{tx.interface}/ifindex").stdout.strip()
    tx.run("ip", "address", "add", f"0.0.0.{index}/32", "dev", tx.interface)
    tx.run("ip", "route", "add", "224.0.1.129/32", "dev", tx.interface)
    with ptp4l.grandmaster(lab["gm"], tmp_path) as master:
        with wine.start(tx, tmp_path, "clock", "--provider", "gstreamer", "--interface", tx.interface) as sender:
            locked = sender.wait_for(lambda view: view["state"] == "locked", READY_S)
        assert locked["grandmaster"] == ptp4l.grandmaster_identity(master)
    assert (tmp_path / "windows.log").read_bytes() == b""


def test_a_killed_engine_is_replaced_and_the_stream_goes_on(tx: Host, rx: Host, tmp_path: Path) -> None:
    config = {
        "clock": {"mode": "free-run"},
        "sources": [TONE],
        "streams": [STREAM],
        "announce": {"sdp_dir": wine.windows_path(tmp_path)},
    }
    with wine.start_sender(tx, tmp_path, config) as sender:
        before = sender.wait_until_sending(READY_S)
        first = wait_for_engines(2, READY_S)[0]
        first.send_signal(signal.SIGKILL)
        after = sender.wait_for(
            lambda snapshot: snapshot["engine"]["restarts"] and snapshot["streams"][0]["state"] == "sending", READY_S
        )
        seen = capture(rx, tmp_path, seconds=3)
        last = sender.fresh()
    assert after["streams"][0]["ssrc"] == before["streams"][0]["ssrc"]
    judge(seen.stream(GROUP), last["streams"][0]["missed"])


def test_the_page_and_what_it_lives_on_are_served(tx: Host, tmp_path: Path) -> None:
    with wine.start(tx, tmp_path, "demo", "--interface", tx.interface, "--duration", "60") as sender:
        page = sender.wait_until_sending(READY_S)["page"]
        loaded = {
            path: tx.run("curl", "-si", "--max-time", "10", f"{page}{path}").stdout for path in ("", "ui/main.js")
        }
        events = tx.run("curl", "-sN", "--max-time", "3", f"{page}api/v1/events").stdout.split("\n\n")
        metrics = tx.run("curl", "-s", "--max-time", "10", f"{page}metrics").stdout
    assert all(" 200 " in answer.splitlines()[0] for answer in loaded.values())
    assert "content-type: text/javascript" in loaded["ui/main.js"].lower()
    assert "main.js" in loaded[""]
    assert all(event.startswith("data: {") for event in events[:-1])
    assert len(events) > 10
    assert "aes67_stream_packets_total" in metrics


def wait_for_engines(count: int, within_s: float) -> list[psutil.Process]:
    """The engines of the sender under test, the first first."""
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline:
        engines = [each for each in psutil.process_iter(["cmdline", "create_time"]) if is_engine(each)]
        if len(engines) >= count:
            return sorted(engines, key=lambda each: each.info["create_time"])
        time.sleep(0.2)
    raise AssertionError(f"there are no {count} engines")


def is_engine(process: psutil.Process) -> bool:
    words = process.info["cmdline"] or []
    return "aes67_sender.engine" in words and any("python.exe" in word for word in words)


def test_sound_from_standard_input_comes_bit_exact(tx: Host, rx: Host, tmp_path: Path) -> None:
    sound = counter(48_000 * 60, 2).astype("<i4")
    octets = sound.view(np.uint8).reshape(-1, 4)[:, :3].tobytes()
    config = {
        "clock": {"mode": "free-run"},
        "sources": [{"id": "in", "kind": "stdin", "channels": 2, "format": "S24LE"}],
        "streams": [{**STREAM, "source": "in"}],
        "announce": {"sdp_dir": wine.windows_path(tmp_path)},
    }
    path = tmp_path / "sound.raw"
    path.write_bytes(octets)
    with wine.start_sender(tx, tmp_path, config, given=str(path)) as sender:
        sender.wait_for(lambda snapshot: snapshot["sources"][0]["state"] == "running", READY_S)
        seen = capture(rx, tmp_path, seconds=4)
    received = samples(seen.stream(GROUP), channels=2)
    numbers, channels = read_counter(received)
    heard = channels[:, 0] == 1
    assert heard.sum() > 48_000
    assert set(channels[heard, 1].tolist()) == {2}
    # Within packets, for one that was missed takes its samples along; not while it fades.
    whole = heard.reshape(-1, 48).all(axis=1)
    steps = np.diff(numbers[:, 0].reshape(-1, 48)[whole], axis=1) % (1 << 16)
    assert set(steps.reshape(-1).tolist()) == {1}
