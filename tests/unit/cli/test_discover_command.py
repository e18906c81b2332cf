"""``aes67-sender discover`` as a process, on the loopback."""

from __future__ import annotations

import json
import select
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from support.sap_peer import SapPeer
from support.sap_sessions import THERE, description, packet

if TYPE_CHECKING:
    from collections.abc import Iterator

DISCOVER = (sys.executable, "-m", "aes67_sender", "discover")
ON_LOOPBACK = (*DISCOVER, "--interface", "lo")
#: A number and a name of the test's own: every program of this computer is on the loopback.
TEXT = description("[bold]Brücke[/]", session_id=4711, address="239.69.47.11")


@contextmanager
def listening(*options: str) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen([*ON_LOOPBACK, *options], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def line(process: subprocess.Popen[bytes], about: str = "4711") -> str:
    """The next line of its output about our session."""
    assert process.stdout is not None
    while about not in (text := process.stdout.readline().decode()):
        assert text, "it ended"
    return text


def test_watching_tells_what_appears_changes_and_goes() -> None:
    with SapPeer(9875) as peer, listening("--watch", "--json") as process:
        # It says nothing when it is ready: so until it has heard.
        answered = announce_until_heard(process, peer, TEXT)
        assert (answered["kind"], answered["session"]["name"]) == ("appeared", "[bold]Brücke[/]")
        assert answered["session"]["origin"] == THERE
        newer = description("New", session_id=4711, version=2, address="239.69.47.11")
        peer.send(packet(newer, 8))
        assert json.loads(line(process))["kind"] == "changed"
        peer.send(packet(newer, 8, message="delete"))
        assert json.loads(line(process))["kind"] == "gone"
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 0


def test_what_was_heard_is_a_table() -> None:
    with SapPeer(9875) as peer, listening("--seconds", "3") as process:
        while process.poll() is None:
            peer.send(packet(TEXT))
            time.sleep(0.1)
        peer.send(packet(TEXT, message="delete"))
        rows = process.communicate()[0].decode().splitlines()
    (row,) = [row for row in rows if "239.69.47.11" in row]
    *words, _age, _s, _ago = row.split()
    assert words == [
        "[bold]Brücke[/]", "239.69.47.11:5004", "L24/48000/2", "1", "ms", "00-1D-C1-FF-FE-12-34-56:0", THERE, "sap"
    ]  # fmt: skip
    assert row.rstrip().endswith("s ago")


def test_ctrl_c_shows_what_was_heard_until_then() -> None:
    with listening("--seconds", "500") as process:
        assert process.stderr is not None
        assert b"Listening on lo" in process.stderr.readline()
        process.send_signal(signal.SIGINT)
        shown = process.communicate(timeout=30)[0].decode()
    assert process.returncode == 0
    assert "No session was heard" in shown or "ADDRESS" in shown


def announce_until_heard(process: subprocess.Popen[bytes], peer: SapPeer, text: str) -> dict[str, Any]:
    """Announce time and again, until it is told."""
    assert process.stdout is not None
    for _ in range(100):
        peer.send(packet(text))
        if select.select([process.stdout], [], [], 0.2)[0]:
            told: dict[str, Any] = json.loads(line(process))
            return told
    raise AssertionError("not heard")


def test_silence_is_explained_with_what_to_look_at() -> None:
    done = run("--interface", "lo", "--seconds", "0")
    assert done.returncode == 0
    assert "No session was heard on lo (127.0.0.1)." in done.stdout
    assert "aes67-sender interfaces" in done.stdout
    assert "IGMP" in done.stdout
    assert "Listening on lo" in done.stderr


def test_silence_as_json_is_an_empty_list_and_nothing_else() -> None:
    done = run("--interface", "lo", "--seconds", "0", "--json")
    assert (done.returncode, json.loads(done.stdout), done.stderr) == (0, [], "")


@pytest.mark.parametrize("arguments", [["--interface", "eth99"], ["--seconds", "-1"]])
def test_what_makes_no_sense_is_refused(arguments: list[str]) -> None:
    assert run(*arguments).returncode == 2


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*DISCOVER, *arguments], capture_output=True, text=True, timeout=60, check=False)
