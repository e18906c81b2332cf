"""How much sound a live stream keeps ahead: as little as it needs. Pure; time is an argument."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from aes67_sender.units import NS_PER_MS, NS_PER_S

SHORTEST_NS: Final = 3 * NS_PER_MS
#: The rings hold 1.36 s.
LONGEST_NS: Final = 1000 * NS_PER_MS
#: Where auto begins, before anything was measured.
BEGIN_NS: Final = 20 * NS_PER_MS
BEGIN_BLOCKS: Final = 3
#: Watched so long before the first change, and before each that follows.
FIRST_LOOK_NS: Final = 10 * NS_PER_S
LOOK_NS: Final = 600 * NS_PER_S
#: Each time it ran dry the next look is twice as long, up to this: what comes every hour is not to be heard each time.
LONGEST_LOOK_NS: Final = 24 * 3600 * NS_PER_S
#: The least margin is what a machine that does other things takes now and then; the most is that of a card with bursts.
MARGIN_NS: Final = 2 * NS_PER_MS
LONGEST_MARGIN_NS: Final = 20 * NS_PER_MS
#: Less than this is not worth a change of pitch, however small: a part of the target, and a time.
WORTH: Final = 5
WORTH_NS: Final = 2 * NS_PER_MS
#: A later change takes this part away at most, so that one quiet night does not undo what days taught.
STEP: Final = 4
#: Who goes to a lower target goes at least so fast; on the way nothing is learnt.
SLOWEST: Final = 50e-6
#: Blocks that come too late within this are late for one reason.
ACCIDENT_NS: Final = 1 * NS_PER_S


@dataclass(slots=True)
class _Look:
    """What was needed during one look: the most and the least, and the longest block."""

    most_ns: int = 0
    least_ns: int = LONGEST_NS
    block_ns: int = 0

    def take(self, needed_ns: int, block_ns: int) -> None:
        self.most_ns = max(self.most_ns, needed_ns)
        self.least_ns = min(self.least_ns, needed_ns)
        self.block_ns = max(self.block_ns, block_ns)

    @property
    def safe_ns(self) -> int:
        """What was needed, and a margin for what a look does not show.

        Of a random delay the worst of many hours is less than twice the worst of ten seconds, counted from the least.
        """
        if not self.most_ns:
            return 0
        spread_ns = min(self.most_ns - self.least_ns, LONGEST_MARGIN_NS)
        return self.most_ns + max(MARGIN_NS, self.block_ns // 2, spread_ns)


class LatencyTarget:
    """How long after its capture a frame is sent. Call from one thread; ``now_ns`` does not fall.

    Configured, it is that, and only ``needed_ns`` is found out. Otherwise it begins at 20 ms or three blocks, goes
    after ten seconds to what they needed plus a margin, grows at once when sound ran out, and shrinks seldom.
    """

    def __init__(self, configured_ms: float | None) -> None:
        """``configured_ms`` is ``None`` for auto; limited to 3 up to 1000."""
        self._auto = configured_ms is None
        self._target_ns = BEGIN_NS if configured_ms is None else _within(round(configured_ms * NS_PER_MS))
        self._now, self._before = _Look(), _Look()
        self._begun_ns: int | None = None
        self._look_ns = FIRST_LOOK_NS
        # What a later look takes; longer after each time it ran dry.
        self._later_ns = LOOK_NS
        self._dry_ns: int | None = None
        self._dry_target_ns = 0

    @property
    def target_ns(self) -> int:
        """The latency to have."""
        return self._target_ns

    @property
    def needed_ns(self) -> int:
        """The smallest latency that is safe by what was measured lately, margin included; 0 before anything was."""
        safe_ns = max(self._now.safe_ns, self._before.safe_ns)
        return _within(safe_ns) if safe_ns else 0

    def expect(self, block_ns: int) -> None:
        """Say how long the first block is, before it is placed. Later it says nothing new."""
        if self._auto and self._begun_ns is None:
            self._target_ns = _within(max(BEGIN_NS, BEGIN_BLOCKS * block_ns))

    def observe(self, now_ns: int, spare_ns: int, block_ns: int, *, excess_ns: int = 0) -> None:
        """Take the moment just before a block is written.

        ``spare_ns`` is how much sound was still ahead of the send position, negative if it ran dry by so much.
        ``excess_ns`` is by how much the latency is above the target still. Not for the first block, nor for one after a
        gap: a source that paused was not late.
        """
        if self._begun_ns is None:
            self.expect(block_ns)
            self._begun_ns = now_ns
        dry = spare_ns < 0
        if now_ns < self._begun_ns and not dry:
            return
        again = dry and self._dry_ns is not None and now_ns - self._dry_ns < ACCIDENT_NS
        base_ns = self._dry_target_ns if again else self._target_ns + excess_ns
        needed_ns = base_ns - spare_ns
        if needed_ns > LONGEST_NS:
            return
        if dry and not again:
            self._begin_accident(now_ns, base_ns)
        if not dry or self._look_ns != FIRST_LOOK_NS or not self._auto:
            self._now.take(needed_ns, block_ns)
        if dry and self._auto:
            self._target_ns = max(self._target_ns, _within(needed_ns + max(MARGIN_NS, block_ns // 2)))
        elif now_ns - self._begun_ns >= self._look_ns:
            self._conclude(now_ns)

    def _begin_accident(self, now_ns: int, target_ns: int) -> None:
        self._dry_ns, self._dry_target_ns = now_ns, target_ns
        if not self._auto:
            return
        if self._look_ns == FIRST_LOOK_NS:
            # A start is rough, and tells little of what follows: look anew.
            self._now = _Look()
            self._begun_ns = now_ns + ACCIDENT_NS
            return
        # Not before a whole look without any accident follows the one that has it.
        self._later_ns = min(2 * self._later_ns, LONGEST_LOOK_NS)
        self._begun_ns, self._look_ns = now_ns, self._later_ns

    def _conclude(self, now_ns: int) -> None:
        """A look is over: shrink if that is worth it, and begin the next one when the player has arrived there."""
        wanted_ns = _within(self._now.safe_ns)
        if self._look_ns != FIRST_LOOK_NS:
            wanted_ns = max(wanted_ns, self._target_ns - self._target_ns // STEP)
        spared_ns = self._target_ns - wanted_ns
        travel_ns = 0
        if self._auto and spared_ns >= max(WORTH_NS, self._target_ns // WORTH):
            self._target_ns = wanted_ns
            travel_ns = round(spared_ns / SLOWEST)
        self._before, self._now = self._now, _Look()
        self._begun_ns, self._look_ns = now_ns + travel_ns, self._later_ns


def _within(latency_ns: int) -> int:
    return max(SHORTEST_NS, min(LONGEST_NS, latency_ns))
