"""Which masters are believed: two Announces, a time-out, a bound; time is moved by hand."""

from __future__ import annotations

from itertools import count, permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aes67_sender.logic.ptp.bmca import MOST_MASTERS, ForeignMaster, ForeignMasters, interval_ns
from aes67_sender.units import NS_PER_S
from aes67_sender.wire.ptp import Flag, Message
from aes67_sender.wire.ptp_messages import Announce, ClockQuality, Sync
from aes67_sender.wire.ptp_types import ClockIdentity, PortIdentity

NEVER = 1 << 62


def port(number: int) -> PortIdentity:
    return PortIdentity(ClockIdentity(number.to_bytes(8)), 1)


OWN, A, B, C = (port(number) for number in range(1, 5))


class Ear:
    """Hears Announces, each with the next number unless told."""

    def __init__(self) -> None:
        self.masters = ForeignMasters(OWN.clock)
        self._numbers = count(0xFFFE)

    def hear(
        self,
        sender: PortIdentity,
        at_s: float,
        *,
        grandmaster: PortIdentity | None = None,
        priority1: int = 128,
        steps: int = 0,
        log_interval: int = 0,
        flags: Flag = Flag.NONE,
        sequence: int | None = None,
    ) -> ForeignMaster | None:
        quality = ClockQuality(248, 0xFE, 0xFFFF)
        announce = Announce(0, 37, priority1, quality, 128, (grandmaster or sender).clock, steps, 0xA0)
        number = next(self._numbers) & 0xFFFF if sequence is None else sequence
        message = Message(announce, sender, 0, number, flags, log_interval=log_interval)
        return self.masters.hear(message, f"10.0.0.{sender.clock.octets[-1]}", round(at_s * NS_PER_S))

    def twice(self, sender: PortIdentity, at_s: float = 0, *, priority1: int = 128) -> None:
        self.hear(sender, at_s, priority1=priority1)
        self.hear(sender, at_s + 1, priority1=priority1)

    @property
    def best(self) -> PortIdentity | None:
        best = self.masters.best()
        return best.candidate.sender if best else None


@pytest.fixture
def ear() -> Ear:
    return Ear()


def test_a_master_qualifies_with_its_second_announce(ear: Ear) -> None:
    assert ear.best is None
    ear.hear(A, 0)
    assert ear.best is None
    ear.hear(A, 1)
    assert ear.best == A


@pytest.mark.parametrize(("second_s", "qualified"), [(4, True), (4.001, False)])
def test_the_two_must_come_within_four_intervals(ear: Ear, second_s: float, *, qualified: bool) -> None:
    ear.hear(A, 0)
    ear.hear(A, second_s)
    assert (ear.best == A) == qualified
    ear.hear(A, second_s + 1)
    assert ear.best == A


def test_an_announce_that_the_network_doubles_counts_once(ear: Ear) -> None:
    ear.hear(A, 0, sequence=7)
    ear.hear(A, 0.001, sequence=7)
    assert ear.best is None
    ear.hear(A, 1, sequence=8)
    assert ear.best == A


def test_the_better_qualified_one_is_best_and_the_newest_announce_counts(ear: Ear) -> None:
    ear.twice(A)
    ear.twice(B, priority1=100)
    ear.hear(C, 1, priority1=1)
    assert ear.best == B
    ear.hear(A, 2, priority1=99)
    assert ear.best == A


@pytest.mark.parametrize("order", [*permutations((A, B, C))])
def test_the_order_of_hearing_does_not_matter(order: tuple[PortIdentity, ...]) -> None:
    ear = Ear()
    for sender in order:
        ear.twice(sender)
    assert ear.best == A


def test_a_master_is_gone_after_three_intervals_of_silence_at_the_moment_that_is_named(ear: Ear) -> None:
    assert ear.masters.next_gone_ns() is None
    ear.twice(A)
    ear.twice(B, 0.5)
    gone_ns = ear.masters.next_gone_ns()
    assert gone_ns == 4 * NS_PER_S
    ear.masters.forget_gone(gone_ns - 1)
    assert ear.masters.of(A) is not None
    ear.masters.forget_gone(gone_ns)
    assert ear.masters.of(A) is None
    assert ear.best == B
    assert ear.masters.next_gone_ns() == 4 * NS_PER_S + NS_PER_S // 2


def test_a_master_that_comes_back_must_qualify_again(ear: Ear) -> None:
    ear.twice(A)
    ear.masters.forget_gone(5 * NS_PER_S)
    ear.hear(A, 5)
    assert ear.best is None


