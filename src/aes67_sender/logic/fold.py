"""What became of a sender so far, folded from the engine's events; and the snapshot of it at one instant.

All times are seconds of one monotonic clock, given by the caller.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, assert_never

from aes67_sender.logic import alarms
from aes67_sender.logic.levels import NO_LEVELS, Held
from aes67_sender.model.levels import LevelWindow
from aes67_sender.model.problem import Problem
from aes67_sender.model.snapshot import (
    ClockStatus,
    EngineStatus,
    LatenessStatus,
    LeadStatus,
    SenderState,
    Snapshot,
    SourceStatus,
    StreamState,
    StreamStatus,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aes67_sender.config.model import Config, StreamSettings
    from aes67_sender.model.protocol import Report, StreamReport

#: So long a replaced engine stays among the problems, in seconds.
RESTART_SHOWN_S: Final = 60.0
_NO_LATENESS: Final = LatenessStatus(0.0, 0.0, 0.0)


@dataclass(frozen=True, slots=True)
class Now:
    """One instant: on the monotonic clock, and in seconds since 1970 for the user's eyes."""

    monotonic_s: float
    utc_s: float


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


def snapshot(
    history: History, config: Config, sdp_versions: Mapping[str, int], problems: tuple[Problem, ...], now: Now
) -> Snapshot:
    """The sender at one instant. ``problems`` are those known outside the engine."""
    now_s = now.monotonic_s
    report = history.report
    reported = {stream.id: stream for stream in report.streams} if report else {}
    streams = tuple(
        _stream(stream, reported.get(stream.id), history, sdp_versions.get(stream.id, 0), now_s)
        for stream in config.streams
    )
    return Snapshot(
        version=1,
        time=datetime.fromtimestamp(now.utc_s, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        uptime_s=round(now_s - history.started_s, 1),
        name=config.name,
        state=_state(history, streams),
        clock=_clock(history, config, now_s),
        sources=_sources(history, config, now_s),
        streams=streams,
        engine=EngineStatus(
            restarts=history.restarts,
            realtime=history.alive and report is not None and report.realtime,
            realtime_why=report.realtime_why if report else "",
            cpu_percent=report.cpu_percent if report and history.alive else 0.0,
        ),
        problems=(
            *_own_problems(history, now_s),
            *_level_problems(history, config, now_s),
            *problems,
            *(report.problems if report else ()),
        ),
    )


def _state(history: History, streams: tuple[StreamStatus, ...]) -> SenderState:
    if history.stopping:
        return "stopping"
    wanted = [stream for stream in streams if stream.state != "stopped"]
    if history.alive and (not wanted or any(stream.state == "sending" for stream in wanted)):
        return "sending"
    return "restarting" if history.restarts or history.handovers else "starting"


def _clock(history: History, config: Config, now_s: float) -> ClockStatus:
    if history.report is None:
        return ClockStatus(
            mode=config.clock.mode,
            provider="",
            state="listening",
            why="The engine is starting.",
            domain=config.clock.domain,
            grandmaster=None,
            steps_removed=None,
            offset_ns=None,
            path_delay_ns=None,
            rate_ppm=0.0,
            accuracy_ns=None,
            timestamping="none",
            since_s=round(now_s - history.started_s, 1),
            anchors=0,
            monotonic_ns=0,
            media_time_ns=None,
        )
    clock = history.report.clock
    if history.alive or clock.state not in {"locked", "holdover"}:
        return clock
    since_s = round(now_s - history.reported_s, 1)
    return replace(clock, state="holdover", why="The engine is being restarted.", since_s=since_s)


def _sources(history: History, config: Config, now_s: float) -> tuple[SourceStatus, ...]:
    reported = {source.id: source for source in history.report.sources} if history.report else {}
    found = []
    for source in config.sources:
        status = reported.get(source.id) or SourceStatus(source.id, source.kind, "starting", "", 0.0, 0.0, 0, 0, ())
        if not history.alive:
            status = replace(status, state="starting", why="The engine is starting.")
        levels = history.source_levels.get(source.id, Held()).levels(now_s) if history.alive else NO_LEVELS
        found.append(replace(status, peaks_dbfs=levels.peaks_dbfs, rms_dbfs=levels.rms_dbfs))
    return tuple(found)


def _stream(
    stream: StreamSettings, report: StreamReport | None, history: History, sdp_version: int, now_s: float
) -> StreamStatus:
    before = history.totals.get(stream.id, Totals())
    # A dead engine's counters are in the totals already.
    now = report if history.alive else None
    lateness = now.lateness_us if now else _NO_LATENESS
    lateness = LatenessStatus(
        _finite(lateness.p50), _finite(lateness.p99), max(_finite(lateness.max), before.lateness_max_us)
    )
    levels = history.levels.get(stream.id, Held()).levels(now_s) if now else NO_LEVELS
    packet_time_us = now.packet_time_us if now else float(stream.packet_time_us)
    return StreamStatus(
        id=stream.id,
        name=stream.name,
        source=stream.source,
        state=_stream_state(stream, now, history),
        address=stream.address,
        port=stream.port,
        ssrc=report.handover.ssrc if report else 0,
        packets=before.packets + (now.packets if now else 0),
        missed=before.missed + (now.missed if now else 0),
        send_errors=before.send_errors + (now.send_errors if now else 0),
        lateness_us=lateness,
        lead_us=LeadStatus(-packet_time_us - lateness.p50, -packet_time_us - lateness.p99),
        sdp_version=sdp_version,
        peaks_dbfs=levels.peaks_dbfs,
        rms_dbfs=levels.rms_dbfs,
        format=f"{stream.encoding}/{stream.rate}/{len(stream.channels)}",
    )


def _stream_state(stream: StreamSettings, report: StreamReport | None, history: History) -> StreamState:
    if not stream.enabled or history.stopping:
        return "stopped"
    return "sending" if report is not None and report.sending else "waiting"


def _own_problems(history: History, now_s: float) -> list[Problem]:
    problems = []
    if history.death is not None and not history.stopping:
        ago_s = max(0.0, now_s - history.death.at_s)
        hint = "The log (-v) says more; if it happens again, please report it."
        if not history.alive:
            text = f"The engine stopped: {history.death.why}. It is being restarted."
            problems.append(Problem("engine.died", "error", text, hint, "engine"))
        elif ago_s < RESTART_SHOWN_S:
            text = f"The engine was replaced {ago_s:.0f} s ago: {history.death.why}."
            problems.append(Problem("engine.replaced", "warning", text, hint, "engine"))
    if history.alive and history.report is not None and not history.report.realtime:
        text = "Packets are sent without real-time priority, so a busy machine can delay them."
        problems.append(Problem("engine.no-realtime", "warning", text, history.report.realtime_why, "engine"))
    if history.alive and history.report is not None:
        problems += [_send_problem(stream) for stream in history.report.streams if stream.send_error]
    return problems


def _level_problems(history: History, config: Config, now_s: float) -> list[Problem]:
    if not history.alive or history.stopping:
        return []
    return [
        problem
        for stream in config.streams
        if stream.id in history.watched
        for problem in alarms.problems(stream, history.watched[stream.id], now_s)
    ]


def _send_problem(stream: StreamReport) -> Problem:
    text = f"Packets of {stream.id} cannot be sent: {stream.send_error}."
    hint = "Check the cable, the interface's address and MTU, and the firewall."
    return Problem("stream.send", "error", text, hint, f"streams.{stream.id}")


def _finite(value: float) -> float:
    return value if math.isfinite(value) else 0.0
