"""Sources that come in bursts, pause and lose frames, as they sound at a receiver."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from support.capture import analyse, samples
from support.clicks import loudest_step
from support.jack import JackServer
from support.jack_clicker import CONNECTED, TONE_LEVEL
from support.receiver import start_capture
from support.sender import start_sender
from support.udp_card import BIN, LEVEL, start_udp_card

if TYPE_CHECKING:
    from support.capture import Capture
    from support.netlab import Host

GROUP = "239.69.7.2"
STEP_LIMIT = 0.001
RATE_HZ = 48_000


UDP_CARD = {"id": "card", "kind": "gst", "bin": BIN, "channels": 1}
JACK = {"id": "card", "kind": "jack", "channels": 1, "client_name": "studio"}


def config(folder: Path, source: dict[str, Any]) -> dict[str, Any]:
    return {
        "clock": {"mode": "free-run"},
        "latency_ms": 90,
        "sources": [source],
        "streams": [{"id": "s1", "source": "card", "channels": [1], "address": GROUP}],
        "announce": {"sdp_dir": str(folder)},
    }


def sound_of(capture: Capture) -> np.ndarray:
    return samples(capture, channels=1)[:, 0] / float(1 << 23)


def test_bursts_a_pause_and_lost_frames_make_silence_but_no_click(lab: dict[str, Host], tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[1])}
    tx = lab["tx"]
    card = start_udp_card(tx, tmp_path, environment)
    try:
        card.set(ppm=180)
        with start_sender(tx, tmp_path, config(tmp_path, UDP_CARD)) as sender:
            sender.wait_for(lambda snapshot: snapshot["sources"][0]["state"] == "running")
            time.sleep(6)
            before = sender.fresh()
            with start_capture(lab["rx"], tmp_path, seconds=14) as receiver:
                time.sleep(2)
                card.set(lose_s=0.05)
                time.sleep(2)
                card.set(lose_s=5)
                capture = receiver.finish().stream(GROUP)
            after = sender.fresh()
    finally:
        card.stop()
    analysis = analyse(capture)
    assert analysis.stamp_errors == ()
    assert analysis.lost <= after["streams"][0]["missed"] - before["streams"][0]["missed"]
    if analysis.lost == 0:
        step = loudest_step(sound_of(capture))
        print(f"loudest step {20 * np.log10(step):.1f} dBFS")  # noqa: T201  for the record
        assert step < STEP_LIMIT, "-60 dBFS"
    sound = sound_of(capture)
    silent_s = (np.abs(sound) < LEVEL / 1000).reshape(-1, 48).all(axis=1).sum() / 1000
    assert 4.9 < silent_s < 5.5
    assert np.abs(sound[-RATE_HZ:]).max() > 0.9 * LEVEL
    status = after["sources"][0]
    assert status["xruns"] - before["sources"][0]["xruns"] >= 1
    # Stamps that are wrong by 15 ms tell the pace no better after so short a time.
    assert abs(status["ratio_ppm"] - 180) < 150
    assert status["restarts"] == 0


def test_an_xrun_and_a_new_buffer_size_of_jack_make_silence_but_no_click(lab: dict[str, Host], tmp_path: Path) -> None:
    with (
        JackServer(tmp_path, period_frames=1024) as jack,
        start_sender(lab["tx"], tmp_path, config(tmp_path, JACK), environment=jack.environment) as sender,
    ):
        sender.wait_for(lambda snapshot: snapshot["sources"][0]["state"] == "running")
        player = jack.click("studio:in_1", tone=True)
        player.wait_for(CONNECTED, 30)
        time.sleep(4)
        before = sender.fresh()
        with start_capture(lab["rx"], tmp_path, seconds=6) as receiver:
            time.sleep(2)
            jack.freeze(0.05)
            time.sleep(2)
            jack.kill()
            died = receiver.finish().stream(GROUP)
        player.stop()
        jack.start(period_frames=256)
        sender.wait_for(lambda snapshot: snapshot["sources"][0]["state"] == "running", 30)
        player = jack.click("studio:in_1", tone=True, name="again")
        player.wait_for(CONNECTED, 30)
        with start_capture(lab["rx"], tmp_path, seconds=2) as receiver:
            back = receiver.finish().stream(GROUP)
        after = sender.fresh()
        player.stop()
    for capture in (died, back):
        analysis = analyse(capture)
        assert analysis.stamp_errors == ()
        assert analysis.lost <= after["streams"][0]["missed"] - before["streams"][0]["missed"]
    sound = sound_of(died)
    if analyse(died).lost == 0:
        step = loudest_step(sound)
        print(f"loudest step {20 * np.log10(step):.1f} dBFS")  # noqa: T201  for the record
        assert step < STEP_LIMIT, "-60 dBFS"
    silent = (np.abs(sound[: 3 * RATE_HZ]) < TONE_LEVEL / 1000).reshape(-1, 48).all(axis=1)
    # So much of the stall as no whole period had come before it.
    assert 0.01 < silent.sum() / 1000 < 0.2, "the xrun"
    assert np.abs(sound[-RATE_HZ // 2 :]).max() == 0, "the server is gone"
    assert np.abs(sound_of(back)[-RATE_HZ:]).max() > 0.9 * TONE_LEVEL
    assert after["sources"][0]["restarts"] >= 1
