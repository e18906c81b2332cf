"""A source's thread: run until error, wait, run again. The streams do not notice but by the silence."""

from __future__ import annotations

import logging
import math
import threading
import time
from typing import TYPE_CHECKING, Final, Protocol

from aes67_sender.engine.sources.levels import Levels
from aes67_sender.engine.sources.live import Following
from aes67_sender.errors import SenderError
from aes67_sender.gst.errors import SourceError
from aes67_sender.logic.backoff import Backoff
from aes67_sender.model.problem import Problem
from aes67_sender.model.snapshot import SourceStatus

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aes67_sender.engine.feed import Feed
    from aes67_sender.engine.timebase import Timebase
    from aes67_sender.engine.transmit.tables import Float32Array
    from aes67_sender.model.snapshot import SourceState

logger = logging.getLogger(__name__)

JOIN_TIMEOUT_S: Final = 0.2
CLOCK_POLL_S: Final = 0.02
LATE_SHOWN_S: Final = 5.0


class Player(Protocol):
    """What makes the sound of one source."""

    def play(self, studio: SourceRunner) -> None:
        """Write into the runner's feeds until ``studio.stopping``; return when the source is over for good.

        Raises ``SenderError`` when it failed; the runner calls again after a while.
        """


class SourceRunner:
    """One source: its player, its feeds (one per sample rate), its status."""

    def __init__(self, identity: str, kind: str, feeds: Mapping[int, Feed], timebase: Timebase, player: Player) -> None:
        self.identity = identity
        self.feeds = feeds
        self.timebase = timebase
        self._kind = kind
        self._player = player
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"source-{identity}", daemon=True)
        self._state: SourceState = "starting"
        self._failure: SenderError | None = None
        self._restarts = 0
        self._xruns = 0
        self._notes: tuple[str, ...] = ()
        self._late_ms = 0.0
        self._late_at_s = -math.inf
        self._following: Following | None = None
        self._levels = Levels(self._channels)

    @property
    def _channels(self) -> int:
        return max((feed.channels for feed in self.feeds.values()), default=0)

    def set_feeds(self, feeds: Mapping[int, Feed]) -> None:
        """Write into these rings, one per sample rate, from the next block on. Any thread."""
        self.feeds = feeds

    def start(self) -> None:
        """Begin to play as soon as there is a clock."""
        self._thread.start()

    def stop(self) -> None:
        """Ask it to end; waits a moment, for a frozen device must not hold up the rest."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(JOIN_TIMEOUT_S)

    @property
    def alive(self) -> bool:
        """Whether its thread runs: it may hold its device and write its feeds."""
        return self._thread.is_alive()

    @property
    def stopping(self) -> bool:
        """Whether the player should return."""
        return self._stop.is_set()

    def wait(self, seconds: float) -> None:
        """Sleep, but not beyond a stop."""
        self._stop.wait(seconds)

    def running(self, notes: tuple[str, ...] = (), following: Following | None = None) -> None:
        """The player delivers; ``notes`` are sentences about what did not go as asked, and stops nothing.

        ``following`` tells how a source with a crystal of its own is followed.
        """
        self._notes = notes
        self._following = following
        if self._state != "running":
            logger.info("source %s is running", self.identity)
        self._state = "running"
        self._failure = None

    def count_xruns(self, count: int) -> None:
        """So often sound was lost or came too late."""
        self._xruns += count

    def late(self, needed_ms: float) -> None:
        """Sound came after its time; ``needed_ms`` of latency would have been enough."""
        self._late_ms = max(needed_ms, self._late_ms)
        self._late_at_s = time.monotonic()

    def meter(self, samples: Float32Array) -> None:
        """Take a block of the source, shape (frames, channels), into its levels."""
        self._levels.add(samples)

    def _run(self) -> None:
        backoff = Backoff()
        while self.timebase.anchor == 0 and not self._stop.is_set():
            self.wait(CLOCK_POLL_S)
        while not self._stop.is_set():
            begun_s = time.monotonic()
            try:
                self._player.play(self)
            except SenderError as error:
                failure = error
            except Exception as error:
                logger.exception("source %s failed unexpectedly", self.identity)
                failure = SenderError(f"Internal error in source {self.identity}: {error!r}.")
            else:
                self._state, self._notes = "ended", ()
                return
            if self._stop.is_set():
                return
            if self._failure is None or str(self._failure) != str(failure):
                logger.warning("source %s: %s", self.identity, failure)
            self._state, self._failure = "failed", failure
            backoff = backoff.after_run(time.monotonic() - begun_s)
            # What only a change of the config can mend is still looked at now and then: files come and go.
            hopeless = isinstance(failure, SourceError) and not failure.retryable
            self.wait(backoff.longest_s if hopeless else max(backoff.delay_s, backoff.base_s))
            self._restarts += 1

    def status(self) -> SourceStatus:
        """The source now; levels are those since the last call, none if nothing came."""
        levels, self._levels = self._levels, Levels(self._channels)
        following = self._following or Following()
        running = self._state == "running"
        return SourceStatus(
            id=self.identity,
            kind=self._kind,
            state=self._state,
            why=str(self._failure) if self._failure else "",
            ratio_ppm=round(following.ratio_ppm, 3) if running else 0.0,
            fill_ms=round(self._fill_ms(), 1) if running else 0.0,
            jitter_ms=round(following.jitter_ms, 3) if running else 0.0,
            xruns=self._xruns,
            restarts=self._restarts,
            peaks_dbfs=levels.peaks_dbfs() if running else (),
            rms_dbfs=levels.rms_dbfs() if running else (),
        )

    def _fill_ms(self) -> float:
        if self._following is not None:
            return self._following.latency_ms
        if not self.feeds or not self.timebase.anchor:
            return 0.0
        rate_hz, feed = next(iter(self.feeds.items()))
        return max((feed.position - self.timebase.now_frame(rate_hz)) * 1000 / rate_hz, 0.0)

    def problems(self) -> tuple[Problem, ...]:
        """What the user should know."""
        path = f"sources.{self.identity}"
        if self._failure:
            return (Problem("source.failed", "error", f"{self._failure} Silence is sent.", self._failure.hint, path),)
        problems = [Problem("source.note", "warning", note, path=path) for note in self._notes]
        if time.monotonic() - self._late_at_s < LATE_SHOWN_S:
            text = f"Sound from {self.identity} comes too late to be sent."
            hint = f"Set latency_ms to {math.ceil(self._late_ms) + 5} or more."
            problems.append(Problem("source.late", "warning", text, hint, path))
        return tuple(problems)
