"""One measurement: something that sends, for some seconds, with a bare timer loop beside it."""

from __future__ import annotations

import contextlib
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bench.cpu import cpu_times, fifo_priority

from support.sender import start_sender

if TYPE_CHECKING:
    from pathlib import Path

    from bench.bare_loop import BareLoop, Lateness
    from bench.cases import Case
    from bench.cpu import CpuTimes

    from support.netlab import Host

SETTLE_S = 3.0


@dataclass(frozen=True, slots=True)
class Window:
    """What happened in a time window; ``sent`` and ``due`` count packets."""

    seconds: float
    cpu: CpuTimes
    sent: int
    due: float
    bare: Lateness

    @property
    def cpu_percent(self) -> float:
        """Of one core, all processes."""
        return 100 * self.cpu.total_s / self.seconds

    @property
    def busiest_percent(self) -> float:
        """Of one core, the one process that used most: of the sender, its engine."""
        return 100 * max(self.cpu.by_pid.values()) / self.seconds


@dataclass(frozen=True, slots=True)
class Bench:
    """Where and how long to measure, with a fresh bare loop."""

    host: Host
    case: Case
    directory: Path
    seconds: float
    loop: BareLoop

    def window(self, roots: list[int], priority: int) -> Window:
        """Measure what these processes and all they started do now."""
        begin_s, cpu, sent = time.monotonic(), cpu_times(roots), self.host.counters().sent_packets
        bare = self.loop.measure(self.case.packet_period_us, self.seconds, priority)
        end_s, cpu_end, sent_end = time.monotonic(), cpu_times(roots), self.host.counters().sent_packets
        passed_s = end_s - begin_s
        return Window(passed_s, cpu_end.since(cpu), sent_end - sent, self.case.packets_due(passed_s), bare)


def measure_gst_launch(bench: Bench, priority: int) -> Window:
    """One ``gst-launch-1.0`` process per stream."""
    host, case = bench.host, bench.case
    with contextlib.ExitStack() as stack:
        processes = [
            stack.enter_context(host.start(case.gst_launch(number), bench.directory / "gst-launch.log"))
            for number in range(case.streams)
        ]
        time.sleep(SETTLE_S + case.streams / 10)
        if ended := [process for process in processes if process.popen.poll() is not None]:
            raise AssertionError(f"gst-launch ended\n{ended[0].tail()}")
        window = bench.window([process.pid for process in processes], priority)
        for process in processes:
            process.popen.terminate()  # all at once, not one after the other
    return window


@dataclass(frozen=True, slots=True)
class SenderResult:
    """The sender's window, its own last snapshot, packets it missed in the window, and its real-time priority."""

    window: Window
    snapshot: dict[str, Any]
    missed: int
    priority: int

    @property
    def lateness_us(self) -> tuple[float, float]:
        """The worst stream's p50 and p99."""
        lateness = [stream["lateness_us"] for stream in self.snapshot["streams"]]
        return max(one["p50"] for one in lateness), max(one["p99"] for one in lateness)


def measure_sender(bench: Bench) -> SenderResult:
    """``aes67-sender run`` with all streams."""
    with start_sender(bench.host, bench.directory, bench.case.sender_config()) as sender:
        sender.wait_until_sending(60)
        time.sleep(SETTLE_S)
        roots = [sender.process.pid]
        priority = fifo_priority(list(cpu_times(roots).by_pid))
        before = sender.snapshots()[-1]
        window = bench.window(roots, priority)
        after = sender.snapshots()[-1]
    return SenderResult(window, after, _missed(after) - _missed(before), priority)


def _missed(snapshot: dict[str, Any]) -> int:
    return sum(stream["missed"] for stream in snapshot["streams"])
