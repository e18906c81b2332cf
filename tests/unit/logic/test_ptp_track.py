"""Syncs and Follow_Ups in whatever order. What was heard is read as the time at which the last Sync left."""

from __future__ import annotations

import pytest

from aes67_sender.logic.ptp.track import SyncTrack
from aes67_sender.units import NS_PER_MS, NS_PER_S
from aes67_sender.wire.ptp import NO_INTERVAL, SUBNS_PER_NS, Flag, Message
from aes67_sender.wire.ptp_messages import FollowUp, Sync
from support.ptp_world import EPOCH_NS, START_NS, port

EIGHTH_NS = NS_PER_S // 8


class Log:
    """One master's messages; the delay is known to be nothing, so that the newest time counts as it is."""

    def __init__(self, *, asymmetry_ns: int = 0) -> None:
        self.track = SyncTrack(0.0, asymmetry_ns, START_NS)
        self.track.estimator.fix_delay(0)
        self.now_ns = START_NS

    def sync(self, sequence: int, *, two_step: bool = True, correction: int = 0, log_interval: int = -3) -> None:
        origin_ns = 0 if two_step else self.master_ns
        flags = Flag.TWO_STEP if two_step else Flag.NONE
        message = Message(Sync(origin_ns), port(1), 0, sequence, flags, correction, log_interval)
        self.track.hear(message, self.now_ns)

    def follow_up(self, sequence: int, left_ns: int | None = None, *, correction: int = 0) -> None:
        body = FollowUp(self.master_ns if left_ns is None else left_ns)
        self.track.hear(Message(body, port(1), 0, sequence, Flag.NONE, correction), self.now_ns)

    def both(self, sequence: int) -> None:
        self.sync(sequence)
        self.follow_up(sequence)

    def later(self, after_ns: int = EIGHTH_NS) -> None:
        self.now_ns += after_ns

    @property
    def master_ns(self) -> int:
        return EPOCH_NS + self.now_ns - START_NS

    @property
    def counted(self) -> int:
        return self.track.estimator.syncs

    @property
    def ahead_ns(self) -> int:
        """How far the time heard is ahead of the master's."""
        estimate = self.track.estimator.estimate
        assert estimate is not None
        return estimate.master_at(self.now_ns) - self.master_ns


@pytest.fixture
def log() -> Log:
    return Log()


def test_a_sync_counts_once_its_follow_up_is_here(log: Log) -> None:
    log.sync(7)
    assert log.counted == 0
    log.follow_up(7)
    assert (log.counted, log.ahead_ns, log.track.two_step) == (1, 0, True)


def test_a_one_step_sync_counts_at_once(log: Log) -> None:
    log.sync(7, two_step=False)
    assert (log.counted, log.ahead_ns, log.track.two_step) == (1, 0, False)


def test_a_follow_up_may_come_first(log: Log) -> None:
    log.follow_up(7)
    log.sync(7)
    assert (log.counted, log.ahead_ns) == (1, 0)


def test_a_follow_up_may_come_after_the_next_sync(log: Log) -> None:
    left_ns = log.master_ns
    log.sync(7)
    log.later()
    log.sync(8)
    log.follow_up(7, left_ns)
    log.follow_up(8)
    assert (log.counted, log.ahead_ns) == (2, 0)


def test_a_follow_up_that_is_lost_costs_one_sync(log: Log) -> None:
    log.both(7)
    log.later()
    log.sync(8)
    log.later()
    log.both(9)
    assert (log.counted, log.ahead_ns) == (2, 0)


def test_doubles_count_once(log: Log) -> None:
    for _ in range(2):
        log.sync(7)
        log.later(1000)
    for _ in range(3):
        log.follow_up(7, EPOCH_NS)
        log.later(1000)
    log.sync(7)
    log.follow_up(7)
    assert (log.counted, log.ahead_ns) == (1, 0)


def test_sequence_numbers_wrap(log: Log) -> None:
    for sequence in (0xFFFE, 0xFFFF, 0, 1):
        log.both(sequence)
        log.later()
    assert log.counted == 4


def test_a_follow_up_of_the_last_round_of_numbers_belongs_to_nobody(log: Log) -> None:
    log.follow_up(7)
    log.later(8192 * NS_PER_S)
    log.sync(7)
    assert log.counted == 0
    log.follow_up(7)
    assert (log.counted, log.ahead_ns) == (1, 0)


