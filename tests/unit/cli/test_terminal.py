"""Keys on the live status, typed into a real terminal; the engine is a fake."""

from __future__ import annotations

import contextlib
import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import pytest

from aes67_sender.net.listen import listen, port_of
from aes67_sender.supervisor.client import fetch_sdp, fetch_snapshot
from support import tmux
from support.tmux import PROMPT, Terminal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aes67_sender.model.snapshot import Snapshot

pytestmark = pytest.mark.skipif(tmux.why_unavailable() is not None, reason=str(tmux.why_unavailable()))

FAKE = (sys.executable, str(Path(__file__).with_name("with_fake_engine.py")))
KEYS = r"q quit .*\? help"
TYPED_BY_LINE = {"icanon", "echo"}


@pytest.fixture
def port(tmp_path: Path) -> int:
    with contextlib.closing(listen("127.0.0.1", 0)) as listening:
        port = port_of(listening)
    streams = [{"id": f"s{number}", "address": f"239.69.1.{number}"} for number in range(1, 4)]
    data = {
        "interface": "lo",
        "name": "Rig",
        "streams": streams,
        "announce": {"sap": False},
        "web": {"listen": f"127.0.0.1:{port}"},
    }
    (tmp_path / "aes67-config.json").write_text(json.dumps(data))
    return port


@contextlib.contextmanager
def sender(folder: Path, port: int) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen([*FAKE, "run", "--json"], cwd=folder, stdout=subprocess.DEVNULL)
    try:
        until(port, lambda snapshot: snapshot.state == "sending")
        yield process
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(30)


def until(port: int, condition: object, within_s: float = 30) -> Snapshot:
    """The running sender's snapshot, once it meets the condition."""
    assert callable(condition)
    deadline_s = time.monotonic() + within_s
    while True:
        with contextlib.suppress(Exception):
            snapshot = fetch_snapshot(f"127.0.0.1:{port}")
            if condition(snapshot):
                return snapshot
        assert time.monotonic() < deadline_s, "the sender does not get there"
        time.sleep(0.05)


def states(snapshot: Snapshot) -> list[str]:
    return [stream.state for stream in snapshot.streams]


def test_the_senders_own_screen_acts_on_keys_and_asks_before_it_ends(tmp_path: Path, port: int) -> None:
    with Terminal(tmp_path) as terminal:
        terminal.run([*FAKE, "run"])
        terminal.wait_for(KEYS)
        until(port, lambda snapshot: snapshot.state == "sending")
        terminal.press("Down", "e")
        terminal.wait_for(r"Stop sending Rig - Stream 2 to 239\.69\.1\.2\? y/n")
        terminal.press("y")
        terminal.wait_for(r"Stream s2 is no longer sent\.")
        assert states(until(port, lambda snapshot: snapshot.streams[1].state == "stopped"))[::2] == ["sending"] * 2
        terminal.wait_for("▶ Rig - Stream 2 .*stopped")
        terminal.press("e")
        until(port, lambda snapshot: states(snapshot) == ["sending"] * 3)
        terminal.press("m", "5")
        until(port, lambda snapshot: snapshot.clock.mode == "free-run")
        terminal.wait_for('The clock mode is "free-run" now')
        terminal.press("s")
        terminal.wait_for(r"SDP of s2[\s\S]*c=IN IP4 239\.69\.1\.2")
        terminal.press("q")
        terminal.wait_for(r"Stop sending and quit\? y/n")
        terminal.press("n")
        terminal.wait_for("Nothing was done")
        terminal.press("q", "y")
        left = terminal.wait_until(lambda screen: screen.rstrip().endswith(PROMPT), "the end")
        assert "239.69.1.2:5004" in left
        assert "q quit" not in left
        assert terminal.mode() >= TYPED_BY_LINE


