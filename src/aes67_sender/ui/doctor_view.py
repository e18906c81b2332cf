"""What the doctor found: for a terminal, at most 80 columns, as JSON, and as text to show to others."""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING, Final

from rich.text import Text

from aes67_sender.logic.doctor.findings import ORDER, count
from aes67_sender.ui.parts import sentence

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from aes67_sender.logic.doctor.findings import Finding

_WIDEST: Final = 80
_AREAS: Final = {
    "config": "Config",
    "sender": "The running sender",
    "software": "Software",
    "storage": "Storage",
    "sound": "Sound",
    "realtime": "Real time",
    "network": "Network",
    "ports": "Ports",
    "streams": "Streams",
    "ptp": "PTP",
}
_SIGNS: Final = {"ok": "✓", "info": "·", "warn": "!", "problem": "✗"}
_PLAIN_SIGNS: Final = {"ok": "+", "info": "-", "warn": "!", "problem": "X"}
_ARROW: Final = "→"
_PLAIN_ARROW: Final = ">"
_STYLES: Final = {"ok": "green", "info": "cyan", "warn": "bold yellow", "problem": "bold red"}


def encode_findings(findings: Sequence[Finding]) -> str:
    """A JSON list of all findings, in the order of the checks."""
    return json.dumps([dataclasses.asdict(each) for each in findings], ensure_ascii=False, indent=2)


def doctor_lines(findings: Sequence[Finding], width: int, encoding: str = "utf-8") -> Iterator[Text]:
    """By area, the sound ones first and the worst last: next to the prompt is what needs to be done.

    ``encoding`` is the terminal's: a sign that it lacks would become a question mark, whatever it says.
    """
    columns = min(width, _WIDEST)
    fancy = _can_encode("".join(_SIGNS.values()) + _ARROW, encoding)
    signs, arrow = (_SIGNS, _ARROW) if fancy else (_PLAIN_SIGNS, _PLAIN_ARROW)
    for area, some in by_area(findings):
        yield Text(_AREAS.get(area, area.capitalize()), style="bold")
        for finding in some:
            yield from _finding_lines(finding, columns, signs[finding.severity], arrow)
    yield from sentence(summary(findings), columns, style="bold")


def by_area(findings: Sequence[Finding]) -> list[tuple[str, list[Finding]]]:
    """Areas and the findings in each, from good to bad."""
    areas: dict[str, list[Finding]] = {area: [] for area in _AREAS}
    for finding in findings:
        areas.setdefault(finding.area, []).append(finding)
    ordered = [
        (area, sorted(some, key=lambda finding: ORDER.index(finding.severity))) for area, some in areas.items() if some
    ]
    # A note does not make an area worse than none.
    return sorted(ordered, key=lambda each: max(ORDER.index(each[1][-1].severity), 1))


def summary(findings: Sequence[Finding]) -> str:
    """As ``2 problems, 1 warning, 24 in order.``."""
    counts = count(findings)
    shown = ((counts["problem"], "problem"), (counts["warn"], "warning"))
    words = [f"{number} {word}{'s' * (number != 1)}" for number, word in shown if number]
    return ", ".join([*words, f"{counts['ok']} in order"]) + "."


def _can_encode(text: str, encoding: str) -> bool:
    try:
        text.encode(encoding)
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def _finding_lines(finding: Finding, columns: int, sign: str, arrow: str) -> Iterator[Text]:
    lines = sentence(f"{sign} {finding.text}", columns, indent="  ", hanging="    ")
    lines[0].stylize(_STYLES[finding.severity], 2, 3)
    yield from lines
    if finding.hint:
        yield from sentence(f"{arrow} {finding.hint}", columns, indent="    ", hanging="      ", style="dim")


def report_text(findings: Sequence[Finding], about: Mapping[str, str]) -> str:
    """Plain text with all facts, as it can be pasted into a forum; the findings must have been made anonymous."""
    lines = ["aes67-sender doctor", *(f"{key}: {value}" for key, value in about.items()), summary(findings), ""]
    for area, some in by_area(findings):
        lines.append(f"[{_AREAS.get(area, area)}]")
        for finding in some:
            lines.append(f"{finding.severity:<8} {finding.check}: {finding.text}")
            if finding.facts:
                lines.append(f"         {json.dumps(dict(finding.facts), ensure_ascii=False)}")
        lines.append("")
    return "\n".join(lines)
