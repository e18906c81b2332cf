"""What became of a sender so far, folded from the engine's events.

All times are seconds of one monotonic clock, given by the caller.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, assert_never

from aes67_sender.logic import alarms
from aes67_sender.logic.levels import Held
from aes67_sender.model.levels import LevelWindow

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aes67_sender.model.protocol import Report, StreamReport


@dataclass(frozen=True, slots=True)
class EngineReported:
    """The engine told its state."""

    at_s: float
    report: Report


@dataclass(frozen=True, slots=True)
class EngineDied:
    """The engine ended or was ended without being asked. ``why`` is part of a sentence: ``it was killed``."""

    at_s: float
    why: str


@dataclass(frozen=True, slots=True)
class EngineHandedOver:
    """The engine was ended on purpose, for another to go on with a config that it could not take up itself."""

    at_s: float


@dataclass(frozen=True, slots=True)
class StopAsked:
    """The user wants the end."""

    at_s: float


Event = EngineReported | EngineDied | EngineHandedOver | StopAsked


@dataclass(frozen=True, slots=True)
class Totals:
    """Counters of one stream over all engines before the present one."""

    packets: int = 0
    missed: int = 0
    send_errors: int = 0
    lateness_max_us: float = 0.0


@dataclass(frozen=True, slots=True)
class History:
    """Everything the snapshot needs to know of the past.

    ``report`` is the last one of any engine, ``alive`` tells whether its engine still runs. ``silent_since_s`` holds
    the streams that an engine's death silenced and that no later engine has sent yet. ``levels`` and ``watched`` are by
    stream, ``source_levels`` by source.
    """

    started_s: float
    report: Report | None = None
    reported_s: float = 0.0
    alive: bool = False
    stopping: bool = False
    restarts: int = 0
    handovers: int = 0
    death: EngineDied | None = None
    totals: Mapping[str, Totals] = field(default_factory=dict)
    silent_since_s: Mapping[str, float] = field(default_factory=dict)
    levels: Mapping[str, Held] = field(default_factory=dict)
    source_levels: Mapping[str, Held] = field(default_factory=dict)
    watched: Mapping[str, alarms.Watched] = field(default_factory=dict)


def fold(history: History, event: Event) -> History:
    """The history with one more event."""
    match event:
        case EngineReported(at_s, report):
            history = _with_levels(_with_ended_streams(_with_gaps(history, event), report), at_s, report)
            return replace(history, report=report, reported_s=at_s, alive=True)
        case EngineDied():
            if history.alive:
                history = _with_last_counters(history)
            return replace(_without_engine(history), restarts=history.restarts + 1, death=event)
        case EngineHandedOver():
            if history.alive:
                history = _with_last_counters(history)
            return replace(_without_engine(history), handovers=history.handovers + 1)
        case StopAsked():
            return replace(history, stopping=True)
    assert_never(event)


def _without_engine(history: History) -> History:
    watched = {of: watched.of_next_engine() for of, watched in history.watched.items()}
    return replace(history, alive=False, watched=watched)


def _with_last_counters(history: History) -> History:
    assert history.report is not None  # noqa: S101  an engine is alive from its first report on
    totals, silent_since_s = dict(history.totals), dict(history.silent_since_s)
    for stream in history.report.streams:
        totals[stream.id] = _plus(totals.get(stream.id, Totals()), stream)
        if stream.sending:
            silent_since_s.setdefault(stream.id, history.reported_s)
    return replace(history, totals=totals, silent_since_s=silent_since_s)


def _plus(before: Totals, stream: StreamReport) -> Totals:
    return Totals(
        before.packets + stream.packets,
        before.missed + stream.missed,
        before.send_errors + stream.send_errors,
        max(before.lateness_max_us, stream.lateness_us.max),
    )


def _with_ended_streams(history: History, report: Report) -> History:
    """Keep the counters of streams that the engine, going on, no longer sends or has begun anew."""
    if not history.alive or history.report is None:
        return history
    now = {stream.id: stream for stream in report.streams}
    totals, watched = dict(history.totals), dict(history.watched)
    for stream in history.report.streams:
        going_on = now.get(stream.id)
        if going_on is None or going_on.packets + going_on.missed < stream.packets + stream.missed:
            totals[stream.id] = _plus(totals.get(stream.id, Totals()), stream)
            if stream.id in watched:
                watched[stream.id] = watched[stream.id].of_next_engine()
    return replace(history, totals=totals, watched=watched)


def _with_gaps(history: History, event: EngineReported) -> History:
    """Count what nobody sent while there was no engine as missed: an estimate, good to one report interval."""
    if not history.silent_since_s:
        return history
    totals, silent_since_s = dict(history.totals), dict(history.silent_since_s)
    for stream in event.report.streams:
        if stream.sending and stream.id in silent_since_s and stream.packet_time_us > 0:
            due = round((event.at_s - silent_since_s.pop(stream.id)) * 1e6 / stream.packet_time_us)
            before = totals.get(stream.id, Totals())
            gap = max(0, due - stream.packets - stream.missed)
            totals[stream.id] = replace(before, missed=before.missed + gap)
    return replace(history, totals=totals, silent_since_s=silent_since_s)


def _with_levels(history: History, at_s: float, report: Report) -> History:
    nothing, unwatched = Held(), alarms.Watched()
    return replace(
        history,
        levels={
            stream.id: history.levels.get(stream.id, nothing).after(at_s, stream.levels) for stream in report.streams
        },
        source_levels={
            source.id: history.source_levels.get(source.id, nothing).after(
                at_s, [LevelWindow(source.peaks_dbfs, source.rms_dbfs)] if source.peaks_dbfs else []
            )
            for source in report.sources
        },
        watched={
            stream.id: history.watched.get(stream.id, unwatched).after(at_s, stream.levels, stream.clipped)
            for stream in report.streams
        },
    )
