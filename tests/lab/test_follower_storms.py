"""The built-in follower against grandmasters that fail, lie, move and babble: packets never notice.

All hosts share one kernel clock and the scripted grandmaster tells what it serves, so the sender's error is known.
"""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING, Any, Final

import pytest

from support.clock_truth import errors_of
from support.netlab import open_lab
from support.ptp_master.client import ptp_master
from support.sap_sessions import sdp_version
from support.watch import behaving, pause, report, watched_sender

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from support.netlab import Host
    from support.watch import Watch

HOUR_S: Final = 3600
#: Sanity, not accuracy: clocks that lost each other are seconds apart, and a receiver's buffer is a millisecond.
SANE_NS: Final = 1_000_000
OTHER: Final = "02-00-00-ff-fe-7a-20-02"

BABEL: Final[dict[str, Any]] = {"noise": ["garbage", "ptpv1", "other-domain", "gptp", "alternate-master"]}
BEHIND_SWITCHES: Final[dict[str, Any]] = {
    # Half of each is the error of who leaves it out.
    "sync_correction_ns": 6e6,
    "follow_up_correction_ns": 4e6,
    "delay_resp_correction_ns": 5e6,
    "doubled": ["sync", "follow_up", "announce", "delay_resp"],
}
# Each while it is followed; what the others are started with shows whether they can be locked to at all.
STORMS: Final[list[tuple[str, dict[str, Any]]]] = [
    ("Delay_Resp lost", {"lost": {"delay_resp": 1.0}}),
    ("half of the Delay_Resp lost", {"lost": {"delay_resp": 0.5}}),
    ("Delay_Resp by unicast only", {"delay_resp_to": "asker"}),
    ("Follow_Up 40 ms late", {"late_ms": {"follow_up": 40}}),
    ("Follow_Up later than the next Sync", {"late_ms": {"follow_up": 200}}),
    ("Follow_Up behind the next Sync", {"follow_up_behind": True}),
    ("Follow_Up lost", {"lost": {"follow_up": 1.0}}),
    ("everything twice", {"doubled": ["sync", "follow_up", "announce", "delay_resp"]}),
    ("a third of everything lost", {"lost": {"*": 0.3}, "deaf": 0.3}),
    (
        "transparent clocks",
        {"sync_correction_ns": 2e6, "follow_up_correction_ns": 3e6, "delay_resp_correction_ns": 4e6},
    ),
    ("queues of 50 µs in both directions", {"queue_us": 50}),
    ("one-step", {"two_step": False}),
    ("one Sync a second", {"log_sync": 0}),
    ("a Delay_Req every two seconds", {"log_min_delay_req": 1}),
    ("garbage and foreign PTP", BABEL),
    ("answers only peer delay", {"mechanism": "P2P"}),
]


@pytest.fixture
def hosts() -> Iterator[dict[str, Host]]:
    """Two hosts for grandmasters, and the sender's with its second, wrong interface."""
    with open_lab(("gm", "gm2", "tx", "rx"), decoys=("tx",)) as opened:
        yield opened


def longer(seconds: int) -> Any:
    """What takes long: ``make soak-clock``."""
    return pytest.param(seconds, marks=[pytest.mark.soak, pytest.mark.timeout(600)])


def anchors_where_locked(watch: Watch) -> list[int]:
    """Every number of anchors that was shown while locked, each once, in order."""
    return sorted({sample.anchors for sample in watch.poller.samples() if sample.state == "locked"})


@pytest.mark.parametrize("seconds", [2, longer(12)])
def test_no_storm_of_one_grandmaster_moves_the_media_clock(
    hosts: dict[str, Host], tmp_path: Path, seconds: int
) -> None:
    """Its time is that since it was switched on, as of Dante devices."""
    with (
        ptp_master(hosts["gm"], tmp_path, epoch=4711) as master,
        watched_sender(hosts["tx"], hosts["rx"], tmp_path) as watch,
    ):
        locked = watch.until_locked(master.identity)
        windows = [pause("calm", 4)]
        for name, way in STORMS:
            with behaving(master, **way):
                windows.append(pause(name, seconds))
        for age_s in (3, 20):  # remembered still, and long forgotten
            master.replay(3, age_s=age_s)
            windows.append(pause(f"packets of {age_s} s ago again", 3.5))
        assert master.counts()["replayed"] > 60
        windows.append(pause("calm again", 3))
        watch.finish()
        truths = master.truths()
    analysis = watch.analysis()
    judged = report(watch.poller.samples(), truths, windows)
    assert locked["clock"]["anchors"] == 1
    assert watch.last["clock"]["anchors"] == 1
    assert analysis.stamp_errors == ()
    assert {sample.grandmaster for sample in watch.poller.samples()} <= {None, master.identity}
    for window, errors in judged:
        assert errors.worst_ns < SANE_NS, window
    for window in (windows[0], windows[-1]):
        assert abs(watch.wire_errors_us(truths, window)) < 1000


