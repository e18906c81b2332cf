"""Snapshots to draw."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from aes67_sender.model.snapshot import (
    ClockChange,
    ClockStatus,
    EngineStatus,
    LatenessStatus,
    LeadStatus,
    MasterStatus,
    Snapshot,
    SourceStatus,
    StreamStatus,
)

if TYPE_CHECKING:
    from aes67_sender.model.problem import Problem

CLOCK = ClockStatus(
    mode="auto",
    provider="gstreamer",
    state="locked",
    why="Follows the grandmaster with GStreamer's PTP clock.",
    domain=0,
    grandmaster="00-1d-c1-ff-fe-12-34-56",
    steps_removed=0,
    offset_ns=-310,
    path_delay_ns=5200,
    rate_ppm=-12.31,
    accuracy_ns=900,
    timestamping="user",
    since_s=187.0,
    anchors=1,
    monotonic_ns=5_123_456_789,
    media_time_ns=1_796_212_800_000_000_000,
)
WAITING_CLOCK = ClockStatus(
    mode="auto",
    provider="gstreamer",
    state="listening",
    why="No Announce seen in domain 0.",
    domain=0,
    grandmaster=None,
    steps_removed=None,
    offset_ns=None,
    path_delay_ns=None,
    rate_ppm=0.0,
    accuracy_ns=None,
    timestamping="none",
    since_s=3.0,
    anchors=0,
    monotonic_ns=0,
    media_time_ns=None,
)
NOW = "2026-01-01T12:00:00.000Z"
OURS = MasterStatus(
    0, "00-1d-c1-ff-fe-12-34-56", 0, "", "192.168.100.101", 1, 6, 128, 37, ptp_timescale=True, followed=True
)
ELSEWHERE = MasterStatus(
    127, "00-1d-c1-ff-fe-65-43-21", 2, "", "192.168.100.202", 128, 248, 128, 0, ptp_timescale=False
)
DANTE = MasterStatus(
    -1,
    "00-1d-c1-a1-b2-c3",
    note="PTP version 1, as Dante devices speak among themselves; it cannot be followed.",
    address="192.168.100.103",
    version=1,
)
FOLLOWING = replace(
    CLOCK,
    provider="builtin",
    why="This program follows grandmaster 00-1d-c1-ff-fe-12-34-56 on eth0, domain 0, with time stamps by the kernel.",
    choice="UDP ports 319 and 320 are open to this program, whose own follower is the best.",
    steps_removed=1,
    timestamping="kernel",
    masters=(OURS,),
    messages_seen={"Announce": 1.0, "Delay_Resp": 1.0, "Follow_Up": 7.8, "Sync": 7.8},
    messages_sent={"Delay_Req": 1.0},
    last_change=ClockChange("2026-01-01T11:56:53.000Z", "locked, was locking. This program follows."),
)
HOLDOVER = replace(
    FOLLOWING,
    state="holdover",
    why="Nothing is heard from the grandmaster on eth0, domain 0 any more; the media clock runs on.",
    steps_removed=None,
    offset_ns=None,
    path_delay_ns=None,
    accuracy_ns=None,
    masters=(),
    messages_seen={},
    messages_sent={},
    last_change=ClockChange("2026-01-01T11:59:58.000Z", "holdover, was locked. Nothing is heard any more."),
)
WRONG_DOMAIN = replace(
    WAITING_CLOCK,
    provider="builtin",
    why="A master is on domain 127, this sender listens on domain 0.",
    timestamping="kernel",
    masters=(ELSEWHERE,),
)
ONLY_DANTE = replace(
    WRONG_DOMAIN,
    why="Only PTP version 1 is heard on eth0, which Dante devices speak among themselves: switch on AES67 mode in a "
    "Dante device that can be the grandmaster, so that it sends version 2 too.",
    masters=(DANTE,),
)
GRANDMASTER = replace(
    FOLLOWING,
    mode="grandmaster",
    provider="grandmaster",
    why="This sender is the grandmaster on eth0, domain 0; 3 followers ask it for the time.",
    choice='The mode is "grandmaster".',
    steps_removed=0,
    offset_ns=0,
    path_delay_ns=None,
    accuracy_ns=0,
    masters=(),
    messages_seen={"Delay_Req": 3.0},
    messages_sent={"Announce": 0.5, "Sync": 8.0, "Follow_Up": 8.0, "Delay_Resp": 3.0},
)
CLOCKS = {
    "locked": replace(FOLLOWING, masters=(OURS, DANTE, ELSEWHERE)),
    "holdover": HOLDOVER,
    "wrong domain": WRONG_DOMAIN,
    "PTPv1 only": ONLY_DANTE,
    "grandmaster": GRANDMASTER,
}


def stream(number: int, peaks_dbfs: tuple[float, ...] = (-18.0, -144.0)) -> StreamStatus:
    return StreamStatus(
        id=f"s{number}",
        name=f"Studio {number}",
        source="daw",
        state="sending",
        address=f"239.69.100.{number}",
        port=5004,
        ssrc=305_419_896,
        packets=86_400_000 + number,
        missed=0,
        send_errors=0,
        lateness_us=LatenessStatus(40, 90, 300),
        lead_us=LeadStatus(-1040, -1090),
        sdp_version=1,
        peaks_dbfs=peaks_dbfs,
        format="L24/48000/2",
    )


def picture(streams: int = 1, *, clock: ClockStatus = CLOCK, problems: tuple[Problem, ...] = ()) -> Snapshot:
    return Snapshot(
        version=1,
        time=NOW,
        uptime_s=3723.0,
        name="Studio PC",
        state="sending",
        clock=clock,
        sources=(SourceStatus("daw", "jack", "running", "", 31.2, 20.1, 0, 0, (-18.0, -18.0)),),
        streams=tuple(stream(number) for number in range(1, streams + 1)),
        engine=EngineStatus(0, realtime=True, realtime_why="", cpu_percent=6.1),
        problems=problems,
    )
