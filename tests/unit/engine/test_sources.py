from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import numpy as np

from aes67_sender.engine import resample
from aes67_sender.engine.feed import Feed, ring_frames
from aes67_sender.engine.sources.players import CapturePlayer, SilencePlayer, TonePlayer
from aes67_sender.engine.sources.runner import Player, SourceRunner
from aes67_sender.engine.sources.tone import tone
from aes67_sender.engine.timebase import Timebase
from aes67_sender.engine.transmit.tables import allocate
from aes67_sender.errors import SenderError
from aes67_sender.gst.errors import SourceEnded
from aes67_sender.model.capture import Block
from aes67_sender.model.clock import ClockMapping
from support.waiting import wait_until

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest

SIZE = ring_frames(48_000)
# As an engine does before it starts: compiling would make the first block late.
resample.prepare()
EPOCH_NS = 1_796_212_800 * 10**9


class FakeCapture:
    """A capture whose blocks are computed: a ramp over the frames delivered."""

    def __init__(self, *, live: bool, fail_after: int | None = None, end: bool = False) -> None:
        self.live = live
        self.notes = ("Nothing is connected.",)
        self.stopped = False
        self._blocks = 0
        self._begun_s = 0.0
        self._fail_after = fail_after
        self._end = end

    def start(self, timeout_s: float) -> None:
        assert timeout_s > 0
        self._begun_s = time.monotonic()

    def pull(self, timeout_s: float) -> Block | None:
        if self._blocks == self._fail_after:
            raise SourceEnded("over") if self._end else SenderError("The device is gone.", hint="Plug it in.")
        due_s = self._begun_s + 0.01 * (self._blocks + 1)
        if self.live and due_s - time.monotonic() > timeout_s:
            return None
        if self.live:
            time.sleep(max(due_s - time.monotonic(), 0))
        ramp = np.arange(480)[:, None] + 480 * self._blocks + 1
        samples = (ramp / 2**23).astype(np.float32)
        self._blocks += 1
        return Block(samples, 48_000, time.monotonic_ns() if self.live else None)

    def stop(self) -> None:
        self.stopped = True


def make(player: Callable[[Timebase], Player]) -> tuple[Any, Feed, SourceRunner, Timebase]:
    tables = allocate(groups=0, streams=0, feeds=1, pool_samples=SIZE, packet_bytes=12)
    feed = Feed(tables, 0, rate_hz=48_000, channels=1, first_sample=0)
    timebase = Timebase()
    timebase.mapping = ClockMapping(time.monotonic_ns(), EPOCH_NS, 0.0, 1)
    return tables, feed, SourceRunner("src", "fake", {48_000: feed}, timebase, player(timebase)), timebase


def test_a_tone_lies_in_the_ring_where_its_frame_numbers_say() -> None:
    tables, feed, runner, _ = make(lambda _: TonePlayer(997.0, -18.0))
    runner.start()
    wait_until(lambda: runner.status().state == "running" and feed.position > 0)
    end = feed.position
    runner.stop()
    got = tables.pool[(end - 4800 + np.arange(4800)) % SIZE]
    wanted = tone(end - 4800, 4800, rate_hz=48_000, frequency_hz=997, level_dbfs=-18)
    np.testing.assert_array_equal(got, wanted)


def test_a_driven_source_is_read_ahead_without_a_seam() -> None:
    tables, feed, runner, timebase = make(
        lambda _: CapturePlayer(lambda: FakeCapture(live=False), SourceEnded, latency_ms=20)  # type: ignore[arg-type, return-value]
    )
    runner.start()
    wait_until(lambda: feed.position - timebase.now_frame(48_000) > 15_000 if feed.position else False)
    end = int(tables.written[0])
    runner.stop()
    sound = tables.pool[(end - 9600 + np.arange(9600)) % SIZE] * 2**23
    assert (np.diff(sound) == 1).all()


def test_a_live_source_is_placed_at_its_capture_time_plus_the_latency() -> None:
    tables, feed, runner, timebase = make(
        lambda _: CapturePlayer(lambda: FakeCapture(live=True), SourceEnded, latency_ms=100)  # type: ignore[arg-type, return-value]
    )
    runner.start()
    wait_until(lambda: runner.status().state == "running" and feed.position > 0)
    ahead = feed.position - timebase.now_frame(48_000)
    assert [problem.text for problem in runner.problems()] == ["Nothing is connected."]
    runner.stop()
    assert 0 < ahead <= 100 * 48 + 480
    assert tables.written[0] == feed.position


def test_a_failing_source_is_built_again_and_says_why() -> None:
    built = []

    def build() -> Any:
        built.append(FakeCapture(live=False, fail_after=3))
        return built[-1]

    _, _, runner, _ = make(lambda _: CapturePlayer(build, SourceEnded, latency_ms=20))
    runner.start()
    wait_until(lambda: len(built) >= 3)
    wait_until(lambda: runner.status().state == "failed")
    (problem,), status = runner.problems(), runner.status()
    runner.stop()
    assert (problem.path, problem.hint) == ("sources.src", "Plug it in.")
    assert problem.text == "The device is gone. Silence is sent."
    assert status.restarts >= 2
    assert all(capture.stopped for capture in built[:-1])


def test_a_source_that_ends_is_over() -> None:
    _, _, runner, _ = make(
        lambda _: CapturePlayer(
            lambda: FakeCapture(live=False, fail_after=2, end=True),  # type: ignore[arg-type, return-value]
            SourceEnded,
            latency_ms=20,
        )
    )
    runner.start()
    wait_until(lambda: runner.status().state == "ended")
    assert runner.problems() == ()
    runner.stop()


def test_a_bug_in_a_player_is_a_failure_not_the_end_of_the_thread(caplog: pytest.LogCaptureFixture) -> None:
    class Broken:
        runs = 0

        def play(self, _studio: SourceRunner) -> None:
            self.runs += 1
            raise ZeroDivisionError("oops")

    broken = Broken()
    _, _, runner, _ = make(lambda _: broken)
    runner.start()
    wait_until(lambda: broken.runs >= 2)
    runner.stop()
    assert "oops" in caplog.text


def test_a_new_epoch_moves_the_sound_along() -> None:
    _, feed, runner, timebase = make(lambda _: TonePlayer(1000.0, -18.0))
    runner.start()
    wait_until(lambda: feed.position > 0)
    mapping = timebase.mapping
    assert mapping
    timebase.mapping = ClockMapping(mapping.monotonic_ns, mapping.media_ns - 3600 * 10**9, 0.0, 2)
    wait_until(lambda: 0 < feed.position - timebase.now_frame(48_000) < 48_000)
    runner.stop()


def test_silence_writes_nothing() -> None:
    tables, _, runner, _ = make(lambda _: SilencePlayer())
    runner.start()
    wait_until(lambda: runner.status().state == "running")
    runner.stop()
    assert tables.written[0] == 0
