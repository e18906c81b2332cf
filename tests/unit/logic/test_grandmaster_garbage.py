"""Whatever comes from the network, the grandmaster neither raises nor fills the memory."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from aes67_sender.logic.ptp.grandmaster import MOST_FOLLOWERS, MOST_PEERS
from aes67_sender.model.ptp import Arrival, Departure
from aes67_sender.units import NS_PER_S
from aes67_sender.wire.ptp import Flag, Message, decode, encode
from aes67_sender.wire.ptp_messages import (
    DelayReq,
    MessageType,
    PdelayReq,
)
from aes67_sender.wire.ptp_types import ClockIdentity, PortIdentity
from support.ptp_garbage import bodies
from support.ptp_network import START_NS, alone, announce, grandmaster, port, request

ports = st.builds(port, st.integers(0, 255))
times = st.integers(-30 * NS_PER_S, 30 * NS_PER_S)
messages = st.builds(
    Message,
    bodies(ports, st.integers(0, 2**48)),
    ports,
    st.integers(0, 1),
    st.integers(0, 0xFFFF),
    st.integers(0, 0xFFFF).map(Flag),
    st.integers(-(2**63), 2**63 - 1),
    st.integers(-128, 127),
)
actions = st.one_of(
    st.tuples(st.just("receive"), messages, times, st.booleans()),
    st.tuples(st.just("sent"), messages, times, st.booleans()),
    st.tuples(st.just("tick"), st.none(), times, st.none()),
)


@given(st.lists(actions, max_size=60))
def test_whatever_comes_it_answers_in_well_formed_messages(done: list[tuple[str, Message, int, bool]]) -> None:
    clock = grandmaster(log_announce=-2, peer_delay=True)
    now_ns = START_NS
    for what, message, time_ns, event in done:
        match what:
            case "tick":
                now_ns += abs(time_ns)
                answers = clock.tick(now_ns)
                assert clock.due_ns > now_ns or clock.state != "master"
            case "sent":
                answers = clock.sent(message, Departure(b"", now_ns + time_ns, "kernel"))
            case _:
                answers = clock.receive(message, Arrival(b"", now_ns + time_ns, "10.77.0.9", event, "kernel"))
        for each in answers:
            assert decode(encode(each.message)) == each.message
            assert each.message.type is not MessageType.MANAGEMENT


def test_floods_of_strangers_do_not_fill_the_memory() -> None:
    network, clock = alone(peer_delay=True)
    halves = []
    for number in range(3000):
        stranger = PortIdentity(ClockIdentity(number.to_bytes(8, "big")), 1)
        for body in (DelayReq(), PdelayReq()):
            message = replace(request(body), source=stranger)
            answers = clock.receive(message, Arrival(b"", network.now_ns, "10.77.0.9", event=True, kind="kernel"))
            halves += [each.message for each in answers if each.peer]
        network.hear(clock, announce(stranger, priority1=255))
    assert clock.followers(network.now_ns) == MOST_FOLLOWERS
    assert len(halves) == 3000
    assert sum(len(clock.sent(each, Departure(b"", network.now_ns, "kernel"))) for each in halves) == MOST_PEERS