def test_a_running_sender_is_watched_told_what_to_do_and_left_alone(tmp_path: Path, port: int) -> None:
    with sender(tmp_path, port) as process, Terminal(tmp_path, columns=120, rows=40) as terminal:
        terminal.run([*FAKE, "status", "--watch", "--url", f"127.0.0.1:{port}"])
        terminal.wait_for(KEYS)
        terminal.press("End", "e", "y")
        until(port, lambda snapshot: states(snapshot) == ["sending", "sending", "stopped"])
        terminal.wait_for(r"▶ Rig - Stream 3 .*stopped")
        terminal.press("e")
        until(port, lambda snapshot: states(snapshot) == ["sending"] * 3)
        terminal.press("m", "2")
        until(port, lambda snapshot: snapshot.clock.mode == "builtin")
        terminal.press("c")
        terminal.wait_for("clipboard")
        deadline_s = time.monotonic() + 20
        while not (copied := terminal.clipboard()) and time.monotonic() < deadline_s:
            time.sleep(0.05)
        assert copied.splitlines() == fetch_sdp(f"127.0.0.1:{port}", "s3").splitlines()
        terminal.press("Escape", "q")
        terminal.wait_until(lambda screen: screen.rstrip().endswith(PROMPT), "the end")
        assert terminal.mode() >= TYPED_BY_LINE
        assert process.poll() is None
        assert states(fetch_snapshot(f"127.0.0.1:{port}")) == ["sending"] * 3


def test_a_sender_that_goes_and_comes_back_is_said_and_the_screen_goes_on(tmp_path: Path, port: int) -> None:
    with Terminal(tmp_path) as terminal:
        with sender(tmp_path, port):
            terminal.run([*FAKE, "status", "--watch", "--url", f"127.0.0.1:{port}"])
            terminal.wait_for(KEYS)
        screen = terminal.wait_for(r"No aes67-sender answers at [\s\S]*Asking\s+again")
        assert "239.69.1.1:5004" in screen
        terminal.press("Down")
        terminal.wait_for("▶ Rig - Stream 2")
        with sender(tmp_path, port):
            terminal.wait_for(r"The sender answers again\.")
            terminal.press("q")
            terminal.wait_until(lambda screen: screen.rstrip().endswith(PROMPT), "the end")


def test_lines_and_json_go_on_too_when_the_sender_was_away(tmp_path: Path, port: int) -> None:
    url = f"127.0.0.1:{port}"
    as_json, plain = tmp_path / "out.jsonl", tmp_path / "out.txt"
    with sender(tmp_path, port), as_json.open("wb") as json_out, plain.open("wb") as plain_out:
        watch = [*FAKE, "status", "--watch", "--url", url]
        first = subprocess.Popen([*watch, "--json"], stdout=json_out, stderr=subprocess.PIPE)
        second = subprocess.Popen(watch, stdout=plain_out, stderr=subprocess.PIPE)
        wait_for_text(as_json, "sending")
        wait_for_text(plain, "sending")
    wait_for_text(plain, "No aes67-sender answers")
    with sender(tmp_path, port):
        wait_for_text(plain, "The sender answers again.")
        time.sleep(1.5)
        first.send_signal(signal.SIGINT)
        second.send_signal(signal.SIGINT)
        told = first.communicate(timeout=30)[1].decode()
        nothing = second.communicate(timeout=30)[1]
    assert (first.returncode, second.returncode) == (0, 0)
    assert told.count("No aes67-sender answers") == 1
    assert told.count("The sender answers again.") == 1
    assert nothing.strip() == b""
    assert all(json.loads(line)["version"] == 1 for line in as_json.read_text().splitlines())
    assert plain.read_text().count("No aes67-sender answers") == 1


def wait_for_text(path: Path, text: str) -> None:
    deadline_s = time.monotonic() + 30
    while text not in path.read_text():
        assert time.monotonic() < deadline_s, path.read_text()
        time.sleep(0.05)


