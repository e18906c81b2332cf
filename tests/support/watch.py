"""A sender under observation: its own snapshots many times a second, and every packet an independent receiver sees."""

from __future__ import annotations

import contextlib
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from support.capture import analyse
from support.clock_truth import Poller, errors_of
from support.ptp_master.truth import in_force, realtime_minus_monotonic_ns
from support.receiver import start_capture
from support.sender import follow_on_eth0, start_sender

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from support.capture import Analysis, Capture
    from support.clock_truth import Errors, Sample
    from support.netlab import Host
    from support.ptp_master.client import PtpMaster
    from support.ptp_master.truth import Truth
    from support.receiver import Receiver
    from support.sender import Sender, Snapshot

GROUP: Final = "239.69.6.1"
_LONGEST_S: Final = 400
_FRAMES: Final = 48


@dataclass(frozen=True, slots=True)
class Window:
    """Something that was done to the clock, and when, CLOCK_MONOTONIC."""

    name: str
    begin_ns: int
    end_ns: int


class Watch:
    """One stream of a tone. ``wire`` is there after the block."""

    def __init__(self, sender: Sender, poller: Poller, receiver: Receiver, directory: Path) -> None:
        self.sender = sender
        self.poller = poller
        self.directory = directory
        self._receiver = receiver
        self.wire: Capture | None = None
        self.last: Snapshot = {}

    def until_locked(self, grandmaster: str, within_s: float = 30) -> Snapshot:
        """Until it follows that one; every stream is then sending."""
        return self.poller.wait_for(
            lambda snapshot: (
                snapshot["clock"]["state"] == "locked"
                and snapshot["clock"]["grandmaster"] == grandmaster
                and snapshot["streams"][0]["state"] == "sending"
            ),
            within_s,
        )

    def sdp(self) -> str:
        """The SDP file of the stream as it is now."""
        return (self.directory / "s1.sdp").read_text()

    def finish(self) -> None:
        """End the capture, then take the last word of the sender: it has counted all that was captured."""
        self.wire = self._receiver.stop().stream(GROUP)
        self.last = self.poller.wait_for(lambda _: True)

    def analysis(self) -> Analysis:
        """The whole stream; what is lost must be what the sender itself says it missed."""
        assert self.wire is not None
        assert self.wire.malformed == 0
        assert self.wire.receiver_drops == 0
        analysis = analyse(self.wire, frames=_FRAMES)
        missed = self.last["streams"][0]["missed"]
        print(f"{analysis.packets} packets, {missed} missed by the sender, {analysis.lost} not seen")
        assert analysis.lost <= missed
        # What a machine loses that stalls now and then; a clock's error would be a multiple.
        assert missed < analysis.packets / 20
        assert all(gap.missing > 0 for gap in analysis.gaps)
        assert len(analysis.ssrcs) == 1
        return analysis

    def wire_errors_us(self, truths: Sequence[Truth], window: Window) -> float:
        """Median of arrival minus stamp, in the master's time, beyond the packet time: where 0 is right."""
        assert self.wire is not None
        at_ns = self.wire.arrival_ns - realtime_minus_monotonic_ns()
        rows = (at_ns >= window.begin_ns) & (at_ns < window.end_ns)
        served = np.array([in_force(truths, int(each)).at(int(each)) for each in at_ns[rows]], np.int64)
        lag_us = analyse(replace(self.wire.only(rows), arrival_ns=served), frames=_FRAMES).lag_us
        return float(np.median(lag_us)) - 1000


@contextlib.contextmanager
def watched_sender(tx: Host, rx: Host, directory: Path, *, mode: str = "builtin") -> Iterator[Watch]:
    """A sender that follows the grandmaster of the network, watched from before its first packet to the end."""
    follow_on_eth0(tx)
    config: dict[str, Any] = {
        "clock": {"mode": mode},
        "sources": [{"id": "tone", "kind": "tone"}],
        "streams": [{"id": "s1", "source": "tone", "channels": [1, 2], "address": GROUP}],
        "announce": {"sdp_dir": str(directory)},
    }
    with (
        start_capture(rx, directory, seconds=_LONGEST_S) as receiver,
        start_sender(tx, directory, config, arguments=()) as sender,
        Poller(tx, directory) as poller,
    ):
        watch = Watch(sender, poller, receiver, directory)
        yield watch
        if watch.wire is None:
            watch.finish()
        assert sender.stop() == 0


def pause(name: str, seconds: float) -> Window:
    """Let it go on for so long."""
    begin_ns = time.monotonic_ns()
    time.sleep(seconds)
    return Window(name, begin_ns, time.monotonic_ns())


@contextlib.contextmanager
def behaving(master: PtpMaster, **settings: Any) -> Iterator[None]:
    """A way of the grandmaster for the time of the block."""
    before = {name: getattr(master.settings, name) for name in settings}
    master.set(**settings)
    yield
    master.set(**before)


def report(
    samples: Sequence[Sample], truths: Sequence[Truth], windows: Sequence[Window]
) -> list[tuple[Window, Errors]]:
    """The errors in each window, printed for the record."""
    errors = errors_of(samples, truths)
    judged = [(window, errors.between(window.begin_ns, window.end_ns)) for window in windows]
    for window, seen in judged:
        figures = (
            f"rms {seen.rms_ns / 1000:9.1f}  p99 {seen.p99_ns / 1000:9.1f}  worst {seen.worst_ns / 1000:9.1f} µs"
            if len(seen)
            else "no samples"
        )
        states = {each.state for each in samples if window.begin_ns <= each.monotonic_ns < window.end_ns}
        print(f"{window.name:<42} {figures}  {' '.join(sorted(states))}")
    return judged
