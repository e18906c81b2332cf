"""Peak hold: the eye is slower than a peak."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aes67_sender.model.snapshot import Snapshot

#: How long a peak stands before a lower one may take its place, in seconds.
HOLD_S: Final = 2.0


@dataclass(frozen=True, slots=True)
class Held:
    """The highest peak of a channel, and when it came, in seconds of uptime."""

    dbfs: float
    since_s: float


Holds = dict[str, tuple[Held, ...]]


def hold(before: Mapping[str, tuple[Held, ...]], snapshot: Snapshot) -> Holds:
    """The peaks to show after one more snapshot, by stream id and channel."""
    now_s = snapshot.uptime_s
    holds: Holds = {}
    for stream in snapshot.streams:
        held = before.get(stream.id, ())
        if len(held) != len(stream.peaks_dbfs):
            held = tuple(Held(peak, now_s) for peak in stream.peaks_dbfs)
        holds[stream.id] = tuple(
            Held(peak, now_s) if peak >= old.dbfs or now_s - old.since_s > HOLD_S else old
            for peak, old in zip(stream.peaks_dbfs, held, strict=True)
        )
    return holds
