"""CPU and timing of the sender against one GStreamer pipeline per stream, on the same machine in the same minutes.

``make bench``, or ``make bench ARGS=--quick``. Packets leave through an interface and end in a black hole. Prints a
Markdown table; judges nothing, since machines differ: compare within a row.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from bench.bare_loop import BareLoop
from bench.cases import CASES, Case
from bench.measure import Bench, SenderResult, Window, measure_gst_launch, measure_sender

from support.netlab import open_lab, why_unavailable

if TYPE_CHECKING:
    from support.netlab import Host

HEAD = (
    "streams",
    "CPU sender (engine)",
    "CPU gst-launch",
    "ratio",
    "sent of due",
    "missed",
    "gst sent of due",
    "lateness p50, bare",
    "lateness p99, bare",
    "stalls",
)


def row(case: Case, sender: SenderResult | None, gst: Window) -> list[str]:
    """One line of the table. CPU is of one core; lateness is in µs, beside that of the bare loop of the same moment."""
    head, tail = [case.name], [f"{gst.sent / gst.due:.2%}"]
    old_way = f"{gst.cpu_percent:.0f} %"
    if sender is None:
        return [*head, "failed", old_way, "-", "-", "-", *tail, "-", "-", str(gst.bare.stalls)]
    window, bare = sender.window, sender.window.bare
    p50, p99 = sender.lateness_us
    return [
        *head,
        f"{window.cpu_percent:.1f} % ({window.busiest_percent:.1f} %)",
        old_way,
        f"{window.cpu_percent / gst.cpu_percent:.2f}",
        f"{window.sent / window.due:.2%}",
        str(sender.missed),
        *tail,
        f"{p50:.0f}, {bare.p50:.0f} ({p50 / bare.p50:.1f})",
        f"{p99:.0f}, {bare.p99:.0f} ({p99 / bare.p99:.1f})",
        f"{bare.stalls} + {gst.bare.stalls}",
    ]


def table(rows: list[list[str]]) -> str:
    """A Markdown table."""
    lines = [list(HEAD), ["---"] * len(HEAD), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def run_case(host: Host, case: Case, seconds: float) -> tuple[SenderResult | None, Window]:
    """Both sides, one after the other, a bare loop with the sender's priority beside each."""
    sender = None
    with tempfile.TemporaryDirectory() as folder, BareLoop(Path(folder)) as loop:
        try:
            sender = measure_sender(Bench(host, case, Path(folder), seconds, loop))
        except AssertionError as error:
            print(f"{case.name}: the sender could not be measured: {error}", file=sys.stderr)
    with tempfile.TemporaryDirectory() as folder, BareLoop(Path(folder)) as loop:
        bench = Bench(host, case, Path(folder), seconds, loop)
        return sender, measure_gst_launch(bench, sender.priority if sender else 0)


def main() -> int:
    """Run all cases; 1 if the sender failed in one."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="5 s each instead of 15")
    options = parser.parse_args()
    if reason := why_unavailable():
        print(f"bench: {reason}", file=sys.stderr)
        return 3
    seconds = 5.0 if options.quick else 15.0
    rows, priorities = [], set()
    with open_lab(("tx",), switched=False) as hosts:
        for case in CASES:
            print(f"measuring {case.name} ...", file=sys.stderr, flush=True)
            sender, gst = run_case(hosts["tx"], case, seconds)
            rows.append(row(case, sender, gst))
            priorities.add(sender.priority if sender else 0)
    print(table(rows))
    fifo = ", ".join(map(str, sorted(priorities)))
    print(
        f"\n{os.cpu_count()} cores, {seconds:.0f} s each. CPU in percent of one core. Lateness in µs, that of a bare\n"
        "timer loop at the same period, moment and priority, and the ratio; SCHED_FIFO priority (0: none): "
        f"{fifo}.\nStalls: times the machine stood still for more than 5 ms, beside the sender + beside gst-launch."
    )
    return int(any(line[1] == "failed" for line in rows))


if __name__ == "__main__":
    sys.exit(main())
