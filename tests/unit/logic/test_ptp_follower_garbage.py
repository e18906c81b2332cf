"""Whatever comes from the network, the follower neither raises, nor fills the memory, nor keeps its caller busy."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from aes67_sender.logic.ptp.bmca import MOST_MASTERS
from aes67_sender.model.ptp import Arrival, Departure
from aes67_sender.units import NS_PER_MS, NS_PER_S
from aes67_sender.wire.ptp import SUBNS_PER_NS, UNKNOWN_CORRECTION, Flag, Message, decode, encode
from aes67_sender.wire.ptp_messages import (
    DelayReq,
    PdelayReq,
)
from support.ptp_garbage import bodies
from support.ptp_world import EPOCH_NS, OURS, START_NS, Master, World, follower, port

ports = st.one_of(st.just(OURS), st.builds(port, st.integers(0, 5)))
times = st.one_of(
    st.integers(0, (1 << 48) * NS_PER_S - 1), st.integers(EPOCH_NS - NS_PER_S, EPOCH_NS + 60 * NS_PER_S), st.just(0)
)
messages = st.builds(
    Message,
    bodies(ports, times),
    ports,
    st.just(0),
    st.one_of(st.integers(0, 8), st.integers(0, 0xFFFF)),
    st.sampled_from([Flag.NONE, Flag.TWO_STEP, Flag.UNICAST, Flag.ALTERNATE_MASTER]),
    st.one_of(st.just(0), st.integers(-(2**63), UNKNOWN_CORRECTION), st.just(7 * SUBNS_PER_NS)),
    st.one_of(st.integers(-128, 127), st.integers(-7, 4)),
)
spans = st.one_of(st.integers(0, 200 * NS_PER_MS), st.integers(0, 3600 * NS_PER_S))
actions = st.one_of(
    st.tuples(st.just("receive"), messages, spans),
    st.tuples(st.just("sent"), messages, spans),
    st.tuples(st.just("tick"), st.none(), spans),
)


@given(st.lists(actions, max_size=60), st.sampled_from(["auto", "e2e", "p2p"]), st.booleans())
def test_whatever_comes_it_asks_in_well_formed_messages(
    done: list[tuple[str, Any, int]], mechanism: str, in_use: bool
) -> None:
    network = World([Master(port(1))], follower(delay_mechanism=mechanism, asymmetry_ns=-700))
    # From the middle of a life, or from its beginning.
    network.run(3 if in_use else 0.01)
    ours, now_ns = network.follower, network.now_ns
    for what, message, span_ns in done:
        match what:
            case "receive":
                arrival = Arrival(b"", now_ns - span_ns // 2, "10.77.0.9", message.type.is_event, "kernel")
                asked = ours.receive(message, arrival)
            case "sent":
                asked = ours.sent(message, Departure(b"", now_ns - span_ns // 2, "kernel"))
            case _:
                now_ns += span_ns
                asked = ours.tick(now_ns)
                for _ in range(3):
                    asked += ours.tick(now_ns) if ours.due_ns <= now_ns else ()
                assert ours.due_ns > now_ns
        estimate = ours.estimate(now_ns)
        assert (ours.state(now_ns) == "locked") == (estimate is not None)
        assert len(ours.masters.all()) <= MOST_MASTERS
        for each in asked:
            assert decode(encode(each.message)) == each.message
            assert isinstance(each.message.body, DelayReq | PdelayReq)


# Each example is a life of more than a minute.
@settings(max_examples=8)
@given(st.lists(st.integers(-(10**15), 10**15), min_size=8, max_size=40))
def test_a_master_that_tells_any_times_is_followed_or_not_but_never_spoils_the_arithmetic(apart: list[int]) -> None:
    network = World([Master(port(1))])
    network.run(2)
    for ahead_ns in apart:
        network.masters[0].ahead_ns = ahead_ns
        network.run(0.3)
        estimate = network.follower.estimate(network.now_ns)
        assert estimate is None or 0 <= estimate.sigma_ns < NS_PER_S
    network.masters[0].ahead_ns = 0
    network.run(70)
    assert network.state == "locked"
    assert abs(network.error_ns) < 1_000
    assert network.now_ns > START_NS
