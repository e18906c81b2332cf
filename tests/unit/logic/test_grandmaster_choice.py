"""Who of several clocks is the grandmaster."""

from __future__ import annotations

from typing import Any

import pytest

from aes67_sender.model.ptp import Departure
from aes67_sender.units import NS_PER_S
from aes67_sender.wire.ptp import encode
from aes67_sender.wire.ptp_messages import (
    Announce,
    ClockQuality,
    DelayReq,
    PdelayReq,
    PdelayResp,
    Sync,
)
from support.ptp_network import BETTER, Network, alone, announce, grandmaster, port, request


def test_yields_to_a_better_clock_and_comes_back_when_that_is_gone() -> None:
    network, clock = alone(peer_delay=True)
    network.hear(clock, announce(sequence=0))
    assert network.states == ["master"]  # one Announce is none
    network.run(1)
    network.hear(clock, announce(sequence=1))
    assert network.states == ["yielding"]
    assert [master and master.candidate.sender for master in network.yielding_to] == [BETTER]
    since_s = network.passed_s
    network.run(2.9)
    network.hear(clock, request(DelayReq()))
    network.hear(clock, request(PdelayReq()))
    assert [each for each in network.transcript if each[0] >= since_s] == []
    network.run(0.2)
    assert network.states == ["master"]
    assert network.yielding_to == [None]
    (back_s, message) = network.sent(Announce, since_s)[0]
    assert back_s - since_s == pytest.approx(3, abs=0.02)
    assert message.sequence == len(network.sent(Announce)) - 1


def test_what_left_just_before_it_yields_is_not_followed_up() -> None:
    network, clock = alone(peer_delay=True)
    network.stamping = False
    network.hear(clock, request(PdelayReq()))
    network.run(1)
    left = [network.sent(each)[-1][1] for each in (Sync, PdelayResp)]
    for sequence in range(2):
        network.hear(clock, announce(sequence=sequence))
    assert network.states == ["yielding"]
    assert [clock.sent(each, Departure(encode(each), network.now_ns, "kernel")) for each in left] == [(), ()]


def test_a_better_clock_heard_while_listening_keeps_it_silent() -> None:
    clock = grandmaster()
    network = Network([clock])
    for sequence in range(20):
        network.hear(clock, announce(sequence=sequence))
        network.run(1)
    assert (clock.state, network.transcript) == ("yielding", [])


def test_a_worse_clock_heard_while_listening_makes_it_speak_at_once() -> None:
    clock = grandmaster()
    network = Network([clock])
    network.run(0.5)
    network.hear(clock, announce(priority1=200))
    network.run(1)
    network.hear(clock, announce(priority1=200, sequence=1))
    network.run(0.1)
    assert network.states == ["master"]


def test_a_better_clock_that_becomes_worse_is_no_longer_yielded_to() -> None:
    network, clock = alone()
    for sequence in range(2):
        network.hear(clock, announce(sequence=sequence))
    assert network.states == ["yielding"]
    network.hear(clock, announce(sequence=2, priority1=200))
    assert network.states == ["master"]


@pytest.mark.parametrize(
    ("better", "worse"),
    [
        ({"priority1": 127}, {"quality": ClockQuality(6, 0x20, 1)}),
        ({"quality": ClockQuality(247, 0xFE, 0xFFFF)}, {"priority2": 1}),
        ({"quality": ClockQuality(248, 0x31, 0xFFFF)}, {"quality": ClockQuality(248, 0xFE, 1)}),
        ({"quality": ClockQuality(248, 0xFE, 0x4000)}, {"priority2": 1}),
        ({"priority2": 127}, {}),
        ({}, {}),  # the lower identity
    ],
)
def test_two_of_ours_settle_on_the_better_one(better: dict[str, Any], worse: dict[str, Any]) -> None:
    one, other = grandmaster(port(1), **better), grandmaster(port(2), **worse)
    network = Network([other, one])
    network.run(20)
    assert network.states == ["yielding", "master"]
    assert network.sent(Sync, 19, by=one.port)
    assert network.sent(Sync, 19, by=other.port) == []
    network.unplugged.add(one.port)
    network.run(10)
    assert network.states == ["master", "master"]
    network.unplugged.clear()
    network.run(10)
    assert network.states == ["yielding", "master"]


def test_after_a_stall_the_better_clock_is_given_the_time_to_be_heard() -> None:
    network, clock = alone()
    for sequence in range(2):
        network.hear(clock, announce(sequence=sequence))
    network.stall(30)
    network.run(0.1)  # its Announces lie in the socket, and the clock comes first
    assert network.states == ["yielding"]
    for sequence in range(2, 32):
        network.hear(clock, announce(sequence=sequence), ago_ns=(31 - sequence) * NS_PER_S)
    network.run(1)
    assert network.states == ["yielding"]
    network.stall(30)
    network.run(0.3)
    assert network.states == ["master"]
