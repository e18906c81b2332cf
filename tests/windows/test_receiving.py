"""``verify`` on Windows receives and judges a stream that this program sends from Linux."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from support import ptp4l, wine
from support.sender import start_sender

if TYPE_CHECKING:
    from pathlib import Path

    from support.netlab import Host

pytestmark = pytest.mark.timeout(300)
GROUP = "239.69.7.9"


def test_a_stream_from_linux_is_received_and_judged(lab: dict[str, Host], tmp_path: Path) -> None:
    config = {
        "clock": {"mode": "builtin"},
        "sources": [{"id": "tone", "kind": "tone", "channels": 2, "frequency_hz": 997, "level_dbfs": -18}],
        "streams": [{"id": "s1", "source": "tone", "channels": [1, 2], "address": GROUP, "ttl": 17}],
        "announce": {"sdp_dir": str(tmp_path)},
    }
    tx, linux = lab["tx"], lab["rx"]
    with ptp4l.grandmaster(lab["gm"], tmp_path), start_sender(linux, tmp_path, config) as sender:
        sender.wait_for(lambda snapshot: snapshot["clock"]["state"] == "locked", 60)
        sender.wait_until_sending()
        sdp = wine.windows_path(tmp_path / "s1.sdp")
        done = wine.run(tx, wine.PROGRAM, "verify", "--interface", tx.interface, "--json", "--seconds", "4", sdp)
    assert done.stdout, done.stderr
    (stream,) = json.loads(done.stdout)["streams"]
    found = {each["code"]: each["verdict"] for each in stream["findings"]}
    # What a packet says of itself. Losses and bad times may be this machine's: wine's receive buffer is a small one.
    said = ("clock-identity", "dscp", "header", "payload-size", "payload-type", "source", "ssrc", "ttl")
    assert {code: found[code] for code in said} == dict.fromkeys(said, "pass")
