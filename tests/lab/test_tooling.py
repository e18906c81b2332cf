"""The lab itself, without the sender: each tool is tried against something it did not make."""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from support.capture import analyse, samples
from support.content import counter_steps, read_counter
from support.jack import JackServer, wait_until_connected
from support.jack_player import SERVER_GONE
from support.netlab import Host, LabError, open_lab, remove_leftovers
from support.process import LoggedProcess, ProcessError
from support.ptp4l import follower, grandmaster, grandmaster_identity, uds_path
from support.receiver import capture, start_capture

TONE = "audiotestsrc is-live=true samplesperbuffer=48 ! audio/x-raw,rate=48000,channels=2 ! audioconvert !"
PAY = "rtpL24pay pt=97 ssrc=305419896 min-ptime=1000000 max-ptime=1000000 !"
SINK = "udpsink host=239.77.0.1 port=5004 multicast-iface=eth0 ttl-mc=32 qos-dscp=34 auto-multicast=false"


def tone_sender(host: Host, directory: Path) -> LoggedProcess:
    return host.start(["gst-launch-1.0", *f"{TONE} {PAY} {SINK}".split()], directory / "gst.log")


def test_the_receiver_sees_a_stream_as_it_was_sent(tx: Host, rx: Host, tmp_path: Path) -> None:
    with tone_sender(tx, tmp_path) as process:
        process.wait_for("PLAYING|New clock", 20)
        stream = capture(rx, tmp_path, seconds=1.5).stream("239.77.0.1")
    seen = analyse(stream)
    assert seen.packets > 500
    assert stream.receiver_drops == 0
    assert stream.malformed == 0
    assert seen.gaps == ()
    assert seen.payload_sizes == {48 * 2 * 3}
    assert set(stream.ttl.tolist()) == {32}
    assert set(stream.dscp.tolist()) == {34}
    assert set(stream.ssrc.tolist()) == {305419896}
    assert set(stream.payload_type.tolist()) == {97}
    assert set(stream.source.tolist()) == {tx.address}
    assert set(stream.source_mac.tolist()) == {tx.mac()}
    assert np.ptp(samples(stream, channels=2)) > 1 << 22


def test_a_pulled_cable_is_a_gap(tx: Host, rx: Host, tmp_path: Path) -> None:
    with tone_sender(tx, tmp_path) as process, start_capture(rx, tmp_path, seconds=60) as receiver:
        process.wait_for("PLAYING|New clock", 20)
        time.sleep(0.5)
        tx.unplug()
        time.sleep(0.3)
        tx.plug()
        time.sleep(0.5)
        stream = receiver.stop().stream("239.77.0.1")
    assert analyse(stream).lost > 100


def test_a_decoy_interface_catches_what_goes_the_wrong_way(tx: Host) -> None:
    before = tx.counters("eth1").sent_packets
    send = "import socket; socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'x', ('239.77.0.1', 5004))"
    assert tx.run("/usr/bin/python3", "-c", send).returncode == 0
    assert tx.counters("eth1").sent_packets == before + 1


def test_ptp4l_leads_and_follows(gm: Host, tx: Host, rx: Host, tmp_path: Path) -> None:
    with (
        grandmaster(gm, tmp_path, domain=5) as master,
        follower(tx, tmp_path, domain=5),
        follower(rx, tmp_path, domain=5) as second,
    ):
        identity = grandmaster_identity(master)
        uds = uds_path(tx, tmp_path, "follower")
        asked = tx.run("pmc", "-u", "-b", "0", "-d", "5", "-s", str(uds), "GET PARENT_DATA_SET")
        assert identity.replace("-", "") in asked.stdout.replace(".", "")
        assert second.stop() == 0


def test_jack_plays_known_samples_and_survives_a_restart(tmp_path: Path) -> None:
    raw = tmp_path / "recorded.raw"
    source = "jackaudiosrc name=recorder client-name=recorder connect=none"
    with JackServer(tmp_path) as server:
        for _ in range(2):
            pipeline = f"{source} ! audio/x-raw,format=F32LE,channels=2 ! filesink location={raw}"
            command = ["gst-launch-1.0", *pipeline.split()]
            ports = ["recorder:in_recorder_1", "recorder:in_recorder_2"]
            recorder = LoggedProcess(command, tmp_path / "recorder.log", environment=server.environment)
            with recorder, server.play(ports) as player:
                wait_until_connected(player)
                time.sleep(0.7)
                server.kill()
                assert player.wait(10) == SERVER_GONE
            recorded = np.fromfile(raw, np.float32)
            frames = np.round(recorded[: len(recorded) // 2 * 2] * (1 << 23)).astype(np.int32).reshape(-1, 2)
            number, channel = read_counter(frames)
            heard = np.flatnonzero(channel.all(axis=1))
            assert len(heard) > 4800
            assert {tuple(row) for row in channel[heard].tolist()} == {(1, 2)}
            assert np.median(counter_steps(frames[heard])) == 1
            assert number[heard[0], 0] < number[heard[-1], 0]
            server.start()


def test_a_lab_is_removed_with_what_still_runs_in_it() -> None:
    with pytest.raises(LabError, match="left running"), open_lab(("lonely",)) as hosts:
        left = hosts["lonely"].start(["sleep", "60"], Path(os.devnull))
    assert left.wait(5) == -signal.SIGKILL
    assert hosts["lonely"].run("true").returncode != 0


def test_the_lab_of_a_killed_run_is_cleared_away(tmp_path: Path) -> None:
    script = "import time, support.netlab as n\nwith n.open_lab(('dead',)): print('up', flush=True), time.sleep(60)"
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
    with LoggedProcess([sys.executable, "-c", script], tmp_path / "log", environment=environment) as process:
        process.wait_for("up", 20)
        process.kill()
        assert list(Path("/run/netns").glob(f"*-{process.pid}-*"))
        remove_leftovers()
        assert not list(Path("/run/netns").glob(f"*-{process.pid}-*"))


def test_a_program_that_ends_early_is_reported_with_its_output(tmp_path: Path) -> None:
    with (
        LoggedProcess(["sh", "-c", "echo sad story; exit 7"], tmp_path / "log") as process,
        pytest.raises(ProcessError, match=r"ended with 7(.|\n)*sad story"),
    ):
        process.wait_for("happy end", 5)
