"""A live source against a media clock that is faster, slower, slewed or stepped."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from aes67_sender.units import NS_PER_MS, NS_PER_S, NS_PER_US
from support.live_rig import TONE_HZ, LiveRig

if TYPE_CHECKING:
    from random import Random

SAMPLE_MS = 1000 / 48_000
#: The tone itself and a fade of 5 ms; a twentieth for the filter's ripple.
SLOPE = 1.05 * (0.5 * 2 * np.pi * TONE_HZ / 48_000 + 0.5 / 240)


def by_bursts(random: Random) -> int:
    return round(random.random() * 8 * NS_PER_MS)


@pytest.mark.parametrize(("card_ppm", "media_ppm"), [(0, 0), (31, -100), (-20, 54), (0, 200), (-800, 190), (990, 0)])
def test_latency_is_constant_to_a_fraction_of_a_sample_whatever_the_clocks_do(
    card_ppm: float, media_ppm: float
) -> None:
    rig = LiveRig(card_ppm=card_ppm, media_ppm=media_ppm)
    rig.run(20)
    delays = rig.delays_ms(5)
    assert np.ptp(delays) < 0.25 * SAMPLE_MS
    assert abs(np.median(delays) - rig.wanted_delay_ms) < 2 * SAMPLE_MS
    assert rig.bridge.xruns == 0
    truth_ppm = ((1 + card_ppm * 1e-6) / (1 + media_ppm * 1e-6) - 1) * 1e6
    assert rig.seen[-1].ratio_ppm == pytest.approx(truth_ppm, abs=0.5)
    assert rig.seen[-1].latency_ms == pytest.approx(20, abs=0.05)


def test_a_slewed_media_clock_is_followed_at_once() -> None:
    rig = LiveRig(card_ppm=10)
    rig.run(15)
    now_ns = round(rig.captured_ns)
    rig.mapping = replace(rig.mapping, monotonic_ns=now_ns, media_ns=rig.mapping.media_at(now_ns), rate_ppm=20.0)
    rig.run(10)
    assert np.ptp(rig.delays_ms(9)) < 0.25 * SAMPLE_MS


@pytest.mark.parametrize(("source_hz", "rate_hz", "block"), [(44_100, 48_000, 441), (96_000, 48_000, 1024)])
def test_another_nominal_rate_keeps_the_pitch_and_the_latency(source_hz: int, rate_hz: int, block: int) -> None:
    rig = LiveRig(source_hz=source_hz, rate_hz=rate_hz, block_frames=block, card_ppm=40)
    rig.run(15)
    delays = rig.delays_ms(5)
    assert np.ptp(delays) < 0.5 * SAMPLE_MS
    assert abs(np.median(delays) - rig.wanted_delay_ms) < 2 * SAMPLE_MS
    assert rig.steepest(10) < SLOPE


def test_uneven_blocks_are_no_uneven_sound() -> None:
    rig = LiveRig(block_frames=480, card_ppm=54, lateness_ns=by_bursts, latency_ms=40)
    rig.run(40)
    # Mean lateness is a constant part of the latency that nobody can know.
    assert np.ptp(rig.delays_ms(5)) < 5 * SAMPLE_MS
    assert rig.steepest(30) < SLOPE
    assert rig.bridge.xruns == 0


@pytest.mark.parametrize("told", [True, False])
@pytest.mark.parametrize("lost_ms", [12, 50, 300])
def test_lost_frames_are_silence_with_fades_and_the_latency_stays(lost_ms: int, told: bool) -> None:
    rig = LiveRig(card_ppm=25, latency_ms=40)
    rig.run(10)
    rig.lose(lost_ms / 1000)
    rig.capture(gap=told)
    rig.run(3)
    assert rig.steepest(4) < SLOPE
    assert rig.bridge.xruns == 1
    silent = int((np.abs(rig.heard(4)) < 1e-6).sum())
    assert (lost_ms - 8) * 48 < silent < (lost_ms + 8) * 48
    assert np.ptp(rig.delays_ms(2)) < 0.5 * SAMPLE_MS
    assert abs(np.median(rig.delays_ms(2)) - rig.wanted_delay_ms) < 3 * SAMPLE_MS


def test_after_a_pause_sound_is_heard_from_its_first_block_on() -> None:
    rig = LiveRig(card_ppm=-30, block_frames=480, latency_ms=50)
    rig.run(10)
    rig.lose(5)
    rig.run(2)
    assert rig.bridge.xruns == 0
    assert rig.steepest(7) < SLOPE
    loud = np.abs(rig.heard(6.9)) > 0.01
    first = int(np.argmax(loud[4800:])) + 4800
    assert first / 48_000 == pytest.approx(6.9 - 2 + 0.05, abs=0.012)


def test_a_pause_that_ends_with_a_burst_is_no_lateness() -> None:
    rig = LiveRig(block_frames=240, latency_ms=90)
    rig.run(10)
    rig.lose(5)
    for more in (True, True, True, False):
        rig.capture(more=more)
    assert not rig.bridge.late
    rig.run(2)
    assert rig.bridge.xruns == 0
    assert rig.latency.needed_ns < 30 * NS_PER_MS
    assert rig.steepest(4) < SLOPE


def test_a_stalled_machine_is_no_gap_if_nothing_was_lost() -> None:
    rig = LiveRig(card_ppm=12, latency_ms=100)
    rig.run(10)
    usual = rig.lateness_ns
    rig.lateness_ns = lambda _: 70 * NS_PER_MS
    rig.capture()
    rig.lateness_ns = usual
    rig.run(5)
    assert rig.bridge.xruns == 0
    assert rig.steepest(6) < SLOPE
    assert np.ptp(rig.delays_ms(5.5)) < 0.5 * SAMPLE_MS


@pytest.mark.parametrize("step_s", [3600.0, -3600.0, 3 / TONE_HZ])
def test_a_new_epoch_of_the_media_clock_costs_one_fade(step_s: float) -> None:
    rig = LiveRig(card_ppm=-54)
    rig.run(10)
    ratio_ppm = rig.seen[-1].ratio_ppm
    rig.step_media(step_s)
    rig.run(3)
    assert rig.steepest(4) < SLOPE
    assert np.ptp(rig.delays_ms(2)) < 0.5 * SAMPLE_MS
    assert rig.seen[-1].ratio_ppm == pytest.approx(ratio_ppm, abs=1)


def test_sound_that_comes_too_late_is_counted_once_and_the_remedy_named() -> None:
    rig = LiveRig(block_frames=1024, latency_ms=5)
    rig.run(5)
    assert rig.bridge.late
    assert 1 <= rig.bridge.xruns < 5
    assert 22 < rig.latency.needed_ns / NS_PER_MS < 50


def test_the_automatic_latency_grows_when_it_ran_dry_and_then_suffices() -> None:
    rig = LiveRig(
        block_frames=2048, latency_ms=None, lateness_ns=lambda random: round(random.random() * 30 * NS_PER_MS)
    )
    rig.run(20)
    before = rig.bridge.xruns
    rig.run(20)
    assert rig.bridge.xruns == before
    assert rig.steepest(15) < SLOPE


def test_the_automatic_latency_shrinks_to_what_the_source_needs_without_a_step() -> None:
    rig = LiveRig(block_frames=128, latency_ms=None, card_ppm=7)
    rig.run(90)
    assert rig.latency.target_ns < 14 * NS_PER_MS
    assert rig.seen[-1].latency_ms == pytest.approx(rig.latency.target_ns / NS_PER_MS, abs=0.1)
    assert rig.steepest(80) < SLOPE
    assert rig.bridge.xruns == 0


def test_a_ring_that_joins_later_hears_the_same_sound() -> None:
    rig = LiveRig(card_ppm=100)
    other = LiveRig(rate_hz=96_000)
    rig.run(8)
    rig.feeds = {48_000: rig.feed, 96_000: other.feed}
    rig.run(2)
    assert rig.steepest(5) < SLOPE
    # As far ahead in time as the first one.
    assert other.feed.position / 96_000 == pytest.approx(rig.feed.position / 48_000, abs=0.001)


def test_stamps_at_odds_with_time_do_no_more_than_harm_the_sound() -> None:
    rig = LiveRig()
    rig.run(1)
    for lateness_ns in (3 * NS_PER_S, 0, 50 * NS_PER_US):

        def late(_: Random, value: int = lateness_ns) -> int:
            return value

        rig.lateness_ns = late
        rig.run(1)
    assert rig.seen[-1].latency_ms == pytest.approx(20, abs=5)