@pytest.mark.parametrize(
    ("log_interval", "seconds"), [(-3, 0.125), (0, 1), (4, 16), (0x7F, 2), (5, 16), (-128, 0.0625), (-5, 0.0625)]
)
def test_a_wild_interval_is_taken_for_the_nearest_that_makes_sense(ear: Ear, log_interval: int, seconds: float) -> None:
    ear.hear(A, 0, log_interval=log_interval)
    ear.hear(A, 4 * seconds, log_interval=log_interval)
    assert ear.best == A
    assert ear.masters.next_gone_ns() == round(7 * seconds * NS_PER_S)


def test_an_interval_is_kept_within_the_limits_that_are_asked_for() -> None:
    assert interval_ns(-7, (-7, 0)) == 7_812_500
    assert interval_ns(-128, (-7, 0)) == 7_812_500
    assert interval_ns(126, (-7, 0)) == NS_PER_S


def test_our_own_announces_and_what_we_are_said_to_lead_are_ignored(ear: Ear) -> None:
    assert ear.hear(OWN, 0) is None
    assert ear.hear(PortIdentity(OWN.clock, 2), 0) is None
    assert ear.hear(A, 0, grandmaster=OWN, steps=1) is None
    assert ear.masters.all() == ()


def test_alternate_masters_are_ignored(ear: Ear) -> None:
    assert ear.hear(A, 0, flags=Flag.ALTERNATE_MASTER | Flag.PTP_TIMESCALE) is None
    assert ear.hear(A, 0, flags=Flag.PTP_TIMESCALE) is not None


@pytest.mark.parametrize(("steps", "believed"), [(254, True), (255, False), (0xFFFF, False)])
def test_an_announce_that_goes_round_in_a_circle_is_ignored(ear: Ear, steps: int, *, believed: bool) -> None:
    assert (ear.hear(A, 0, steps=steps) is not None) == believed


def test_other_messages_tell_of_no_master(ear: Ear) -> None:
    assert ear.masters.hear(Message(Sync(), A, 0, 0), "10.0.0.2", 0) is None


def test_what_was_announced_last_is_known_of_a_master(ear: Ear) -> None:
    ear.hear(A, 0, flags=Flag.PTP_TIMESCALE)
    ear.hear(A, 1, priority1=3, steps=2, grandmaster=B)
    master = ear.masters.of(A)
    assert master is not None
    assert (master.candidate.grandmaster, master.candidate.priority1, master.candidate.steps_removed) == (B.clock, 3, 2)
    assert (master.source, master.flags, master.utc_offset_s) == ("10.0.0.2", Flag.NONE, 37)


def test_forged_masters_cannot_push_out_those_that_announce_themselves_twice(ear: Ear) -> None:
    ear.twice(A, priority1=1)
    for number in range(10_000):
        ear.hear(port(100 + number), 1.5)
    assert len(ear.masters.all()) == MOST_MASTERS
    assert ear.best == A
    ear.hear(A, 2, priority1=1)
    assert ear.best == A


def test_when_all_have_qualified_the_one_heard_longest_ago_makes_room_but_never_the_best(ear: Ear) -> None:
    for number in range(MOST_MASTERS):
        ear.twice(port(100 + number), number / 1000)
    assert ear.best == port(100)
    ear.hear(A, 2)
    assert len(ear.masters.all()) == MOST_MASTERS
    assert ear.masters.of(port(101)) is None
    assert ear.masters.of(port(102)) is not None
    assert ear.best == port(100)


senders = st.sampled_from([OWN, A, B, C, *(port(number) for number in range(10, 90))])
heard = st.tuples(senders, st.floats(0, 3), st.integers(-128, 127), st.integers(0, 3), st.integers(0, 256))


@given(st.lists(heard, max_size=120))
def test_whatever_is_heard_the_best_is_heard_and_the_memory_bounded(
    events: list[tuple[PortIdentity, float, int, int, int]],
) -> None:
    ear, now_s = Ear(), 0.0
    for sender, pause_s, log_interval, sequence, steps in events:
        now_s += pause_s
        ear.hear(sender, now_s, log_interval=log_interval, sequence=sequence, steps=steps)
        ear.masters.forget_gone(round(now_s * NS_PER_S))
        everyone = ear.masters.all()
        assert len(everyone) <= MOST_MASTERS
        qualified = [master for master in everyone if master.is_qualified()]
        best = ear.masters.best()
        assert (best in qualified) if qualified else best is None
        assert not any(best is not None and each.candidate.beats(best.candidate) for each in qualified)
    ear.masters.forget_gone(NEVER)
    assert ear.masters.all() == ()
