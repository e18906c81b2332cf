"""Who is asked for the path delay, how often, and what is made of the answers."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

from aes67_sender.model.ptp import Departure
from aes67_sender.units import NS_PER_MS, NS_PER_S
from aes67_sender.wire.ptp import NO_INTERVAL, SUBNS_PER_NS, UNKNOWN_CORRECTION, Flag, Message
from aes67_sender.wire.ptp_messages import DelayReq, DelayResp, PdelayReq
from aes67_sender.wire.ptp_types import PortIdentity
from support.ptp_world import OURS, PEER, START_NS, Master, Path, Peer, World, follower, port


def world(*, answers: bool = True, peer: Peer | None = None, log_delay: int = 0, **settings: Any) -> World:
    master = Master(port(1), Path(out_ns=40_000, back_ns=40_000), answers=answers, log_delay=log_delay)
    return World([master], follower(**settings), peer)


def questions(world: World, body: type = DelayReq, since_s: float = 0.0) -> list[float]:
    return [at_s for at_s, message in world.asked if isinstance(message.body, body) and at_s >= since_s]


def gaps(times: list[float]) -> list[float]:
    return [later - earlier for earlier, later in pairwise(times)]


def test_asks_as_soon_as_there_are_syncs_and_locks_with_the_answer() -> None:
    network = world()
    network.run(0.6)
    assert network.transcript[0] == "0.385 Delay_Req"
    assert (network.state, network.follower.mechanism, network.follower.unanswered) == ("locked", "e2e", 0)
    assert network.follower.track
    assert network.follower.track.estimator.delay_ns == 40_000


def test_a_question_says_nothing_but_who_asks() -> None:
    network = world(domain=0)
    network.run(1)
    message = network.asked[0][1]
    assert (message.body, message.source, message.domain, message.flags) == (DelayReq(0), OURS, 0, Flag.NONE)
    assert (message.correction_subns, message.log_interval) == (0, NO_INTERVAL)


@pytest.mark.parametrize(("log_delay", "mean_s"), [(-3, 0.125), (0, 1), (2, 4), (NO_INTERVAL, 1)])
def test_asks_as_often_as_the_master_wishes_and_at_random(log_delay: int, mean_s: float) -> None:
    network = world(log_delay=log_delay)
    network.run(40 + 60 * mean_s)
    times = questions(network, since_s=5)
    between = gaps(times)
    assert sum(between) / len(between) == pytest.approx(mean_s, rel=0.25)
    assert all(0.09 * mean_s < gap < 1.91 * mean_s + 0.01 for gap in between)
    assert len({round(gap, 3) for gap in between}) > 5


def test_two_followers_do_not_ask_in_step() -> None:
    one, other = (World([Master(port(1))], follower(seed)) for seed in (1, 2))
    for network in (one, other):
        network.run(20)
    assert len(set(questions(one)) & set(questions(other))) <= 1


def test_sequence_numbers_of_questions_run_on() -> None:
    network = world()
    network.run(20)
    numbers = [message.sequence for _, message in network.asked]
    assert all(later == earlier + 1 & 0xFFFF for earlier, later in pairwise(numbers))


@pytest.mark.parametrize("unicast", [False, True])
def test_an_answer_counts_by_multicast_and_by_unicast(*, unicast: bool) -> None:
    network = world()
    if unicast:
        network.masters[0].header["flags"] = Flag.UNICAST
        network.masters[0].two_step = False
    network.run(3)
    assert (network.state, network.follower.mechanism) == ("locked", "e2e")


def test_answers_to_others_and_from_others_are_none() -> None:
    network = world(answers=False)
    network.run(1)
    master = network.masters[0]
    for _ in range(4):
        network.run(0.25)
        sequence = network.asked[-1][1].sequence
        time_ns = master.at(network.now_ns)
        for source, requesting in [
            (master.port, port(0x55)),
            (master.port, PortIdentity(OURS.clock, 2)),
            (port(9), OURS),
        ]:
            network.hear(Message(DelayResp(time_ns, requesting), source, 0, sequence))
        network.hear(Message(DelayResp(time_ns, OURS), master.port, 0, sequence + 7 & 0xFFFF))
    assert network.follower.estimate(network.now_ns) is None
    assert network.follower.unanswered > 2


def answer_by_hand(network: World, *, kept_ns: int = 0) -> None:
    """The next question gets its answer before its own stamp has come."""
    before = len(network.asked)
    while len(network.asked) == before:
        network.run(0.001)
    at_s, asked = network.asked[-1]
    left_ns = START_NS + round(at_s * NS_PER_S) + network.leaving_ns
    body = DelayResp(network.masters[0].at(left_ns + 40_000 + kept_ns), OURS)
    network.hear(Message(body, port(1), 0, asked.sequence, Flag.NONE, kept_ns * SUBNS_PER_NS))


def test_an_answer_may_come_before_the_stamp_of_the_question() -> None:
    network = world(answers=False)
    network.leaving_ns = 150 * NS_PER_MS
    network.run(0.3)
    answer_by_hand(network)
    assert network.follower.estimate(network.now_ns) is None
    network.run(0.3)
    assert abs(network.error_ns) < 100


def test_the_correction_of_an_answer_is_subtracted() -> None:
    network = world(answers=False)
    network.run(0.3)
    answer_by_hand(network, kept_ns=700_000)
    network.run(0.3)
    assert abs(network.error_ns) < 100
    assert network.follower.track
    assert network.follower.track.estimator.delay_ns == 40_000


def test_a_correction_that_is_too_large_to_be_told_spoils_the_message() -> None:
    network = world()
    network.masters[0].header["correction_subns"] = UNKNOWN_CORRECTION
    network.run(5)
    assert network.state == "listening"
    assert network.transcript == []


def test_answers_that_are_lost_cost_nothing_but_time() -> None:
    network = World([Master(port(1), Path(loss=0.5), log_delay=-1)])
    network.run(30)
    assert abs(network.error_ns) < 200


def test_who_is_never_answered_takes_the_delay_for_zero_says_so_and_goes_on_asking_less_often() -> None:
    network = world(answers=False)
    network.run(1)
    assert (network.state, network.follower.mechanism) == ("locking", "e2e")
    network.run(35)
    assert [network.state, network.follower.mechanism] == ["locked", "none"]
    assert network.error_ns == pytest.approx(-40_000, abs=100)
    between = gaps(questions(network, since_s=10))
    assert 0.7 < sum(between) / len(between) < 1.4
    network.masters[0].answers = True
    network.run(5)
    assert (network.state, network.follower.mechanism) == ("locked", "e2e")
    assert abs(network.error_ns) < 200


def test_a_delay_of_a_millisecond_is_measured_too_once_there_are_answers() -> None:
    path = Path(out_ns=3 * NS_PER_MS, back_ns=3 * NS_PER_MS)
    network = World([Master(port(1), path, answers=False)])
    mechanisms = []
    for network.masters[0].answers in (False, True):
        network.run(8)
        mechanisms.append(network.follower.mechanism)
    assert mechanisms == ["none", "e2e"]
    assert abs(network.error_ns) < 200


def test_a_master_that_answers_no_more_keeps_its_delay() -> None:
    network = world()
    network.run(10)
    network.masters[0].answers = False
    network.run(200)
    assert (network.state, network.follower.mechanism) == ("locked", "e2e")
    assert network.follower.unanswered > 100
    assert abs(network.error_ns) < 200
    # After a jump there is nothing else to go by.
    network.masters[0].ahead_ns = 3600 * NS_PER_S
    network.run(10)
    assert abs(network.error_ns) < 200


@pytest.mark.parametrize("two_step", [True, False])
def test_peer_delay_is_the_round_trip_less_the_turnaround_halved(*, two_step: bool) -> None:
    network = world(answers=False, peer=Peer(delay_ns=40_000, two_step=two_step), delay_mechanism="p2p")
    network.run(4)
    assert (network.state, network.follower.mechanism) == ("locked", "p2p")
    assert network.follower.track
    assert network.follower.track.estimator.delay_ns == 40_000
    assert abs(network.error_ns) < 100
    assert questions(network) == []
    assert set(map(round, gaps(questions(network, PdelayReq)))) == {1}


def test_auto_asks_the_peer_only_where_others_do() -> None:
    lonely = world(answers=False, peer=Peer(delay_ns=40_000))
    lonely.run(10)
    assert (questions(lonely, PdelayReq), lonely.follower.mechanism) == ([], "none")

    custom = world(answers=False, peer=Peer(delay_ns=40_000))
    custom.hear(Message(PdelayReq(), PEER, 0, 1))
    custom.run(10)
    assert (custom.follower.mechanism, custom.state) == ("p2p", "locked")
    assert abs(custom.error_ns) < 100


def test_auto_stays_with_a_master_that_answers_whatever_the_custom() -> None:
    network = world(peer=Peer())
    network.hear(Message(PdelayReq(), PEER, 0, 1))
    network.run(20)
    assert (questions(network, PdelayReq), network.follower.mechanism) == ([], "e2e")


def test_auto_gives_up_peers_that_do_not_answer() -> None:
    network = world(answers=False)
    network.hear(Message(PdelayReq(), PEER, 0, 1))
    network.run(30)
    assert (network.state, network.follower.mechanism) == ("locked", "none")
    assert questions(network, PdelayReq)
    assert questions(network, since_s=20)


def test_a_peer_that_does_not_answer_means_a_delay_of_zero_also_if_it_was_asked_for() -> None:
    network = world(answers=False, delay_mechanism="p2p")
    network.run(15)
    assert [network.state, network.follower.mechanism] == ["locked", "none"]
    assert questions(network) == []
    network.peer = Peer(delay_ns=40_000)
    network.run(3)
    assert [network.follower.mechanism] == ["p2p"]
    assert abs(network.error_ns) < 100


def test_peer_answers_to_others_at_this_port_are_not_ours() -> None:
    network = world(answers=False, delay_mechanism="p2p", peer=Peer(delay_ns=40_000))
    network.run(2)
    other = Message(PdelayReq(), PortIdentity(OURS.clock, 7), 0, network.asked[-1][1].sequence)
    network.follower.sent(other, Departure(b"", network.now_ns - 5 * NS_PER_MS, "kernel"))
    network.run(2)
    assert network.follower.track
    assert network.follower.track.estimator.delay_ns == 40_000
