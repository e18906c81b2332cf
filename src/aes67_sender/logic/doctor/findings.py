"""What the doctor finds, and remedies as data: one text for each operating system."""

from __future__ import annotations

from collections.abc import Mapping  # noqa: TC003  JSON is made by the annotations
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable

#: ``info``: worth knowing, nothing to do. ``warn``: works, but not as well as it could. ``problem``: will not work.
Severity = Literal["ok", "info", "warn", "problem"]
#: As ``sys.platform`` has them.
System = Literal["linux", "win32", "darwin"]
SYSTEMS: Final[tuple[System, ...]] = ("linux", "win32", "darwin")
#: From good to bad.
ORDER: Final[tuple[Severity, ...]] = ("ok", "info", "warn", "problem")


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding. ``check`` is stable, ``area.thing``; ``hint`` is the remedy, for the operating system at hand.

    ``facts`` is what the judgement rests on: what JSON can hold, with units in the names.
    """

    check: str
    severity: Severity
    text: str
    hint: str = ""
    facts: Mapping[str, object] = field(default_factory=dict)

    @property
    def area(self) -> str:
        """What it is shown under: ``network`` for ``network.mtu``."""
        return self.check.partition(".")[0]


@dataclass(frozen=True, slots=True)
class Remedy:
    """What to do, on each system; the texts may have places for values, as ``str.format`` knows them."""

    linux: str
    win32: str
    darwin: str

    def on(self, system: System, **values: object) -> str:
        """The text for one system."""
        texts = {"linux": self.linux, "win32": self.win32, "darwin": self.darwin}
        return texts[system].format(**values)


def everywhere(text: str) -> Remedy:
    """The same on every system."""
    return Remedy(text, text, text)


def system_of(platform: str) -> System:
    """From ``sys.platform``; other Unixes are told what Linux is told."""
    return "win32" if platform == "win32" else "darwin" if platform == "darwin" else "linux"


def count(findings: Iterable[Finding]) -> dict[Severity, int]:
    """How many there are of each severity."""
    counts: dict[Severity, int] = dict.fromkeys(ORDER, 0)
    for finding in findings:
        counts[finding.severity] += 1
    return counts


def listed(words: Iterable[str]) -> str:
    """``a, b and c``."""
    all_words = list(words)
    if len(all_words) < 2:  # noqa: PLR2004  nothing to join
        return "".join(all_words)
    return f"{', '.join(all_words[:-1])} and {all_words[-1]}"
