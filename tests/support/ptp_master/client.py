"""A scripted grandmaster on a lab host, as tests drive it."""

from __future__ import annotations

import contextlib
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from support.ptp_master.settings import Settings
from support.ptp_master.truth import Truth, in_force

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.netlab import Host
    from support.process import LoggedProcess


class PtpMaster:
    """One running grandmaster. Every method returns when the process has done it."""

    def __init__(self, process: LoggedProcess, settings: Settings) -> None:
        self.process = process
        self.settings = settings
        self._commands = 0

    @property
    def identity(self) -> str:
        """As the snapshot writes it: ``02-00-00-ff-fe-7a-10-01``."""
        return self.settings.identity

    def set(self, **settings: Any) -> None:
        """Behave otherwise from now on; see ``Settings``."""
        self._do("set", **settings)

    def jump(self, seconds: float, *, rate_ppm: float | None = None) -> None:
        """Serve a time that much later (or earlier) from now on, and at another rate if one is given."""
        self._do("time", jump_s=seconds, rate_ppm=rate_ppm)

    def run_at(self, rate_ppm: float) -> None:
        """Go on from the time it is, faster or slower."""
        self._do("time", rate_ppm=rate_ppm)

    def begin_epoch(self, epoch: str | float) -> None:
        """``utc``, ``tai``, ``boot``, or the PTP time it is now, in seconds."""
        self._do("time", epoch=epoch)

    def replay(self, seconds: float, *, age_s: float | None = None) -> None:
        """Send some seconds that began ``age_s`` ago, else the last ones, once more in their rhythm beside the new."""
        self._do("replay", seconds=seconds, age_s=seconds if age_s is None else age_s)

    def counts(self) -> dict[str, int]:
        """Messages sent by name, ``received …``, ``lost …``, ``noise``, ``replayed``."""
        counts: dict[str, int] = self._do("count")["counts"]
        return counts

    def truths(self) -> list[Truth]:
        """Every time it has served, the first first."""
        return [
            Truth(**{key: value for key, value in line.items() if key != "event"})
            for line in self._lines()
            if line["event"] == "truth"
        ]

    def truth_ns(self, monotonic_ns: int) -> int:
        """The PTP time it served at an instant of CLOCK_MONOTONIC."""
        return in_force(self.truths(), monotonic_ns).at(monotonic_ns)

    def _lines(self) -> list[dict[str, Any]]:
        complete, _, _ = self.process.output().rpartition("\n")
        return [json.loads(line) for line in complete.splitlines()]

    def _do(self, todo: str, **values: Any) -> dict[str, Any]:
        self._commands += 1
        self.process.write(json.dumps({"number": self._commands, "do": todo, **values}) + "\n")
        self.process.wait_for(rf'"(done|failed)", "number": {self._commands}\b', 10)
        answer = next(line for line in self._lines() if line.get("number") == self._commands)
        assert answer["event"] == "done", answer
        if todo == "set":
            self.settings = Settings(**{**_fields(self.settings), **values})
        return answer


def _fields(settings: Settings) -> dict[str, Any]:
    return {name: getattr(settings, name) for name in Settings.__dataclass_fields__}


@contextlib.contextmanager
def ptp_master(
    host: Host,
    directory: Path,
    *,
    epoch: str | float = "utc",
    rate_ppm: float = 0.0,
    name: str | None = None,
    **settings: Any,
) -> Iterator[PtpMaster]:
    """A grandmaster that announces itself; it is gone after the block. For ``settings`` see ``Settings``."""
    begin = [("set", settings), ("time", {"epoch": epoch, "rate_ppm": rate_ppm})]
    command = [sys.executable, "-m", "support.ptp_master.process", host.address, json.dumps(begin)]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[2])}
    name = name or f"{host.name}-scripted"
    log, output = directory / f"{name}.log", directory / f"{name}.jsonl"
    with host.start(command, log, stdout=output, environment=environment, commanded=True) as process:
        process.wait_for('"ready"', 30)
        yield PtpMaster(process, Settings(**settings))
