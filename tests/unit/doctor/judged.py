"""What judges say, in a form that tests compare."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from aes67_sender.logic.doctor.findings import Finding, Severity


def severities(findings: Iterable[Finding]) -> dict[str, Severity]:
    """Check → severity; a check that speaks twice would be lost."""
    found = list(findings)
    assert len({each.check for each in found}) == len(found), found
    return {each.check: each.severity for each in found}


def the(check: str, findings: Iterable[Finding]) -> Finding:
    """The one finding of a check."""
    (found,) = [each for each in findings if each.check == check]
    return found
