"""What a grandmaster sends, when, and what it answers."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest

from aes67_sender.logic.ptp.grandmaster import FOLLOWER_NS
from aes67_sender.model.clock import ClockMapping
from aes67_sender.model.ptp import Departure
from aes67_sender.units import NS_PER_MS, NS_PER_S
from aes67_sender.wire.ptp import NO_INTERVAL, SUBNS_PER_NS, Flag, Message, encode
from aes67_sender.wire.ptp_messages import (
    Announce,
    ClockQuality,
    DelayReq,
    DelayResp,
    FollowUp,
    Management,
    PdelayReq,
    PdelayResp,
    PdelayRespFollowUp,
    Signaling,
    Sync,
)
from aes67_sender.wire.ptp_types import ALL_PORTS
from support.ptp_network import (
    FOLLOWER,
    LEAVING_NS,
    LISTENING_S,
    MAPPING,
    OURS,
    START_NS,
    Network,
    alone,
    announce,
    grandmaster,
    port,
    request,
)


def test_listens_for_three_announce_intervals_before_it_speaks() -> None:
    clock = grandmaster()
    network = Network([clock])
    network.run(LISTENING_S - 0.01)
    assert (network.states, network.transcript) == (["listening"], [])
    assert clock.due_ns == START_NS + round(LISTENING_S * NS_PER_S)
    network.run(0.02)
    assert network.states == ["master"]
    assert [each.message.type.label for _, _, each in network.transcript] == ["Sync", "Follow_Up", "Announce"]


def test_announces_what_it_is() -> None:
    flags = Flag.PTP_TIMESCALE | Flag.UTC_OFFSET_VALID
    network, _ = alone(domain=5, priority1=9, priority2=10, quality=ClockQuality(13, 0x25, 0x1234), flags=flags)
    _, message = network.sent(Announce)[0]
    assert message.body == Announce(0, 37, 9, ClockQuality(13, 0x25, 0x1234), 10, OURS.clock, 0, 0xA0)
    assert (message.source, message.domain, message.flags, message.log_interval) == (OURS, 5, flags, 1)


def test_sends_at_the_intervals_of_the_media_profile() -> None:
    network, _ = alone()
    network.run(20)
    syncs, announces = network.sent(Sync), network.sent(Announce)
    assert {round(b - a, 3) for (a, _), (b, _) in pairwise(syncs)} == {0.125}
    assert {round(b - a, 3) for (a, _), (b, _) in pairwise(announces)} == {2.0}
    assert [message.sequence for _, message in syncs] == list(range(len(syncs)))
    assert [message.sequence for _, message in announces] == list(range(len(announces)))
    assert {(message.log_interval, message.flags) for _, message in syncs} == {(-3, Flag.TWO_STEP)}


def test_a_late_tick_does_not_move_the_grid() -> None:
    _, clock = alone()
    due_ns = clock.due_ns
    clock.tick(due_ns + 60 * NS_PER_MS)
    assert clock.due_ns == due_ns + 125 * NS_PER_MS


def test_after_a_stall_it_skips_and_does_not_burst() -> None:
    network, _ = alone()
    network.stall(5)
    back_s = network.passed_s
    network.run(0.05)
    assert [len(network.sent(each, back_s)) for each in (Announce, Sync, FollowUp)] == [1, 1, 1]
    network.run(0.95)
    assert len(network.sent(Sync, back_s)) in (8, 9)
    sequences = [message.sequence for _, message in network.sent(Sync)]
    assert sequences == list(range(len(sequences)))


def test_follow_up_tells_when_the_sync_left() -> None:
    network, _ = alone()
    (_, sync), (at_s, follow_up) = network.sent(Sync)[-1], network.sent(FollowUp)[-1]
    left_ns = START_NS + round(at_s * NS_PER_S) + LEAVING_NS
    assert follow_up.body == FollowUp(MAPPING.media_at(left_ns))
    assert (follow_up.sequence, follow_up.log_interval, follow_up.flags) == (sync.sequence, -3, Flag.NONE)


def test_a_sync_without_a_stamp_gets_no_follow_up_and_is_counted() -> None:
    network, clock = alone()
    network.stamping = False
    since_s = network.passed_s
    network.run(1)
    network.stamping = True
    lost = network.sent(Sync, since_s)
    assert network.sent(FollowUp, since_s) == []
    late = encode(lost[0][1])
    assert clock.sent(lost[0][1], Departure(late, network.now_ns, "kernel")) == ()
    network.run(1)
    assert clock.unstamped_syncs == len(lost) == 8
    assert len(network.sent(FollowUp, since_s)) == 8


def test_one_stamp_makes_one_follow_up() -> None:
    network, clock = alone()
    _, sync = network.sent(Sync)[-1]
    assert clock.sent(sync, Departure(encode(sync), network.now_ns, "kernel")) == ()


def test_another_time_is_served_from_the_moment_it_is_set() -> None:
    network, clock = alone()
    followed = ClockMapping(network.now_ns, 1_234 * NS_PER_S, 0.0, 2)
    clock.set_mapping(followed)
    clock.set_timescale(Flag.NONE, 0)
    since_s = network.passed_s
    network.run(2.1)
    at_s, follow_up = network.sent(FollowUp, since_s)[0]
    assert follow_up.body == FollowUp(followed.media_at(START_NS + round(at_s * NS_PER_S) + LEAVING_NS))
    _, message = network.sent(Announce, since_s)[0]
    assert isinstance(message.body, Announce)
    assert (message.flags, message.body.utc_offset_s) == (Flag.NONE, 0)


def test_delay_resp_tells_when_the_request_came_and_hands_its_correction_back() -> None:
    network, clock = alone(log_min_delay_req=-2)
    correction = 1234 * SUBNS_PER_NS + 5
    network.hear(clock, request(DelayReq(), 0xFFFF, correction_subns=correction), ago_ns=300_000)
    *_, (_, _, answer) = network.transcript
    assert answer.message.body == DelayResp(MAPPING.media_at(network.now_ns - 300_000), FOLLOWER)
    assert (answer.message.sequence, answer.message.correction_subns) == (0xFFFF, correction)
    assert (answer.message.log_interval, answer.message.flags, answer.to) == (-2, Flag.NONE, None)


def test_who_asks_by_unicast_is_answered_by_unicast() -> None:
    network, clock = alone(peer_delay=True)
    network.hear(clock, request(DelayReq(), flags=Flag.UNICAST))
    *_, (_, _, answer) = network.transcript
    assert (answer.to, answer.message.flags, answer.message.log_interval) == ("10.77.0.9", Flag.UNICAST, NO_INTERVAL)
    network.hear(clock, request(PdelayReq(), flags=Flag.UNICAST))
    (_, _, first), (_, _, second) = network.transcript[-2:]
    assert (first.to, first.message.flags) == ("10.77.0.9", Flag.UNICAST | Flag.TWO_STEP)
    assert (second.to, second.message.flags) == ("10.77.0.9", Flag.UNICAST)


def test_peers_get_both_halves_of_their_answer() -> None:
    network, clock = alone(peer_delay=True)
    network.hear(clock, request(PdelayReq(), 3, correction_subns=99), ago_ns=1_000)
    (_, _, first), (_, _, second) = network.transcript[-2:]
    assert (first.peer, second.peer, first.to, second.to) == (True, True, None, None)
    assert first.message.body == PdelayResp(MAPPING.media_at(network.now_ns - 1_000), FOLLOWER)
    assert (first.message.sequence, first.message.correction_subns, first.message.flags) == (3, 0, Flag.TWO_STEP)
    assert second.message.body == PdelayRespFollowUp(MAPPING.media_at(network.now_ns + LEAVING_NS), FOLLOWER)
    assert (second.message.sequence, second.message.correction_subns) == (3, 99)
    assert clock.sent(first.message, Departure(encode(first.message), network.now_ns, "kernel")) == ()


def test_counts_those_who_ask_for_their_delay() -> None:
    network, clock = alone()
    for number in (1, 2, 1):
        network.hear(clock, replace(request(DelayReq()), source=port(number)))
        network.stall(1)
    assert clock.followers(network.now_ns) == 2
    # The first has asked a second ago, the other two.
    assert clock.followers(network.now_ns - 2 * NS_PER_S + FOLLOWER_NS) == 2
    assert clock.followers(network.now_ns - 2 * NS_PER_S + FOLLOWER_NS + 1) == 1
    assert clock.followers(network.now_ns - 1 * NS_PER_S + FOLLOWER_NS + 1) == 0


@pytest.mark.parametrize(
    "message",
    [
        replace(request(DelayReq()), domain=1),
        replace(request(DelayReq()), transport_specific=1),
        replace(request(DelayReq()), source=OURS),
        replace(announce(), domain=1),
        replace(announce(), source=OURS),
        replace(announce(), flags=Flag.ALTERNATE_MASTER),
        request(Management(ALL_PORTS, 0, 0, 0)),
        request(Signaling(ALL_PORTS)),
        request(Sync()),
        request(PdelayReq()),
    ],
    ids=lambda message: message.type.label,
)
def test_what_is_not_for_a_grandmaster_is_ignored(message: Message) -> None:
    network, clock = alone()
    before = len(network.transcript)
    for sequence in range(3):
        network.hear(clock, replace(message, sequence=sequence))
    assert (clock.state, clock.followers(network.now_ns), len(network.transcript)) == ("master", 0, before)


def test_a_request_that_did_not_come_to_the_event_port_has_no_stamp_to_answer_with() -> None:
    network, clock = alone()
    before = len(network.transcript)
    network.hear(clock, request(DelayReq()), event=False)
    assert len(network.transcript) == before


def test_sequence_numbers_wrap() -> None:
    network, _ = alone(log_sync=-7)
    network.run(0x10000 / 128 + 1)
    assert {b.sequence for (_, a), (_, b) in pairwise(network.sent(Sync)) if a.sequence == 0xFFFF} == {0}
