"""Whom the follower follows, when it says so, and what it does to a network."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from random import Random

import pytest

from aes67_sender.logic.discipline import Discipline
from aes67_sender.units import NS_PER_MS, NS_PER_S
from aes67_sender.wire.ptp import Flag, Message
from aes67_sender.wire.ptp_messages import Announce, Sync
from aes67_sender.wire.ptp_types import PortIdentity
from support.ptp_world import OURS, Errors, Master, Path, World, follower, port

GOOD, OTHER = port(1), port(2)


def good(**settings: object) -> Master:
    return Master(GOOD, priority1=10, **settings)  # type: ignore[arg-type]


def other(**settings: object) -> Master:
    return Master(OTHER, priority1=100, ahead_ns=5 * NS_PER_S, **settings)  # type: ignore[arg-type]


def grandmaster_of(world: World) -> str | None:
    master = world.follower.master
    return str(master.candidate.grandmaster) if master else None


def test_a_life_from_silence_to_lock_and_holdover() -> None:
    network = World()
    network.run(1)
    assert network.state == "listening"
    master = network.add(Master(GOOD))
    network.run(0.2)
    assert network.state == "locking"
    network.run(1)
    assert network.state == "locked"
    network.masters.remove(master)
    network.run(4)
    assert (network.state, network.follower.parent) == ("holdover", None)
    network.masters.append(master)
    network.run(3)
    assert network.state == "locked"
    assert abs(network.error_ns) < 100


def test_a_sole_master_is_followed_on_its_first_announce_if_its_syncs_speak_for_it() -> None:
    network = World([Master(GOOD, log_announce=1)])
    network.run(0.6)
    assert network.state == "locked"


def test_of_several_masters_none_is_followed_before_its_second_announce() -> None:
    network = World([good(log_announce=1), other(log_announce=1)])
    network.run(1.9)
    assert (network.follower.parent, network.transcript) == (None, [])
    network.run(1)
    assert (network.follower.parent, network.state) == (GOOD, "locked")


def test_a_strangers_first_announce_does_not_cost_the_only_master() -> None:
    network = World([good(log_announce=3)])
    network.run(1)
    network.hear(other().announce(1))
    network.run(0.5)
    assert (network.follower.parent, network.state) == (GOOD, "locked")


def test_a_better_master_is_followed_once_it_qualifies_and_left_when_it_vanishes() -> None:
    network = World([other()])
    network.run(5)
    assert network.follower.parent == OTHER
    better = network.add(good())
    network.run(0.9)
    assert network.follower.parent == OTHER
    network.run(2)
    assert (network.follower.parent, network.state) == (GOOD, "locked")
    assert abs(network.error_ns) < 200
    network.masters.remove(better)
    network.run(2)
    assert network.state == "holdover"
    network.run(3)
    assert (network.follower.parent, network.state) == (OTHER, "locked")
    assert abs(network.error_ns) < 200


def test_a_master_that_lowers_itself_is_left_at_its_next_announce() -> None:
    network = World([good(), other()])
    network.run(5)
    network.masters[0].priority1 = 200
    network.run(1.6)
    assert (network.follower.parent, network.state) == (OTHER, "locked")


def test_another_grandmaster_behind_the_same_port_is_noticed_at_its_first_announce() -> None:
    boundary = good(steps_removed=1, grandmaster=port(0x41).clock)
    network = World([boundary])
    network.run(5)
    assert grandmaster_of(network) == str(port(0x41).clock)
    boundary.grandmaster, boundary.steps_removed = port(0x42).clock, 3
    network.run(1.1)
    assert (grandmaster_of(network), network.state) == (str(port(0x42).clock), "locked")
    assert network.follower.master
    assert network.follower.master.candidate.steps_removed == 3
    assert abs(network.error_ns) < 100


def test_of_two_ways_to_one_grandmaster_the_shorter_is_taken() -> None:
    clock = port(0x41).clock
    network = World(
        [
            Master(GOOD, grandmaster=clock, steps_removed=4),
            Master(OTHER, grandmaster=clock, steps_removed=2),
        ]
    )
    network.run(4)
    assert network.follower.parent == OTHER


@pytest.mark.parametrize("what", ["announces", "syncs"])
def test_half_a_master_is_none(what: str) -> None:
    network = World([Master(GOOD)])
    network.run(5)
    setattr(network.masters[0], what, False)
    network.run(4.5)
    assert network.state == "holdover"
    assert (network.follower.parent is None) == (what == "announces")
    setattr(network.masters[0], what, True)
    network.run(2.5)
    assert network.state == "locked"
    assert abs(network.error_ns) < 100


def test_syncs_of_nobody_are_heard_but_not_followed() -> None:
    network = World([Master(GOOD, announces=False)])
    network.run(10)
    assert (network.state, network.follower.hears_syncs, network.transcript) == ("locking", True, [])


def test_masters_that_flap_do_not_upset_the_time() -> None:
    network = World([Master(OTHER, priority1=100)])
    network.run(5)
    errors = Errors(network)
    for _ in range(10):
        better = network.add(good())
        network.run(3.5, errors)
        network.masters.remove(better)
        network.run(4.5, errors)
    assert errors.worst_ns < 500
    assert len(errors.seen_ns) > 1000


@pytest.mark.parametrize(
    "wrong",
    [
        {"domain": 127},
        {"transport_specific": 1},
        {"flags": Flag.ALTERNATE_MASTER},
    ],
)
def test_what_is_not_meant_for_us_is_not_heard(wrong: dict[str, object]) -> None:
    network = World([Master(GOOD, header=wrong)])
    network.run(5)
    assert (network.state, network.transcript, network.follower.hears_syncs) == ("listening", [], False)


def test_domain_127_is_followed_where_it_is_asked_for() -> None:
    network = World([Master(GOOD, domain=127, log_sync=-6, log_announce=-2)], follower(domain=127))
    network.run(2)
    assert network.state == "locked"
    assert {message.domain for _, message in network.asked} == {127}


def test_messages_of_our_own_clock_are_not_heard() -> None:
    network = World([Master(PortIdentity(OURS.clock, 9))])
    network.run(5)
    assert (network.state, network.transcript) == ("listening", [])


def test_a_sync_at_the_general_port_is_none() -> None:
    network = World()
    for number in range(8):
        network.run(0.125)
        network.hear(Message(Sync(0), GOOD, 0, number), event=False)
    assert not network.follower.hears_syncs


@pytest.mark.parametrize("hours", [1, -1, 400_000])
def test_a_time_that_jumps_is_one_jump_whatever_its_way(hours: int) -> None:
    network = World([Master(GOOD, Path(queue_us=2))])
    network.run(20)
    states = set()
    network.masters[0].ahead_ns = hours * 3600 * NS_PER_S
    network.run(30, lambda: states.add(network.state))
    assert network.follower.track
    assert network.follower.track.estimator.jumps == 1
    assert abs(network.error_ns) < 3_000
    assert states <= {"locked", "holdover"}


def test_a_grandmaster_that_boots_into_1970_is_one_jump() -> None:
    network = World([Master(GOOD, Path(queue_us=2))])
    network.run(20)
    master = network.masters[0]
    master.syncs = master.announces = False
    network.run(20)
    master.syncs = master.announces = True
    master.sequence = 0
    master.ahead_ns = -1_700_000_000 * NS_PER_S
    network.run(5)
    assert network.state == "locked"
    assert abs(network.error_ns) < 3_000


def test_after_a_jump_the_delay_is_asked_for_at_once() -> None:
    network = World([Master(GOOD, log_delay=5)])
    network.run(3)
    network.masters[0].ahead_ns = NS_PER_S
    jumped_s = network.passed_s
    network.run(1)
    assert network.state == "locked"
    assert abs(network.error_ns) < 100
    assert [at_s for at_s, _ in network.asked if at_s > jumped_s]


def test_a_stall_of_this_program_does_not_lose_the_master() -> None:
    """Its messages lie in the sockets meanwhile, stamped by the kernel, and are read in portions afterwards."""
    network = World([Master(GOOD, log_announce=-2, log_sync=-6)])
    network.run(5)
    before = network.follower.track
    network.deaf = True
    begun_ns, master = network.now_ns, network.masters[0]
    follower_, unread = network.follower, []
    end_ns = begun_ns + 5 * NS_PER_S
    for number in range(320):
        stamp_ns = begun_ns + number * NS_PER_S // 64
        message = Message(Sync(master.at(stamp_ns)), GOOD, 0, number + 30_000, log_interval=-6)
        unread.append((message, stamp_ns + 2_000))
        if number % 16 == 0:
            unread.append((master.announce(20_000 + number // 16), stamp_ns))
    for first in range(0, len(unread), 64):
        for message, stamp_ns in unread[first : first + 64]:
            network.now_ns, network.deaf = end_ns, False
            network.hear(message, stamp_ns=stamp_ns)
        follower_.tick(end_ns)
        assert (follower_.parent, follower_.state(end_ns)) == (GOOD, "locked")
    assert follower_.track is before


def test_a_master_that_was_lost_in_a_stall_is_given_up_after_it() -> None:
    network = World([Master(GOOD)])
    network.run(5)
    network.masters.clear()
    network.now_ns += 60 * NS_PER_S
    network.run(0.1)
    first = network.follower.parent
    network.run(0.2)
    assert first == GOOD
    assert (network.follower.parent, network.state) == (None, "holdover")


def test_who_is_not_active_sends_nothing_and_listens() -> None:
    network = World([Master(GOOD)])
    network.follower.active = False
    network.run(10)
    assert (network.transcript, network.state) == ([], "locking")
    network.follower.active = True
    network.run(2)
    assert network.state == "locked"


def test_it_never_sends_anything_but_questions() -> None:
    network = World([good(), other()])
    network.run(30)
    assert {line.split()[1] for line in network.transcript} == {"Delay_Req"}


@pytest.mark.parametrize(
    "masters",
    [
        [],
        [Master(GOOD)],
        [Master(GOOD, answers=False)],
        [Master(GOOD, syncs=False)],
        [Master(GOOD, told_interval=0x7F)],
        [Master(GOOD, log_sync=-7, log_announce=-4, log_delay=-5)],
    ],
    ids=["nobody", "usual", "no answers", "no syncs", "no intervals", "quickest"],
)
def test_it_sleeps_until_something_is_due(masters: list[Master]) -> None:
    network = World([replace(each) for each in masters])
    network.run(20)
    asked = len(network.asked)
    assert network.ticks <= asked + 60
    for master in network.masters:
        master.announces = master.syncs = False
    before = network.ticks
    network.run(100)
    assert network.ticks - before <= 200


@pytest.mark.parametrize("seed", range(4))
def test_on_a_poor_network_it_waits_until_it_is_sure_and_the_media_clock_is_never_stepped_back(seed: int) -> None:
    network = World([Master(GOOD, Path(queue_us=1000, stalls=0.01, random=Random(seed)))], follower(seed))
    clock, states = Discipline(), [network.state]

    def watch() -> None:
        states.append(network.state)
        if estimate := network.follower.estimate(network.now_ns):
            accuracy_ns = round(3 * estimate.sigma_at(network.now_ns))
            clock.adopt(network.now_ns, estimate.master_at(network.now_ns), estimate.rate_ppm, accuracy_ns)

    network.run(40, watch)
    assert "locked" in states
    assert sum(before != after for before, after in pairwise(states)) <= 4
    assert clock.mapping
    assert clock.mapping.anchor == 1


def test_the_rate_known_before_is_where_a_new_follower_begins() -> None:
    network = World([Master(GOOD, rate_ppm=80.0)], follower(rate_ppm=80.0))
    network.run(0.6)
    estimate = network.follower.estimate(network.now_ns)
    assert estimate is not None
    assert estimate.rate_ppm == pytest.approx(80.0, abs=1)


def test_a_master_that_tells_no_intervals_is_followed_and_given_up_as_soon_as_others() -> None:
    network = World([good(told_interval=0x7F)])
    network.run(10)
    assert network.state == "locked"
    network.masters.clear()
    network.run(5)
    assert network.state == "holdover"
    network.run(3)
    assert network.follower.parent is None


def test_a_flood_of_strangers_does_not_push_out_the_master() -> None:
    network = World([good()])
    network.run(5)
    for number in range(2_000):
        stranger = PortIdentity(replace(OURS.clock, octets=number.to_bytes(8, "big")), 1)
        network.hear(Message(Sync(number), stranger, 0, number, log_interval=-3))
        body = good().announce(0).body
        assert isinstance(body, Announce)
        network.hear(Message(replace(body, priority1=0, grandmaster=stranger.clock), stranger, 0, 1, log_interval=0))
        network.run(NS_PER_MS / NS_PER_S)
    assert (network.follower.parent, network.state) == (GOOD, "locked")
    assert abs(network.error_ns) < 200
