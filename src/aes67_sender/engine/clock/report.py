"""What is told of the media clock: its status, its problems, its last change."""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from aes67_sender.model.problem import Problem
from aes67_sender.model.snapshot import ClockChange, ClockStatus
from aes67_sender.monotonic import monotonic_ns
from aes67_sender.units import NS_PER_MS, NS_PER_S

if TYPE_CHECKING:
    from aes67_sender.logic.media_clock import MediaClock
    from aes67_sender.model.clock import ClockReading
    from aes67_sender.model.problem import Severity

logger = logging.getLogger(__name__)

#: Half of what a small receiver's buffer forgives.
SLEWING_NS: Final = NS_PER_MS // 2

_NOT_LOCKED: Final[dict[str, str]] = {
    "listening": "No grandmaster yet: nothing is sent until there is one.",
    "locking": "The media clock is not synchronised yet.",
    "holdover": "The grandmaster is lost: time runs on at its last rate.",
    "free-running": "No grandmaster: packets follow this computer's own clock.",
}
_HINTS: Final[dict[str, str]] = {
    "listening": "See that the network has a PTP grandmaster; check cable, interface and domain.",
    "holdover": "Bring it back within minutes, or receivers drift out of step; check cable, interface and domain.",
    "free-running": "Most receivers play only what follows their PTP grandmaster; check cable, interface and domain.",
}


def clock_status(mode: str, domain: int, clock: MediaClock, reading: ClockReading) -> ClockStatus:
    """The media clock at this instant, as far as clock and reading know it."""
    now_ns = monotonic_ns()
    mapping, locked = clock.discipline.mapping, clock.state == "locked"
    error_ns = clock.discipline.error_ns(now_ns)
    return ClockStatus(
        mode=mode,
        provider="",
        state=clock.state,
        why=clock.why or reading.why,
        domain=domain,
        grandmaster=clock.grandmaster,
        steps_removed=reading.steps_removed,
        offset_ns=(reading.offset_ns or 0) + error_ns if locked else None,
        path_delay_ns=reading.path_delay_ns,
        rate_ppm=round(clock.discipline.rate_ppm, 3),
        accuracy_ns=reading.accuracy_ns + abs(error_ns) if locked and reading.accuracy_ns is not None else None,
        timestamping=reading.timestamping,
        since_s=round((now_ns - clock.since_ns) / NS_PER_S, 1),
        anchors=mapping.anchor if mapping else 0,
        monotonic_ns=now_ns,
        media_time_ns=mapping.media_at(now_ns) if mapping else None,
    )


def clock_problems(clock: MediaClock, mode: str) -> tuple[Problem, ...]:
    """Why packets are not on the network's time, if they are not."""
    if clock.state == "locked":
        error_ns = clock.discipline.error_ns(monotonic_ns())
        if abs(error_ns) < SLEWING_NS:
            return ()
        text = f"The media clock is {error_ns / NS_PER_MS:+.1f} ms from the grandmaster and moving closer."
        return (Problem("clock.slewing", "warning", text),)
    wanted = clock.state == "holdover" or mode == "free-run"
    severity: Severity = "warning" if wanted else "error"
    return (Problem(f"clock.{clock.state}", severity, _NOT_LOCKED[clock.state], _HINTS.get(clock.state, "")),)


class ClockHistory:
    """Notices changes of state, provider, grandmaster and epoch; logs each once. One owner writes, anyone reads."""

    def __init__(self) -> None:
        self.last: ClockChange | None = None
        self._before: tuple[str, str, str | None, int] | None = None

    def note(self, clock: MediaClock, provider: str) -> None:
        """Look at the clock as it is now."""
        mapping = clock.discipline.mapping
        now = (clock.state, provider, clock.grandmaster, mapping.anchor if mapping else 0)
        before, self._before = self._before, now
        if now == before:
            return
        text = _difference(before, now, clock.why)
        logger.info("clock: %s", text)
        time = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        self.last = ClockChange(time, text)


def _difference(
    before: tuple[str, str, str | None, int] | None, now: tuple[str, str, str | None, int], why: str
) -> str:
    state, provider, grandmaster, anchor = now
    if before is None:
        return f"{state} by {provider}. {why}"
    parts = []
    if provider != before[1]:
        parts.append(f"changed over from {before[1]} to {provider}")
    if state != before[0]:
        parts.append(f"{state}, was {before[0]}")
    if grandmaster != before[2] and grandmaster is not None:
        parts.append(f"grandmaster {grandmaster}" + (f", was {before[2]}" if before[2] else ""))
    if anchor != before[3] and before[3]:
        steps = anchor - 1
        times = "for the first time" if steps == 1 else f"{steps} times by now"
        parts.append(f"a new epoch: media time was stepped, {times}")
    return f"{'; '.join(parts) or state}. {why}"
