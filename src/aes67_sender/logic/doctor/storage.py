"""Judges the places that are written to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from aes67_sender.logic.doctor.findings import Finding, Remedy

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aes67_sender.logic.doctor.findings import Severity, System

_MB: Final = 1_000_000
#: GStreamer's registry takes 3 MB, compiled code 5.
_NEEDED_BYTES: Final = 10 * _MB
_SCARCE_BYTES: Final = 100 * _MB

WRITABLE: Final = Remedy(
    linux="Let this user write there: sudo chown -R $USER {path}; if it is a read-only file system, name another "
    "folder. {else_}",
    win32='Let this user write there: icacls "{path}" /grant "%USERNAME%":(OI)(CI)M; or name another folder. {else_}',
    darwin="Let this user write there: sudo chown -R $USER {path}; or name another folder. {else_}",
)
SPACE: Final = Remedy(
    linux="Make room: df -h {path} shows how full it is. {else_}",
    win32="Make room: Settings, System, Storage. {else_}",
    darwin="Make room: System Settings, General, Storage. {else_}",
)


@dataclass(frozen=True, slots=True)
class PlaceFacts:
    """A folder. ``what`` names it in a sentence, ``elsewhere`` says how to name another; ``free_bytes`` on its disk.

    ``path`` is the folder, or the one in which it would be made. ``needed``: the sender does not work without it.
    """

    check: str
    what: str
    path: str
    writable: bool
    free_bytes: int | None
    elsewhere: str
    needed: bool = True


def judge_place(facts: PlaceFacts, system: System) -> Iterator[Finding]:
    """Writable, and with room."""
    told = {"path": facts.path, "writable": facts.writable, "free_bytes": facts.free_bytes}
    bad: Severity = "problem" if facts.needed else "warn"
    free = facts.free_bytes
    if not facts.writable:
        text = f"This user cannot write to {facts.path}, {facts.what}."
        hint = WRITABLE.on(system, path=facts.path, else_=facts.elsewhere).strip()
        yield Finding(facts.check, bad, text, hint, told)
    elif free is not None and free < _SCARCE_BYTES:
        text = f"Only {free / _MB:.1f} MB are free at {facts.path}, {facts.what}."
        hint = SPACE.on(system, path=facts.path, else_=facts.elsewhere).strip()
        yield Finding(facts.check, bad if free < _NEEDED_BYTES else "warn", text, hint, told)
    else:
        room = "" if free is None else f", {free / 1000 / _MB:.1f} GB free"
        yield Finding(
            facts.check, "ok", f"{facts.what[0].upper()}{facts.what[1:]} can be written to{room}.", facts=told
        )
