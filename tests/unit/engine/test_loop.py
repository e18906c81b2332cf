from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from aes67_sender.engine.transmit.plan import FeedPlan, late_limit_ns
from aes67_sender.engine.transmit.tables import Control
from aes67_sender.model.packet import PacketFormat
from support.rig import EPOCH_NS, MS, START_NS, Rig, decode_l16, decode_l24, mapping, plan

if TYPE_CHECKING:
    from types import ModuleType


def half(frames: Any) -> Any:
    return np.full(len(frames), 0.5)


@pytest.mark.parametrize("rate_ppm", [0.0, 87.5, -250.0])
@pytest.mark.parametrize(
    ("rate_hz", "packet_time_us"),
    [(48_000, 125), (48_000, 250), (48_000, 333), (48_000, 1000), (48_000, 4000), (44_100, 1000), (96_000, 125)],
)
def test_every_packet_leaves_when_its_last_frame_was_sampled(
    modules: dict[str, ModuleType], rate_hz: int, packet_time_us: int, rate_ppm: float
) -> None:
    packet = PacketFormat("L24", rate_hz, 2, packet_time_us)
    rig = Rig(modules, [plan(packet=packet)], [FeedPlan(rate_hz, 2)])
    clock = mapping(rate_ppm)
    rig.transmitter.publish(clock)
    sent = rig.run(100 * MS)

    assert len(sent) == pytest.approx(100e6 / (packet.frames / rate_hz * 1e9), abs=1.5)
    for one, following in pairwise(sent):
        assert (following.sequence - one.sequence) % 2**16 == 1
        assert (following.timestamp - one.timestamp) % 2**32 == packet.frames
    for one in sent:
        # The mapping rounds to whole ns.
        frame = (clock.media_at(one.at_ns) + 1) * rate_hz // 10**9
        assert frame % 2**32 == (one.timestamp + packet.frames) % 2**32
        assert (clock.media_at(one.at_ns) - 2) * rate_hz // 10**9 < frame
        assert frame % packet.frames == 0


def test_streams_of_a_tick_leave_in_one_system_call(modules: dict[str, ModuleType]) -> None:
    rig = Rig(modules, [plan(f"s{n}", ssrc=n) for n in range(8)], [FeedPlan(48_000, 2)])
    rig.transmitter.publish(mapping())
    sent = rig.run(50 * MS)
    assert rig.world.system_calls == len(sent) / 8
    assert len({packet.timestamp for packet in sent[:8]}) == 1


def test_packet_times_that_coincide_share_the_system_call(modules: dict[str, ModuleType]) -> None:
    formats = [PacketFormat("L24", 48_000, 2, time_us) for time_us in (1000, 4000)]
    rig = Rig(
        modules, [plan(f"s{n}", ssrc=n, packet=packet) for n, packet in enumerate(formats)], [FeedPlan(48_000, 2)]
    )
    rig.transmitter.publish(mapping())
    sent = rig.run(40 * MS)
    assert sum(packet.ssrc == 1 for packet in sent) in {9, 10}
    assert rig.world.system_calls == sum(packet.ssrc == 0 for packet in sent)


