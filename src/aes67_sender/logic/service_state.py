"""What a service manager is told of a sender, and when: sd_notify(3)'s assignments."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from aes67_sender.model.snapshot import Snapshot

#: An engine reports ten times a second; one that has been silent for longer than this is no sign of life, in seconds.
ALIVE_S: Final = 3.0
_LONGEST: Final = 400


@dataclass(frozen=True, slots=True)
class Told:
    """What the manager knows."""

    ready: bool = False
    status: str = ""
    sign_of_life_s: float = -math.inf


def tell(
    told: Told, snapshot: Snapshot, *, silent_s: float, now_s: float, watchdog_s: float | None
) -> tuple[Told, tuple[str, ...]]:
    """What the manager knows afterwards, and the lines to send; none if it knows everything.

    ``READY=1`` once every enabled stream is sent. ``WATCHDOG=1`` three times in ``watchdog_s``, but only while the
    engine reports: ``silent_s`` is how long it has not. ``now_s`` is monotonic.
    """
    lines = []
    ready = told.ready or is_ready(snapshot)
    if ready and not told.ready:
        lines.append("READY=1")
    status = status_of(snapshot)
    if status != told.status:
        lines.append(f"STATUS={status}")
    sign_of_life_s = told.sign_of_life_s
    if watchdog_s is not None and silent_s <= ALIVE_S and now_s - sign_of_life_s >= watchdog_s / 3:
        lines.append("WATCHDOG=1")
        sign_of_life_s = now_s
    return Told(ready, status, sign_of_life_s), tuple(lines)


def is_ready(snapshot: Snapshot) -> bool:
    """Whether every enabled stream is sent; also where none is enabled, once the engine runs."""
    return snapshot.state == "sending" and all(stream.state != "waiting" for stream in snapshot.streams)


def status_of(snapshot: Snapshot) -> str:
    """A sender in one line that changes only when something happens."""
    streams = [stream for stream in snapshot.streams if stream.state != "stopped"]
    sending = sum(stream.state == "sending" for stream in streams)
    clock = snapshot.clock
    text = f"{sending} of {len(streams)} streams sent; clock {clock.state}"
    text += f" by {clock.provider}" if clock.provider else ""
    text += f", grandmaster {clock.grandmaster}" if clock.grandmaster else ""
    # Those of less weight come and go.
    told = [problem.text for problem in snapshot.problems if problem.severity == "error"]
    if not sending:
        told.append(clock.why)
    text = "; ".join([text, *told])
    return " ".join(text.split())[:_LONGEST]
