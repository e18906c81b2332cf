"""The fuzz targets hold on their own seeds, so that they still work when somebody fuzzes."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from support.repository import ROOT

HOLDS = """
import importlib, sys
target = importlib.import_module(f"fuzz.{sys.argv[1]}")
for seed in target.SEEDS:
    for cut in range(0, len(seed), 7):
        target.check(seed[:cut] + seed[cut + 1:])
    target.check(seed)
assert len(target.SEEDS) > 1
"""
LOCKS = """
from fuzz.play import play
from fuzz.ptp_follower import SEEDS, FollowerSubject
for seed in SEEDS:
    subject = FollowerSubject()
    play(subject, seed)
    assert subject.has_locked
"""


def run(script: str, *arguments: str) -> str:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(str(ROOT / part) for part in ("src", "tests", "."))}
    command = [sys.executable, "-c", script, *arguments]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    return done.stderr if done.returncode else ""


@pytest.mark.parametrize("target", ["ptp_codec", "ptp_follower", "rtp_codec", "sdp_text", "sap_codec", "rtsp_codec"])
def test_a_target_holds_on_its_seeds(target: str) -> None:
    assert run(HOLDS, target) == ""


def test_the_followers_seeds_lead_to_a_lock() -> None:
    assert run(LOCKS) == ""
