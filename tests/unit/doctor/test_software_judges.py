"""Python, GStreamer, its wheels and its PTP helper: facts of all three systems, and what is said of them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from aes67_sender.logic.doctor.findings import SYSTEMS, System
from aes67_sender.logic.doctor.software import (
    GStreamerFacts,
    HelperFacts,
    PluginFolder,
    PythonFacts,
    judge_gstreamer,
    judge_helper,
    judge_python,
)
from unit.doctor.judged import severities, the

PYTHON = PythonFacts((3, 12, 4), 64, "1.0", {})
WHEELS = dict.fromkeys(("gstreamer-libs", "gstreamer-plugins", "gstreamer-meta"), "1.28.7")
GSTREAMER = GStreamerFacts(binding_version="3.50.2", version=(1, 28, 7), plugins=253, registry="/r/registry.bin")


@pytest.mark.parametrize("system", SYSTEMS)
def test_what_is_right_is_fine_on_every_system(system: System) -> None:
    facts = replace(PYTHON, wheels={} if system == "linux" else WHEELS)
    assert set(severities(judge_python(facts, system)).values()) == {"ok"}
    assert severities(judge_gstreamer(GSTREAMER, system, mode="auto")) == {"software.gstreamer": "ok"}


@pytest.mark.parametrize(
    ("change", "text"), [({"version": (3, 10, 2)}, "3.10.2 is too old"), ({"pointer_bits": 32}, "32-bit")]
)
def test_a_python_that_is_too_old_or_too_narrow_is_a_problem(change: dict[str, Any], text: str) -> None:
    finding = the("software.python", judge_python(replace(PYTHON, **change), "win32"))
    assert (finding.severity, text in finding.text, "python.org" in finding.hint) == ("problem", True, True)


def test_wheels_that_are_missing_matter_where_gstreamer_comes_by_wheels() -> None:
    assert "software.wheels" not in severities(judge_python(PYTHON, "linux"))
    for system in ("win32", "darwin"):
        assert severities(judge_python(PYTHON, system))["software.wheels"] == "problem"


@pytest.mark.parametrize(
    ("odd", "severity", "pinned"), [("1.28.10", "warn", "1.28.7"), ("1.26.3", "problem", "1.26.3")]
)
def test_wheels_of_two_versions_are_to_be_pinned_to_the_older(odd: str, severity: str, pinned: str) -> None:
    facts = replace(PYTHON, wheels={**WHEELS, "gstreamer-python": odd})
    finding = the("software.wheels", judge_python(facts, "win32"))
    assert finding.severity == severity
    assert f"gstreamer-python=={pinned}" in finding.hint
    # The older by number, not by letters.
    assert "pip uninstall" in the("software.wheels", judge_python(facts, "linux")).hint


@pytest.mark.parametrize(
    ("change", "check", "remedy"),
    [
        ({"binding_error": "PyGObject is not installed."}, "software.gstreamer", "pip install --force-reinstall"),
        ({"missing_typelibs": ("GstNet",)}, "software.typelibs", "pip install --force-reinstall"),
        ({"version": (1, 20, 3)}, "software.gstreamer", "pip install --upgrade"),
        ({"start_error": "GStreamer does not start: no."}, "software.gstreamer", "pip install --force-reinstall"),
        ({"missing_elements": ("appsink", "decodebin")}, "software.plugins", "/r/registry.bin"),
        ({"folders": (PluginFolder("GST_PLUGIN_PATH", "/x", False),)}, "software.plugin-path", "GST_PLUGIN_PATH"),  # noqa: FBT003  a record
    ],
)
def test_what_is_broken_in_gstreamer_is_a_problem(change: dict[str, Any], check: str, remedy: str) -> None:
    finding = the(check, judge_gstreamer(replace(GSTREAMER, **change), "darwin", mode="auto"))
    assert finding.severity == "problem"
    assert remedy in finding.hint


def test_a_missing_typelib_is_not_blamed_on_the_binding_as_well() -> None:
    facts = GStreamerFacts(binding_error="incomplete", missing_typelibs=("GstNet",))
    assert severities(judge_gstreamer(facts, "linux", mode="auto")) == {"software.typelibs": "problem"}


def test_plug_ins_that_do_not_load_are_a_note() -> None:
    facts = replace(GSTREAMER, blacklisted=tuple(f"plugin{number}" for number in range(9)))
    finding = the("software.blacklist", judge_gstreamer(facts, "linux", mode="auto"))
    assert finding.severity == "info"
    assert "and 4 more" in finding.text


def test_ptp_by_gstreamer_came_to_windows_with_1_24() -> None:
    old = replace(GSTREAMER, version=(1, 22, 12))
    assert "software.gstreamer-ptp" not in severities(judge_gstreamer(old, "linux", mode="gstreamer"))
    assert severities(judge_gstreamer(old, "win32", mode="gstreamer"))["software.gstreamer-ptp"] == "problem"
    assert severities(judge_gstreamer(old, "win32", mode="auto"))["software.gstreamer-ptp"] == "info"
    assert "software.gstreamer-ptp" not in severities(judge_gstreamer(GSTREAMER, "win32", mode="gstreamer"))


@pytest.mark.parametrize(
    ("facts", "severity"),
    [
        (HelperFacts("/h", setuid_root=True), "ok"),
        (HelperFacts("/h", may_bind=True), "ok"),
        (HelperFacts("/h", needs_rights=False), "ok"),
        (HelperFacts("/h"), "warn"),
        (HelperFacts(""), "warn"),
    ],
)
def test_the_helper_needs_a_right(facts: HelperFacts, severity: str) -> None:
    assert severities(judge_helper(facts, "darwin", mode="auto")) == {"software.ptp-helper": severity}


@pytest.mark.parametrize(("system", "remedy"), [("linux", "setcap"), ("darwin", "chmod u+s /h")])
def test_who_follows_by_gstreamer_has_a_problem_and_finds_the_old_words(system: System, remedy: str) -> None:
    finding = the("software.ptp-helper", judge_helper(HelperFacts("/h"), system, mode="gstreamer"))
    assert finding.severity == "problem"
    assert remedy in finding.hint
    assert "Failed to initialize PTP subsystem" in finding.hint
