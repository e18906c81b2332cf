"""What pip has put there, and the commands that send nothing."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest

from support import wine
from support.repository import ROOT

if TYPE_CHECKING:
    from support.netlab import Host

VERSIONS = """
import importlib.metadata, json
print(json.dumps({each.metadata["Name"]: each.version for each in importlib.metadata.distributions()}))
"""
# The registry of plugins is written without JACK, and read when it is there.
FIND_JACK = "from aes67_sender.gst import runtime; runtime.load(); print(runtime.find('jackaudiosrc') is not None)"
BOTH_CLOCKS = """
from aes67_sender.gst import runtime
runtime.load()
from aes67_sender.gst.mediaclock import system_clock
from aes67_sender.monotonic import monotonic_ns
clock = system_clock()
for _ in range(10):
    before_ns, their_ns, after_ns = monotonic_ns(), clock.get_time(), monotonic_ns()
    print(before_ns <= their_ns <= after_ns)
"""
WITHOUT_PTH = """
import os, sys
sys.path = [each for each in sys.path if not each.endswith("gstreamer_python\\\\Lib\\\\site-packages")]
from aes67_sender.gst import runtime
runtime.load()
print(runtime.version()[:2] >= (1, 28), os.environ["GST_REGISTRY_1_0"])
"""


def test_all_six_parts_of_gstreamer_have_the_version_that_is_asked_for(tx: Host) -> None:
    wanted = dict(re.findall(r'"(gstreamer-[a-z-]+)==([0-9.]+) ;', (ROOT / "pyproject.toml").read_text()))
    assert len(wanted) == 6
    assert len(set(wanted.values())) == 1
    found = json.loads(wine.run(tx, wine.PYTHON, "-c", VERSIONS).stdout)
    installed = {name.lower().replace("_", "-"): version for name, version in found.items()}
    assert {name: installed.get(name) for name in wanted} == wanted
    assert "aes67-sender" in installed


def test_help_lists_the_commands(tx: Host) -> None:
    done = wine.run(tx, wine.PROGRAM, "--help")
    assert (done.returncode, done.stderr) == (0, "")
    assert {"run", "demo", "clock", "devices", "interfaces"} <= set(done.stdout.split())


def test_interfaces_are_listed_by_the_names_that_windows_gives_them(tx: Host) -> None:
    done = wine.run(tx, wine.PROGRAM, "interfaces", "--json")
    found = {each["name"]: each for each in json.loads(done.stdout)}
    assert found[tx.interface]["address"] == tx.address
    assert found[tx.interface]["mac"] == tx.mac()
    assert found[tx.interface]["up"]
    assert found["lo"]["loopback"]


def test_devices_are_listed_with_what_to_write_for_them(tx: Host) -> None:
    done = wine.run(tx, wine.PROGRAM, "devices", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    kinds = {each["config"]["kind"] for each in json.loads(done.stdout)}
    assert kinds == {"wasapi", "wasapi-loopback"}


def test_an_interface_that_is_not_there_is_told_with_those_that_are(tx: Host) -> None:
    done = wine.run(tx, wine.PROGRAM, "demo", "--interface", "Ethernet 7")
    assert done.returncode == 2
    assert done.stderr.startswith("Error: There is no interface 'Ethernet 7'.\n")
    assert f"{tx.interface} ({tx.address})" in done.stderr


def test_text_is_utf_8_whatever_the_country(tx: Host) -> None:
    done = wine.run(tx, wine.PROGRAM, "run", "-c", "Gerät.json")
    assert done.returncode == 2
    assert "Gerät.json" in done.stderr


def test_jack_is_found_when_it_was_installed_after_gstreamers_first_run(tx: Host) -> None:
    assert wine.run(tx, wine.PYTHON, "-c", FIND_JACK).stdout.split()[-1] == "False"
    wine.end_all()
    assert wine.run(tx, wine.PYTHON, "-c", FIND_JACK, environment=wine.JACK).stdout.split()[-1] == "True"


def test_gstreamer_is_found_where_its_pth_file_does_not_count(tx: Host) -> None:
    done = wine.run(tx, wine.PYTHON, "-c", WITHOUT_PTH)
    assert done.stdout.startswith("True "), done.stderr


@pytest.mark.parametrize("command", ["status", "clock"])
def test_nothing_to_ask_and_nobody_to_follow_are_sentences(tx: Host, command: str) -> None:
    options = {"status": [], "clock": ["--seconds", "2", "--interface", tx.interface]}[command]
    done = wine.run(tx, wine.PROGRAM, command, *options)
    assert "Traceback" not in done.stderr
    assert "Internal error" not in done.stderr
    assert done.stdout + done.stderr


def test_gstreamers_clock_counts_from_where_ours_does(tx: Host) -> None:
    done = wine.run(tx, wine.PYTHON, "-c", BOTH_CLOCKS)
    assert done.stdout.split() == ["True"] * 10, done.stderr
