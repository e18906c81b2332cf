"""When the system clock may be called PTP time: transcripts of a daemon's states."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from aes67_sender.logic.ptp_daemon import DaemonView
from aes67_sender.logic.system_clock import (
    KernelTime,
    SystemClockJudge,
    TaiUtcOffset,
    assumed_tai_utc,
    daemon_tai_utc_s,
)
from aes67_sender.units import NS_PER_S
from aes67_sender.wire.ptp import Flag
from aes67_sender.wire.ptp_datasets import (
    CurrentDataSet,
    DefaultDataSet,
    ParentDataSet,
    PortState,
    TimeProperties,
    TimeStatus,
)
from aes67_sender.wire.ptp_types import ClockIdentity, PortIdentity

if TYPE_CHECKING:
    from aes67_sender.logic.system_clock import ClockJudgement

OWN = ClockIdentity(bytes.fromhex("001dc1fffe000002"))
GM = ClockIdentity(bytes.fromhex("001dc1fffe000001"))
ARBITRARY, PTP = Flag(0), Flag.PTP_TIMESCALE
TRUSTED = PTP | Flag.UTC_OFFSET_VALID | Flag.TIME_TRACEABLE
ABSENT = DaemonView(link="absent")

FOLLOWER = DaemonView(
    link="answers",
    own=DefaultDataSet(OWN, 1, 128, 128, 255, 0, slave_only=True),
    current=CurrentDataSet(1, 300, 5000),
    parent=ParentDataSet(PortIdentity(GM, 1), GM, 128, 128, 6),
    time=TimeProperties(37, ARBITRARY, 0xA0),
    status=TimeStatus(300, 0, grandmaster_present=True, grandmaster=GM),
    ports={1: PortState.SLAVE},
    timestamping=0,
)
GRANDMASTER = replace(
    FOLLOWER,
    current=CurrentDataSet(0, 0, 0),
    parent=ParentDataSet(PortIdentity(OWN, 0), OWN, 128, 128, 248),
    ports={1: PortState.MASTER},
)
LISTENING = replace(GRANDMASTER, ports={1: PortState.LISTENING})


class Scene:
    """One judge; every call is one second later, with a new measurement."""

    def __init__(self, wanted: TaiUtcOffset = "auto", *, phc: bool = False) -> None:
        self.judge = SystemClockJudge(wanted, domain=0, path="/run/ptp4l", phc=phc)
        self.now_s = 0

    def then(
        self, view: DaemonView, offset_ns: int | None = None, kernel: KernelTime | None = None, *, new: bool = True
    ) -> ClockJudgement:
        self.now_s += 1
        if view.status is not None:
            offset_ns = view.status.offset_ns if offset_ns is None else offset_ns
            ingress_ns = self.now_s if new else view.status.ingress_ns
            view = replace(view, status=replace(view.status, ingress_ns=ingress_ns, offset_ns=offset_ns))
        return self.judge.judge(self.now_s * NS_PER_S, view, kernel or KernelTime())


def test_a_follower_is_locked_with_its_grandmaster() -> None:
    judged = Scene().then(FOLLOWER)
    assert judged.state == "locked"
    assert judged.grandmaster == "00-1d-c1-ff-fe-00-00-01"
    assert (judged.steps_removed, judged.offset_ns, judged.path_delay_ns) == (1, 300, 5000)
    assert (judged.add_s, judged.accuracy_ns, judged.timestamping) == (0, 300, "kernel")


@pytest.mark.parametrize("state", [PortState.LISTENING, PortState.UNCALIBRATED, PortState.FAULTY, PortState.PRE_MASTER])
def test_before_the_first_lock_no_time_is_given(state: PortState) -> None:
    judged = Scene().then(replace(LISTENING, ports={1: state}))
    assert (judged.state, judged.add_s, judged.grandmaster) == ("locking", None, None)


def test_a_follower_far_away_is_not_locked() -> None:
    scene = Scene()
    assert scene.then(FOLLOWER, offset_ns=-150_000).state == "locking"
    assert scene.then(FOLLOWER, offset_ns=-90_000).state == "locked"


def test_a_free_running_daemon_locks_on_evidence_only() -> None:
    observer = replace(FOLLOWER, ports={1: PortState.UNCALIBRATED})
    scene = Scene()
    assert [scene.then(observer).state for _ in range(5)] == ["locking"] * 4 + ["locked"]
    far = Scene()
    assert {far.then(observer, offset_ns=37 * NS_PER_S).state for _ in range(10)} == {"locking"}


def test_one_bad_measurement_does_not_unlock_and_three_seconds_of_them_do() -> None:
    scene = Scene()
    scene.then(FOLLOWER)
    states = [scene.then(FOLLOWER, offset_ns=each).state for each in (5_000_000, 300, *[5_000_000] * 4, 300)]
    assert states == ["locked"] * 5 + ["holdover", "locked"]


def test_no_sync_is_no_lock() -> None:
    scene = Scene()
    scene.then(FOLLOWER)
    states = [scene.then(FOLLOWER, new=False).state for _ in range(12)]
    assert states[0] == "locked"
    assert states[-1] == "holdover"


def test_the_host_as_grandmaster_says_so() -> None:
    judged = Scene().then(GRANDMASTER)
    assert (judged.state, judged.grandmaster, judged.offset_ns) == ("locked", str(OWN), 0)
    assert judged.why.startswith("This host is the grandmaster")


def test_a_dead_daemon_leaves_time_and_grandmaster_as_they_were() -> None:
    scene = Scene()
    assert scene.then(replace(FOLLOWER, time=TimeProperties(37, PTP, 0x20))).add_s == 37
    for view in (LISTENING, ABSENT, DaemonView(link="silent"), DaemonView(link="answers")):
        judged = scene.then(view, kernel=KernelTime(5, synchronised=True))
        assert (judged.state, judged.add_s, judged.grandmaster) == ("holdover", 37, str(GM))
    assert scene.then(FOLLOWER).add_s == 0


def test_without_a_daemon_nothing_is_claimed() -> None:
    judged = Scene().then(ABSENT, kernel=KernelTime(0, synchronised=True))
    assert (judged.state, judged.add_s, judged.grandmaster) == ("free-running", 37, None)
    assert "/run/ptp4l" in judged.why
    assert "37 s: nobody tells" in judged.why


@pytest.mark.parametrize(
    ("view", "words"),
    [
        (DaemonView(link="forbidden"), "No permission"),
        (DaemonView(link="silent", other_domain=24), "domain 24, not in 0"),
    ],
)
def test_why_there_is_no_daemon(view: DaemonView, words: str) -> None:
    scene = Scene()
    for _ in range(4):
        judged = scene.then(view)
    assert judged.state == "free-running"
    assert words in judged.why


def test_a_daemon_gets_time_to_answer() -> None:
    scene = Scene()
    assert [scene.then(DaemonView(link="silent")).state for _ in range(3)] == ["listening", "listening", "free-running"]


def test_hardware_stamps_need_phc2sys_or_the_phc() -> None:
    hardware = replace(FOLLOWER, timestamping=1, time=TimeProperties(37, PTP, 0x20))
    assert Scene().then(hardware, kernel=KernelTime(37, synchronised=False)).state == "locking"
    by_phc2sys = Scene().then(hardware, kernel=KernelTime(37, synchronised=True))
    assert (by_phc2sys.state, by_phc2sys.add_s, by_phc2sys.timestamping) == ("locked", 37, "hardware")
    by_phc = Scene(phc=True).then(hardware, kernel=KernelTime(37, synchronised=False))
    assert (by_phc.state, by_phc.add_s) == ("locked", 0)


def test_an_explicit_offset_wins_and_contradiction_is_told() -> None:
    scene = Scene(37)
    assert scene.then(LISTENING).add_s == 37
    judged = scene.then(FOLLOWER)
    assert judged.add_s == 37
    assert "though ptp4l keeps 0 s" in judged.why


@pytest.mark.parametrize(
    ("announced_s", "flags", "software", "grandmaster", "kept_s"),
    [
        (37, ARBITRARY, True, False, 0),
        (37, ARBITRARY, False, True, 0),
        (38, TRUSTED, True, False, 38),
        (36, TRUSTED, True, False, 36),
        (36, PTP, True, False, 37),
        (0, PTP, True, False, 37),
        (38, PTP, True, False, 38),
        (36, PTP, False, False, 36),
        (37, TRUSTED, True, True, 0),
        (37, TRUSTED, False, True, 37),
    ],
)
def test_what_linuxptp_keeps_between_ptp_and_utc(
    announced_s: int, flags: Flag, *, software: bool, grandmaster: bool, kept_s: int
) -> None:
    time = TimeProperties(announced_s, flags, 0x20)
    assert daemon_tai_utc_s(time, software=software, grandmaster=grandmaster) == kept_s


@pytest.mark.parametrize(
    ("wanted", "kernel", "offset_s"),
    [("auto", KernelTime(), 37), ("auto", KernelTime(0), 37), ("auto", KernelTime(38), 38), (0, KernelTime(38), 0)],
)
def test_offset_without_a_daemon(wanted: TaiUtcOffset, kernel: KernelTime, offset_s: int) -> None:
    assert assumed_tai_utc(wanted, kernel)[0] == offset_s
