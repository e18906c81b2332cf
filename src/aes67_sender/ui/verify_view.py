"""The verdict on a stream: as text for a terminal, at most 80 columns, and as JSON."""

from __future__ import annotations

import dataclasses
import json
import math
from typing import TYPE_CHECKING, Final

from rich.text import Text

from aes67_sender.logic.verify.findings import overall
from aes67_sender.logic.verify.timing import EDGES
from aes67_sender.ui.parts import sentence

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from aes67_sender.logic.verify.findings import Finding
    from aes67_sender.logic.verify.verifier import Verification

_WIDEST: Final = 80
_TITLE_COLUMNS: Final = 17
_BAR_COLUMNS: Final = 40
_SIGNS: Final = {"fail": "✗", "warn": "!", "unknown": "?", "pass": "✓"}
_STYLES: Final = {"fail": "bold red", "warn": "bold yellow", "unknown": "cyan", "pass": "green"}
_WORDS: Final = {"fail": "FAIL", "warn": "PASS, with warnings", "pass": "PASS", "unknown": "unknown"}


def encode_verifications(found: Sequence[Verification]) -> str:
    """One JSON object: the verdict on all, and one on each stream with its findings."""
    verdict = overall(each for one in found for each in one.findings)
    streams = [dataclasses.asdict(each) for each in found]
    for each in streams:
        each["gaps"] = [
            {"from_packet_times": edge, "packets": count}
            for edge, count in zip(EDGES, each.pop("gap_counts"), strict=False)
        ]
    return json.dumps({"version": 1, "verdict": verdict, "streams": streams}, ensure_ascii=False)


def verification_lines(found: Verification, width: int) -> list[Text]:
    """Failures first, each with what to do; then the gaps as a picture, and the levels."""
    columns = min(width, _WIDEST)
    packet_time = "" if found.packet_time_us is None else f", {found.packet_time_us:g} µs"
    lines = sentence(f"{found.name or 'Stream'}: {found.address}:{found.port}, {found.format}{packet_time}", columns)
    lines[0].stylize("bold")
    heard = f", {found.packets} packets in {found.duration_s:.1f} s"
    lines.append(Text.assemble((_WORDS[found.verdict], _STYLES[found.verdict]), heard))
    for finding in found.findings:
        lines += _finding_lines(finding, columns)
    lines += _gap_lines(found.gap_counts, columns)
    lines += _level_lines(found, columns)
    return lines


def _finding_lines(finding: Finding, columns: int) -> Iterator[Text]:
    head = f"{_SIGNS[finding.verdict]} {finding.title}"
    indent = " " * _TITLE_COLUMNS
    lines = sentence(f"{head:<{_TITLE_COLUMNS}}{finding.text}", columns, hanging=indent)
    lines[0].stylize(_STYLES[finding.verdict], 0, len(head))
    yield from lines
    if finding.hint:
        yield from sentence(f"→ {finding.hint}", columns, indent=indent, hanging=f"{indent}  ", style="dim")


def _gap_lines(counts: Sequence[int], columns: int) -> Iterator[Text]:
    """A bar for each range of gaps, by the logarithm of its packets: one in a million shall be seen."""
    used = [at for at, count in enumerate(counts) if count]
    if not used:
        return
    yield Text("Gaps in packet times, bars by the logarithm of packets", style="bold")
    bar_columns = min(_BAR_COLUMNS, columns - 34)
    most = math.log10(max(counts)) + 1
    for at in range(used[0], used[-1] + 1):
        upper = f"{EDGES[at + 1]:>5g}" if at + 1 < len(EDGES) else "    …"
        filled = round(bar_columns * (math.log10(counts[at]) + 1) / most) if counts[at] else 0
        yield Text(f"  {EDGES[at]:>5g} to {upper} {'█' * filled:<{bar_columns}} {counts[at] or '':>9}".rstrip())


def _level_lines(found: Verification, columns: int) -> Iterator[Text]:
    if not found.levels:
        return
    yield Text("Levels in dBFS, peak/RMS", style="bold")
    words = [f"{number}: {each.peak_dbfs:g}/{each.rms_dbfs:g}" for number, each in enumerate(found.levels, 1)]
    line = " "
    for word in words:
        if len(line) + len(word) + 2 > columns:
            yield Text(line.rstrip())
            line = " "
        line += f" {word:<15}"
    yield Text(line.rstrip())
