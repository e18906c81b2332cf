"""What the streams did, for the supervisor."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from aes67_sender.engine.transmit.meter import LatenessMeter, LevelMeter
from aes67_sender.model.protocol import StreamHandover, StreamReport
from aes67_sender.winapi import error_text

if TYPE_CHECKING:
    from aes67_sender.engine.transmit.plan import StreamPlan
    from aes67_sender.engine.transmit.tables import Tables
    from aes67_sender.model.levels import LevelWindow


class _Metered(NamedTuple):
    row: int
    plan: StreamPlan
    lateness: LatenessMeter


class Reporter:
    """Reads what the loop counts. One thread."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        self._streams: dict[str, _Metered] = {}
        self._levels = LevelMeter(tables)

    def add(self, row: int, plan: StreamPlan) -> None:
        """Report a stream, whose row is clean."""
        self._levels.forget(row)
        self._streams[plan.handover.id] = _Metered(row, plan, LatenessMeter(self._tables, row))

    def remove(self, identity: str) -> None:
        """Report a stream no more."""
        del self._streams[identity]

    def reports(self, now_s: float, *, sending: bool) -> tuple[StreamReport, ...]:
        """Every stream now, with its level windows since the last call; ``now_s`` is the monotonic time."""
        streams = self._streams.values()
        levels = self._levels.take([stream.row for stream in streams])
        return tuple(
            self._report(stream, windows, now_s, sending=sending)
            for stream, windows in zip(streams, levels, strict=True)
        )

    def _report(self, stream: _Metered, windows: list[LevelWindow], now_s: float, *, sending: bool) -> StreamReport:
        state, plan = self._tables.states[stream.row], stream.plan
        errno = int(state["send_errno"])
        return StreamReport(
            id=plan.handover.id,
            sending=sending,
            packets=int(state["packets"]),
            missed=int(state["missed"]),
            send_errors=int(state["send_errors"]),
            send_error=error_text(errno) if errno else "",
            lateness_us=stream.lateness.status(now_s),
            packet_time_us=plan.packet.frames * 1_000_000 / plan.packet.rate_hz,
            levels=tuple(windows),
            clipped=tuple(self._tables.clipped[stream.row, : plan.packet.channels].tolist()),
            handover=StreamHandover(
                plan.handover.id, plan.handover.ssrc, int(state["sequence_offset"]) & 0xFFFF, plan.handover.source_port
            ),
        )
