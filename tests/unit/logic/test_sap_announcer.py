"""What is announced when, the seconds moved by hand."""

from __future__ import annotations

import itertools
from random import Random
from typing import TYPE_CHECKING

import pytest

from aes67_sender.logic.sap_announcer import BURST, SapAnnouncer, message_hash
from support.sap_sessions import HERE, THERE, description

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aes67_sender.wire.sap import SapPacket

A, B = description("A"), description("B", session_id=2, address="239.69.7.2")


class Life:
    """An announcer, and all it has sent with the time of each."""

    def __init__(self) -> None:
        self.announcer = SapAnnouncer(Random(1))
        self.now_s = 100.0
        self.sent: list[tuple[float, SapPacket]] = []

    def follow(self, sessions: Mapping[str, str], origin: str = HERE) -> None:
        self.announcer.follow(origin, sessions, self.now_s)

    def run(self, seconds: float) -> list[tuple[float, str, str]]:
        """Live so long; gives what was sent since: when (from now on), what, and the session's name and version."""
        begun_s, before = self.now_s, len(self.sent)
        while self.announcer.due_s <= begun_s + seconds:
            self.now_s = max(self.now_s, self.announcer.due_s)
            self.sent += [(self.now_s, packet) for packet in self.announcer.due(self.now_s)]
        self.now_s = begun_s + seconds
        return [(round(at_s - begun_s, 2), packet.message, told(packet)) for at_s, packet in self.sent[before:]]


def told(packet: SapPacket) -> str:
    lines = packet.payload.decode().splitlines()
    return f"{lines[2].removeprefix('s=')}{lines[1].split()[2]}"


@pytest.fixture
def life() -> Life:
    return Life()


def test_a_session_is_announced_at_once_and_twice_more_soon_after(life: Life) -> None:
    life.follow({"s1": A})
    assert life.run(5) == [(0.0, "announce", "A1"), (1.0, "announce", "A1"), (3.0, "announce", "A1")]
    _, packet = life.sent[0]
    assert (str(packet.origin), packet.payload_type, packet.payload) == (HERE, "application/sdp", A.encode())


def test_then_it_is_announced_now_and_then_never_at_the_same_distance(life: Life) -> None:
    life.follow({"s1": A})
    life.run(5)
    times = [at_s for at_s, _, _ in life.run(1000)]
    gaps = {round(after - before, 2) for before, after in itertools.pairwise(times)}
    assert min(gaps) >= 6.6
    assert max(gaps) <= 13.4
    assert len(gaps) > 50


def test_many_sessions_share_the_bandwidth_but_none_waits_until_receivers_forget_it(life: Life) -> None:
    few = {f"s{number}": description(f"{number}", session_id=number) for number in range(10)}
    life.follow(few)
    octets = sum(len(text) for text in few.values())
    assert life.announcer.period_s == 10
    life.follow({f"s{number}": description(f"{number}", session_id=number) for number in range(40)})
    assert 10 < octets * 4 * 8 / 4000 < 30
    assert life.announcer.period_s == pytest.approx(octets * 4 * 8 / 4000, rel=0.05)
    life.announcer.others_octets = 1_000_000
    assert life.announcer.period_s == 30
    life.run(10)
    begun = len(life.sent)
    life.run(400)
    last: dict[str, float] = {}
    for at_s, packet in life.sent[begun:]:
        # aes67-web-monitor forgets after 45 s.
        assert at_s - last.get(told(packet), at_s) <= 40
        last[told(packet)] = at_s
    assert len(last) == 40


def test_a_change_deletes_the_old_text_by_its_hash_and_announces_the_new_by_another(life: Life) -> None:
    life.follow({"s1": A, "s2": B})
    life.run(20)
    life.follow({"s1": description("A", version=2), "s2": B})
    assert life.run(0.9)[:2] == [(0.0, "delete", "A1"), (0.0, "announce", "A2")]
    assert [what for what in life.run(5) if what[2] != "B1"] == [(0.1, "announce", "A2"), (2.1, "announce", "A2")]
    announced = next(packet for _, packet in life.sent if told(packet) == "A1")
    deleted = next(packet for _, packet in life.sent if packet.message == "delete")
    changed = next(packet for _, packet in life.sent if told(packet) == "A2")
    assert (deleted.payload, deleted.message_hash) == (announced.payload, announced.message_hash)
    assert changed.message_hash != announced.message_hash