@pytest.mark.parametrize("seconds", [longer(8), longer(60)])
def test_a_new_epoch_is_one_step_and_holdover_is_none(hosts: dict[str, Host], tmp_path: Path, seconds: int) -> None:
    """A grandmaster 100 ppm fast jumps ahead by an hour, and back at 100 ppm slow; it dies; another one takes over.

    It answers by unicast only, and on its network there is much that is none of a follower's business.
    """
    with (
        ptp_master(hosts["gm"], tmp_path, epoch=2 * HOUR_S, rate_ppm=100, delay_resp_to="asker", **BABEL) as master,
        watched_sender(hosts["tx"], hosts["rx"], tmp_path) as watch,
    ):
        watch.until_locked(master.identity)
        settling = [pause("100 ppm fast, settling", 4)]
        windows = [pause("100 ppm fast", 5)]
        for jump_s, rate_ppm, anchors in ((HOUR_S, 100, 2), (-HOUR_S, -100, 3)):
            master.jump(jump_s, rate_ppm=rate_ppm)
            watch.poller.wait_for(lambda snapshot, wanted=anchors: snapshot["clock"]["anchors"] == wanted, 20)  # type: ignore[misc]
            watch.until_locked(master.identity)
            settling.append(pause(f"{rate_ppm} ppm after a jump, settling", 4))
            windows.append(pause(f"{rate_ppm} ppm after a jump", 5))
        old_sdp = watch.sdp()
        master.process.kill()
        watch.poller.wait_for(lambda snapshot: snapshot["clock"]["state"] == "holdover", 15)
        windows.append(pause("holdover", seconds))
        with ptp_master(hosts["gm2"], tmp_path, epoch="utc", identity=OTHER) as second:
            follows = watch.until_locked(OTHER)
            settling.append(pause("another grandmaster, settling", 3))
            others = [pause("another grandmaster", 4)]
            new_sdp = watch.sdp()
            watch.finish()
            truths, other_truths = master.truths(), second.truths()
    analysis = watch.analysis()
    samples = watch.poller.samples()
    report(samples, truths, settling[:-1])
    judged = [*report(samples, truths, windows), *report(samples, other_truths, others)]
    for window, errors in judged:
        assert errors.worst_ns < SANE_NS, window
    # The rate is kept: a clock that forgot it would drift by 100 µs a second.
    _, holdover = judged[len(windows) - 1]
    drift_ns = abs(int(holdover.error_ns[-1] - holdover.error_ns[0]))
    print(f"holdover: {drift_ns / 1000:.1f} µs in {seconds} s")  # noqa: T201  for the record
    assert drift_ns < seconds * 100_000 / 4
    assert anchors_where_locked(watch) == [1, 2, 3, 4]
    assert follows["clock"]["anchors"] == watch.last["clock"]["anchors"] == 4
    assert len(analysis.stamp_errors) == 3
    assert master.identity.upper() in old_sdp
    assert OTHER.upper() in new_sdp
    assert sdp_version(new_sdp) > sdp_version(old_sdp)
    assert re.search(r"o=- (\d+)", new_sdp)[1] == re.search(r"o=- (\d+)", old_sdp)[1]  # type: ignore[index]


@pytest.mark.soak
def test_two_flapping_grandmasters_are_followed_without_a_step_where_they_agree(
    hosts: dict[str, Host], tmp_path: Path
) -> None:
    """The better one, one-step, comes and goes, at first with the other's time, at last with one of its own."""
    with (
        ptp_master(hosts["gm"], tmp_path, priority1=100, **BEHIND_SWITCHES) as steady,
        ptp_master(hosts["gm2"], tmp_path, priority1=50, identity=OTHER, two_step=False, silent=True) as better,
        watched_sender(hosts["tx"], hosts["rx"], tmp_path) as watch,
    ):
        watch.until_locked(steady.identity)
        versions = [sdp_version(watch.sdp())]
        for _ in range(2):
            better.set(silent=False)
            watch.until_locked(OTHER)
            time.sleep(1.5)
            versions.append(sdp_version(watch.sdp()))
            better.set(silent=True)
            watch.until_locked(steady.identity)
            time.sleep(1.5)
            versions.append(sdp_version(watch.sdp()))
        agreed_ns = time.monotonic_ns()
        # Faster than it can be chosen: whoever is followed, nothing may come of it.
        for number in range(8):
            better.set(silent=bool(number % 2))
            time.sleep(0.7)
        watch.until_locked(steady.identity)
        flapped_ns = time.monotonic_ns()
        same = watch.poller.wait_for(lambda _: True)
        better.begin_epoch(4711)
        better.set(silent=False)
        stepped = watch.until_locked(OTHER)
        time.sleep(2)
        better.set(silent=True)
        back = watch.until_locked(steady.identity)
        calm = pause("back", 3)
        watch.finish()
        truths = steady.truths()
    analysis = watch.analysis()
    samples = watch.poller.samples()
    together = errors_of([each for each in samples if each.state != "free-running"], truths)
    begun_ns = int(together.at_ns[0])
    worst_ns = together.between(begun_ns + 5e9, flapped_ns).worst_ns
    print(f"settled and flapping: worst {worst_ns / 1000:.1f} µs")  # noqa: T201  for the record
    assert together.between(begun_ns + 5e9, agreed_ns).worst_ns < SANE_NS
    assert together.between(agreed_ns, flapped_ns).worst_ns < SANE_NS
    assert together.between(calm.begin_ns, calm.end_ns).worst_ns < SANE_NS
    assert versions == sorted(set(versions))
    assert [snapshot["clock"]["anchors"] for snapshot in (same, stepped, back)] == [1, 2, 3]
    assert len(analysis.stamp_errors) == 2
