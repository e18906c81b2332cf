"""Judges the config file: what is wrong in it, or that there is none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from aes67_sender.logic.doctor.findings import Finding, everywhere

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from aes67_sender.logic.doctor.findings import Severity, System
    from aes67_sender.model.problem import Problem

NO_FILE: Final = everywhere(
    "Write one by `aes67-sender configure`, or name another with -c. `aes67-sender demo` needs none."
)
_SEVERITIES: Final[dict[str, Severity]] = {"error": "problem", "warning": "warn", "info": "info"}


@dataclass(frozen=True, slots=True)
class ConfigFacts:
    """``named``: the user asked for this file."""

    name: str
    named: bool
    exists: bool
    streams: int = 0
    sources: int = 0
    problems: Sequence[Problem] = ()


def judge_config(facts: ConfigFacts, system: System) -> Iterator[Finding]:
    """Every problem of its own; the rest of the machine is then judged by the defaults."""
    told = {"file": facts.name, "streams": facts.streams, "sources": facts.sources}
    if not facts.exists:
        if facts.named:
            text = f"There is no file {facts.name}; the rest is judged by the defaults."
            yield Finding("config.file", "problem", text, NO_FILE.on(system), told)
        else:
            text = f"There is no {facts.name} in this folder; the rest is judged by the defaults."
            yield Finding("config.file", "info", text, NO_FILE.on(system), told)
        return
    for problem in facts.problems:
        place = f"{problem.path}: " if problem.path else ""
        text = f"{facts.name}: {place}{problem.text}"
        more = {"code": problem.code, "path": problem.path}
        yield Finding("config.file", _SEVERITIES[problem.severity], text, problem.hint, {**told, **more})
    if not any(problem.severity == "error" for problem in facts.problems):
        streams = "1 stream" if facts.streams == 1 else f"{facts.streams} streams"
        sources = "1 source" if facts.sources == 1 else f"{facts.sources} sources"
        yield Finding("config.file", "ok", f"{facts.name} is valid: {streams}, {sources}.", facts=told)
