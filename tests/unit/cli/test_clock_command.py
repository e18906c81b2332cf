"""``aes67-sender clock`` as a process."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import re
import select
import signal
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from aes67_sender.errors import ConfigError, MachineError, WireError
from aes67_sender.logic.codec import decode_clock, decode_snapshot, encode_clock
from aes67_sender.model.problem import Problem
from aes67_sender.net.listen import listen, port_of
from aes67_sender.supervisor.client import set_clock_mode
from unit.ui.pictures import CLOCK

if TYPE_CHECKING:
    from collections.abc import Iterator

REAL = (sys.executable, "-m", "aes67_sender")
FAKE = (sys.executable, str(Path(__file__).with_name("with_fake_engine.py")))
FREE_RUN = ("clock", "--provider", "free-run")


def call(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*REAL, *arguments], cwd=folder, capture_output=True, text=True, timeout=60, check=False)


def test_json_is_the_clock_of_the_snapshot_and_its_problems_once_a_second(tmp_path: Path) -> None:
    done = call(*FREE_RUN, "--json", "--seconds", "2", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    looks = [json.loads(line) for line in done.stdout.splitlines()]
    # One is missed where the machine stalls for a second.
    assert 1 <= len(looks) <= 2
    assert set(looks[0]) == {*json.loads(encode_clock(CLOCK, ())), "problems"}
    for look, line in zip(looks, done.stdout.splitlines(), strict=True):
        assert (look["mode"], look["provider"], look["state"]) == ("free-run", "free-run", "free-running")
        assert look["media_time_ns"] > 1e18
        assert [problem["code"] for problem in look["problems"]] == ["clock.free-running"]
        assert decode_clock(line.encode()).state == "free-running"
    assert done.stderr == ""


def test_plain_text_is_a_line_a_second_and_says_why(tmp_path: Path) -> None:
    done = call(*FREE_RUN, "--seconds", "1", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    (line,) = done.stdout.splitlines()
    assert "free-running  by free-run" in line
    assert "No grandmaster is followed" in line


def test_every_change_of_state_is_logged_once_where_the_log_is_asked_for(tmp_path: Path) -> None:
    done = call(*FREE_RUN, "-v", "--seconds", "2", folder=tmp_path)
    assert done.stderr.count("clock: free-running by free-run.") == 1
    assert call(*FREE_RUN, "--seconds", "0.5", folder=tmp_path).stderr == ""


def test_to_watch_without_a_terminal_is_said_to_be_lines(tmp_path: Path) -> None:
    done = call(*FREE_RUN, "--watch", "--seconds", "1", folder=tmp_path)
    assert done.returncode == 0
    assert "no terminal" in done.stderr
    assert len(done.stdout.splitlines()) == 1
    assert "\x1b" not in done.stdout


def test_to_watch_on_a_terminal_is_a_picture(tmp_path: Path) -> None:
    leader, follower = pty.openpty()
    environment = {**os.environ, "TERM": "xterm-256color", "COLUMNS": "80", "LINES": "24"}
    process = subprocess.Popen(
        [*REAL, *FREE_RUN, "--watch"], cwd=tmp_path, stdout=follower, stderr=follower, env=environment
    )
    os.close(follower)
    seen, asked = b"", False
    while select.select([leader], [], [], 30)[0]:
        try:
            seen += os.read(leader, 65536)
        except OSError:
            break
        if b"free-running" in seen and not asked:
            process.send_signal(signal.SIGINT)
            asked = True
    assert process.wait(30) == 0
    os.close(leader)
    text = re.sub(r"\x1b\[[0-9;]*m", "", seen.decode())
    assert "free-running for" in text
    assert "-1 min" in text
    assert "\x1b[?25l" in text  # the cursor is hidden …
    assert text.rstrip().endswith("\x1b[?25h")  # … and shown again
    assert "Traceback" not in text


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_is_the_proper_end(tmp_path: Path, number: signal.Signals) -> None:
    process = subprocess.Popen([*REAL, *FREE_RUN], cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline()
    process.send_signal(number)
    asked_s = time.monotonic()
    _, errors = process.communicate(timeout=30)
    assert (process.returncode, errors.strip()) == (0, b"")
    # A second is promised; the rest is for a machine that stalls.
    assert time.monotonic() - asked_s < 5


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--provider", "sundial"], "sundial"),
        (["--provider", "grandmaster"], "grandmaster"),
        (["--domain", "128"], "0<=x<=127"),
        (["--seconds", "soon"], "not a valid float"),
        (["--seconds", "-1"], "x>=0"),
        (["--set", "builtin", "--watch"], "--watch cannot go with it"),
        (["--set", "builtin", "--domain", "0", "--seconds", "3"], "--domain, --seconds cannot go with it"),
        (["--url", "127.0.0.1:8067"], "--url goes with --set"),
    ],
)
def test_options_that_make_no_sense_are_explained(tmp_path: Path, arguments: list[str], sentence: str) -> None:
    done = call("clock", *arguments, folder=tmp_path)
    assert done.returncode == 2
    error, hint = done.stderr.splitlines()
    assert sentence in error
    assert hint == "Hint: See `aes67-sender clock --help`."


def test_an_interface_that_is_not_there_is_refused(tmp_path: Path) -> None:
    done = call(*FREE_RUN, "--interface", "eth99", folder=tmp_path)
    assert done.returncode == 2
    assert "eth99" in done.stderr


def test_the_running_sender_is_told_to_follow_another_clock(tmp_path: Path) -> None:
    with contextlib.closing(listen("127.0.0.1", 0)) as listening:
        url = f"127.0.0.1:{port_of(listening)}"
    nobody = call("clock", "--set", "builtin", "--url", url, folder=tmp_path)
    assert nobody.returncode == 3
    assert "No aes67-sender answers" in nobody.stderr
    data = {"interface": "lo", "streams": [{"address": "239.69.1.1"}], "web": {"listen": url}}
    (tmp_path / "aes67-config.json").write_text(json.dumps(data))
    process = subprocess.Popen([*FAKE, "run", "--json"], cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        assert process.stdout is not None
        while decode_snapshot(process.stdout.readline()).state != "sending":
            pass
        end_s = time.monotonic() + 30
        while (told := call("clock", "--set", "builtin", "--url", url, folder=tmp_path)).returncode == 3:
            assert time.monotonic() < end_s, told.stderr
        assert told.returncode == 0, told.stderr
        assert 'clock mode "builtin"' in told.stdout
        assert "locked, by gstreamer" in told.stdout
        while decode_snapshot(process.stdout.readline()).clock.mode != "builtin":
            pass
        as_json = call("clock", "--set", "system", "--json", "--url", url, folder=tmp_path)
        assert decode_clock(as_json.stdout.encode()).state == "locked"
        refused = call("clock", "--set", "sundial", "--url", url, folder=tmp_path)
        assert refused.returncode == 2
        assert "sundial" in refused.stderr
        assert "builtin" in refused.stderr
    finally:
        process.kill()
        process.communicate()


class _Answer(BaseHTTPRequestHandler):
    status, body = 200, b""
    asked: tuple[str, bytes] = ("", b"")

    def do_PATCH(self) -> None:
        _Answer.asked = self.path, self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(self.status)
        self.end_headers()
        self.wfile.write(self.body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def url() -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), _Answer)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_the_mode_is_sent_and_the_clock_comes_back(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_Answer, "body", encode_clock(CLOCK, [Problem("a", "info", "b")]))
    assert set_clock_mode(url, "builtin") == CLOCK
    assert _Answer.asked == ("/api/v1/clock", b'{"mode": "builtin"}')


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (422, b'{"detail": "There is no clock mode."}', ConfigError("There is no clock mode.")),
        (422, b'{"detail": [{"msg": "no"}]}', WireError("422")),
        (422, b"[]", WireError("422")),
        (404, b'{"detail": "Not Found"}', WireError("404")),
        (200, b"hello", WireError("no clock")),
    ],
)
def test_other_answers_are_told_apart(
    url: str, monkeypatch: pytest.MonkeyPatch, status: int, body: bytes, expected: Exception
) -> None:
    monkeypatch.setattr(_Answer, "status", status)
    monkeypatch.setattr(_Answer, "body", body)
    with pytest.raises(type(expected), match=str(expected)):
        set_clock_mode(url, "builtin")


def test_nobody_there_is_no_error_of_ours() -> None:
    with contextlib.closing(listen("127.0.0.1", 0)) as listening:
        port = port_of(listening)
    with pytest.raises(MachineError, match="No aes67-sender answers"):
        set_clock_mode(f"127.0.0.1:{port}", "builtin")
