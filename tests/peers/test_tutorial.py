"""The network of the tutorial, with its own config: what a reader does there leads to where it says."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from support.ours import is_master, start_grandmaster
from support.repository import ROOT, code_blocks
from support.sender import PROGRAM, start_sender

if TYPE_CHECKING:
    from pathlib import Path

    from support.netlab import Host

TUTORIAL = (ROOT / "docs" / "tutorial.md").read_text()
CHANGE = '{"source": "desk"}'


def test_the_tutorial_leads_to_a_stream_that_is_found_judged_and_changed(
    gm: Host, tx: Host, rx: Host, tmp_path: Path
) -> None:
    (text,) = code_blocks(TUTORIAL, "json")
    config = json.loads(text)
    config |= {"interface": tx.interface, "announce": {"sdp_dir": str(tmp_path)}}
    desk, line_up = config["sources"]
    # What Windows plays, where there is no Windows.
    config["sources"] = [{"id": desk["id"], "kind": "silence", "channels": desk["channels"]}, line_up]
    with start_grandmaster(gm, tmp_path) as pi, start_sender(tx, tmp_path, config, arguments=()) as sender:
        identity = pi.wait_for(is_master, 30)["identity"]
        locked = sender.wait_for(lambda snapshot: snapshot["clock"]["state"] == "locked", 60)
        sender.wait_for(lambda snapshot: snapshot["clock"]["grandmaster"] == identity)
        assert locked["clock"]["mode"] == "auto"
        pi.wait_for(lambda status: status["followers"] == 1)

        heard = rx.run(PROGRAM, "discover", "--interface", rx.interface, "--seconds", "12", "--json").stdout
        assert {stream["name"] for stream in config["streams"]} <= {each["name"] for each in json.loads(heard)}

        sdp = str(tmp_path / "s2.sdp")
        judged = rx.run(PROGRAM, "verify", sdp, "--interface", rx.interface, "--seconds", "3", "--json")
        (stream,) = json.loads(judged.stdout)["streams"]
        verdicts = {each["code"]: each["verdict"] for each in stream["findings"]}
        for code in ("stamps", "clock-identity", "mediaclk", "ssrc", "payload-size"):
            assert verdicts[code] == "pass", stream["findings"]
        assert max(level["peak_dbfs"] for level in stream["levels"]) > line_up["level_dbfs"] - 1

        assert CHANGE in TUTORIAL
        answer = tx.run("curl", "-sS", "-X", "PATCH", "http://127.0.0.1:8067/api/v1/streams/s2", "-d", CHANGE).stdout
        assert json.loads(answer)["applied"], answer
        changed = sender.wait_for(lambda snapshot: snapshot["streams"][1]["source"] == desk["id"])
        assert changed["streams"][1]["ssrc"] == locked["streams"][1]["ssrc"]
