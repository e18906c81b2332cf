"""Figures of the snapshot as short words, for all displays."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from aes67_sender.model.snapshot import ClockStatus, Snapshot

_US_FROM_NS = 1_000
_MS_FROM_NS = 1_000_000
_S_FROM_NS = 1_000_000_000


def time_span(span_ns: float | None) -> str:
    """Nanoseconds in the unit that suits: ``-310 ns``, ``5.2 µs``, ``1.2 ms``, ``3.0 s``; ``-`` for nothing."""
    if span_ns is None:
        return "-"
    size = abs(span_ns)
    if size < _US_FROM_NS:
        return f"{span_ns:.0f} ns"
    if size < _MS_FROM_NS:
        return f"{span_ns / _US_FROM_NS:.1f} µs"
    if size < _S_FROM_NS:
        return f"{span_ns / _MS_FROM_NS:.1f} ms"
    return f"{span_ns / _S_FROM_NS:.1f} s"


def duration(seconds: float) -> str:
    """``12 s``, ``3:07``, ``2:03:07``, ``5 d 2:03``."""
    whole = int(seconds)
    minutes, hours, days = whole // 60 % 60, whole // 3600 % 24, whole // 86400
    if days:
        return f"{days} d {hours}:{minutes:02}"
    if hours:
        return f"{hours}:{minutes:02}:{whole % 60:02}"
    return f"{minutes}:{whole % 60:02}" if minutes else f"{whole} s"


def clock_words(clock: ClockStatus) -> str:
    """The clock in one line."""
    parts: list[str] = [clock.state]
    if clock.provider:
        parts.append(f"by {clock.provider}")
    if clock.grandmaster:
        parts.append(f"GM {clock.grandmaster}, domain {clock.domain}")
    if clock.offset_ns is not None:
        parts.append(f"offset {time_span(clock.offset_ns)}")
    return ", ".join(parts)


def status_line(snapshot: Snapshot) -> str:
    """A whole sender in one line of plain text."""
    streams = snapshot.streams
    sending = sum(stream.state == "sending" for stream in streams)
    packets = sum(stream.packets for stream in streams)
    missed = sum(stream.missed for stream in streams)
    worst_us = max((stream.lateness_us.p99 for stream in streams), default=0.0)
    line = (
        f"{snapshot.time} {snapshot.state}: clock {clock_words(snapshot.clock)}; {sending} of {len(streams)} streams, "
        f"{packets} packets, {missed} missed, lateness p99 {worst_us:.0f} µs, {snapshot.engine.restarts} restarts"
    )
    for problem in snapshot.problems:
        line += f"; {problem.severity}: {problem.text}"
    return line
