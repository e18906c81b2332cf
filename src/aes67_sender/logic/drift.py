"""Where a live source's frame counter stands, and what is a gap in it.

A source delivers blocks at the pace of its own crystal, each with the monotonic time at which its first frame was
captured, as well as that is known. Stamps may be late (a thread slept), hardly ever early. A loop follows them
(``drift_loop``). A stamp beyond all their scatter is late; if that stays, frames were lost or the source paused: a gap.
Pure; time comes in with the stamps, and frames tell how much of it went by.
"""

from __future__ import annotations

from typing import Final, Literal

from aes67_sender.logic.drift_loop import DriftLoop
from aes67_sender.logic.lateness import DRAINING, LateRun
from aes67_sender.units import NS_PER_MS, NS_PER_S, NS_PER_US, PPM

Verdict = Literal["continues", "gap", "late"]

SETTLED_PPM: Final = 50
#: This share of stamps is scatter, however rare; what stays beyond twice that is none.
WORST: Final = 0.99
GAP_SCATTER: Final = 2
#: No smaller gap is looked for, unless the driver tells: a period of 64 frames at 48 kHz is 1.3 ms, and what is less is
#: made up for by the output in seconds.
LEAST_GAP_NS: Final = 1 * NS_PER_MS
LEAST_TOLD_GAP_NS: Final = 100 * NS_PER_US
#: A gap that the driver tells is placed by one stamp, which may be late itself: so many more may correct it.
TRIAL: Final = 3
#: Blocks that wait behind each other are late by less than this, or there was a pause.
PAUSE_NS: Final = 100 * NS_PER_MS
#: A driver that always has more waiting has no better stamps to offer.
STALE_S: Final = 1


class SourceClock:
    """Where a source's frame counter stands at any monotonic instant. Call from one thread.

    ``end`` counts the frames delivered. ``gaps`` counts the gaps, ``gap_ns`` is the size of the last: how much later
    than expected the frames after it fall. Within the first second positions may jump by what the stamps' jitter makes
    of them; later they have no steps but at a gap. Before the first block there is no position.
    """

    def __init__(self, rate_hz: int, *, rate_ppm: float = 0.0) -> None:
        """``rate_ppm`` is what is known of the crystal from before; 0 if nothing is."""
        self.rate_hz = rate_hz
        self.end = 0
        self.gaps = 0
        self.gap_ns = 0
        self._kept_ppm = rate_ppm
        self._loop: DriftLoop | None = None
        self._late = LateRun(rate_hz)
        # The last stamp that was no backlog.
        self._fresh = 0
        self._fresh_ns = 0
        self._told = False
        self._trial = 0

    @property
    def rate_ppm(self) -> float:
        """The crystal against the monotonic clock; positive when it is fast."""
        return self._loop.rate / PPM if self._loop else self._kept_ppm

    @property
    def jitter_ns(self) -> int:
        """What 99 % of the stamps of the last ten seconds do not exceed, in distance from the loop; 0 at first."""
        return self._loop.scatter.quantile_ns(WORST) if self._loop and self._loop.begun else 0

    @property
    def phased(self) -> bool:
        """Whether positions are worth going by: a quarter of a second after the first block."""
        return self._loop is not None and self._loop.phased

    @property
    def settled(self) -> bool:
        """Whether the rate is known to 50 ppm or better: what is placed now stays there. A gap does not change it."""
        return self._loop is not None and self._loop.begun and self._loop.rate_deviation < SETTLED_PPM * PPM

    def position_at(self, monotonic_ns: int) -> tuple[int, float]:
        """Number of the frame that is captured at an instant, and how much of it has passed; before or after now.

        Raises ``ValueError`` before the first block.
        """
        return self._followed().output.position_at(monotonic_ns)

    def time_of(self, frame: int, fraction: float = 0.0) -> int:
        """The monotonic time in ns of a position: the inverse of ``position_at``, and raises what it raises."""
        return self._followed().output.time_of(frame, fraction)

    def add(self, frames: int, captured_ns: int, *, gap: bool = False, backlog: bool = False) -> Verdict:
        """Take a block of ``frames``, the first of which was captured at ``captured_ns`` or earlier.

        ``gap``: the driver says that frames were lost before it. ``backlog``: more blocks are waiting already. Returns
        ``gap`` if the relation of frames to time is another from this block on, ``late`` while that is in doubt. Raises
        ``ValueError`` if there is no frame in it.
        """
        if frames < 1:
            raise ValueError(f"a block has at least one frame, not {frames}")
        first, self.end = self.end, self.end + frames
        if self._loop is None:
            self._loop = DriftLoop(self.rate_hz, captured_ns, frames / self.rate_hz, self._kept_ppm * PPM)
            self._fresh_ns = captured_ns
            return "continues"
        step_s = self._loop.advance(first)
        self._told |= gap
        verdict = self._judge(self._loop, first, captured_ns, step_s, backlog=backlog)
        if verdict != "gap":
            self._loop.steer(step_s)
        return verdict

    def _followed(self) -> DriftLoop:
        if self._loop is None:
            raise ValueError("a source has no position before its first block")
        return self._loop

    def _judge(self, loop: DriftLoop, first: int, captured_ns: int, step_s: float, *, backlog: bool) -> Verdict:
        error_ns = loop.error_ns(captured_ns)
        worst_ns = loop.scatter.quantile_ns(WORST)
        gap_ns = max(GAP_SCATTER * worst_ns, LEAST_GAP_NS)
        beyond = abs(error_ns) > gap_ns
        if not beyond:
            # What was late before was scatter after all, and counts as such.
            for frame, late_ns in self._late.clear():
                loop.scatter.add(frame, late_ns)
        if self._is_backlog(first, captured_ns, late=beyond and error_ns > 0, called=backlog):
            return "late" if self._late or error_ns > PAUSE_NS else "continues"
        self._fresh, self._fresh_ns = first, captured_ns
        told, self._told = self._told, False
        self._trial -= self._trial > 0
        if told and abs(error_ns) > max(worst_ns, LEAST_TOLD_GAP_NS):
            self.gaps += 1
            self._trial = TRIAL + 1
            return self._jump(loop, error_ns, step_s, told=True)
        if not beyond:
            loop.absorb(captured_ns, step_s)
            return "continues"
        if self._trial and error_ns < 0:
            return self._jump(loop, error_ns, step_s, told=True)
        return self._doubt(loop, captured_ns, error_ns, step_s, gap_ns)

    def _is_backlog(self, first: int, captured_ns: int, *, late: bool, called: bool) -> bool:
        """What comes much faster than it was captured, and is late, is a backlog even if it was not called so."""
        since_s = (first - self._fresh) / self.rate_hz
        drained = late and captured_ns - self._fresh_ns < DRAINING * since_s * NS_PER_S
        return (called or drained) and since_s < STALE_S

    def _doubt(self, loop: DriftLoop, captured_ns: int, error_ns: int, step_s: float, gap_ns: int) -> Verdict:
        """Wait and see whether a stamp beyond the scatter stays so."""
        dropped = self._late.add(loop.output.frame, captured_ns, error_ns)
        if dropped:
            loop.scatter.add(*dropped)
        held_ns = self._late.held_ns(gap_ns)
        if held_ns is None:
            return "late"
        self.gaps += 1
        self._trial = 0
        return self._jump(loop, held_ns, step_s, told=False)

    def _jump(self, loop: DriftLoop, late_ns: int, step_s: float, *, told: bool) -> Verdict:
        self.gap_ns = late_ns
        self._late.clear()
        loop.jump(late_ns, step_s, told=told)
        return "gap"
