"""The live status and the wizard on a console of Windows, which wine makes of a terminal."""

from __future__ import annotations

import json
import shlex
from typing import TYPE_CHECKING

import numpy as np
import pytest

from support import tmux, wine
from support.capture import analyse, samples
from support.receiver import start_capture
from support.tmux import Terminal

if TYPE_CHECKING:
    from pathlib import Path

    from support.netlab import Host

pytestmark = [
    pytest.mark.timeout(300),
    pytest.mark.skipif(tmux.why_unavailable() is not None, reason=str(tmux.why_unavailable())),
]
READY_S = 120
#: One look of the program at the keyboard, on a machine that is busy.
SOON_S = 30
GROUPS = ("239.69.7.1", "239.69.7.2")


def config_file(folder: Path, host: Host) -> str:
    path = folder / "studio.json"
    config = {
        "version": 1,
        "interface": host.interface,
        "clock": {"mode": "free-run"},
        "sources": [{"id": "tone", "kind": "tone", "channels": 2, "frequency_hz": 997, "level_dbfs": -18}],
        "streams": [{"id": f"s{each[-1]}", "source": "tone", "channels": [1, 2], "address": each} for each in GROUPS],
        "announce": {"sdp_dir": wine.windows_path(folder)},
    }
    path.write_text(json.dumps(config))
    return wine.windows_path(path)


def terminal(folder: Path) -> Terminal:
    return Terminal(folder, **wine.CONSOLE_TERMINAL, environment={"TERM": "xterm-256color"})


def start(screen: Terminal, host: Host, *arguments: str) -> None:
    """Run the program on the console; its exit code is shown afterwards, as ``code=0``."""
    screen.type(f"{shlex.join(host.command(wine.console(wine.PROGRAM, *arguments)))}; echo code=$?")
    screen.press("Enter")


def test_the_status_is_drawn_keys_are_answered_and_ctrl_c_fades_out(tx: Host, rx: Host, tmp_path: Path) -> None:
    with terminal(tmp_path) as screen:
        before = screen.mode()
        start(screen, tx, "run", "-c", config_file(tmp_path, tx), "--no-web")
        seen = screen.wait_for(r"▶ .*239\.69\.7\.1:5004 .*-18\.0", READY_S)
        drawn = seen[seen.index("aes67-sender  ") :].splitlines()
        assert max(map(len, drawn)) <= 80
        assert "\x1b[32m" in screen.coloured_screen()
        screen.press("Down")
        screen.wait_for(r"▶ .*239\.69\.7\.2:5004", SOON_S)
        screen.press("Up")
        screen.wait_for(r"▶ .*239\.69\.7\.1:5004", SOON_S)
        screen.press("Tab")
        screen.wait_for("aes67-sender clock  ", SOON_S)
        screen.press("?")
        screen.wait_for("quit at once", SOON_S)
        screen.press("m")
        screen.wait_for(r"Clock mode\?  1 auto", SOON_S)
        screen.press("m", "e")
        screen.wait_for("Stop sending .* to 239.69.7.1. y/n", SOON_S)
        screen.press("n", "q")
        screen.wait_for("y/n", SOON_S)
        screen.press("n")
        with start_capture(rx, tmp_path, seconds=60) as receiver:
            screen.press("C-c")
            screen.wait_for(r"(?m)^code=0$", SOON_S)
            stream = receiver.stop().stream(GROUPS[0])
        assert screen.mode() == before
    assert analyse(stream).stamp_errors == ()
    sound = np.abs(samples(stream, channels=2)[:, 0]) / (1 << 23)
    # The peak of -18 dBFS, then ever less for 5 ms.
    assert sound.max() == pytest.approx(10 ** (-18 / 20), rel=0.01)
    assert sound[-48:].max() < 0.02


def test_the_wizard_asks_on_the_console_and_leaves_it_as_it_was(tx: Host, tmp_path: Path) -> None:
    with terminal(tmp_path) as screen:
        before = screen.mode()
        start(screen, tx, "configure", "-c", wine.windows_path(tmp_path / "new.json"))
        # Not by the arrow keys: prompt_toolkit asks Windows for escape sequences, which wine does not send.
        screen.wait_for(r"leads to the audio network\?", READY_S)
        screen.press("Enter")
        screen.wait_for(r"What receives the streams\?", READY_S)
        screen.press("Enter")
        screen.wait_until(lambda text: "What receives the streams:" in text, "the next question", SOON_S)
        screen.press("C-c")
        screen.wait_for(r"(?m)^code=130$", SOON_S)
        assert "nothing was written" in screen.screen()
        assert screen.mode() == before
    assert not (tmp_path / "new.json").exists()
