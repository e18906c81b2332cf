"""The provider ``system`` beside real ptp4l daemons: its time, its grandmaster, its states when things die.

All hosts share one kernel clock, so the true PTP time is known: the system clock itself, or TAI where the
grandmaster sends TAI. The management socket is a file: the provider runs in the test's own process.
"""

from __future__ import annotations

import re
import time
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from aes67_sender.engine.clock.system import SystemClockProvider
from aes67_sender.engine.clock.system_time import read_together, system_time_ns
from aes67_sender.net.ptp4l import Ptp4lClient
from aes67_sender.units import NS_PER_S
from support.ptp4l import follower, grandmaster, grandmaster_identity, uds_path
from support.ptp_master.client import ptp_master

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from aes67_sender.model.clock import ClockReading
    from support.netlab import Host

WITHIN_S = 40


def until(provider: SystemClockProvider, wanted: Callable[[ClockReading], bool]) -> ClockReading:
    """Poll as the engine does until a reading is as wanted."""
    deadline_s = time.monotonic() + WITHIN_S
    while True:
        reading = provider.poll()
        if wanted(reading):
            return reading
        assert time.monotonic() < deadline_s, reading
        time.sleep(0.05)


def ahead_of_utc_ns(provider: SystemClockProvider) -> tuple[int, int]:
    """Media time minus the system clock, and the uncertainty of the two readings this takes."""
    reading = until(provider, lambda each: each.media_ns is not None and each.uncertainty_ns < 10_000)
    at_ns, utc_ns, uncertainty_ns = read_together(system_time_ns)
    assert reading.media_ns is not None
    # The system clock may be steered by up to 500 ppm against the bare interval; the monotonic clock is too.
    return reading.media_ns + at_ns - reading.monotonic_ns - utc_ns, reading.uncertainty_ns + uncertainty_ns


def is_ahead_by(provider: SystemClockProvider, seconds: int) -> bool:
    difference_ns, uncertainty_ns = ahead_of_utc_ns(provider)
    return abs(difference_ns - seconds * NS_PER_S) <= uncertainty_ns + 2_000


def locked(reading: ClockReading) -> bool:
    return reading.state == "locked"


def holdover(reading: ClockReading) -> bool:
    return reading.state == "holdover"


@pytest.fixture
def ours() -> Iterator[set[Path]]:
    """Names of our own sockets; none may stay."""
    before = set(Path("/tmp").glob("aes67-sender-*.ptp"))  # noqa: S108  where they are made
    yield before
    assert set(Path("/tmp").glob("aes67-sender-*.ptp")) <= before  # noqa: S108


@pytest.mark.usefixtures("ours")
def test_states_follow_the_death_of_grandmaster_and_daemon(gm: Host, tx: Host, tmp_path: Path) -> None:
    path = uds_path(tx, tmp_path, "follower")
    with closing(SystemClockProvider(0, "auto", None, str(path))) as provider:
        assert until(provider, lambda each: each.state == "free-running").grandmaster is None
        with grandmaster(gm, tmp_path) as master:
            identity = grandmaster_identity(master)
            with follower(tx, tmp_path) as daemon:
                reading = until(provider, locked)
                assert (reading.grandmaster, reading.steps_removed, reading.timestamping) == (identity, 1, "kernel")
                assert reading.offset_ns is not None
                assert reading.path_delay_ns is not None
                assert reading.path_delay_ns > 0
                assert is_ahead_by(provider, 0)

                master.kill()
                reading = until(provider, holdover)
                assert "hears no grandmaster" in reading.why
                assert reading.grandmaster == identity
                assert is_ahead_by(provider, 0)

                with grandmaster(gm, tmp_path):
                    until(provider, locked)
                    daemon.kill()
                    reading = until(provider, holdover)
                    assert "answers" in reading.why
                    assert reading.grandmaster == identity
                    assert is_ahead_by(provider, 0)
                    with follower(tx, tmp_path):
                        assert until(provider, locked).grandmaster == identity


@pytest.mark.usefixtures("ours")
def test_on_the_grandmasters_own_host(gm: Host, tmp_path: Path) -> None:
    path = uds_path(gm, tmp_path, "master")
    with grandmaster(gm, tmp_path) as master, closing(SystemClockProvider(0, "auto", None, str(path))) as provider:
        reading = until(provider, locked)
        assert "This host is the grandmaster" in reading.why
        assert (reading.grandmaster, reading.steps_removed) == (grandmaster_identity(master), 0)
        # ptp4l sends the system clock as it is: PTP time is UTC here.
        assert is_ahead_by(provider, 0)


@pytest.mark.usefixtures("ours")
@pytest.mark.parametrize("announced_s", [37, 0])
def test_a_grandmaster_on_the_ptp_time_scale_is_37_s_ahead(
    gm: Host, tx: Host, tmp_path: Path, announced_s: int
) -> None:
    """With 0 s announced and not valid, ptp4l keeps its own 37 s: the announced offset would be wrong."""
    path = uds_path(tx, tmp_path, "follower")
    with (
        ptp_master(gm, tmp_path, epoch="tai", ptp_timescale=True, utc_offset_s=announced_s) as master,
        follower(tx, tmp_path) as daemon,
        closing(SystemClockProvider(0, "auto", None, str(path))) as provider,
    ):
        reading = until(provider, locked)
        assert reading.grandmaster == master.identity
        assert is_ahead_by(provider, 37)
        assert "not using PTP timescale" not in daemon.output()


@pytest.mark.usefixtures("ours")
def test_a_daemon_in_another_domain_is_named(gm: Host, tmp_path: Path) -> None:
    path = uds_path(gm, tmp_path, "master")
    with (
        grandmaster(gm, tmp_path, domain=24),
        closing(SystemClockProvider(0, "auto", None, str(path))) as provider,
    ):
        reading = until(provider, lambda each: "domain 24" in each.why)
        assert reading.state == "free-running"


@pytest.mark.usefixtures("ours")
def test_the_client_reads_what_pmc_reads(gm: Host, tx: Host, tmp_path: Path) -> None:
    path = uds_path(tx, tmp_path, "follower")
    with grandmaster(gm, tmp_path), follower(tx, tmp_path), closing(Ptp4lClient(str(path), 0)) as client:
        deadline_s = time.monotonic() + WITHIN_S
        while (view := client.poll(time.monotonic_ns())).status is None or view.timestamping is None:
            assert time.monotonic() < deadline_s, view
            time.sleep(0.02)
        sets = ("DEFAULT_DATA_SET", "PARENT_DATA_SET", "TIME_PROPERTIES_DATA_SET", "PORT_PROPERTIES_NP")
        text = tx.run("pmc", "-u", "-b", "0", "-s", str(path), *(f"GET {each}" for each in sets)).stdout
    said = dict(re.findall(r"^\s+(\w+)\s+(\S+)\s*$", text, re.MULTILINE))
    assert view.own is not None
    assert view.parent is not None
    assert view.time is not None
    assert str(view.own.identity).replace("-", "") == said["clockIdentity"].replace(".", "")
    assert str(view.parent.grandmaster).replace("-", "") == said["grandmasterIdentity"].replace(".", "")
    assert view.parent.priority1 == int(said["grandmasterPriority1"]) == 1
    assert view.time.utc_offset_s == int(said["currentUtcOffset"])
    assert {state.name for state in view.ports.values()} == {said["portState"]}
    assert (view.timestamping, said["timestamping"]) == (0, "SOFTWARE")
