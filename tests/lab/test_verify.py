"""``aes67-sender verify`` beside a grandmaster: our own sender passes, bad ones are found out."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from support.ptp4l import grandmaster, grandmaster_identity
from support.sender import PROGRAM, start_sender

if TYPE_CHECKING:
    from support.netlab import Host

GROUP = "239.69.7.9"
SDP = """v=0
o=- 1 1 IN IP4 {address}
s=Scripted
c=IN IP4 {group}/32
t=0 0
m=audio 5004 RTP/AVP 97
a=rtpmap:97 L24/48000/2
a=ptime:1
a=ts-refclk:ptp=IEEE1588-2008:{master}:0
a=mediaclk:direct=0
"""
TESTS = Path(__file__).resolve().parents[1]


def verify(host: Host, *arguments: str, seconds: int = 3) -> tuple[int, dict[str, Any]]:
    """Exit code, and what it says of the one stream."""
    command = (PROGRAM, "verify", "--interface", host.interface, "--json", "--seconds", str(seconds))
    done = host.run(*command, *arguments, within_s=60 + seconds)
    assert done.stdout, done.stderr
    return done.returncode, json.loads(done.stdout)["streams"][0]


def verdicts(stream: dict[str, Any]) -> dict[str, str]:
    return {each["code"]: each["verdict"] for each in stream["findings"]}


@pytest.mark.parametrize("seconds", [3, pytest.param(600, marks=[pytest.mark.soak, pytest.mark.timeout(1200)])])
def test_our_own_sender_passes(gm: Host, tx: Host, rx: Host, tmp_path: Path, seconds: int) -> None:
    config = {
        "clock": {"mode": "builtin"},
        "sources": [{"id": "tone", "kind": "tone", "channels": 2, "frequency_hz": 997, "level_dbfs": -18}],
        "streams": [{"id": "s1", "source": "tone", "channels": [1, 2], "address": GROUP}],
        "announce": {"sdp_dir": str(tmp_path)},
    }
    with grandmaster(gm, tmp_path), start_sender(tx, tmp_path, config) as sender:
        sender.wait_for(lambda snapshot: snapshot["clock"]["state"] == "locked", 40)
        sender.wait_until_sending()
        before = sender.fresh()["streams"][0]["missed"]
        code, stream = verify(rx, str(tmp_path / "s1.sdp"), seconds=seconds)
        missed = sender.fresh()["streams"][0]["missed"] - before
    print(json.dumps(stream, indent=1))  # noqa: T201  for the record
    found = verdicts(stream)
    # This machine stalls: what could not be sent is told truly, and so is what came late.
    excused = {"gaps", "bursts", "ts-df", "lead"} | ({"loss"} if missed else set())
    assert {code for code, verdict in found.items() if verdict == "fail"} <= excused
    assert code == (1 if "fail" in found.values() else 0)
    assert stream["packets"] > 500 * seconds
    assert stream["levels"][0]["peak_dbfs"] == pytest.approx(-18, abs=0.2)
    for judged in ("stamps", "payload-size", "ttl", "dscp", "source", "clock-identity", "mediaclk", "ssrc"):
        assert found[judged] == "pass", stream["findings"]
    lead = next(each["figures"] for each in stream["findings"] if each["code"] == "lead")
    assert lead["early_packets"] == 0
    # The packet that nothing has held up.
    assert -1500 < lead["max_us"] < -1000


def test_bad_senders_are_found_out(lab: dict[str, Host], tmp_path: Path) -> None:
    gm, tx, rx = (lab[name] for name in ("gm", "tx", "rx"))
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join((str(TESTS), os.environ.get("PYTHONPATH", "")))}
    command = [sys.executable, "-m", "support.badsender", GROUP, tx.address]
    found = {}
    with grandmaster(gm, tmp_path) as master:
        sdp = tmp_path / "scripted.sdp"
        sdp.write_text(SDP.format(address=tx.address, group=GROUP, master=grandmaster_identity(master)))
        for faults in ("early", "late lossy"):
            with tx.start([*command, faults], tmp_path / f"{faults}.log", environment=environment) as sender:
                sender.wait_for("sending", 20)
                code, stream = verify(rx, str(sdp), "--seconds", "2")
            assert code == 1
            found[faults] = {each["code"]: each for each in stream["findings"]}
    assert found["early"]["lead"]["verdict"] == found["late lossy"]["lead"]["verdict"] == "fail"
    assert found["early"]["lead"]["figures"]["mean_us"] > 15_000
    assert found["late lossy"]["lead"]["figures"]["mean_us"] < -20_000
    assert found["late lossy"]["loss"]["verdict"] == "fail"
    assert found["late lossy"]["loss"]["figures"]["lost_packets"] >= 15


def test_who_sends_the_stream_hears_it_as_it_leaves(gm: Host, tx: Host, tmp_path: Path) -> None:
    config: dict[str, Any] = {
        "clock": {"mode": "builtin"},
        "sources": [{"id": "tone", "kind": "tone"}],
        "streams": [{"id": "s1", "source": "tone", "address": GROUP}],
        "announce": {"sdp_dir": str(tmp_path)},
    }
    with grandmaster(gm, tmp_path), start_sender(tx, tmp_path, config, arguments=()) as sender:
        sender.wait_for(lambda snapshot: snapshot["clock"]["state"] == "locked", 40)
        sender.wait_until_sending()
        _, stream = verify(tx, "--stream", "s1", "--seconds", "2")
    found = verdicts(stream)
    assert stream["packets"] > 1000
    assert (found["ttl"], found["source"], found["clock-identity"]) == ("pass", "pass", "pass")
