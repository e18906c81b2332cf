"""Keys typed at ``status --watch`` reach a real sender, and what they do not concern loses nothing."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from support import tmux
from support.capture import analyse
from support.receiver import start_capture
from support.sender import PROGRAM, start_sender
from support.tmux import PROMPT, Terminal

if TYPE_CHECKING:
    from pathlib import Path

    from support.netlab import Host

pytestmark = pytest.mark.skipif(tmux.why_unavailable() is not None, reason=str(tmux.why_unavailable()))

CONFIG = {
    "clock": {"mode": "free-run"},
    "streams": [{"id": "kept", "address": "239.69.8.1"}, {"id": "switched", "address": "239.69.8.2"}],
}
TIMES = 3


def test_a_stream_is_switched_off_and_on_and_its_neighbour_loses_no_packet(tx: Host, rx: Host, tmp_path: Path) -> None:
    def state(wanted: str) -> None:
        sender.wait_for(lambda snapshot: snapshot["streams"][1]["state"] == wanted)
        screen.wait_for(rf"▶ .*239\.69\.8\.2:5004 .*{'stopped' if wanted == 'stopped' else '-18.0'}")

    with (
        start_sender(tx, tmp_path, CONFIG, arguments=()) as sender,
        Terminal(tmp_path, columns=100, rows=30) as screen,
    ):
        first = sender.wait_until_sending()
        screen.run(tx.command([PROGRAM, "status", "--watch"]))
        screen.wait_for(r"q quit .*\? help")
        screen.press("Down")
        screen.wait_for(r"▶ .*239\.69\.8\.2:5004")
        with start_capture(rx, tmp_path, seconds=60) as receiver:
            for _ in range(TIMES):
                screen.press("e")
                screen.wait_for("y/n")
                screen.press("y")
                state("stopped")
                screen.press("e")
                state("sending")
            time.sleep(1)
            last = sender.fresh()
            capture = receiver.stop()
        screen.press("q")
        screen.wait_until(lambda text: text.rstrip().endswith(PROMPT), "the end")
    assert capture.receiver_drops == 0
    assert [stream["ssrc"] for stream in last["streams"]] == [stream["ssrc"] for stream in first["streams"]]
    kept, switched = (analyse(capture.stream(f"239.69.8.{number}")) for number in (1, 2))
    # What the machine's stalls cost is counted by the sender itself.
    assert kept.lost <= last["streams"][0]["missed"]
    assert kept.stamp_errors == ()
    assert switched.packets < kept.packets
    assert last["engine"]["restarts"] == 0
