"""What the loop meters, and what is read of it."""

from __future__ import annotations

import math
from itertools import groupby
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from aes67_sender.engine.transmit.plan import FeedPlan
from aes67_sender.engine.transmit.tables import METER_BANKS
from aes67_sender.model.packet import Encoding, PacketFormat
from aes67_sender.units import SILENCE_DBFS
from support.rig import MS, Rig, decode_l16, decode_l24, mapping, plan

if TYPE_CHECKING:
    from types import ModuleType

    from aes67_sender.model.levels import LevelWindow
    from support.plainloop import Sent

WINDOW_NS = 50 * MS


def mono_rig(modules: dict[str, ModuleType], sound: Any, packet: PacketFormat, gain: float = 1.0) -> Rig:
    rig = Rig(modules, [plan(packet=packet, channel_map=(0,), gains=(gain,))], [FeedPlan(packet.rate_hz, 1)])
    rig.transmitter.publish(mapping())
    rig.play(0, sound, 600 * MS)
    return rig


def windows_of(sent: list[Sent], packet: PacketFormat, rig: Rig) -> list[tuple[float, float]]:
    """Peak and RMS of each window that the packets filled, by what they hold."""
    frame = int(rig.frames(sent, packet.rate_hz, 1)[0])
    numbered = [
        ((frame + position * packet.frames) // (packet.rate_hz // 20), one) for position, one in enumerate(sent)
    ]
    found = []
    for _, members in groupby(numbered, lambda one: one[0]):
        values = decode_l24([one for _, one in members], 1) / (1 << 23)
        found.append((float(np.abs(values).max()), float(np.sqrt((values**2).mean()))))
    return found


def decibels(linear: float) -> float:
    return 20 * math.log10(linear) if linear else SILENCE_DBFS


@pytest.mark.parametrize(("rate_hz", "time_us"), [(48_000, 1000), (44_100, 1000), (48_000, 4000)])
def test_every_packet_counts_in_one_window_of_50_ms(modules: dict[str, ModuleType], rate_hz: int, time_us: int) -> None:
    packet = PacketFormat("L24", rate_hz, 1, time_us)
    noise = np.random.default_rng(3).uniform(-1, 1, 100_000) * np.repeat(np.linspace(0.01, 0.9, 200), 500)
    rig = mono_rig(modules, lambda frames: noise[: len(frames)], packet)
    seen: list[LevelWindow] = []
    sent = []
    for _ in range(10):
        sent += rig.run(WINDOW_NS)
        seen += rig.transmitter.reports(0.0)[0].levels
    # The last one is not complete.
    expected = windows_of(sent, packet, rig)[: len(seen)]
    assert 9 <= len(seen) <= 10
    np.testing.assert_allclose(
        [each.peaks_dbfs[0] for each in seen], [decibels(peak) for peak, _ in expected], atol=0.01
    )
    np.testing.assert_allclose([each.rms_dbfs[0] for each in seen], [decibels(rms) for _, rms in expected], atol=0.01)
    metered = rig.tables.metered[:, 0]
    assert np.abs(metered[np.argsort(rig.tables.windows[:, 0])][:-1] - rate_hz / 20).max() <= packet.frames


def test_a_sine_at_full_scale_has_minus_3_dbfs_rms_and_levels_are_those_after_the_gain(
    modules: dict[str, ModuleType],
) -> None:
    rig = mono_rig(
        modules,
        lambda frames: np.sin(2 * np.pi * 1000 * (frames % 48_000) / 48_000),
        PacketFormat("L24", 48_000, 1, 1000),
        gain=0.5,
    )
    rig.run(200 * MS)
    last = rig.transmitter.reports(0.0)[0].levels[-1]
    assert last.peaks_dbfs[0] == pytest.approx(-6.02, abs=0.01)
    assert last.rms_dbfs[0] == pytest.approx(-6.02 - 3.01, abs=0.01)
    rig.transmitter.set_gains("s1", (1.0,))
    rig.run(200 * MS)
    last = rig.transmitter.reports(0.0)[0].levels[-1]
    assert (last.peaks_dbfs[0], last.rms_dbfs[0]) == pytest.approx((0.0, -3.01), abs=0.01)


def test_no_window_is_given_twice_and_those_that_wait_too_long_are_left_out(modules: dict[str, ModuleType]) -> None:
    rig = mono_rig(modules, lambda frames: np.full(len(frames), 0.5), PacketFormat("L24", 48_000, 1, 4000))
    assert rig.transmitter.reports(0.0)[0].levels == ()
    rig.run(120 * MS)
    assert len(rig.transmitter.reports(0.0)[0].levels) in {1, 2}
    assert rig.transmitter.reports(0.0)[0].levels == ()
    rig.run(450 * MS)
    assert len(rig.transmitter.reports(0.0)[0].levels) == METER_BANKS - 2


def test_a_window_in_which_nothing_was_sent_is_none(modules: dict[str, ModuleType]) -> None:
    rig = mono_rig(modules, lambda frames: np.full(len(frames), 0.5), PacketFormat("L24", 48_000, 1, 1000))
    rig.run(100 * MS)
    rig.transmitter.reports(0.0)
    rig.world.now_ns += 170 * MS
    rig.run(60 * MS)
    assert 1 <= len(rig.transmitter.reports(0.0)[0].levels) <= 2


def test_windows_go_on_in_another_epoch(modules: dict[str, ModuleType]) -> None:
    rig = mono_rig(modules, lambda frames: np.full(len(frames), 0.5), PacketFormat("L24", 48_000, 1, 1000))
    rig.run(100 * MS)
    rig.transmitter.reports(0.0)
    rig.transmitter.publish(mapping(anchor=2, media_ns=mapping().media_ns - 3600 * 10**9))
    rig.run(100 * MS)
    rig.transmitter.reports(0.0)
    rig.run(100 * MS)
    assert len(rig.transmitter.reports(0.0)[0].levels) == 2


@pytest.mark.parametrize("encoding", ["L24", "L16"])
def test_samples_at_full_scale_are_counted_per_channel(modules: dict[str, ModuleType], encoding: Encoding) -> None:
    packet = PacketFormat(encoding, 48_000, 2, 1000)
    rig = Rig(modules, [plan(packet=packet)], [FeedPlan(48_000, 2)])
    rig.transmitter.publish(mapping())
    now = rig.frame_now(48_000)
    samples = np.full((4800, 2), 0.999, np.float32)
    samples[1000:1003, 0] = (1.0, 1.5, -1.0)
    samples[2000, 0] = -7.0
    samples[3000, 1] = 0.99999
    feed = rig.transmitter.feed(0)
    feed.begin(now, now_frame=now, fade=False)
    feed.write(samples)
    sent = rig.run(90 * MS)
    values = decode_l24(sent, 2) if encoding == "L24" else decode_l16(sent, 2)
    full = 1 << (23 if encoding == "L24" else 15)
    expected = ((values == full - 1) | (values == -full)).sum(axis=0)
    assert expected[0] == 4
    assert rig.transmitter.reports(0.0)[0].clipped == tuple(expected.tolist())
