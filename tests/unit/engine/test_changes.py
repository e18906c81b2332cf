"""What changes while the loop sends: routes, gains, streams, feeds."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from aes67_sender.engine.transmit.plan import CapacityError, FeedPlan, Spare
from aes67_sender.model.packet import PacketFormat
from support.plainloop import plain_modules
from support.rig import MS, Rig, decode_l24, mapping, plan

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

    from support.plainloop import Sent

MONO = PacketFormat("L24", 48_000, 1, 1000)
#: A cross-fade and a ramp, in frames at 48 kHz.
MOVE = 480


def sine(frequency_hz: float, level: float = 0.5) -> Callable[[Any], Any]:
    # Frame numbers are too large for sine, but every second begins alike.
    return lambda frames: level * np.sin(2 * np.pi * frequency_hz * (frames % 48_000) / 48_000)


def constant(level: float) -> Callable[[Any], Any]:
    return lambda frames: np.full(len(frames), level)


def mono_rig(modules: dict[str, ModuleType], sounds: list[Callable[[Any], Any]], streams: int = 1) -> Rig:
    """Mono streams on feed 0, and a feed with a second of each sound."""
    plans = [plan(f"s{number}", ssrc=number, packet=MONO, channel_map=(0,)) for number in range(streams)]
    rig = Rig(modules, plans, [FeedPlan(48_000, 1) for _ in sounds])
    rig.transmitter.publish(mapping())
    for slot, sound in enumerate(sounds):
        rig.play(slot, sound, 1000 * MS)
    return rig


def of(sent: list[Sent], ssrc: int) -> list[Sent]:
    return [packet for packet in sent if packet.ssrc == ssrc]


def sound(sent: list[Sent], ssrc: int = 0) -> Any:
    return decode_l24(of(sent, ssrc), 1)[:, 0] / (1 << 23)


def assert_unbroken(sent: list[Sent]) -> None:
    for one, following in pairwise(sent):
        assert (following.sequence - one.sequence) % 2**16 == 1
        assert (following.timestamp - one.timestamp) % 2**32 == 48
        assert abs(following.at_ns - one.at_ns - MS) < 10


def test_a_route_cross_fades_from_sine_to_sine_without_a_step(modules: dict[str, ModuleType]) -> None:
    rig = mono_rig(modules, [sine(440), sine(1000)])
    sent = rig.run_doing(100 * MS, [(50 * MS, lambda: rig.transmitter.route("s0", 1, (0,)))])
    assert_unbroken(sent)
    heard = sound(sent)
    frames = rig.frames(sent, 48_000, len(heard))
    old, new = sine(440)(frames), sine(1000)(frames)
    fade_in, begun = 300, int(np.argmax(np.abs(heard[300:] - _l24(old[300:])) > 1e-6)) + 300
    np.testing.assert_allclose(heard[fade_in:begun], old[fade_in:begun], atol=2e-7)
    np.testing.assert_allclose(heard[begun + MOVE :], new[begun + MOVE :], atol=2e-7)
    share = (np.arange(MOVE) + 1) / MOVE
    faded = slice(begun - 1, begun - 1 + MOVE)
    np.testing.assert_allclose(heard[faded], old[faded] * (1 - share) + new[faded] * share, atol=3e-3)
    # As fast as the faster sine alone, and the slope of the fade.
    assert np.abs(np.diff(heard[fade_in:])).max() <= 0.5 * 2 * np.pi * 1000 / 48_000 + 1 / MOVE
    assert rig.transmitter.is_settled("s0")


def _l24(values: Any) -> Any:
    return np.rint(values.astype(np.float32) * (1 << 23)) / (1 << 23)


def test_switching_again_and_again_loses_no_packet(modules: dict[str, ModuleType]) -> None:
    rig = mono_rig(modules, [sine(440), sine(700)], streams=2)
    switches = [
        (number * 40 * MS, lambda number=number: rig.transmitter.route("s0", number % 2, (0,))) for number in range(20)
    ]
    sent = rig.run_doing(850 * MS, switches)
    assert len(of(sent, 0)) == len(of(sent, 1)) >= 849
    assert_unbroken(of(sent, 0))
    assert_unbroken(of(sent, 1))
    assert rig.world.system_calls == len(of(sent, 0))
    assert np.abs(np.diff(sound(sent))).max() <= 0.5 * 2 * np.pi * 700 / 48_000 + 1 / MOVE
    assert not any(state["missed"] for state in rig.tables.states)


def test_the_newest_of_the_wishes_made_during_a_fade_is_next(modules: dict[str, ModuleType]) -> None:
    rig = mono_rig(modules, [constant(0.1), constant(0.2), constant(0.3), constant(0.4)])
    route = rig.transmitter.route
    settled = []
    sent = rig.run_doing(
        200 * MS,
        [
            (50 * MS, lambda: route("s0", 1, (0,))),
            (53 * MS, lambda: route("s0", 2, (0,))),
            (54 * MS, lambda: settled.append(rig.transmitter.is_settled("s0"))),
            (55 * MS, lambda: route("s0", 3, (0,))),
            (56 * MS, lambda: settled.append(rig.transmitter.busy_feeds() == {0, 1, 3})),
        ],
    )
    heard = sound(sent)
    assert not ((heard > 0.21) & (heard < 0.29) & (np.abs(np.gradient(heard)) < 1e-4)).any(), "feed 2 is not heard"
    assert heard[-1] == pytest.approx(0.4)
    assert settled == [False, True]
    assert rig.transmitter.is_settled("s0")
    assert rig.transmitter.busy_feeds() == {3}


def test_a_wish_taken_back_during_the_fade_is_no_fade(modules: dict[str, ModuleType]) -> None:
    rig = mono_rig(modules, [constant(0.1), constant(0.2)])
    rig.run_doing(
        100 * MS,
        [
            (50 * MS, lambda: rig.transmitter.route("s0", 1, (0,))),
            (52 * MS, lambda: rig.transmitter.route("s0", 0, (0,))),
            (53 * MS, lambda: rig.transmitter.route("s0", 1, (0,))),
        ],
    )
    assert rig.transmitter.is_settled("s0")
    heard = sound(rig.run(20 * MS))
    assert set(heard) == {float(_l24(np.array(0.2)))}


def test_a_new_feed_that_begins_later_fades_in_when_it_does(modules: dict[str, ModuleType]) -> None:
    rig = mono_rig(modules, [constant(0.5)])
    rig.run(30 * MS)
    slot = rig.transmitter.add_feed(FeedPlan(48_000, 1))
    sent = rig.run_doing(
        120 * MS,
        [
            (10 * MS, lambda: rig.transmitter.route("s0", slot, (0,))),
            (60 * MS, lambda: rig.play(slot, constant(-0.5), 500 * MS, after_ns=10 * MS)),
        ],
    )
    heard = sound(sent)
    assert heard[0] == pytest.approx(0.5)
    assert heard[-1] == pytest.approx(-0.5)
    assert (heard == 0).sum() > 1500
    assert np.abs(np.diff(heard)).max() <= 1.1 * 0.5 / 240


def test_a_feed_can_be_removed_once_nobody_hears_it_and_its_room_is_used_again(modules: dict[str, ModuleType]) -> None:
    rig = Rig(modules, [plan(packet=MONO, channel_map=(0,))], [FeedPlan(48_000, 1)], Spare(0, 0, 1, 2))
    rig.transmitter.publish(mapping())
    rig.play(0, constant(0.5), 1000 * MS)
    rig.run(20 * MS)
    second = rig.transmitter.add_feed(FeedPlan(48_000, 2))
    rig.transmitter.route("s1", second, (1,))
    for slot in (0, second):
        with pytest.raises(ValueError, match="still heard"):
            rig.transmitter.remove_feed(slot)
    with pytest.raises(CapacityError):
        rig.transmitter.add_feed(FeedPlan(48_000, 1))
    rig.run(20 * MS)
    rig.transmitter.remove_feed(0)
    assert list(rig.transmitter.feeds) == [second]
    assert rig.transmitter.add_feed(FeedPlan(48_000, 1)) == 0
    rig.transmitter.route("s1", 0, (0,))
    rig.play(0, constant(0.25), 500 * MS)
    heard = sound(rig.run(50 * MS), 1)
    assert heard[-1] == pytest.approx(0.25)
    assert heard.max() <= 0.25, "nothing of what lay there before"


def test_a_gain_moves_in_a_straight_line_and_one_is_bit_exact_again(modules: dict[str, ModuleType]) -> None:
    rig = mono_rig(modules, [constant(0.3)])
    sent = rig.run_doing(
        200 * MS,
        [
            (50 * MS, lambda: rig.transmitter.set_gains("s0", (0.0,))),
            (100 * MS, lambda: rig.transmitter.set_gains("s0", (2.0,))),
            (105 * MS, lambda: rig.transmitter.set_gains("s0", (1.0,))),
        ],
    )
    heard = sound(sent)[300:]
    exact = float(_l24(np.array(0.3)))
    assert heard[0] == heard[-1] == exact
    assert (heard == 0).sum() > 30 * 48
    assert np.abs(np.diff(heard)).max() <= 1.01 * 0.3 * 2 / MOVE
    falling = heard[(heard > 0) & (heard < exact)][: MOVE - 1]
    np.testing.assert_allclose(falling, 0.3 * (1 - (np.arange(MOVE - 1) + 1) / MOVE), atol=1e-5)
    assert rig.transmitter.is_settled("s0")


def test_each_channel_has_its_own_gain_from_the_first_packet_on(modules: dict[str, ModuleType]) -> None:
    rig = Rig(modules, [plan(gains=(0.5, 0.0))], [FeedPlan(48_000, 2)])
    rig.transmitter.publish(mapping())
    rig.play(0, constant(0.5), 100 * MS)
    heard = decode_l24(rig.run(50 * MS), 2) / (1 << 23)
    assert heard[-1, 0] == pytest.approx(0.25)
    assert heard[:, 0].max() <= 0.25
    assert not heard[:, 1].any()


def test_a_stream_that_is_removed_fades_and_its_neighbours_go_on_in_one_system_call(
    modules: dict[str, ModuleType],
) -> None:
    rig = mono_rig(modules, [constant(0.5)], streams=3)
    sent = rig.run_doing(300 * MS, [(50 * MS, lambda: rig.transmitter.remove_stream("s1"))])
    removed = of(sent, 1)
    assert 59 <= len(removed) <= 161
    heard = sound(sent, 1)[300:]
    assert heard[0] == pytest.approx(0.5)
    assert heard[-1] == 0
    assert np.abs(np.diff(heard)).max() <= 1.01 * 0.5 / MOVE
    for neighbour in (0, 2):
        assert_unbroken(of(sent, neighbour))
    assert rig.world.system_calls == len(of(sent, 0)) == 300
    assert [report.id for report in rig.transmitter.reports(0.0)] == ["s0", "s2"]


def test_a_stream_that_is_added_joins_the_packet_of_its_neighbours(modules: dict[str, ModuleType]) -> None:
    rig = mono_rig(modules, [constant(0.5)], streams=2)
    later = [plan("s2", ssrc=2, packet=MONO, channel_map=(0,), offset=77, gains=(0.5,))]
    sent = rig.run_doing(100 * MS, [(50 * MS, lambda: rig.transmitter.add_streams(later))])
    added = of(sent, 2)
    assert 49 <= len(added) <= 51
    assert_unbroken(added)
    beside = {packet.timestamp: packet for packet in of(sent, 0)}
    assert all((packet.sequence - beside[packet.timestamp].sequence) % 2**16 == 77 for packet in added)
    assert rig.world.system_calls == len(of(sent, 0)) == 100
    assert sound(sent, 2)[-1] == pytest.approx(0.25)
    assert np.abs(np.diff(sound(sent, 2))).max() <= 1.01 * 0.25 / 240, "it fades in"


def test_packets_of_another_kind_begin_with_the_one_being_sampled(modules: dict[str, ModuleType]) -> None:
    rig = mono_rig(modules, [constant(0.5)])
    short = [plan("s1", ssrc=1, packet=PacketFormat("L16", 48_000, 1, 125), channel_map=(0,), offset=5)]
    sent = rig.run_doing(100 * MS, [(50 * MS, lambda: rig.transmitter.add_streams(short))])
    added = of(sent, 1)
    assert 390 <= len(added) <= 402
    for one, following in pairwise(added):
        assert (following.sequence - one.sequence) % 2**16 == 1
        assert (following.timestamp - one.timestamp) % 2**32 == 6
    before = next(packet for packet in reversed(of(sent, 0)) if packet.at_ns <= added[0].at_ns)
    assert (added[0].timestamp - before.timestamp) % 2**32 <= 96
    assert rig.tables.states[1]["missed"] == 0


def test_rows_are_used_again_with_clean_counters(modules: dict[str, ModuleType]) -> None:
    spare = Spare(streams=1, groups=1, feeds=0, ring_channels=0)
    rig = Rig(modules, [plan("s0", ssrc=0, packet=MONO, channel_map=(0,))], [FeedPlan(48_000, 1)], spare)
    rig.transmitter.publish(mapping())
    rig.play(0, constant(0.5), 1000 * MS)
    for round_number in range(1, 8):
        one = plan(f"r{round_number}", ssrc=round_number, packet=MONO, channel_map=(0,), socket=round_number)
        rig.transmitter.add_streams([one])
        assert rig.transmitter.reports(0.0)[1].packets == 0
        sent = rig.run_doing(30 * MS, [(25 * MS, rig.transmitter.tend)])
        assert_unbroken(of(sent, round_number))
        assert {packet.socket for packet in of(sent, round_number)} == {round_number}
        report = rig.transmitter.reports(0.0)[1]
        assert (report.id, report.packets) == (f"r{round_number}", len(of(sent, round_number)))
        rig.transmitter.remove_stream(f"r{round_number}")
        rig.run_doing(45 * MS, [(15 * MS, rig.transmitter.tend), (20 * MS, rig.transmitter.tend)])


def test_what_does_not_fit_is_refused_whole_and_nothing_changes(modules: dict[str, ModuleType]) -> None:
    spare = Spare(streams=2, groups=1, feeds=0, ring_channels=0)
    rig = Rig(modules, [plan("s0", ssrc=0, packet=MONO, channel_map=(0,))], [FeedPlan(48_000, 1)], spare)
    rig.transmitter.publish(mapping())
    three = [plan(f"t{number}", packet=MONO, channel_map=(0,)) for number in range(3)]
    with pytest.raises(CapacityError, match="streams"):
        rig.transmitter.add_streams(three)
    two_kinds = [plan(f"t{number}", packet=MONO, channel_map=(0,), socket=10 + number) for number in range(2)]
    with pytest.raises(CapacityError, match="kinds of packets"):
        rig.transmitter.add_streams(two_kinds)
    with pytest.raises(CapacityError, match="sources"):
        rig.transmitter.add_feed(FeedPlan(48_000, 1))
    rig.transmitter.add_streams(three[:2])
    assert {packet.ssrc for packet in rig.run_doing(20 * MS, [(5 * MS, rig.transmitter.tend)])} == {0, 1}


def test_orders_that_make_no_sense_are_refused(modules: dict[str, ModuleType]) -> None:
    transmitter = mono_rig(modules, [constant(0.5)]).transmitter
    with pytest.raises(ValueError, match="same identity"):
        transmitter.add_streams([plan("s0", packet=MONO, channel_map=(0,))])
    with pytest.raises(ValueError, match="no feed 1"):
        transmitter.route("s0", 1, (0,))
    with pytest.raises(ValueError, match="1 channels"):
        transmitter.route("s0", 0, (0, 0))
    with pytest.raises(ValueError, match="1 channels"):
        transmitter.route("s0", 0, (1,))
    with pytest.raises(ValueError, match="1 channels"):
        transmitter.set_gains("s0", (1.0, 1.0))
    with pytest.raises(ValueError, match="sample rate"):
        transmitter.route("s0", transmitter.add_feed(FeedPlan(96_000, 1)), (0,))


def test_without_a_clock_a_removed_stream_is_gone_at_once(modules: dict[str, ModuleType]) -> None:
    rig = Rig(modules, [plan("s0", ssrc=0), plan("s1", ssrc=1)], [FeedPlan(48_000, 2)])
    rig.run(20 * MS)
    rig.transmitter.remove_stream("s1")
    rig.run(20 * MS)
    rig.transmitter.publish(mapping())
    assert {packet.ssrc for packet in rig.run(20 * MS)} == {0}


def test_a_stream_added_before_a_new_epoch_keeps_its_sequence_through_it(modules: dict[str, ModuleType]) -> None:
    rig = mono_rig(modules, [constant(0.5)])
    later = [plan("s1", ssrc=1, packet=MONO, channel_map=(0,), offset=99)]
    epoch = mapping(anchor=2, media_ns=mapping().media_ns - 3600 * 10**9)
    sent = rig.run_doing(
        100 * MS,
        [(40 * MS, lambda: rig.transmitter.add_streams(later)), (60 * MS, lambda: rig.transmitter.publish(epoch))],
    )
    for ssrc in (0, 1):
        assert all((b.sequence - a.sequence) % 2**16 == 1 for a, b in pairwise(of(sent, ssrc)))
    assert len(of(sent, 1)) >= 58


def test_the_fixture_restores_the_compiled_modules() -> None:
    generator = plain_modules()
    plain = next(generator)
    assert not hasattr(plain["packing"].write_header, "py_func")
    assert next(generator, None) is None