def test_a_sender_that_was_never_there_is_an_error(tmp_path: Path, port: int) -> None:
    done = subprocess.run(
        [*FAKE, "status", "--watch", "--url", f"127.0.0.1:{port}"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        cwd=tmp_path,
    )
    assert done.returncode == 3
    assert done.stderr.startswith("Error: No aes67-sender answers")


def program_in(terminal: Terminal) -> psutil.Process:
    """The sender, or who watches one, in the terminal: the oldest process that runs our program."""
    deadline_s = time.monotonic() + 30
    while True:
        for child in psutil.Process(terminal.shell_pid()).children(recursive=True):
            with contextlib.suppress(psutil.NoSuchProcess):
                if any("with_fake_engine" in word for word in child.cmdline()):
                    return child
        assert time.monotonic() < deadline_s, "no program in the terminal"
        time.sleep(0.05)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("command", ["run", "status"])
def test_whatever_ends_it_the_terminal_is_as_it_was(
    tmp_path: Path, port: int, command: str, number: signal.Signals
) -> None:
    with contextlib.ExitStack() as stack:
        terminal = stack.enter_context(Terminal(tmp_path))
        before = terminal.mode()
        assert before >= TYPED_BY_LINE
        if command == "status":
            stack.enter_context(sender(tmp_path, port))
            terminal.run([*FAKE, "status", "--watch", "--url", f"127.0.0.1:{port}"])
        else:
            terminal.run([*FAKE, "run"])
        terminal.wait_for(KEYS)
        assert not terminal.cursor_is_visible()
        program_in(terminal).send_signal(number)
        terminal.wait_until(lambda screen: screen.rstrip().endswith(PROMPT), "the end")
        assert terminal.cursor_is_visible()
        assert terminal.mode() == before


def test_a_picture_that_cannot_be_drawn_gives_the_terminal_back_too(tmp_path: Path, port: int) -> None:
    assert port
    broken = tmp_path / "broken.py"
    broken.write_text(
        "import runpy, sys\n"
        "from aes67_sender.ui import status_picture\n"
        "calls = []\n"
        "def draw(*_, **__):\n"
        "    calls.append(0)\n"
        "    if len(calls) > 4: raise RuntimeError('no picture')\n"
        "    return f'picture {len(calls)}'\n"
        "status_picture.StatusPicture.draw = draw\n"
        "sys.argv = sys.argv[1:]\n"
        "runpy.run_path(sys.argv[0], run_name='__main__')\n"
    )
    with Terminal(tmp_path) as terminal:
        terminal.run([FAKE[0], str(broken), FAKE[1], "run", "--no-web"])
        screen = terminal.wait_for(r"Internal error: RuntimeError: no picture[\s\S]*" + PROMPT)
        assert "Traceback" not in screen
        assert terminal.cursor_is_visible()
        assert terminal.mode() >= TYPED_BY_LINE


def test_another_size_of_the_terminal_is_another_picture(tmp_path: Path, port: int) -> None:
    assert port
    with Terminal(tmp_path) as terminal:
        terminal.run([*FAKE, "run"])
        terminal.wait_for(KEYS)
        assert "L24/48000" not in terminal.screen()
        terminal.resize(120, 40)
        terminal.wait_for("L24/48000")
        for columns, rows in ((60, 12), (100, 30), (80, 24)):
            terminal.resize(columns, rows)
        terminal.wait_until(
            lambda screen: (
                [screen.count(each) for each in ("▶", "Engine ", "q quit", "L24/48000", "? help\n")] == [1, 1, 1, 0, 1]
            ),
            "one whole picture and nothing of older ones",
        )
        terminal.press("q", "y")
        terminal.wait_until(lambda screen: screen.rstrip().endswith(PROMPT), "the end")


def test_ctrl_z_gives_the_terminal_to_the_shell_and_fg_takes_it_back(tmp_path: Path, port: int) -> None:
    with sender(tmp_path, port), Terminal(tmp_path) as terminal:
        terminal.run([*FAKE, "status", "--watch", "--url", f"127.0.0.1:{port}"])
        terminal.wait_for(KEYS)
        terminal.press("C-z")
        terminal.wait_for("Stopped")
        assert terminal.mode() >= TYPED_BY_LINE
        terminal.run(["fg"])
        terminal.wait_for(KEYS)
        terminal.press("Down")
        terminal.wait_for("▶ Rig - Stream 2")
        terminal.press("q")
        terminal.wait_until(lambda screen: screen.rstrip().endswith(PROMPT), "the end")


def test_in_the_background_it_takes_no_key_from_the_shell(tmp_path: Path, port: int) -> None:
    with sender(tmp_path, port), Terminal(tmp_path) as terminal:
        terminal.type(f"{FAKE[0]} {FAKE[1]} status --watch --url 127.0.0.1:{port} > /dev/tty &")
        terminal.press("Enter")
        terminal.wait_for("239.69.1.1:5004")
        for _ in range(5):
            terminal.press("q")
            time.sleep(0.2)
        terminal.press("C-u")
        terminal.type("kill -TERM %1; wait %1; clear; echo ended $?")
        terminal.press("Enter")
        terminal.wait_for("ended 0")
        assert terminal.mode() >= TYPED_BY_LINE


def test_without_a_terminal_to_type_on_there_are_no_keys(tmp_path: Path, port: int) -> None:
    assert port
    with Terminal(tmp_path) as terminal:
        terminal.type(f"{FAKE[0]} {FAKE[1]} run --duration 3 </dev/null")
        terminal.press("Enter")
        terminal.wait_for("239.69.1.1:5004")
        assert "q quit" not in terminal.screen()
        terminal.wait_until(lambda screen: screen.rstrip().endswith(PROMPT), "the end")
