"""A sender's snapshot: what its history is at one instant, beside the config of that instant."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from aes67_sender.logic import alarms
from aes67_sender.logic.fold import Totals
from aes67_sender.logic.levels import NO_LEVELS, Held
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
    from aes67_sender.logic.fold import History
    from aes67_sender.model.protocol import StreamReport

#: So long a replaced engine stays among the problems, in seconds.
RESTART_SHOWN_S: Final = 60.0
_NO_LATENESS: Final = LatenessStatus(0.0, 0.0, 0.0)


@dataclass(frozen=True, slots=True)
class Now:
    """One instant: on the monotonic clock, and in seconds since 1970 for the user's eyes."""

    monotonic_s: float
    utc_s: float


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
