"""PTP followers side by side on one network: this program's own, GStreamer's, and ptp4l.

``make bench-clock``, or ``make bench-clock ARGS=--quick``; needs root. Each follower has a network namespace of its
own, and they follow one grandmaster at the same time; they are started one after the other, so that each has the
machine to itself until it is locked. Prints a Markdown table per grandmaster; judges nothing, since machines differ:
compare within a table.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

from bench.clock_followers import Followed, Ptp4lFollower, SenderFollower, observe

from support import ptp4l
from support.netlab import open_lab, why_unavailable
from support.ptp_master.client import ptp_master

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from bench.clock_followers import Follower

    from support.netlab import Host

GRANDMASTERS: Final[dict[str, Callable[[Host, Path], AbstractContextManager[object]]]] = {
    "ptp4l, two-step, 8 Sync/s": ptp4l.grandmaster,
    "ptp4l, two-step, 1 Sync/s": lambda host, folder: ptp4l.grandmaster(host, folder, more="logSyncInterval 0\n"),
    "scripted, one-step, 8 Sync/s": lambda host, folder: ptp_master(host, folder, two_step=False),
}
HEAD: Final = (
    "follower",
    "started, locked after",
    "within 10 µs for good after",
    "error rms",
    "p99",
    "rms, ratio to ours",
)


def run(grandmaster: str, settle_s: float, seconds: float) -> list[Followed]:
    """All followers of one grandmaster."""
    with (
        tempfile.TemporaryDirectory() as folder,
        open_lab(("gm", "own", "gst", "ptp4l")) as hosts,
        GRANDMASTERS[grandmaster](hosts["gm"], Path(folder)),
        contextlib.ExitStack() as stack,
    ):
        starts: list[Callable[[], Follower]] = [
            lambda: SenderFollower(hosts["own"], _made(Path(folder, "own")), "builtin"),
            lambda: SenderFollower(hosts["gst"], _made(Path(folder, "gst")), "gstreamer"),
            lambda: Ptp4lFollower(hosts["ptp4l"], Path(folder)),
        ]
        followers = []
        for start in starts:
            followers.append(stack.enter_context(start()))
            followers[-1].wait_until_locked()
        return observe(followers, settle_s, seconds)


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder


def row(result: Followed, ours: Followed) -> list[str]:
    """One line of the table."""
    times = [_time(result.ready_s) + ", " + _time(result.locked_s), _time(result.near_s)]
    if not len(result.rest):
        return [result.name, *times, "-", "-", "-"]
    ratio = f"{result.rest.rms_ns / ours.rest.rms_ns:.1f}" if len(ours.rest) else "-"
    return [result.name, *times, f"{result.rest.rms_ns / 1000:.2f} µs", f"{result.rest.p99_ns / 1000:.2f} µs", ratio]


def _time(seconds: float | None) -> str:
    return "never" if seconds is None else f"{seconds:.1f} s"


def main() -> int:
    """Run all; 1 if our own follower never locked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="measure 15 s each instead of 60")
    options = parser.parse_args()
    if reason := why_unavailable():
        print(f"bench: {reason}", file=sys.stderr)
        return 3
    settle_s, seconds = (15.0, 15.0) if options.quick else (20.0, 60.0)
    failed = False
    for grandmaster in GRANDMASTERS:
        print(f"measuring {grandmaster} ...", file=sys.stderr, flush=True)
        results = run(grandmaster, settle_s, seconds)
        failed |= results[0].locked_s is None
        print(f"\nGrandmaster: {grandmaster}\n\n| {' | '.join(HEAD)} |\n| {' | '.join(['---'] * len(HEAD))} |")
        for result in results:
            print(f"| {' | '.join(row(result, results[0]))} |", flush=True)
    print(
        f"\n{os.cpu_count()} cores. Times count from the start of the program; it has started when it first tells of\n"
        f"its clock. The error is that of the last {seconds:.0f} s: of a sender that of the clock its packets go by,\n"
        "ten times a second; of ptp4l, which leaves the clock alone here and is locked once it measures, that of each\n"
        "offset it measured, unfiltered."
    )
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
