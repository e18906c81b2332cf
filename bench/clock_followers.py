"""The followers that are compared: how each is started, and how far from the truth it was, instant by instant.

All hosts share one kernel clock and every grandmaster here serves CLOCK_REALTIME, so the truth is known to all.
"""

from __future__ import annotations

import contextlib
import re
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol, Self

import numpy as np

from support import ptp4l
from support.clock_truth import Errors, Poller, errors_of
from support.ptp_master.truth import system_truth
from support.sender import follow_on_eth0, start_sender

if TYPE_CHECKING:
    from pathlib import Path

    from support.netlab import Host

NEAR_NS: Final = 10_000
_ASK_EVERY_S: Final = 0.1
_WITHIN_S: Final = 40


@dataclass(frozen=True, slots=True)
class Followed:
    """What a follower did; times count from its start, ``None`` is never. ``near_s``: within 10 µs for good."""

    name: str
    ready_s: float | None
    locked_s: float | None
    near_s: float | None
    rest: Errors


@dataclass(frozen=True, slots=True)
class Record:
    """When it first told of its clock, when it locked, CLOCK_MONOTONIC, and its errors since."""

    ready_ns: int | None
    locked_ns: int | None
    errors: Errors


class Follower(Protocol):
    """A running follower, a context manager."""

    name: str
    begun_ns: int

    def __enter__(self) -> Self: ...
    def __exit__(self, *_: object) -> None: ...

    def wait_until_locked(self) -> None:
        """Or until it has had long enough."""

    def record(self) -> Record:
        """All so far."""


class SenderFollower:
    """``aes67-sender run`` with one stream: the error of the clock that its packets go by."""

    def __init__(self, host: Host, directory: Path, mode: str) -> None:
        self.name = f"this sender, `{mode}`"
        follow_on_eth0(host)
        config = {
            "clock": {"mode": mode},
            "sources": [{"id": "tone", "kind": "tone"}],
            "streams": [{"id": "s1", "source": "tone", "channels": [1, 2], "address": "239.77.5.1"}],
            "announce": {"sdp_dir": str(directory)},
        }
        self.begun_ns = time.monotonic_ns()
        self._sender = start_sender(host, directory, config, arguments=(), name=mode)
        self._poller = Poller(host, directory, name=f"{mode}-snapshots")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._poller.__exit__()
        self._sender.__exit__()

    def wait_until_locked(self) -> None:
        with contextlib.suppress(AssertionError):
            self._poller.wait_for(lambda snapshot: snapshot["clock"]["state"] == "locked", _WITHIN_S)

    def record(self) -> Record:
        samples = self._poller.samples()
        locked_ns = next((sample.monotonic_ns for sample in samples if sample.state == "locked"), None)
        followed = [sample for sample in samples if locked_ns is not None and sample.monotonic_ns >= locked_ns]
        ready_ns = next((sample.monotonic_ns for sample in samples if sample.monotonic_ns), None)
        return Record(ready_ns, locked_ns, errors_of(followed, [system_truth()]))


class Ptp4lFollower:
    """``ptp4l -s``, which measures and leaves the clock alone: each offset it measures, by its management socket."""

    name = "`ptp4l -s`, free-running"

    def __init__(self, host: Host, directory: Path) -> None:
        self.begun_ns = time.monotonic_ns()
        self._daemon = ptp4l.start_follower(host, directory)
        command = ["pmc", "-u", "-b", "0", "-s", str(ptp4l.uds_path(host, directory, "follower"))]
        self._daemon.wait_for("LISTENING", 10)
        self._ready_ns = time.monotonic_ns()
        self._client = host.start(command, directory / "pmc.log", commanded=True)
        self._ended = threading.Event()
        self._asking = threading.Thread(target=self._ask)
        self._asking.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._asking.join()
        self._client.stop()
        self._daemon.stop()

    def _ask(self) -> None:
        while not self._ended.wait(_ASK_EVERY_S):
            self._client.write("GET TIME_STATUS_NP\n")

    def wait_until_locked(self) -> None:
        with contextlib.suppress(AssertionError):
            self._daemon.wait_for("master offset", _WITHIN_S)

    def record(self) -> Record:
        found = re.findall(r"master_offset\s+(-?\d+)\s+ingress_time\s+(\d+)", self._client.output())
        # Asked more often than it measures: each Sync counts once.
        offsets = {int(ingress_ns): int(offset_ns) for offset_ns, ingress_ns in found if int(ingress_ns)}
        utc_ahead_ns = system_truth().at(0)
        at_ns = np.array([ingress_ns - utc_ahead_ns for ingress_ns in offsets], np.int64)
        # Before its first delay it measures nothing but says 0.
        error_ns = np.array(list(offsets.values()), np.int64)
        known = np.flatnonzero(error_ns)
        first = int(known[0]) if len(known) else len(error_ns)
        errors = Errors(at_ns[first:], error_ns[first:])
        return Record(self._ready_ns, int(errors.at_ns[0]) if len(errors) else None, errors)


def observe(followers: list[Follower], settle_s: float, seconds: float) -> list[Followed]:
    """Let them run side by side; the rest is the last ``seconds``."""
    time.sleep(settle_s + seconds)
    rest_ns = time.monotonic_ns() - round(seconds * 1e9)
    results = []
    for follower in followers:
        record = follower.record()
        ready_s, locked_s, near_s = (
            None if at_ns is None else (at_ns - follower.begun_ns) / 1e9
            for at_ns in (record.ready_ns, record.locked_ns, record.errors.within_for_good_ns(NEAR_NS))
        )
        results.append(Followed(follower.name, ready_s, locked_s, near_s, record.errors.between(rest_ns)))
    return results
