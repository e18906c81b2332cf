from __future__ import annotations

import random
from typing import Final

import pytest

from aes67_sender.gst.jacktimer import FrameTimer, JackReading

US: Final = 1_000
MS: Final = 1_000_000
S: Final = 1_000_000_000
RATE_HZ: Final = 48_000
FIRST_CYCLE: Final = 2**32 - 70_000


class World:
    """A JACK server whose cycles begin when the test says so, a ring they fill, and a timer that is fed readings.

    Our client has its turn ``turn_ns`` after a cycle's begin. Time stands still but for what the test does.
    """

    def __init__(self, period_frames: int = 256, turn_ns: int = 100 * US) -> None:
        self.period_frames = period_frames
        self.period_ns = period_frames * S // RATE_HZ
        self.timer = FrameTimer(RATE_HZ, period_frames)
        self.now_ns = 10 * S
        self.due_ns = self.now_ns
        self.woken_ns = self.now_ns
        self.cycles = 0
        self.done_frames = 0
        self.read_frames = 0
        self.mark = 0.0
        self.turn_ns = turn_ns
        self.lost: list[int] = []

    def cycle(self, *, late_ns: int = 0, ours: bool = True) -> None:
        """The server's next cycle, which our client may miss."""
        self.due_ns += self.period_ns
        self.now_ns = self.woken_ns = max(self.due_ns + late_ns, self.now_ns)
        self.cycles += 1
        if ours:
            self.now_ns += self.turn_ns
            self.done_frames += self.period_frames

    def stall(self, duration_ns: int, mark: float) -> None:
        """The server stands still, and goes on from where it is."""
        self.due_ns += duration_ns
        self.mark = mark

    def reading(self) -> JackReading:
        frame = (FIRST_CYCLE + self.cycles * self.period_frames) % 2**32
        return JackReading(self.now_ns, self.done_frames, frame, self.woken_ns, self.mark)

    def read_before_our_turn(self) -> int:
        """As ``read``, but between the begin of the cycle and our turn in it."""
        self.done_frames -= self.period_frames
        self.due_ns -= self.period_ns
        error_ns = self.read()
        self.done_frames += self.period_frames
        self.due_ns += self.period_ns
        return error_ns

    def read(self) -> int:
        """What the streaming thread does for one block; returns how wrong the block's time is, in ns."""
        self.timer.add(self.reading())
        error_ns = 0
        while self.read_frames < self.done_frames:
            if self.timer.lost_before(self.read_frames):
                self.lost.append(self.read_frames)
            captured_ns = self.timer.captured_ns(self.read_frames)
            assert captured_ns is not None
            true_ns = self.due_ns - (self.done_frames - self.read_frames) * S // RATE_HZ
            error_ns = captured_ns - true_ns
            self.read_frames += self.period_frames
        return error_ns

    def run(self, cycles: int) -> None:
        for _ in range(cycles):
            self.cycle()
            assert abs(self.read()) < 300 * US


def test_a_frame_was_captured_when_jack_woke_for_it() -> None:
    world = World()
    world.run(10)
    assert world.timer.captured_ns(256) == world.due_ns - 9 * 256 * S // RATE_HZ
    assert world.lost == []


def test_before_the_first_reading_nothing_is_known() -> None:
    timer = FrameTimer(RATE_HZ, 256)
    assert timer.captured_ns(0) is None
    assert not timer.lost_before(0)


def test_a_server_that_stalled_is_a_gap_at_the_very_next_block() -> None:
    world = World()
    world.run(200)
    world.stall(43 * MS, mark=41.0)
    before = world.done_frames
    world.cycle()
    assert abs(world.read()) < 300 * US
    assert world.lost == [before]
    for _ in range(400):
        world.cycle()
        assert abs(world.read()) < 300 * US
    assert world.lost == [before]


def test_a_stall_is_seen_even_if_it_was_as_late_as_the_last() -> None:
    world = World()
    world.run(200)
    world.stall(43 * MS, mark=41.0)
    world.run(200)
    # Nothing tells this one from a server that is late and will make up for it, but that it does not.
    world.stall(43 * MS, mark=41.0)
    for _ in range(12):
        world.cycle()
        world.read()
    assert len(world.lost) == 2
    world.run(100)


@pytest.mark.parametrize("missed", [2, 3, 9, 900])
def test_cycles_that_our_client_missed_are_a_gap_at_the_very_next_block(missed: int) -> None:
    world = World()
    world.run(200)
    before = world.done_frames
    for _ in range(missed):
        world.cycle(ours=False)
    world.run(200)
    assert world.lost == [before]


def test_blocks_from_before_the_loss_keep_their_time() -> None:
    world = World()
    world.run(100)
    # Three periods are in the ring, unread, when cycles are missed.
    for _ in range(3):
        world.cycle()
    expected_ns = world.due_ns - 3 * world.period_ns
    unread = world.read_frames
    world.timer.add(world.reading())
    for _ in range(5):
        world.cycle(ours=False)
    world.cycle()
    world.timer.add(world.reading())
    assert abs((world.timer.captured_ns(unread) or 0) - expected_ns) < 300 * US
    assert [world.timer.lost_before(unread + index * 256) for index in range(5)] == [False, False, False, True, False]


def test_a_single_missed_cycle_is_believed_when_it_lasts() -> None:
    world = World()
    world.run(200)
    world.cycle(ours=False)
    for _ in range(120):
        world.cycle()
        world.read()
    assert len(world.lost) == 1
    world.run(100)


def test_a_late_server_that_makes_up_for_it_has_lost_nothing() -> None:
    world, rng = World(), random.Random(1)
    world.run(100)
    for _ in range(300):
        # Late by several periods, then one cycle after the other at once until it is in time again.
        late_ns = rng.randrange(20 * MS)
        while late_ns > 0:
            world.cycle(late_ns=late_ns)
            assert abs(world.read()) < 300 * US
            late_ns -= world.period_ns
        world.run(rng.randrange(1, 20))
    assert world.lost == []


@pytest.mark.parametrize("period_frames", [64, 256, 1024])
@pytest.mark.parametrize("turn", [0.02, 0.4])
def test_minutes_of_late_readings_gives_no_false_gap(period_frames: int, turn: float) -> None:
    period_ns = period_frames * S // RATE_HZ
    world, rng = World(period_frames, turn_ns=0), random.Random(period_frames)
    world.run(50)
    worst_ns = 0
    while world.now_ns < 200 * S:
        # The thread reads after some cycles, now and then right between a cycle's begin and our turn in it.
        for _ in range(rng.choice([1, 1, 1, 1, 1, 1, 2, 3, 10])):
            late_ns = rng.randrange(100 * US) if rng.random() < 0.9 else rng.randrange(int(period_ns * 0.9))
            world.cycle(late_ns=late_ns)
        error_ns = world.read_before_our_turn() if rng.random() < turn else world.read()
        worst_ns = max(worst_ns, abs(error_ns))
    assert world.lost == []
    assert worst_ns < 400 * US