def test_a_master_that_starts_anew_counts_from_zero_and_is_heard_at_once(log: Log) -> None:
    for sequence in range(6):
        log.both(sequence)
        log.later()
    log.later(2 * NS_PER_S)
    for sequence in range(6):
        log.both(sequence)
        log.later()
    assert log.counted == 12


@pytest.mark.parametrize(
    ("sync", "follow_up", "ahead_ns"),
    [
        (3 * SUBNS_PER_NS, 4 * SUBNS_PER_NS, 7),
        (SUBNS_PER_NS // 2 - 1, SUBNS_PER_NS // 2 + 1, 1),
        (SUBNS_PER_NS // 4, SUBNS_PER_NS // 5, 0),
        (-10 * SUBNS_PER_NS, 0, -10),
    ],
)
def test_both_corrections_are_added_before_they_are_rounded(sync: int, follow_up: int, ahead_ns: int) -> None:
    log = Log()
    log.sync(7, correction=sync)
    log.follow_up(7, correction=follow_up)
    assert log.ahead_ns == ahead_ns


def test_a_one_step_syncs_correction_is_added(log: Log) -> None:
    log.sync(7, two_step=False, correction=5 * SUBNS_PER_NS)
    assert log.ahead_ns == 5


def test_a_longer_way_from_the_master_is_a_later_time() -> None:
    """IEEE 1588-2008 7.4.2: the way from the master is the mean plus the asymmetry, the way to it the mean minus it."""
    log = Log(asymmetry_ns=300)
    log.track.estimator.fix_delay(None)
    true_delay_ns = 1000
    for sequence in range(16):
        log.later()
        log.sync(sequence)
        log.follow_up(sequence, log.master_ns - (true_delay_ns + 300))
        came_ns = log.master_ns + (true_delay_ns - 300)
        log.track.hear_answer(log.now_ns, came_ns * SUBNS_PER_NS)
    log.later()
    assert log.ahead_ns == pytest.approx(0, abs=2)
    assert log.track.estimator.delay_ns == true_delay_ns


@pytest.mark.parametrize(
    ("log_interval", "silent_s"), [(-3, 1), (-7, 1), (-100, 1), (0, 4), (1, 8), (NO_INTERVAL, 4), (5, 64)]
)
def test_silence_is_four_intervals_and_a_second_at_least(log: Log, log_interval: int, silent_s: int) -> None:
    log.sync(0, two_step=False, log_interval=log_interval)
    assert not log.track.is_silent(START_NS + silent_s * NS_PER_S)
    assert log.track.is_silent(START_NS + silent_s * NS_PER_S + 1)
    assert log.track.silent_at_ns == START_NS + silent_s * NS_PER_S


def test_a_master_that_tells_a_shorter_interval_than_it_keeps_is_not_taken_for_silent(log: Log) -> None:
    for sequence in range(8):
        log.sync(sequence, two_step=False, log_interval=-3)
        log.later(2 * NS_PER_S)
    assert not log.track.is_silent(log.now_ns)
    assert log.track.is_silent(log.now_ns + 7 * NS_PER_S)


def test_syncs_whose_follow_ups_are_missing_are_silence_and_it_is_known_why(log: Log) -> None:
    log.both(0)
    assert not log.track.lacks_follow_ups
    for sequence in range(1, 20):
        log.later()
        log.sync(sequence)
    assert log.track.is_silent(log.now_ns)
    assert log.track.lacks_follow_ups


def test_offset_is_how_far_the_fit_was_ahead_of_the_newest_sync(log: Log) -> None:
    for sequence in range(30):
        log.both(sequence)
        log.later()
    log.sync(30)
    log.follow_up(30, log.master_ns - 4_000)
    assert log.track.offset_ns == pytest.approx(4_000, abs=10)


def test_halves_without_the_other_do_not_pile_up(log: Log) -> None:
    for sequence in range(5_000):
        log.sync(2 * sequence & 0xFFFF)
        log.follow_up(2 * sequence + 1 & 0xFFFF)
        log.later(100)
    waiting = len(log.track._syncs) + len(log.track._follow_ups)  # noqa: SLF001  what is to be bounded
    assert waiting <= 32
    log.later(3 * NS_PER_S + NS_PER_MS)
    log.both(1)
    assert log.counted == 1
