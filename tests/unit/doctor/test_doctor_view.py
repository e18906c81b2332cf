"""What the doctor found, as it is shown."""

from __future__ import annotations

import json

import pytest
from rich.cells import cell_len

from aes67_sender.logic.doctor.findings import Finding
from aes67_sender.ui.doctor_view import by_area, doctor_lines, encode_findings, report_text, summary

LONG = "It is a long way from what is wrong to what has to be done about it, and all of it has to be shown. " * 2
FINDINGS = (
    Finding("config.file", "ok", "aes67-config.json is valid."),
    Finding("network.link", "ok", "Interface eth0 is up."),
    Finding("network.mtu", "problem", LONG, LONG, {"mtu_bytes": 900}),
    Finding("ptp.grandmaster", "info", "Nobody was heard."),
    Finding("realtime.priority", "warn", "It is refused.", "Allow it."),
    Finding("new.area", "ok", "Something new."),
)


@pytest.mark.parametrize("width", [40, 80, 200])
def test_every_line_fits(width: int) -> None:
    lines = [line.plain for line in doctor_lines(FINDINGS, width)]
    assert max(cell_len(line) for line in lines) <= min(width, 80)


def test_the_worst_is_last_and_nothing_is_left_out() -> None:
    text = "\n".join(line.plain for line in doctor_lines(FINDINGS, 80))
    order = [text.index(head) for head in ("Config", "PTP", "New", "Real time", "Network")]
    assert order == sorted(order)
    assert text.index("eth0 is up") < text.index("✗ It is a long way") < text.index("→ It is a long way")
    assert text.endswith("1 problem, 1 warning, 3 in order.")
    assert sum(len(some) for _, some in by_area(FINDINGS)) == len(FINDINGS)


def test_a_terminal_without_the_signs_gets_others_that_differ() -> None:
    lines = [line.plain for line in doctor_lines(FINDINGS, 80, "cp1252")]
    assert "\n".join(lines).encode("ascii")
    signs = {line[2] for line in lines if line.startswith("  ") and line[2] != " "}
    assert signs == {"+", "-", "!", "X"}


def test_the_summary_counts_what_matters() -> None:
    assert summary(()) == "0 in order."
    assert summary(FINDINGS[2:3] * 2) == "2 problems, 0 in order."


def test_json_is_a_list_with_all_fields() -> None:
    decoded = json.loads(encode_findings(FINDINGS))
    assert decoded[2] == {
        "check": "network.mtu", "severity": "problem", "text": LONG, "hint": LONG, "facts": {"mtu_bytes": 900},
    }  # fmt: skip
    assert [each["check"] for each in decoded] == [each.check for each in FINDINGS]


def test_the_report_has_the_facts_and_what_it_is_about() -> None:
    text = report_text(FINDINGS, {"system": "Linux"})
    assert text.startswith("aes67-sender doctor\nsystem: Linux\n1 problem, 1 warning, 3 in order.\n")
    assert '{"mtu_bytes": 900}' in text
    assert all(finding.check in text for finding in FINDINGS)