def test_nothing_new_changes_nothing(life: Life) -> None:
    life.follow({"s1": A})
    life.run(5)
    due_s = life.announcer.due_s
    life.follow({"s1": A})
    assert life.announcer.due_s == due_s


def test_a_session_that_ends_is_deleted_three_times(life: Life) -> None:
    life.follow({"s1": A})
    life.run(5)
    life.follow({})
    assert life.run(100) == [(0.0, "delete", "A1"), (1.0, "delete", "A1"), (3.0, "delete", "A1")]


def test_a_session_that_comes_back_is_not_deleted_again(life: Life) -> None:
    life.follow({"s1": A})
    life.run(5)
    life.follow({})
    life.run(0.5)
    life.follow({"s1": A})
    assert life.run(4) == [(0.0, "announce", "A1"), (1.0, "announce", "A1"), (3.0, "announce", "A1")]
    assert len({packet.message_hash for _, packet in life.sent}) == 1


def test_what_was_never_announced_is_not_deleted(life: Life) -> None:
    life.follow({"s1": A})
    life.follow({"s1": description("A", version=2)})
    assert life.run(0) == [(0.0, "announce", "A2")]
    life.follow({"s1": B})
    life.follow({})
    assert life.run(0) == [(0.0, "delete", "A2")]


def test_another_address_of_ours_deletes_what_the_old_one_announced(life: Life) -> None:
    life.follow({"s1": A})
    life.run(5)
    life.follow({"s1": A}, origin=THERE)
    life.run(0)
    (_, deleted), (_, announced) = life.sent[-2:]
    assert (deleted.message, str(deleted.origin)) == ("delete", HERE)
    assert (announced.message, str(announced.origin)) == ("announce", THERE)


def test_a_network_that_was_away_hears_everything_again_at_once(life: Life) -> None:
    life.follow({"s1": A, "s2": B})
    life.run(7)
    life.announcer.again(life.now_s)
    assert [at_s for at_s, _, _ in life.run(5)] == [0, 0, 1, 1, 3, 3]
    life.announcer.again(life.now_s)
    life.follow({})
    assert [what for _, what, _ in life.run(0)] == ["delete", "delete"]


def test_the_farewell_deletes_all_at_once_and_nothing_follows(life: Life) -> None:
    life.follow({"s1": A, "s2": B})
    life.run(1)
    life.follow({"s2": B, "s3": description("C")})
    assert [(packet.message, told(packet)) for packet in life.announcer.farewell()] == [
        ("delete", "A1"),
        ("delete", "B1"),
    ]
    assert life.run(1000) == []
    assert life.announcer.farewell() == []


def test_many_sessions_do_not_leave_in_one_burst_and_deletions_leave_first(life: Life) -> None:
    first = {f"s{number}": description(f"{number}-", session_id=number) for number in range(20)}
    life.follow(first)
    assert len(life.announcer.due(life.now_s)) == BURST
    assert life.announcer.due(life.now_s) == []
    sent = life.run(0.5)
    assert len(sent) == 20 - BURST
    life.follow({key: description(f"{key}-", session_id=100) for key in first})
    kinds = [what for _, what, _ in life.run(0.5)]
    assert kinds == ["delete"] * 20 + ["announce"] * 20


def test_a_hash_belongs_to_the_text_for_ever() -> None:
    # As sha256 of the text says; receivers know us by it after a restart.
    assert message_hash("v=0\r\n") == 0x4CF5
    assert message_hash(A) != message_hash(description("A", version=2))


def test_two_sessions_never_share_a_hash(life: Life) -> None:
    sessions = {f"s{number}": description(f"{number}", session_id=number) for number in range(1000)}
    assert len({message_hash(text) for text in sessions.values()}) < 1000
    life.follow(sessions)
    hashes = [packet.message_hash for packet in life.announcer.packets()]
    assert len(set(hashes)) == 1000
    assert 0 not in hashes
