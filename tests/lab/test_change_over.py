"""The clock's provider changed while eight streams run, and chosen by itself."""

from __future__ import annotations

import json
import os
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from support import ptp4l
from support.capture import analyse
from support.receiver import start_capture
from support.sender import PROGRAM, Sender, follow_on_eth0, start_sender

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.netlab import Host
    from support.sender import Snapshot

STREAMS = 8
_PATCH = """
import sys, urllib.request
request = urllib.request.Request("http://127.0.0.1:8067/api/v1/clock", sys.argv[1].encode(), method="PATCH")
request.add_header("content-type", "application/json")
print(urllib.request.urlopen(request, timeout=10).read().decode())
"""


def config(folder: Path, clock: dict[str, Any]) -> dict[str, Any]:
    return {
        "clock": {"ptp4l_socket": str(folder / "tx-follower"), **clock},
        "sources": [{"id": "tone", "kind": "tone", "channels": 2}],
        "streams": [
            {"id": f"s{number}", "source": "tone", "channels": [1, 2], "address": f"239.69.8.{number + 1}"}
            for number in range(STREAMS)
        ],
        "announce": {"sdp_dir": str(folder)},
    }


def set_mode(host: Host, mode: str) -> dict[str, Any]:
    done = host.run(sys.executable, "-c", _PATCH, json.dumps({"mode": mode}))
    assert done.returncode == 0, done.stderr
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def locked_by(sender: Sender, provider: str, within_s: float = 60) -> Snapshot:
    return sender.wait_for(lambda s: (s["clock"]["provider"], s["clock"]["state"]) == (provider, "locked"), within_s)


def test_providers_change_without_a_lost_packet(lab: dict[str, Host], tmp_path: Path) -> None:
    tx, rx = lab["tx"], lab["rx"]
    follow_on_eth0(tx)
    with (
        ptp4l.grandmaster(lab["gm"], tmp_path) as master,
        start_sender(tx, tmp_path, config(tmp_path, {"mode": "builtin"}), arguments=()) as sender,
    ):
        first = locked_by(sender, "builtin")
        sender.wait_until_sending()
        with start_capture(rx, tmp_path, seconds=60) as receiver:
            assert set_mode(tx, "gstreamer")["mode"] == "gstreamer"
            locked_by(sender, "gstreamer")
            set_mode(tx, "builtin")
            locked_by(sender, "builtin")
            with ptp4l.follower(tx, tmp_path):
                set_mode(tx, "system")
                locked_by(sender, "system")
                set_mode(tx, "builtin")
                locked_by(sender, "builtin")
                last = sender.fresh()
                capture = receiver.stop()
    assert capture.receiver_drops == 0
    for number in range(STREAMS):
        analysis = analyse(capture.stream(f"239.69.8.{number + 1}"))
        assert analysis.stamp_errors == ()
        assert analysis.lost <= last["streams"][number]["missed"]
        assert len(analysis.ssrcs) == 1
    assert last["clock"]["anchors"] == first["clock"]["anchors"] == 1
    assert last["clock"]["grandmaster"] == ptp4l.grandmaster_identity(master)
    assert last["streams"][0]["sdp_version"] == first["streams"][0]["sdp_version"]


def test_a_sender_that_is_the_grandmaster_yields_follows_and_takes_over_without_a_step(
    lab: dict[str, Host], tmp_path: Path
) -> None:
    tx, rx = lab["tx"], lab["rx"]
    with start_sender(tx, tmp_path, config(tmp_path, {"mode": "grandmaster", "priority1": 100})) as sender:
        alone = locked_by(sender, "grandmaster")
        own = alone["clock"]["grandmaster"]
        assert alone["clock"]["steps_removed"] == 0
        sender.wait_until_sending()
        with start_capture(rx, tmp_path, seconds=90) as receiver:
            with ptp4l.follower(rx, tmp_path) as follower:
                follower.wait_for(own[-2:], 30)
                sender.wait_for(lambda s: "1 follower asks" in s["clock"]["why"], 30)
            with ptp4l.grandmaster(lab["gm"], tmp_path, priority1=1) as better:
                identity = ptp4l.grandmaster_identity(better)
                yielding = sender.wait_for(lambda s: s["clock"]["grandmaster"] == identity, 60)
                assert yielding["clock"]["state"] == "locked"
                assert "yields" in yielding["clock"]["why"]
                following = locked_by(sender, "grandmaster")
            again = sender.wait_for(lambda s: s["clock"]["grandmaster"] == own, 60)
            last = sender.wait_for(lambda s: s["clock"]["state"] == "locked")
            capture = receiver.stop()
    assert capture.receiver_drops == 0
    # ptp4l serves UTC, this sender TAI: one step to its time, and none back.
    assert (alone["clock"]["anchors"], following["clock"]["anchors"]) == (1, 2)
    assert again["clock"]["anchors"] == last["clock"]["anchors"] == 2
    analysis = analyse(capture.stream("239.69.8.1"))
    assert len(analysis.stamp_errors) <= 1
    assert analysis.lost <= last["streams"][0]["missed"]


def test_auto_takes_the_daemon_of_this_host_while_it_runs_and_its_own_follower_otherwise(
    lab: dict[str, Host], tmp_path: Path
) -> None:
    tx = lab["tx"]
    with (
        ptp4l.grandmaster(lab["gm"], tmp_path),
        start_sender(tx, tmp_path, config(tmp_path, {"mode": "auto"})) as sender,
    ):
        first = locked_by(sender, "builtin")
        assert "own follower" in first["clock"]["choice"]
        assert first["clock"]["timestamping"] == "kernel"
        with ptp4l.follower(tx, tmp_path):
            taken = locked_by(sender, "system")
            assert "daemon" in taken["clock"]["choice"]
        back = locked_by(sender, "builtin")
        assert "changed over from system to builtin" in back["clock"]["last_change"]["text"]
    assert back["clock"]["anchors"] == 1


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that every user may use, which pytest's own are not."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o777)
        yield folder


def test_auto_without_the_right_to_the_ports_follows_by_gstreamer_and_says_how_to_get_it(
    lab: dict[str, Host], tmp_path: Path, open_folder: Path
) -> None:
    tx = lab["tx"]
    nobody = ["setpriv", "--reuid=nobody", "--clear-groups"]
    if tx.run(*nobody, PROGRAM, "--version").returncode:
        pytest.skip("the repository lies where only its owner can read")
    follow_on_eth0(tx)
    path = open_folder / "plain.json"
    path.write_text(json.dumps({"interface": tx.interface, **config(open_folder, {"mode": "auto"})}))
    command = [*nobody, PROGRAM, "run", "--json", "--no-web", "-c", str(path)]
    environment = {**os.environ, "HOME": str(open_folder)}
    log, output = tmp_path / "plain.log", tmp_path / "plain.jsonl"
    with (
        ptp4l.grandmaster(lab["gm"], tmp_path),
        Sender(tx.start(command, log, stdout=output, environment=environment)) as sender,
    ):
        locked = locked_by(sender, "gstreamer")
    (problem,) = (each for each in locked["problems"] if each["code"] == "clock.ptp-ports")
    assert problem["severity"] == "warning"
    assert "net.ipv4.ip_unprivileged_port_start=319" in problem["hint"]
