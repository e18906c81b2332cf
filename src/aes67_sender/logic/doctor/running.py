"""Takes over what a sender that runs on this computer says of itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from aes67_sender.logic.doctor.findings import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aes67_sender.logic.doctor.findings import Severity
    from aes67_sender.model.snapshot import Snapshot

_SEVERITIES: Final[dict[str, Severity]] = {"error": "problem", "warning": "warn", "info": "info"}


def judge_running(snapshot: Snapshot | None) -> Iterator[Finding]:
    """``None``: none runs, of which there is nothing to say."""
    if snapshot is None:
        return
    clock, streams = snapshot.clock, snapshot.streams
    missed = sum(each.missed for each in streams)
    told = {
        "state": snapshot.state,
        "clock": clock.state,
        "provider": clock.provider,
        "grandmaster": clock.grandmaster,
        "streams": len(streams),
        "uptime_s": round(snapshot.uptime_s),
        "missed_packets": missed,
    }
    fine = snapshot.state == "sending" and clock.state == "locked"
    text = f"A sender runs here: {snapshot.state}, {_number(len(streams), 'stream')}, clock {clock.state}. {clock.why}"
    yield Finding("sender.status", "ok" if fine else "info", text, facts=told)
    for problem in snapshot.problems:
        place = {"code": problem.code, "path": problem.path}
        yield Finding("sender.problem", _SEVERITIES[problem.severity], problem.text, problem.hint, place)


def _number(count: int, word: str) -> str:
    return f"{count} {word}{'s' * (count != 1)}"
