"""What was heard of PTP, and what is said of it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from aes67_sender.logic.doctor.findings import SYSTEMS
from aes67_sender.logic.doctor.ptp import DaemonFacts, PtpFacts, judge_ptp, judge_system_clock
from aes67_sender.model.snapshot import MasterStatus
from unit.doctor.judged import severities, the

GM = "00-1d-c1-ff-fe-12-34-56"
MASTER = MasterStatus(0, GM, address="10.0.0.1", utc_offset_s=37, ptp_timescale=True)
V1 = MasterStatus(-1, "00-1d-c1-12-34-56", version=1)
SYNCS = {"Sync": 40, "Follow_Up": 40, "Announce": 5}
HEARD = PtpFacts("eth0", 0, 6.0, masters=(MASTER,), multicast=SYNCS, locked=True, accuracy_ns=1500)
SILENCE = PtpFacts("eth0", 0, 6.0)


def test_a_grandmaster_that_can_be_followed_is_fine() -> None:
    found = list(judge_ptp(HEARD, "linux", mode="auto"))
    assert severities(found) == {"ptp.grandmaster": "ok", "ptp.lock": "ok"}
    assert GM in found[0].text


@pytest.mark.parametrize(
    ("facts", "text", "remedy"),
    [
        (SILENCE, "No PTP master was heard on eth0", "224.0.1.129"),
        (replace(SILENCE, masters=(replace(MASTER, domain=4),)), "domain 4", '"domain": 4'),
        (replace(SILENCE, masters=(V1,)), "version 1", "AES67 mode"),
        (replace(SILENCE, masters=(V1, replace(MASTER, domain=4))), "domain 4", '"domain": 4'),
        (replace(SILENCE, unicast={"Sync": 20}), "unicast only", "multicast"),
        (replace(SILENCE, multicast={"Sync": 20}), "no Announce", "320"),
    ],
)
@pytest.mark.parametrize("system", SYSTEMS)
def test_no_grandmaster_has_one_of_several_causes(system: Any, facts: PtpFacts, text: str, remedy: str) -> None:
    finding = the("ptp.grandmaster", judge_ptp(facts, system, mode="auto"))
    assert finding.severity == "problem"
    assert text in finding.text
    assert remedy in finding.hint
    assert "PTP clock sync timeout" in finding.hint


@pytest.mark.parametrize("mode", ["free-run", "grandmaster", "system"])
def test_who_needs_no_grandmaster_has_no_problem(mode: str) -> None:
    assert severities(judge_ptp(SILENCE, "linux", mode=mode)) == {"ptp.grandmaster": "info"}


def test_ports_that_could_not_be_opened_are_not_called_silence() -> None:
    finding = the("ptp.grandmaster", judge_ptp(replace(SILENCE, refused="They are taken."), "linux", mode="auto"))
    assert (finding.severity, "They are taken." in finding.text) == ("warn", True)


@pytest.mark.parametrize(
    ("change", "check", "severity"),
    [
        ({"locked": False, "multicast": {"Announce": 5}}, "ptp.lock", "problem"),
        ({"locked": False, "seconds": 2.0}, "ptp.lock", "info"),
        ({"locked": False}, "ptp.lock", "warn"),
        ({"locked": False, "multicast": {}, "unicast": {"Sync": 9}}, "ptp.unicast", "warn"),
    ],
)
def test_a_grandmaster_that_cannot_be_followed(change: dict[str, Any], check: str, severity: str) -> None:
    finding = the(check, judge_ptp(replace(HEARD, **change), "win32", mode="auto"))
    assert finding.severity == severity


def test_the_old_words_for_no_lock_are_answered() -> None:
    for heard in ({"Announce": 5}, SYNCS):
        finding = the("ptp.lock", judge_ptp(replace(HEARD, locked=False, multicast=heard), "darwin", mode="auto"))
        assert "PTP not synchronized" in finding.hint


@pytest.mark.parametrize(
    ("daemon", "mode", "severity"),
    [
        (DaemonFacts("grandmaster", "/run/ptp4l", GM, 0), "auto", "info"),
        (DaemonFacts("grandmaster", "/run/ptp4l", GM, 0), "builtin", "problem"),
        (DaemonFacts("follower", "/run/ptp4l", GM, 0), "builtin", "info"),
        (DaemonFacts("other", "/run/ptp4l"), "auto", "info"),
        (DaemonFacts("forbidden", "/run/ptp4l"), "auto", "info"),
        (DaemonFacts("grandmaster"), "builtin", "info"),
    ],
)
def test_a_daemon_on_this_computer_is_told(daemon: DaemonFacts, mode: str, severity: str) -> None:
    assert severities(judge_ptp(replace(HEARD, daemon=daemon), "linux", mode=mode))["ptp.here"] == severity


def test_a_grandmaster_here_explains_the_silence() -> None:
    here = replace(SILENCE, daemon=DaemonFacts("grandmaster", "/run/ptp4l", GM, 0))
    assert severities(judge_ptp(here, "linux", mode="auto")) == {"ptp.here": "info"}
    follower = replace(SILENCE, daemon=DaemonFacts("follower", "/run/ptp4l", GM, 0))
    assert severities(judge_ptp(follower, "linux", mode="auto"))["ptp.grandmaster"] == "problem"


# The raw error is UTC here minus what the master serves: -37 s where that is TAI.
@pytest.mark.parametrize(
    ("timescale", "raw_s", "severity", "text"),
    [
        (True, -37.2, "ok", "within 1 s"),
        (True, -335.0, "warn", "5.0 minutes behind"),
        (True, -34.0, "warn", "3.0 s ahead of"),
        (True, 3600.0 * 24 * 5, "warn", "5.0 days ahead of"),
        # UTC or TAI by who does not claim either: both are right.
        (False, 0.3, "ok", "within 1 s"),
        (False, -37.4, "ok", "within 1 s"),
        (False, 1.7e9, "info", "does not claim"),
    ],
)
def test_the_systems_clock_against_the_grandmasters(timescale: bool, raw_s: float, severity: str, text: str) -> None:
    facts = replace(HEARD, masters=(replace(MASTER, ptp_timescale=timescale),), raw_error_s=raw_s)
    finding = the("ptp.system-clock", judge_system_clock(facts, "linux"))
    assert finding.severity == severity
    assert text in finding.text


def test_without_a_master_or_its_time_nothing_is_said_of_the_systems_clock() -> None:
    assert list(judge_system_clock(HEARD, "linux")) == []
    assert list(judge_system_clock(replace(SILENCE, raw_error_s=5.0), "linux")) == []
