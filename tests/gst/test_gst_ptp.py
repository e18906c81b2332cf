from __future__ import annotations

import contextlib
import json
import os
import shutil
import statistics
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any, Final

import pytest

from aes67_sender.errors import MachineError
from aes67_sender.gst.ptp import GstPtpProvider
from support.gstlab import no_thread_left

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

pytestmark = [pytest.mark.gst, pytest.mark.usefixtures("no_thread_left")]
__all__ = ["no_thread_left"]
GM: Final = "gst-gm"
TX: Final = "gst-tx"
PTP4L: Final = """[global]
priority1 10
domainNumber {domain}
logSyncInterval -3
logAnnounceInterval 0
logMinDelayReqInterval -3
time_stamping software
network_transport UDPv4
[gstgm0]
"""
#: Prints one reading per line, with the error against CLOCK_REALTIME: the clock ptp4l serves with software stamps.
FOLLOWER: Final = """
import dataclasses, json, sys, time
from aes67_sender.gst.ptp import GstPtpProvider
provider = GstPtpProvider(sys.argv[1], int(sys.argv[2]))
try:
    while True:
        reading = provider.poll()
        line = dataclasses.asdict(reading)
        if reading.media_ns is not None:
            realtime_ns = time.time_ns() - time.monotonic_ns() + reading.monotonic_ns
            line["error_ns"] = reading.media_ns - realtime_ns
        print(json.dumps(line), flush=True)
        time.sleep(0.05)
except KeyboardInterrupt:
    provider.close()
"""


def ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True)


@pytest.fixture(scope="module")
def network() -> Iterator[None]:
    if os.geteuid() != 0 or shutil.which("ptp4l") is None:
        pytest.skip("needs root and ptp4l")
    for namespace in (GM, TX):
        with contextlib.suppress(subprocess.CalledProcessError):
            ip("netns", "delete", namespace)
        ip("netns", "add", namespace)
    ip("link", "add", "gstgm0", "netns", GM, "type", "veth", "peer", "name", "gsttx0", "netns", TX)
    for namespace, interface, address in ((GM, "gstgm0", "10.77.1.1/24"), (TX, "gsttx0", "10.77.1.2/24")):
        ip("-n", namespace, "address", "add", address, "dev", interface)
        for name in ("lo", interface):
            ip("-n", namespace, "link", "set", name, "up")
        ip("-n", namespace, "route", "add", "224.0.0.0/4", "dev", interface)
    yield
    for namespace in (GM, TX):
        ip("netns", "delete", namespace)


@contextlib.contextmanager
def grandmaster(tmp_path: Path, domain: int = 0) -> Iterator[None]:
    config = tmp_path / "ptp4l.conf"
    config.write_text(PTP4L.format(domain=domain))
    command = ["ip", "netns", "exec", GM, "ptp4l", "-f", str(config)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        yield
        process.terminate()


class Follower:
    """The provider in a process of its own, as GStreamer's PTP can be started once per process only."""

    def __init__(self) -> None:
        command = ["ip", "netns", "exec", TX, sys.executable, "-c", FOLLOWER, "gsttx0", "0"]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def read(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        reading: dict[str, Any] = json.loads(self._process.stdout.readline())
        return reading

    def read_until(self, wanted: Callable[[dict[str, Any]], bool], timeout_s: float) -> dict[str, Any]:
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            if wanted(reading := self.read()):
                return reading
        raise AssertionError(f"not seen; last: {reading}")

    def end(self) -> str:
        self._process.send_signal(2)
        _, errors = self._process.communicate(timeout=10)
        return errors


@pytest.fixture
def follower(network: None) -> Iterator[Follower]:  # noqa: ARG001
    made = Follower()
    yield made
    # It ended in time, and said nothing on stderr, nor did GStreamer's helper.
    assert made.end() == ""


def is_in(state: str) -> Callable[[dict[str, Any]], bool]:
    return lambda reading: reading["state"] == state


@pytest.mark.lab
def test_it_follows_a_grandmaster_through_its_absence(tmp_path: Path, follower: Follower) -> None:
    lonely = follower.read_until(lambda reading: "No PTP master is heard" in reading["why"], 10)
    assert (lonely["state"], lonely["media_ns"]) == ("listening", None)
    with grandmaster(tmp_path):
        locked = follower.read_until(is_in("locked"), 40)
        assert locked["grandmaster"].split("-")[3:5] == ["ff", "fe"]
        assert locked["grandmaster"] in locked["why"]
        assert locked["path_delay_ns"] > 0
        assert locked["timestamping"] == "user-space"
        readings = [follower.read() for _ in range(60)]
        errors_ns = [abs(reading["error_ns"]) for reading in readings if "error_ns" in reading]
        # Both ends share one kernel clock. GStreamer does 30 us here when quiet; a stalled machine may cost much more.
        assert statistics.median(errors_ns) < 20_000_000
        assert all(reading["uncertainty_ns"] >= 0 for reading in readings)
    gone = follower.read_until(is_in("holdover"), 20)
    assert gone["media_ns"] is None
    assert "any more" in gone["why"]
    with grandmaster(tmp_path):
        assert follower.read_until(is_in("locked"), 40)["media_ns"] is not None


@pytest.mark.lab
def test_a_master_on_another_domain_is_named(tmp_path: Path, follower: Follower) -> None:
    with grandmaster(tmp_path, domain=1):
        reading = follower.read_until(lambda reading: "domain 1" in reading["why"], 20)
    assert reading["why"] == "A master is on domain 1, this sender listens on domain 0."
    assert reading["state"] == "listening"


@pytest.mark.lab
def test_an_interface_that_is_down_is_waited_for(tmp_path: Path, network: None) -> None:  # noqa: ARG001
    ip("-n", TX, "link", "set", "gsttx0", "down")
    made = Follower()
    try:
        made.read_until(lambda reading: reading["why"] == "The network interface gsttx0 is down.", 10)
        ip("-n", TX, "link", "set", "gsttx0", "up")
        ip("-n", TX, "route", "add", "224.0.0.0/4", "dev", "gsttx0")
        with grandmaster(tmp_path):
            made.read_until(is_in("locked"), 40)
    finally:
        made.end()


def test_an_unknown_interface_is_told_at_once() -> None:
    began = time.monotonic()
    with pytest.raises(MachineError, match="no network interface nosuch0") as caught:
        GstPtpProvider("nosuch0", 0)
    assert caught.value.hint
    assert time.monotonic() - began < 10
