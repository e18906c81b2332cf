"""What changes reaches whoever listens within two seconds: SAP, DNS-SD's RTSP and HTTP server, and the SDP files."""

from __future__ import annotations

import json
import threading
import time
from typing import TYPE_CHECKING, Self

from support.ptp_master.client import ptp_master
from support.sap_sessions import sdp_version
from support.sender import PROGRAM, start_sender

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from support.netlab import Host
    from support.process import LoggedProcess

WITHIN_S = 2.0
GIVE_UP_S = 15.0
MOVED = "10.77.0.98"
OTHER_GRANDMASTER = "02-00-00-ff-fe-7a-99-99"
URL = "http://127.0.0.1:8067/api/v1"
DESCRIBE = """
import socket, sys
with socket.create_connection((sys.argv[1], 8554), 1) as link:
    link.sendall(f"DESCRIBE rtsp://{sys.argv[1]}:8554/by-id/s1 RTSP/1.0\\r\\nCSeq: 1\\r\\n\\r\\n".encode())
    answer = b""
    while b"\\r\\n\\r\\n" not in answer or b"mediaclk" not in answer:
        answer += link.recv(4096) or sys.exit(answer.decode())
    print(answer.decode().partition("\\r\\n\\r\\n")[2])
"""


class Stalls:
    """The longest time for which this process was not run: so much more may everything take."""

    def __init__(self) -> None:
        self.longest_s = 0.0
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._watch)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._end.is_set():
            before_s = time.monotonic()
            time.sleep(0.01)
            self.longest_s = max(self.longest_s, time.monotonic() - before_s - 0.01)


class Listeners:
    """What is said of the one stream in each place, as it is now."""

    def __init__(self, rx: Host, files: Path, discover: LoggedProcess, address: str) -> None:
        self.address = address
        self._rx = rx
        self._files = files
        self._discover = discover

    def texts(self) -> dict[str, str]:
        """The SDP everywhere; empty where there is none."""
        heard = [json.loads(line) for line in self._discover.output().rpartition("\n")[0].splitlines()]
        by_sap = [each["session"]["sdp"] for each in heard if each["kind"] != "gone"]
        files = list(self._files.glob("*.sdp"))
        return {
            "sap": by_sap[-1] if by_sap else "",
            "http": self._say("curl", "-sS", "--fail", "--max-time", "1", f"http://{self.address}:8554/sdp/s1"),
            "rtsp": self._say("python3", "-c", DESCRIBE, self.address),
            "file": files[0].read_text() if len(files) == 1 else "",
        }

    def until(self, condition: Callable[[str], bool]) -> dict[str, float]:
        """How long it takes from now until each meets the condition, in s."""
        begun_s, took_s = time.monotonic(), dict[str, float]()
        while len(took_s) < len(texts := self.texts()):
            for place in texts.keys() - took_s.keys():
                if condition(texts[place]):
                    took_s[place] = time.monotonic() - begun_s
            assert time.monotonic() - begun_s < GIVE_UP_S, texts
            time.sleep(0.02)
        return took_s

    def _say(self, *command: str) -> str:
        done = self._rx.run(*command)
        return done.stdout if done.returncode == 0 else ""


def saying(words: str) -> Callable[[str], bool]:
    return lambda text: words.upper() in text.upper()


def test_every_change_is_heard_everywhere_within_two_seconds(lab: dict[str, Host], tmp_path: Path) -> None:
    gm, tx, rx = lab["gm"], lab["tx"], lab["rx"]
    sdps = tmp_path / "sdp"
    config = {
        "clock": {"mode": "builtin"},
        "sources": [{"id": "tone", "kind": "tone"}],
        "streams": [{"id": "s1", "name": "Stage", "source": "tone", "address": "239.69.9.1"}],
        "announce": {"sdp_dir": str(sdps), "ravenna": True, "sap": True},
    }
    watching = (PROGRAM, "discover", "--interface", rx.interface, "--watch", "--json")
    with (
        ptp_master(gm, tmp_path) as master,
        rx.start(watching, tmp_path / "discover.log", stdout=tmp_path / "discover.jsonl") as discover,
        start_sender(tx, tmp_path, config, arguments=()) as sender,
        Stalls() as stalls,
    ):
        sender.wait_for(lambda snapshot: snapshot["clock"]["state"] == "locked", 60)
        listeners = Listeners(rx, sdps, discover, tx.address)
        listeners.until(saying(master.identity))
        seen = [sdp_version(text) for text in listeners.texts().values()]
        assert len(set(seen)) == 1

        def patch(**change: str) -> None:
            done = tx.run("curl", "-sS", "--fail", "-X", "PATCH", f"{URL}/streams/s1", "-d", json.dumps(change))
            assert done.returncode == 0, done.stderr

        def move() -> None:
            tx.run("ip", "address", "flush", "dev", tx.interface)
            tx.run("ip", "address", "add", f"{MOVED}/24", "dev", tx.interface)
            listeners.address = MOVED

        def change_grandmaster() -> None:
            master.set(identity=OTHER_GRANDMASTER)
            # From when the follower has made up its mind, which IEEE 1588 leaves some Announce intervals for.
            sender.wait_for(lambda snapshot: snapshot["clock"]["grandmaster"] == OTHER_GRANDMASTER, 30)

        changes: dict[str, tuple[Callable[[], None], str]] = {
            "name": (lambda: patch(name="Stage left"), "s=Stage left"),
            "address": (lambda: patch(address="239.69.9.77"), "239.69.9.77"),
            "grandmaster": (change_grandmaster, OTHER_GRANDMASTER),
            "interface": (move, f"IN IP4 {MOVED}"),
        }
        for what, (change, said) in changes.items():
            stalls.longest_s = 0.0
            change()
            took_s = listeners.until(saying(said))
            print(what, {place: round(each, 2) for place, each in took_s.items()}, round(stalls.longest_s, 3))  # noqa: T201  for the record
            assert max(took_s.values()) < WITHIN_S + 4 * stalls.longest_s, what
            now = [sdp_version(text) for text in listeners.texts().values()]
            assert min(now) > max(seen), "a changed description has a new version"
            seen = now