def test_a_stall_skips_slots_and_never_bursts(modules: dict[str, ModuleType]) -> None:
    rig = Rig(modules, [plan()], [FeedPlan(48_000, 2)])
    rig.transmitter.publish(mapping())
    stalls = {10: 50 * MS}
    rig.world.oversleep = lambda _wake: stalls.pop(len(rig.world.sent), 0)
    sent = rig.run(200 * MS)

    steps = [(b.sequence - a.sequence, b.timestamp - a.timestamp, b.at_ns - a.at_ns) for a, b in pairwise(sent)]
    jumps = [step for step in steps if step[0] != 1]
    assert len(jumps) == 1
    assert jumps[0][1] == jumps[0][0] * 48
    assert rig.tables.states[0]["missed"] == jumps[0][0] - 1 >= 49
    assert rig.tables.states[0]["packets"] == len(sent)
    after = [step for step in steps if step[2] < MS // 2]
    assert len(after) <= 1, "at most the packet already due follows at once"


def test_a_short_delay_costs_no_packet(modules: dict[str, ModuleType]) -> None:
    rig = Rig(modules, [plan()], [FeedPlan(48_000, 2)])
    rig.transmitter.publish(mapping())
    rig.world.oversleep = lambda _wake: 3 * MS if len(rig.world.sent) == 20 else 0
    sent = rig.run(100 * MS)
    assert all((b.sequence - a.sequence) % 2**16 == 1 for a, b in pairwise(sent))
    assert rig.tables.states[0]["missed"] == 0
    assert rig.tables.states[0]["max_late_ns"] >= 3 * MS


def test_a_new_epoch_steps_the_stamps_once_and_keeps_the_sequence(modules: dict[str, ModuleType]) -> None:
    rig = Rig(modules, [plan(offset=4711)], [FeedPlan(48_000, 2)])
    rig.transmitter.publish(mapping())
    stepped = False

    def step(_wake_ns: int) -> int:
        nonlocal stepped
        if len(rig.world.sent) == 30 and not stepped:
            stepped = True
            rig.transmitter.publish(mapping(anchor=2, media_ns=EPOCH_NS - 3600 * 10**9))
        return 0

    rig.world.oversleep = step
    sent = rig.run(100 * MS)
    assert all((b.sequence - a.sequence) % 2**16 == 1 for a, b in pairwise(sent))
    jumps = [(b.timestamp - a.timestamp) % 2**32 for a, b in pairwise(sent) if (b.timestamp - a.timestamp) != 48]
    assert len(jumps) == 1
    assert abs(jumps[0] - (-3600 * 48_000) % 2**32) <= 96
    handover = rig.transmitter.reports(0.0)[0].handover
    packet = (EPOCH_NS - 3600 * 10**9 + rig.world.now_ns - START_NS) * 48 // 10**6 // 48
    assert (handover.sequence_offset + packet - sent[-1].sequence) % 2**16 in {1, 2}


def test_an_engine_that_takes_over_continues_sequence_and_stamps(modules: dict[str, ModuleType]) -> None:
    first = Rig(modules, [plan(offset=4711)], [FeedPlan(48_000, 2)])
    first.transmitter.publish(mapping())
    before = first.run(50 * MS)[-1]
    second = Rig(
        modules, [plan(offset=first.transmitter.reports(0.0)[0].handover.sequence_offset)], [FeedPlan(48_000, 2)]
    )
    second.world.now_ns = first.world.now_ns + 300 * MS
    second.transmitter.publish(mapping())
    after = second.run(50 * MS)[0]
    lost = (after.timestamp - before.timestamp) % 2**32 // 48
    assert lost > 290
    assert (after.sequence - before.sequence) % 2**16 == lost % 2**16


def test_nothing_is_sent_before_there_is_a_clock(modules: dict[str, ModuleType]) -> None:
    rig = Rig(modules, [plan()], [FeedPlan(48_000, 2)])
    assert rig.run(100 * MS) == []


def test_a_refused_packet_is_counted_and_the_others_leave(modules: dict[str, ModuleType]) -> None:
    rig = Rig(modules, [plan(f"s{n}", ssrc=n) for n in range(3)], [FeedPlan(48_000, 2)])
    rig.transmitter.publish(mapping())
    rig.world.refuse = lambda ssrc: ssrc == 1
    sent = rig.run(20 * MS)
    assert {packet.ssrc for packet in sent} == {0, 2}
    reports = {report.id: report for report in rig.transmitter.reports(0.0)}
    assert reports["s1"].packets == 0
    assert reports["s1"].send_errors == reports["s0"].packets
    assert reports["s1"].send_error == "network is unreachable"


@pytest.mark.parametrize("encoding", ["L24", "L16"])
def test_any_channel_goes_to_any_channel_bit_exact(modules: dict[str, ModuleType], encoding: str) -> None:
    bits = {"L24": 24, "L16": 16}[encoding]
    packet = PacketFormat(encoding, 48_000, 4, 1000)  # type: ignore[arg-type]
    rig = Rig(modules, [plan(packet=packet, channel_map=(2, -1, 0, 2))], [FeedPlan(48_000, 3)])
    clock = mapping()
    rig.transmitter.publish(clock)
    now = clock.media_at(START_NS) * 48_000 // 10**9
    values = np.random.default_rng(1).integers(-(1 << (bits - 1)), 1 << (bits - 1), (4800, 3))
    feed = rig.transmitter.feeds[0]
    feed.begin(now + 480, now_frame=now, fade=False)
    feed.write((values / (1 << (bits - 1))).astype(np.float32))
    sent = rig.run(60 * MS)

    received = decode_l24(sent, 4) if encoding == "L24" else decode_l16(sent, 4)
    first = (now + 480 - sent[0].timestamp) % 2**32
    count = 2000
    np.testing.assert_array_equal(received[first : first + count, 0], values[:count, 2])
    np.testing.assert_array_equal(received[first : first + count, 2], values[:count, 0])
    np.testing.assert_array_equal(received[first : first + count, 3], values[:count, 2])
    assert not received[:, 1].any()


def test_a_source_that_stops_fades_and_one_that_returns_fades_in(modules: dict[str, ModuleType]) -> None:
    rig = Rig(modules, [plan(channel_map=(0,))], [FeedPlan(48_000, 1)])
    rig.transmitter.publish(mapping())
    rig.play(0, half, 50 * MS)
    first = decode_l24(rig.run(80 * MS), 1)[:, 0]
    rig.play(0, half, 100 * MS, after_ns=10 * MS)
    second = decode_l24(rig.run(60 * MS), 1)[:, 0]
    sound = np.concatenate((first, second)) / (1 << 23)
    assert sound.max() == pytest.approx(0.5)
    assert (sound == 0).sum() > 1000
    # A fade of 240 frames from 0.5: no step larger than its slope, twice that where two fades multiply.
    assert np.abs(np.diff(sound)).max() <= 2.1 * 0.5 / 240


def test_peaks_and_lateness_are_metered(modules: dict[str, ModuleType]) -> None:
    rig = Rig(modules, [plan()], [FeedPlan(48_000, 2)])
    clock = mapping()
    rig.transmitter.publish(clock)
    rig.world.oversleep = lambda _wake: 57_000
    now = clock.media_at(START_NS) * 48_000 // 10**9
    feed = rig.transmitter.feeds[0]
    feed.begin(now, now_frame=now, fade=False)
    feed.write(np.tile(np.array([[0.5, -0.1]], np.float32), (9600, 1)))
    rig.run(100 * MS)
    rig.transmitter.reports(0.0)
    rig.run(50 * MS)
    report = rig.transmitter.reports(1.0)[0]
    assert {window.peaks_dbfs for window in report.levels} == {(-6.02, -20.0)}
    assert {window.rms_dbfs for window in report.levels} == {(-6.02, -20.0)}
    assert 56 <= report.lateness_us.p50 <= report.lateness_us.p99 <= 59
    assert report.lateness_us.max == pytest.approx(57, abs=1.1)


def test_mute_fades_out(modules: dict[str, ModuleType]) -> None:
    rig = Rig(modules, [plan(channel_map=(0,))], [FeedPlan(48_000, 1)])
    rig.transmitter.publish(mapping())
    rig.play(0, half, 200 * MS)
    rig.run(30 * MS)
    rig.tables.control[Control.MUTE] = 1
    sound = decode_l24(rig.run(30 * MS), 1)[:, 0] / (1 << 23)
    assert sound[-1] == 0
    assert np.abs(np.diff(sound)).max() <= 1.1 * 0.5 / 240


def test_late_limit_follows_the_packet_time() -> None:
    assert late_limit_ns(PacketFormat("L24", 48_000, 2, 125)) == 17 * 125_000
    assert late_limit_ns(PacketFormat("L24", 48_000, 2, 1000)) == 4 * MS
    assert late_limit_ns(PacketFormat("L24", 48_000, 2, 4000)) == 4 * MS
