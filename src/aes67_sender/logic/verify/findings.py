"""What is found out about a stream."""

from __future__ import annotations

from collections.abc import Mapping  # noqa: TC003  JSON is made by the annotations
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable

#: ``warn``: some receivers may mind. ``unknown``: could not be judged here; the text says why.
Verdict = Literal["pass", "warn", "fail", "unknown"]
Number = float | int | None

#: From bad to good, as they are shown.
ORDER: Final[tuple[Verdict, ...]] = ("fail", "warn", "unknown", "pass")


@dataclass(frozen=True, slots=True)
class Finding:
    """One judgement. ``code`` is stable and meant for scripts; ``figures`` have their units in their names."""

    code: str
    title: str
    verdict: Verdict
    text: str
    hint: str = ""
    figures: Mapping[str, Number] = field(default_factory=dict)


def overall(findings: Iterable[Finding]) -> Verdict:
    """The verdict of all together: what could not be judged neither helps nor harms."""
    found = {finding.verdict for finding in findings}
    return "fail" if "fail" in found else "warn" if "warn" in found else "pass"


def worst_first(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Failures first; otherwise in the order given."""
    return tuple(sorted(findings, key=lambda finding: ORDER.index(finding.verdict)))
