"""How far a running sender's media clock is from the truth, sample by sample.

A poller on the sender's host reads ``/api/v1/snapshot`` 20 times a second; the engine reports 10 times a second, so the
samples are those. Needs the sender's REST interface: ``start_sender(..., arguments=())``.
"""

from __future__ import annotations

import http.client
import json
import os
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self

import numpy as np

from support.ptp_master.truth import in_force

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    import numpy.typing as npt

    from support.netlab import Host
    from support.process import LoggedProcess
    from support.ptp_master.truth import Truth
    from support.sender import Snapshot

PERIOD_S: Final = 0.05
PORT: Final = 8067


@dataclass(frozen=True, slots=True)
class Sample:
    """The media clock at one instant of CLOCK_MONOTONIC, and what was said of it."""

    monotonic_ns: int
    media_ns: int | None
    state: str
    anchors: int
    grandmaster: str | None

    @staticmethod
    def of(snapshot: Snapshot) -> Sample:
        """From a snapshot of ``--json`` or REST."""
        clock = snapshot["clock"]
        media_ns = clock["media_time_ns"]
        return Sample(clock["monotonic_ns"], media_ns, clock["state"], clock["anchors"], clock["grandmaster"])


def samples_of(snapshots: Iterable[Snapshot]) -> list[Sample]:
    """In order and each once: a snapshot is shown again until the engine reports the next."""
    by_time = {snapshot["clock"]["monotonic_ns"]: Sample.of(snapshot) for snapshot in snapshots}
    return [by_time[at_ns] for at_ns in sorted(by_time)]


@dataclass(frozen=True, slots=True)
class Errors:
    """Media clock minus truth, in ns, where there was a media clock; ``at_ns`` is CLOCK_MONOTONIC."""

    at_ns: npt.NDArray[np.int64]
    error_ns: npt.NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.at_ns)

    def between(self, begin_ns: float, end_ns: float = float("inf")) -> Errors:
        """Some of them."""
        rows = (self.at_ns >= begin_ns) & (self.at_ns < end_ns)
        return Errors(self.at_ns[rows], self.error_ns[rows])

    @property
    def rms_ns(self) -> float:
        return float(np.sqrt(np.mean(self.error_ns.astype(float) ** 2)))

    @property
    def p99_ns(self) -> float:
        return float(np.percentile(np.abs(self.error_ns), 99))

    @property
    def worst_ns(self) -> int:
        return int(np.abs(self.error_ns).max())

    def within_for_good_ns(self, limit_ns: float) -> int | None:
        """The first instant after which no error is beyond the limit; ``None`` if the last one is."""
        beyond = np.flatnonzero(np.abs(self.error_ns) > limit_ns)
        first = int(beyond[-1]) + 1 if len(beyond) else 0
        return int(self.at_ns[first]) if first < len(self) else None


def errors_of(samples: Sequence[Sample], truths: Sequence[Truth]) -> Errors:
    """Judge samples by what was served at their instants."""
    known = [(sample.monotonic_ns, sample.media_ns) for sample in samples if sample.media_ns is not None]
    errors = [media_ns - in_force(truths, at_ns).at(at_ns) for at_ns, media_ns in known]
    return Errors(np.array([at_ns for at_ns, _ in known], np.int64), np.array(errors, np.int64))


class Poller:
    """Reads the snapshots of a sender on its host, until the block ends."""

    def __init__(self, host: Host, directory: Path, *, port: int = PORT, name: str = "snapshots") -> None:
        command = [sys.executable, "-m", "support.clock_truth", str(port)]
        environment = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[1])}
        log, output = directory / f"{name}-poller.log", directory / f"{name}.jsonl"
        self.process: LoggedProcess = host.start(command, log, stdout=output, environment=environment)
        self._output = output
        self._read = 0
        self._snapshots: list[Snapshot] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.stop()

    def snapshots(self) -> list[Snapshot]:
        """All so far; a line half written is left for the next time."""
        with self._output.open("rb") as file:
            file.seek(self._read)
            complete, ended, _ = file.read().rpartition(b"\n")
        self._read += len(complete) + len(ended)
        self._snapshots += [json.loads(line) for line in complete.splitlines()]
        return self._snapshots

    def samples(self) -> list[Sample]:
        """All so far."""
        return samples_of(self.snapshots())

    def wait_for(self, condition: Callable[[Snapshot], object], within_s: float = 30) -> Snapshot:
        """The first snapshot taken from now on that meets the condition."""
        begun_ns, deadline_s = time.monotonic_ns(), time.monotonic() + within_s
        seen = len(self.snapshots())
        while time.monotonic() < deadline_s:
            snapshots = self.snapshots()
            for snapshot in snapshots[seen:]:
                if snapshot["clock"]["monotonic_ns"] >= begun_ns and condition(snapshot):
                    return snapshot
            seen = len(snapshots)
            time.sleep(PERIOD_S)
        last: Any = self._snapshots[-1]["clock"] if self._snapshots else self.process.tail()
        raise AssertionError(f"not reached within {within_s} s; last: {last}")


def _main(port: int) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
    while True:
        try:
            connection.request("GET", "/api/v1/snapshot")
            answer = connection.getresponse().read()
            print(answer.decode().strip(), flush=True)
        except (OSError, http.client.HTTPException):
            connection.close()  # not up yet, or no longer
        time.sleep(PERIOD_S)


if __name__ == "__main__":
    _main(int(sys.argv[1]))
