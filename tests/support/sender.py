"""The sender as its users run it: a process on a lab host, read through ``--json``."""

from __future__ import annotations

import json
import signal
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from support.netlab import Host
    from support.process import LoggedProcess

Snapshot = dict[str, Any]
PROGRAM = str(Path(sys.executable).with_name("aes67-sender"))


class Sender:
    """A running sender; gone after the block. ``stop`` is Ctrl-C."""

    def __init__(self, process: LoggedProcess) -> None:
        self.process = process

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.stop(signal.SIGINT)

    def snapshots(self) -> list[Snapshot]:
        """All snapshots so far; a line half written is left for the next time."""
        complete, _, _ = self.process.output().rpartition("\n")
        return [json.loads(line) for line in complete.splitlines()]

    def wait_for(self, condition: Callable[[Snapshot], object], within_s: float = 20) -> Snapshot:
        """The first snapshot from now on that meets the condition."""
        seen = max(len(self.snapshots()) - 1, 0)
        deadline = time.monotonic() + within_s
        while True:
            ended = self.process.popen.poll() is not None
            snapshots = self.snapshots()
            for snapshot in snapshots[seen:]:
                if condition(snapshot):
                    return snapshot
            if ended or time.monotonic() > deadline:
                what = "the sender ended" if ended else f"not reached within {within_s} s"
                last = json.dumps(snapshots[-1], indent=1) if snapshots else "no snapshot"
                raise AssertionError(f"{what}; last snapshot:\n{last}\n{self.process.tail()}")
            seen = len(snapshots)
            time.sleep(0.05)

    def fresh(self, within_s: float = 20) -> Snapshot:
        """A snapshot that knows everything up to this moment: the engine tells its counters ten times a second."""
        after = datetime.now(UTC) + timedelta(seconds=0.3)
        return self.wait_for(lambda snapshot: datetime.fromisoformat(snapshot["time"]) >= after, within_s)

    def wait_until_sending(self, within_s: float = 30) -> Snapshot:
        """Wait until every enabled stream is sending."""
        return self.wait_for(
            lambda snapshot: (
                any(stream["state"] == "sending" for stream in snapshot["streams"])
                and all(stream["state"] != "waiting" for stream in snapshot["streams"])
            ),
            within_s,
        )

    def stop(self, within_s: float = 10) -> int:
        """Ctrl-C; gives the exit code."""
        return self.process.stop(signal.SIGINT, within_s)


def start_sender(
    host: Host,
    directory: Path,
    config: Mapping[str, Any],
    *,
    arguments: tuple[str, ...] = ("--no-web",),
    environment: Mapping[str, str] | None = None,
    name: str = "sender",
) -> Sender:
    """Write the config and start ``aes67-sender run --json`` on a host; the control port is the host's own."""
    path = directory / f"{name}.json"
    path.write_text(json.dumps({"version": 1, "interface": host.interface, **config}))
    command = [PROGRAM, "run", "--json", "-c", str(path), *arguments]
    log, output = directory / f"{name}.log", directory / f"{name}.jsonl"
    return Sender(host.start(command, log, stdout=output, environment=environment))


def follow_on_eth0(host: Host) -> None:
    """Route PTP to the right interface: GStreamer's helper sends by the default route, whatever it was told."""
    host.run("ip", "route", "add", "224.0.1.129/32", "dev", host.interface)
