"""A sound card that is made up: blocks of frames at a crystal's pace, stamped as well as some drivers can."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from dataclasses import dataclass
from itertools import cycle
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from aes67_sender.logic.drift import SourceClock, Verdict

START_NS = 10**18
#: How late the driver delivers the block that ends at a frame, in ns, or the stamp is.
Lateness = Callable[["Card", int, random.Random], int]


@dataclass(frozen=True, slots=True)
class Block:
    """What a source gets, and what it cannot know: ``true_ns``, the instant of the first frame."""

    first: int
    frames: int
    captured_ns: int
    true_ns: int
    gap: bool = False
    backlog: bool = False


class Card:
    """A crystal ``ppm`` fast, which wanders by ``wander_ppm`` either way, as with temperature, every ``period_s``."""

    def __init__(
        self,
        ppm: float = 0.0,
        *,
        sizes: Sequence[int] = (256,),
        late: Lateness | None = None,
        wander_ppm: float = 0.0,
        period_s: float = 3600.0,
        rate_hz: int = 48_000,
        seed: int = 1,
    ) -> None:
        self.rate_hz = rate_hz
        self.ppm = ppm
        self.end = 0
        self.extra_ns = 0
        self._turned = (0, 0)
        self._sizes = cycle(sizes)
        self._late = late or jack
        self._wander_ppm = wander_ppm
        self._period_s = period_s
        self._random = random.Random(seed)
        self._held_ns = 0
        self._said = False
        self._next = next(self._sizes)

    def time_of(self, frame: int) -> int:
        """When a frame is captured, in truth."""
        begun, start_ns = self._turned
        elapsed_s = (frame - begun) / self.rate_hz
        phase = 2 * math.pi / self._period_s
        swing_s = self._wander_ppm * 1e-6 / phase * (math.cos(phase * frame / self.rate_hz) - 1)
        slow_ns = -elapsed_s * self.ppm * 1e3 / (1 + self.ppm * 1e-6) + swing_s * 1e9
        return START_NS + start_ns + self.extra_ns + (frame - begun) * 10**9 // self.rate_hz + round(slow_ns)

    def pause(self, seconds: float, *, said: bool = False) -> None:
        """Deliver nothing for a while, or lose the frames of it; ``said`` if the driver tells."""
        self.extra_ns += round(seconds * 1e9)
        self._said = said

    def switch(self, ppm: float) -> None:
        """Run at another rate from now on."""
        self._turned = self.end, self.time_of(self.end) - START_NS - self.extra_ns
        self.ppm = ppm

    def stall(self, seconds: float) -> None:
        """Let the machine do nothing for a while; then it gets all the blocks at once."""
        self._held_ns = self.time_of(self.end) + round(seconds * 1e9)

    def blocks(self, seconds: float) -> Iterator[Block]:
        """The blocks of that much sound."""
        last = self.end + round(seconds * self.rate_hz)
        while self.end < last:
            yield self.block()

    def block(self) -> Block:
        """The next block."""
        first, frames = self.end, self._next
        self._next = next(self._sizes)
        self.end += frames
        ready_ns = self.time_of(self.end)
        delivered_ns = max(ready_ns + self._late(self, self.end, self._random), self._held_ns)
        backlog = self.time_of(self.end + self._next) < delivered_ns
        said, self._said = self._said, False
        true_ns = self.time_of(first)
        return Block(first, frames, true_ns + delivered_ns - ready_ns, true_ns, said, backlog)


def play(clock: SourceClock, card: Card, seconds: float) -> Iterator[tuple[Block, Verdict]]:
    """Give that much sound to a clock; each block and what the clock said to it."""
    for block in card.blocks(seconds):
        yield block, clock.add(block.frames, block.captured_ns, gap=block.gap, backlog=block.backlog)


def gaps(clock: SourceClock, card: Card, seconds: float) -> list[tuple[Block, int]]:
    """Play that much sound; the blocks at gaps, and their sizes in ns."""
    return [(block, clock.gap_ns) for block, verdict in play(clock, card, seconds) if verdict == "gap"]


def jack(_card: Card, _end: int, chance: random.Random) -> int:
    """Stamps of JACK: 8 us rms."""
    return round(chance.gauss(0, 8_000))


def thread(mean_us: float) -> Lateness:
    """A thread that wakes late, mostly by little."""
    return lambda _card, _end, chance: round(chance.expovariate(1 / (mean_us * 1_000)))


def bursts(*lengths_ms: float, jitter_us: float = 300) -> Lateness:
    """A virtual card that delivers all it has at intervals of ``lengths_ms`` in turn, by its own clock."""

    def late(card: Card, end: int, chance: random.Random) -> int:
        ends = [round(sum(lengths_ms[: n + 1]) * card.rate_hz / 1e3) for n in range(len(lengths_ms))]
        begun = (end - 1) // ends[-1] * ends[-1]
        wakes = next(begun + wake for wake in ends if begun + wake >= end)
        return card.time_of(wakes) - card.time_of(end) + round(chance.expovariate(1 / (jitter_us * 1_000)))

    return late


def polled(every_ms: float) -> Lateness:
    """A card that is looked at in intervals of the computer's clock, which its blocks drift through."""

    def late(card: Card, end: int, chance: random.Random) -> int:
        return -card.time_of(end) % round(every_ms * 1e6) + round(chance.expovariate(1 / 300_000))

    return late


def clumsy(share: float, late_ms: float) -> Lateness:
    """Stamps of JACK, some of which are late by up to so much."""

    def late(card: Card, end: int, chance: random.Random) -> int:
        more_ns = chance.uniform(0, late_ms) * 1e6 if chance.random() < share else 0
        return jack(card, end, chance) + round(more_ns)

    return late


def busy(late_us: float, every_s: float = 1.5) -> Lateness:
    """Stamps on a machine that is busy: for a second or so even the earliest are late, then by something else."""
    held: dict[int, float] = {}

    def late(card: Card, end: int, chance: random.Random) -> int:
        now = round(end / card.rate_hz / every_s)
        if now not in held:
            held.clear()
            held[now] = chance.uniform(0, late_us) * 1e3
        return round(held[now] + chance.expovariate(1 / 10_000))

    return late
