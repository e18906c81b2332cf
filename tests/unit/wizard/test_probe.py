"""The probe of sound devices against processes that behave, crash and hang."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

import pytest

from aes67_sender.wizard.probe import DeviceProbe

if TYPE_CHECKING:
    from collections.abc import Callable

DEVICES = """
import json, os, sys, time
def tell(**what): print(json.dumps(what), flush=True)
def listed(): tell(devices=[
    {"name": name, "kind": "asio", "identity": name, "channels": 2, "rates_hz": [48000],
     "config": {"kind": "asio", "device": name, "channels": 2}, "default": False, "monitor": False}
    for name in ("good", "bad", "worse")])
def reading(state, *peaks, why=""): return {"state": state, "peaks_dbfs": peaks, "why": why}
"""
GOOD = """
listed()
sys.stdin.readline()
tell(opening=0)
tell(readings=[reading("open", -18.0, -144.0), reading("failed", why="It is busy."), reading("waiting")])
sys.stdin.read()
"""
CRASHES = """
listed()
sys.stdin.readline()
skipped = set(map(int, sys.argv[1:]))
for number in range(3):
    if number not in skipped:
        tell(opening=number)
        if number: os.abort()
tell(readings=[reading("open", -float(len(skipped)))] + [reading("waiting")] * 2)
sys.stdin.read()
"""


def wait_for(condition: Callable[[], object]) -> None:
    until_s = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < until_s
        time.sleep(0.01)


def probe(script: str) -> DeviceProbe:
    return DeviceProbe((sys.executable, "-c", DEVICES + script))


def test_devices_are_listed_and_their_levels_told() -> None:
    found = probe(GOOD)
    try:
        assert [device.name for device in found.devices(20)] == ["good", "bad", "worse"]
        assert found.devices(0)[0].rates_hz == (48_000,)
        assert found.reading(0).state == "waiting"
        found.listen()
        wait_for(lambda: found.reading(0).state == "open")
        assert found.reading(0).peaks_dbfs == (-18.0, -144.0)
        assert (found.reading(1).state, found.reading(1).why) == ("failed", "It is busy.")
        assert found.reading(9).state == "waiting"
    finally:
        found.close()
        found.close()


def test_a_driver_that_crashes_is_named_and_the_others_go_on() -> None:
    found = probe(CRASHES)
    try:
        found.devices(20)
        found.listen()
        wait_for(lambda: found.reading(0).state == "open")
        assert found.reading(0).peaks_dbfs == (-2.0,)
        assert [found.reading(number).why for number in (1, 2)] == ["Its driver crashed when it was opened."] * 2
    finally:
        found.close()


@pytest.mark.parametrize(
    ("script", "why"),
    [
        ("os.abort()", "The search for sound devices ended by SIGABRT: a driver crashed."),
        ("sys.exit(3)", "The search for sound devices ended with code 3: a driver crashed."),
        ("tell(devices=[], why='GStreamer is missing.')", "GStreamer is missing."),
        ("print('no JSON'); tell(other=1)", "The search for sound devices ended with code 0: a driver crashed."),
    ],
)
def test_a_search_that_fails_says_why(script: str, why: str) -> None:
    found = probe(script)
    try:
        assert found.devices(20) == ()
        wait_for(lambda: found.why)
        assert found.why == why
    finally:
        found.close()


def test_a_search_that_hangs_holds_nobody_up() -> None:
    found = probe("import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(60)")
    try:
        assert found.devices(0.2) == ()
        assert "a driver hangs" in found.why
    finally:
        found.close()
