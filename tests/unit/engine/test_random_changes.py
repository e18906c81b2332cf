"""Whatever is changed, and when: streams that are not touched are sent as if nothing had happened."""

from __future__ import annotations

from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aes67_sender.engine.transmit.plan import CapacityError, FeedPlan, Spare
from aes67_sender.model.packet import PacketFormat
from support.rig import MS, Rig, mapping, plan

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

    from support.plainloop import Sent

SHORT, LONG = PacketFormat("L16", 48_000, 1, 250), PacketFormat("L24", 48_000, 1, 1000)
DURATION_NS = 70 * MS
#: Streams that nobody touches, of both kinds and on both sockets.
UNTOUCHED = ("s0", "s2", "s3", "s5")
TOUCHED = ("s1", "s4", "new0", "new1")

STEPS = st.one_of(
    st.tuples(st.just("route"), st.sampled_from(TOUCHED), st.integers(0, 2)),
    st.tuples(st.just("gain"), st.sampled_from(TOUCHED), st.integers(0, 3)),
    st.tuples(st.just("remove"), st.sampled_from(TOUCHED), st.just(0)),
    st.tuples(st.just("add"), st.sampled_from(TOUCHED), st.integers(0, 3)),
    st.tuples(st.just("feed"), st.just(""), st.just(0)),
    st.tuples(st.just("tend"), st.just(""), st.just(0)),
)
SCRIPTS = st.lists(st.tuples(st.integers(0, DURATION_NS - 2 * MS), STEPS), max_size=12)


def stream(identity: str, number: int, kind: int) -> Any:
    packet, socket = ((SHORT, 3), (LONG, 3), (SHORT, 4), (LONG, 4))[kind]
    return plan(identity, packet=packet, ssrc=number, offset=1000 * number, channel_map=(0,), socket=socket)


def first_of(sound: Any, frames: Any) -> Any:
    return sound[: len(frames)]


def new_rig(modules: dict[str, ModuleType]) -> Rig:
    spare = Spare(streams=1, groups=1, feeds=1, ring_channels=1)
    plans = [stream(f"s{number}", number, number % 4) for number in range(6)]
    rig = Rig(modules, plans, [FeedPlan(48_000, 1), FeedPlan(48_000, 1)], spare)
    rig.transmitter.publish(mapping())
    for slot in (0, 1):
        noise = np.random.default_rng(slot).uniform(-1, 1, 9600)
        rig.play(slot, partial(first_of, noise), 150 * MS)
    return rig


def perform(rig: Rig, step: tuple[str, str, int]) -> None:
    """Do it, or be told that it cannot be done now."""
    transmitter = rig.transmitter
    verb, identity, value = step
    actions: dict[str, Callable[[], object]] = {
        "route": lambda: transmitter.route(identity, value, (0,)),
        "gain": lambda: transmitter.set_gains(identity, (value / 2,)),
        "remove": lambda: transmitter.remove_stream(identity),
        "add": lambda: transmitter.add_streams([stream(identity, 10 + TOUCHED.index(identity), value)]),
        "feed": lambda: (
            transmitter.remove_feed(2) if 2 in transmitter.feeds else transmitter.add_feed(FeedPlan(48_000, 1))
        ),
        "tend": transmitter.tend,
    }
    try:
        actions[verb]()
    except (CapacityError, ValueError, KeyError):
        return


def by_stream(sent: list[Sent]) -> dict[int, list[tuple[Any, ...]]]:
    packets: dict[int, list[tuple[Any, ...]]] = {}
    for one in sent:
        packets.setdefault(one.ssrc, []).append((one.at_ns, one.socket, one.sequence, one.timestamp, one.payload))
    return packets


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(script=SCRIPTS)
def test_untouched_streams_are_sent_as_if_nothing_had_happened(
    modules: dict[str, ModuleType], script: list[tuple[int, tuple[str, str, int]]]
) -> None:
    calm = new_rig(modules)
    expected = by_stream(calm.run_doing(DURATION_NS, []))
    rig = new_rig(modules)
    sent = by_stream(rig.run_doing(DURATION_NS, [(at_ns, partial(perform, rig, step)) for at_ns, step in script]))
    for identity in UNTOUCHED:
        number = int(identity[1:])
        assert sent[number] == expected[number]
    for packets in sent.values():
        sequences = [packet[2] for packet in packets]
        assert all((b - a) % 2**16 >= 1 for a, b in pairwise(sequences))
    assert {report.missed for report in rig.transmitter.reports(0.0)} == {0}
