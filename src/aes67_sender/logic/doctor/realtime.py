"""Judges real-time priority and how exactly this computer wakes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from aes67_sender.logic.doctor.findings import Finding, Remedy

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from aes67_sender.logic.doctor.findings import System

#: Waking later than so many periods of 1 ms: the clock that wakes is coarse. Beyond the other: the computer stalls.
_COARSE: Final = 1.0
_STALLS: Final = 10.0
_PERIOD_NS: Final = 1_000_000
_FEWEST: Final = 20
_SLOW_CLOCKS: Final = frozenset({"hpet", "acpi_pm", "jiffies", "pit"})

PRIORITY: Final = Remedy(
    linux="Put '@audio - rtprio {priority}' into /etc/security/limits.d/audio.conf, join the group audio (sudo usermod "
    "-aG audio $USER) and log in again; in a systemd unit: LimitRTPRIO={priority}.",
    win32='Windows gives it by MMCSS (the service "Multimedia Class Scheduler"): see that it runs (services.msc).',
    darwin="macOS gives it to every program; nothing to set.",
)
COARSE: Final = Remedy(
    linux="See that the kernel has high-resolution timers (cat /proc/timer_list) and the clock source tsc: "
    "/sys/devices/system/clocksource/clocksource0/available_clocksource. In a virtual machine, ask its host.",
    win32="Choose the power plan High performance, and do not minimise the window: Windows 11 lets hidden programs "
    "sleep longer.",
    darwin="Switch off App Nap and Low Power Mode (System Settings, Battery).",
)
STALLS: Final = Remedy(
    linux="Choose the governor performance (sudo cpupower frequency-set -g performance), switch off deep C-states in "
    "the firmware, and end what is busy. A virtual machine stalls when its host is busy.",
    win32="Choose the power plan High performance, update network and graphics drivers, and look at DPC latency with "
    "LatencyMon. A virtual machine stalls when its host is busy.",
    darwin="End what is busy (Activity Monitor), and switch off Low Power Mode. A virtual machine stalls when its host "
    "is busy.",
)


@dataclass(frozen=True, slots=True)
class PriorityFacts:
    """Whether a thread of this user got real-time priority; ``granted`` ``None`` where nobody has to ask."""

    granted: bool | None
    priority: int
    why: str = ""
    limit: int | None = None
    capability: bool | None = None


@dataclass(frozen=True, slots=True)
class TimerFacts:
    """``late_ns``: how late each wake-up of a loop of 1 ms was, in a process of its own. The rest is Linux's word."""

    late_ns: Sequence[int]
    clock_source: str = ""
    governor: str = ""


def judge_priority(facts: PriorityFacts, system: System) -> Iterator[Finding]:
    """Real-time priority for the thread that sends."""
    told = {"priority": facts.priority, "rtprio_limit": facts.limit, "cap_sys_nice": facts.capability}
    if facts.granted is None:
        text = "Real-time priority needs no permission here."
        yield Finding("realtime.priority", "ok", text, facts=told)
    elif facts.granted:
        yield Finding("realtime.priority", "ok", f"Real-time priority {facts.priority} is granted.", facts=told)
    else:
        text = facts.why or "The system refuses real-time priority: packets may leave late while others are busy."
        yield Finding("realtime.priority", "warn", text, PRIORITY.on(system, priority=facts.priority), told)


def judge_timer(facts: TimerFacts, system: System) -> Iterator[Finding]:
    """By ratio to the period, and as a warning only: a computer can be busy for a moment."""
    if len(facts.late_ns) < _FEWEST:
        text = "How exactly this computer wakes could not be measured."
        yield Finding("realtime.timer", "info", text, facts={"wakes": len(facts.late_ns)})
        return
    late = sorted(facts.late_ns)
    median, worst = late[len(late) // 2] / _PERIOD_NS, late[len(late) * 99 // 100] / _PERIOD_NS
    told = {
        "late_p50_us": round(median * 1000),
        "late_p99_us": round(worst * 1000),
        "clock_source": facts.clock_source,
        "governor": facts.governor,
    }
    figures = f"wake-ups of 1 ms are late by {median:.2f} ms at p50, {worst:.2f} ms at p99"
    if median > _COARSE:
        text = f"The system's timer is coarse: {figures}."
        yield Finding("realtime.timer", "warn", text, COARSE.on(system), told)
    elif worst > _STALLS:
        yield Finding("realtime.timer", "warn", f"This computer stalls: {figures}.", STALLS.on(system), told)
    elif facts.clock_source in _SLOW_CLOCKS:
        text = f"The kernel reads time from {facts.clock_source}, which is slow; {figures}."
        yield Finding("realtime.timer", "warn", text, COARSE.on(system), told)
    else:
        yield Finding("realtime.timer", "ok", f"The timer is exact enough: {figures}.", facts=told)
