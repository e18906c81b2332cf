"""The snapshot: one object for the terminal, ``--json``, REST and the page. Keys are those users rely on."""

from __future__ import annotations

from collections.abc import Mapping  # noqa: TC003  FastAPI reads the annotations at run time
from dataclasses import dataclass, field
from typing import Literal

from aes67_sender.model.clock import ClockState  # noqa: TC001  FastAPI reads the annotations at run time
from aes67_sender.model.problem import Problem  # noqa: TC001

#: ``waiting``: no clock yet, nothing sent. ``stopped``: disabled, or the sender is ending.
StreamState = Literal["waiting", "sending", "stopped"]
#: ``starting``: being built. ``running``: delivers. ``failed``: will be tried again. ``ended``: a stream that is over.
SourceState = Literal["starting", "running", "failed", "ended"]
SenderState = Literal["starting", "sending", "restarting", "stopping"]


@dataclass(frozen=True, slots=True)
class MasterStatus:
    """A PTP master heard on the network, on whatever domain.

    ``address`` is the IPv4 address its Announce came from, ``note`` a sentence about what is odd with it. Of version 1
    only the identity of the sender is known, and ``domain`` is -1.
    """

    domain: int
    grandmaster: str
    steps_removed: int | None = None
    note: str = ""
    address: str = ""
    priority1: int | None = None
    clock_class: int | None = None
    priority2: int | None = None
    #: TAI minus UTC as announced, and whether the master claims to serve TAI at all.
    utc_offset_s: int | None = None
    ptp_timescale: bool | None = None
    version: int = 2
    followed: bool = False


@dataclass(frozen=True, slots=True)
class ClockChange:
    """The last change of the clock's state, provider or epoch: when (ISO 8601 UTC), and what in one sentence."""

    time: str
    text: str


@dataclass(frozen=True, slots=True)
class ClockStatus:
    """The media clock, and who gives it. ``why`` is one sentence for the user."""

    mode: str
    provider: str
    state: ClockState
    why: str
    domain: int
    grandmaster: str | None
    steps_removed: int | None
    offset_ns: int | None
    path_delay_ns: int | None
    rate_ppm: float
    accuracy_ns: int | None
    timestamping: str
    since_s: float
    anchors: int
    monotonic_ns: int
    media_time_ns: int | None
    masters: tuple[MasterStatus, ...] = ()
    #: PTP messages per second by type, of this domain.
    messages_seen: Mapping[str, float] = field(default_factory=dict)
    messages_sent: Mapping[str, float] = field(default_factory=dict)
    last_change: ClockChange | None = None
    #: Why this provider is in use, in one sentence.
    choice: str = ""


@dataclass(frozen=True, slots=True)
class SourceStatus:
    """A source of sound. ``fill_ms`` is what lies between the last captured frame and the next one sent.

    ``ratio_ppm``: how much faster than the media clock a live source runs; ``jitter_ms``: how unevenly it delivers.
    A live source's ``fill_ms`` is its latency from capture to the wire; others are read ahead.
    Levels as in ``StreamStatus``, but of what the source delivers. Empty: not measured, as before the first sound.
    """

    id: str
    kind: str
    state: SourceState
    why: str
    ratio_ppm: float
    fill_ms: float
    xruns: int
    restarts: int
    peaks_dbfs: tuple[float, ...]
    rms_dbfs: tuple[float, ...] = ()
    jitter_ms: float = 0.0


@dataclass(frozen=True, slots=True)
class LatenessStatus:
    """How long after their time packets left, in µs: p50 and p99 of the last ten seconds, max since the start."""

    p50: float
    p99: float
    max: float


@dataclass(frozen=True, slots=True)
class LeadStatus:
    """RTP stamp minus wire time in µs; minus one packet time when all is well (design: send when sampled)."""

    p50: float
    p99: float


@dataclass(frozen=True, slots=True)
class StreamStatus:
    """One RTP stream. ``missed`` counts packets never sent because the machine was too late.

    ``format`` is written as in an SDP's rtpmap: ``L24/48000/8``.

    Levels per channel, as sent, after all gains, over the last 300 ms, -144 being silence: ``peaks_dbfs``, the largest
    magnitude; ``rms_dbfs``, the root of the mean square, in which a sine that just reaches full scale has -3.01. They
    are measured twenty times a second without a gap. Empty: nothing is sent.
    """

    id: str
    name: str
    source: str
    state: StreamState
    address: str
    port: int
    ssrc: int
    packets: int
    missed: int
    send_errors: int
    lateness_us: LatenessStatus
    lead_us: LeadStatus
    sdp_version: int
    peaks_dbfs: tuple[float, ...]
    format: str = ""
    rms_dbfs: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class EngineStatus:
    """The real-time process. ``realtime_why`` says what was refused, and how to allow it."""

    restarts: int
    realtime: bool
    realtime_why: str
    cpu_percent: float


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Everything about a running sender at one instant. ``time`` is ISO 8601 UTC with milliseconds.

    ``page`` is where the web page is, empty without one.
    """

    version: Literal[1]
    time: str
    uptime_s: float
    name: str
    state: SenderState
    clock: ClockStatus
    sources: tuple[SourceStatus, ...]
    streams: tuple[StreamStatus, ...]
    engine: EngineStatus
    problems: tuple[Problem, ...] = field(default=())
    page: str = ""
