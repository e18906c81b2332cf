"""What supervisor and engine tell each other: one JSON object per line, over the engine's stdin and stdout.

Supervisor → engine: ``Start`` first, any ``SetClock`` and ``SetConfig``, then ``Stop``. End of file means: the
supervisor is gone, stop.
Engine → supervisor: ``Report`` twenty times a second and ends by itself when told to.
Sockets, threads and clocks stay inside the engine; all numbers count from the engine's own start.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from aes67_sender.model.clock import ClockMapping  # noqa: TC001  read at run time by the JSON adapter
from aes67_sender.model.levels import LevelWindow  # noqa: TC001
from aes67_sender.model.problem import Problem  # noqa: TC001
from aes67_sender.model.snapshot import (  # noqa: TC001
    ClockStatus,
    LatenessStatus,
    SourceStatus,
)


@dataclass(frozen=True, slots=True)
class StreamHandover:
    """What a stream keeps when the engine is replaced.

    The sequence number of packet k is ``(k + sequence_offset) mod 2**16``: it needs no memory of what was sent.
    ``source_port`` is the UDP port packets came from, 0 to let the system choose.
    """

    id: str
    ssrc: int
    sequence_offset: int
    source_port: int = 0


@dataclass(frozen=True, slots=True)
class Start:
    """Begin to send. ``config`` is the validated config as JSON data; ``stdin_fd`` feeds a ``stdin`` source.

    ``serial`` tells one config of a run from another; it grows.
    """

    config: dict[str, Any]
    interface: str
    source_address: str
    streams: tuple[StreamHandover, ...]
    mapping: ClockMapping | None = None
    grandmaster: str | None = None
    stdin_fd: int | None = None
    serial: int = 0
    type: Literal["start"] = "start"


@dataclass(frozen=True, slots=True)
class SetClock:
    """Follow another clock from now on; ``mode`` is one of the config's."""

    mode: str
    type: Literal["set-clock"] = "set-clock"


@dataclass(frozen=True, slots=True)
class SetConfig:
    """Send another config from now on; what is the same in it goes on without a lost packet.

    ``streams`` has one entry for each stream of the config. The reports tell by ``serial`` that it is done.
    """

    config: dict[str, Any]
    streams: tuple[StreamHandover, ...]
    serial: int
    type: Literal["set-config"] = "set-config"


@dataclass(frozen=True, slots=True)
class Stop:
    """End: fade out, send no more, release devices."""

    type: Literal["stop"] = "stop"


@dataclass(frozen=True, slots=True)
class StreamReport:
    """Counters of one stream since this engine started; ``send_error`` is why its last packet could not be sent.

    ``levels`` are the windows completed since the last report, oldest first; ``clipped`` counts samples at full scale
    per channel.
    """

    id: str
    sending: bool
    packets: int
    missed: int
    send_errors: int
    send_error: str
    lateness_us: LatenessStatus
    packet_time_us: float
    handover: StreamHandover
    levels: tuple[LevelWindow, ...] = ()
    clipped: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Report:
    """The engine's state.

    ``serial`` is that of the last config the engine was given; ``refused`` says, as a sentence, why it cannot send it
    without being replaced, and is empty if it does.
    """

    clock: ClockStatus
    mapping: ClockMapping | None
    sources: tuple[SourceStatus, ...]
    streams: tuple[StreamReport, ...]
    realtime: bool
    realtime_why: str
    cpu_percent: float
    problems: tuple[Problem, ...] = field(default=())
    serial: int = 0
    refused: str = ""
    type: Literal["report"] = "report"
