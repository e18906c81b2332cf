"""Real time, sound, storage, config and the running sender: facts, and what is said of them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from aes67_sender.logic.doctor.findings import SYSTEMS, System, count, system_of
from aes67_sender.logic.doctor.realtime import PriorityFacts, TimerFacts, judge_priority, judge_timer
from aes67_sender.logic.doctor.running import judge_running
from aes67_sender.logic.doctor.settings import ConfigFacts, judge_config
from aes67_sender.logic.doctor.sound import DeviceFacts, JackFacts, judge_devices, judge_jack
from aes67_sender.logic.doctor.storage import PlaceFacts, judge_place
from aes67_sender.model.problem import Problem
from unit.doctor.judged import severities, the
from unit.ui.pictures import picture

MB = 1_000_000


@pytest.mark.parametrize(("granted", "severity"), [(True, "ok"), (None, "ok"), (False, "warn")])
def test_real_time_priority(granted: bool | None, severity: str) -> None:
    facts = PriorityFacts(granted, 40, limit=0, capability=False)
    finding = the("realtime.priority", judge_priority(facts, "linux"))
    assert finding.severity == severity
    assert ("rtprio 40" in finding.hint) == (severity == "warn")


@pytest.mark.parametrize(
    ("late_ms", "source", "severity", "text"),
    [
        ([0.05] * 100, "tsc", "ok", "exact enough"),
        ([14.6] * 100, "", "warn", "coarse"),
        ([0.05] * 95 + [40.0] * 5, "tsc", "warn", "stalls"),
        # One stall of a shared machine is nobody's fault.
        ([0.05] * 199 + [400.0], "tsc", "ok", "exact enough"),
        ([0.05] * 100, "hpet", "warn", "hpet"),
        ([0.05] * 3, "tsc", "info", "could not be measured"),
    ],
)
def test_a_timer_is_judged_by_its_ratio_to_the_period(
    late_ms: list[float], source: str, severity: str, text: str
) -> None:
    facts = TimerFacts([round(each * MB) for each in late_ms], clock_source=source)
    finding = the("realtime.timer", judge_timer(facts, "win32"))
    assert finding.severity == severity
    assert text in finding.text


@pytest.mark.parametrize(
    ("facts", "wanted", "else_"),
    [
        (JackFacts(library=False), "problem", "info"),
        (JackFacts(library=True), "problem", "info"),
        (JackFacts(library=True, server=True, rate_hz=48_000, period_frames=64), "ok", "ok"),
    ],
)
def test_jack_is_a_problem_only_for_who_uses_it(facts: JackFacts, wanted: str, else_: str) -> None:
    for system in SYSTEMS:
        assert severities(judge_jack(facts, system, kinds={"jack"})) == {"sound.jack": wanted}
        assert severities(judge_jack(facts, system, kinds={"tone"})) == {"sound.jack": else_}


def test_the_server_that_is_missing_is_named() -> None:
    finding = the("sound.jack", judge_jack(JackFacts(library=True, server_name="studio"), "win32", kinds={"jack"}))
    assert '"studio"' in finding.text
    assert "QjackCtl" in finding.hint


@pytest.mark.parametrize(
    ("facts", "wanted", "else_"),
    [
        (DeviceFacts(4), "ok", "ok"),
        (DeviceFacts(4, ("a", "b", "c", "d")), "problem", "warn"),
        (DeviceFacts(0), "problem", "info"),
        (DeviceFacts(None), "info", "info"),
        (DeviceFacts(None, ("the microphone",)), "problem", "warn"),
    ],
)
def test_sound_devices_are_a_problem_only_for_who_captures(facts: DeviceFacts, wanted: str, else_: str) -> None:
    for system, kind in zip(SYSTEMS, ("alsa", "wasapi", "coreaudio"), strict=True):
        assert severities(judge_devices(facts, system, kinds={kind})) == {"sound.devices": wanted}
        assert severities(judge_devices(facts, system, kinds={"tone"})) == {"sound.devices": else_}


PLACE = PlaceFacts("storage.sdp", "where the SDP files go", "/srv/sdp", True, 5000 * MB, "Set sdp_dir.")  # noqa: FBT003  a record


@pytest.mark.parametrize(
    ("change", "severity", "remedy"),
    [
        ({}, "ok", ""),
        ({"writable": False}, "problem", "Set sdp_dir."),
        ({"writable": False, "needed": False}, "warn", "Set sdp_dir."),
        ({"free_bytes": 9 * MB}, "problem", "Make room"),
        ({"free_bytes": 9 * MB, "needed": False}, "warn", "Make room"),
        ({"free_bytes": 60 * MB}, "warn", "Make room"),
        ({"free_bytes": None}, "ok", ""),
    ],
)
@pytest.mark.parametrize("system", SYSTEMS)
def test_places_must_be_writable_and_have_room(
    system: System, change: dict[str, Any], severity: str, remedy: str
) -> None:
    finding = the("storage.sdp", judge_place(replace(PLACE, **change), system))
    assert finding.severity == severity
    assert remedy in finding.hint


def test_a_config_that_is_not_there_matters_to_who_asked_for_it() -> None:
    for named, severity in ((True, "problem"), (False, "info")):
        facts = ConfigFacts("aes67-config.json", named, exists=False)
        assert severities(judge_config(facts, "linux")) == {"config.file": severity}


def test_every_problem_of_a_config_is_a_finding() -> None:
    problems = (
        Problem("config.unknown-key", "error", "There is no key latancy.", "Did you mean latency_ms?", "latancy"),
        Problem("config.file-missing", "warning", "There is no file.", "Put it there.", "sources[0].path"),
    )
    found = list(judge_config(ConfigFacts("studio.json", True, True, problems=problems), "linux"))  # noqa: FBT003  a record
    assert [each.severity for each in found] == ["problem", "warn"]
    assert found[0].text == "studio.json: latancy: There is no key latancy."
    assert found[1].hint == "Put it there."
    only_warnings = list(judge_config(ConfigFacts("studio.json", True, True, 2, 1, problems[1:]), "linux"))  # noqa: FBT003  a record
    assert [each.severity for each in only_warnings] == ["warn", "ok"]
    assert "2 streams, 1 source" in only_warnings[1].text


def test_a_running_senders_problems_are_taken_over() -> None:
    assert list(judge_running(None)) == []
    problem = Problem("source.failed", "error", "No sound.", "Plug it in.", "sources.daw")
    running = replace(picture(), problems=(problem,))
    status, taken = judge_running(running)
    assert (status.check, status.severity, status.facts["streams"]) == ("sender.status", "ok", len(running.streams))
    assert (taken.check, taken.severity, taken.text, taken.hint) == (
        "sender.problem",
        "problem",
        "No sound.",
        "Plug it in.",
    )
    unlocked = replace(running, clock=replace(running.clock, state="locking"))
    assert next(iter(judge_running(unlocked))).severity == "info"


def test_unknown_systems_are_told_what_linux_is_told() -> None:
    assert [system_of(each) for each in ("linux", "win32", "darwin", "freebsd14")] == [
        "linux", "win32", "darwin", "linux",
    ]  # fmt: skip


def test_findings_are_counted_by_severity() -> None:
    found = [*judge_running(picture()), *judge_priority(PriorityFacts(False, 40), "linux")]  # noqa: FBT003  a record
    assert {key: number for key, number in count(found).items() if number} == {"ok": 1, "warn": 1}
