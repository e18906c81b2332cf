"""When packets come: their rate, the gaps between them, bursts, jitter. Needs no common clock with the sender."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from aes67_sender.logic.verify.findings import Finding
from aes67_sender.logic.verify.histogram import Histogram
from aes67_sender.units import NS_PER_S, NS_PER_US

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aes67_sender.logic.verify.expectation import StreamFormat
    from aes67_sender.logic.verify.findings import Verdict
    from aes67_sender.logic.verify.packets import Flags, Floats, Steps

#: AES67 7.5: a sender's packets shall vary by less than this many packet times, and by less than 17 ms.
LIMIT_PACKETS: Final = 17
LIMIT_NS: Final = 17_000_000
#: JT-NM Tested 2022: how far the mean time between packets may be from the packet time.
_RATE_TOLERANCE: Final = 0.01
#: Closer together than this part of a packet time is back to back.
_BACK_TO_BACK: Final = 0.1
#: A burst of so many was kept back for three packet times: the least buffer a receiver must have (AES67 7.5).
_BURST_PACKETS: Final = 4
#: One such gap in a thousand packets may be the machine that listens; more are the sender or the network.
_RARE: Final = 0.001
#: So much of the packets in bursts is a habit.
_HABIT: Final = 0.02
_FEWEST: Final = 50
_GAP_BIN: Final = 0.002
#: A restart or an outage of seconds is no gap between packets.
_NEIGHBOURS: Final = 1000
#: RFC 3550 6.4.1.
_JITTER_GAIN: Final = 1 / 16
_CHUNK: Final = 256

#: Edges of the picture, in packet times.
EDGES: Final = (0.0, 0.1, 0.25, 0.5, 0.75, 0.9, 0.97, 1.03, 1.1, 1.25, 1.5, 2.0, 3.0, 5.0, 10.0, 17.0)


def limit_ns(packet_ns: float) -> float:
    """How far a sender's packets may vary at most (AES67 7.5)."""
    return min(LIMIT_PACKETS * packet_ns, LIMIT_NS)


class TimingJudge:
    """Fed with the steps of one sender's packets."""

    def __init__(self, stream: StreamFormat) -> None:
        self._packet_ns = stream.packet_ns
        self._ns_per_frame = NS_PER_S / stream.rate_hz
        self._gaps = Histogram(_GAP_BIN, 0.0)
        self._picture = np.zeros(len(EDGES), np.int64)
        self._wide = 0
        self._span_ns = 0
        self._packets = 0
        self._run = 1
        self._longest_run = 1
        self._in_bursts = 0
        self._jitter_ns = 0.0
        self._worst_jitter_ns = 0.0

    @property
    def gap_counts(self) -> tuple[int, ...]:
        """Packets whose gap before them lies between each edge of ``EDGES`` and the next."""
        return tuple(self._picture.tolist())

    def add(self, steps: Steps) -> None:
        """The steps to some packets."""
        near = np.abs(steps.sequence) < _NEIGHBOURS
        self._span_ns += int(steps.arrival_ns[near].sum())
        self._packets += int(steps.sequence[near].sum())
        in_row = steps.sequence == 1
        gaps = steps.arrival_ns[in_row] / self._packet_ns
        self._gaps.add(gaps)
        self._picture += np.bincount(np.searchsorted(EDGES[1:], gaps, side="right"), minlength=len(EDGES))
        self._wide += int(np.count_nonzero(steps.arrival_ns[in_row] > limit_ns(self._packet_ns)))
        self._count_bursts(steps.arrival_ns < _BACK_TO_BACK * self._packet_ns)
        differences = np.abs(steps.arrival_ns[in_row] - steps.stamp[in_row] * self._ns_per_frame)
        # A stamp that jumps is another fault, told elsewhere.
        self._smooth(differences[differences < NS_PER_S])

    def _count_bursts(self, close: Flags) -> None:
        if not close.any():
            self._end_run()
            return
        for at_once in close.tolist():
            if at_once:
                self._run += 1
            else:
                self._end_run()

    def _end_run(self) -> None:
        self._longest_run = max(self._longest_run, self._run)
        if self._run >= _BURST_PACKETS:
            self._in_bursts += self._run
        self._run = 1

    def _smooth(self, differences_ns: Floats) -> None:
        """``J += (|D| - J) / 16`` for each, by chunks: the powers of 15/16 do what the loop would."""
        for at in range(0, differences_ns.size, _CHUNK):
            chunk = differences_ns[at : at + _CHUNK]
            decay = (1 - _JITTER_GAIN) ** np.arange(chunk.size - 1, -1, -1)
            self._jitter_ns = self._jitter_ns * (1 - _JITTER_GAIN) ** chunk.size + float(chunk @ decay) * _JITTER_GAIN
            self._worst_jitter_ns = max(self._worst_jitter_ns, self._jitter_ns)

    def findings(self) -> Iterator[Finding]:
        """The verdicts."""
        if self._gaps.count < _FEWEST:
            text = f"Only {self._gaps.count} packets came one after the other: too few to judge their timing."
            yield Finding("rate", "Packet rate", "unknown", text, figures={})
            return
        self._end_run()
        yield self._rate()
        yield self._gap()
        yield self._bursts()
        figures = {"jitter_us": _us(self._jitter_ns), "worst_jitter_us": _us(self._worst_jitter_ns)}
        text = f"{_us(self._jitter_ns):g} µs, at worst {_us(self._worst_jitter_ns):g} µs (RFC 3550 6.4.1)."
        yield Finding("jitter", "Jitter", "pass", text, figures=figures)

    def _rate(self) -> Finding:
        wanted = NS_PER_S / self._packet_ns
        counted = self._packets * NS_PER_S / max(1, self._span_ns)
        figures = {"packets_per_second": round(counted, 3), "expected_per_second": round(wanted, 3)}
        text = f"{counted:.2f} packets/s; {wanted:.2f} are due."
        if abs(counted / wanted - 1) <= _RATE_TOLERANCE:
            return Finding("rate", "Packet rate", "pass", text, figures=figures)
        hint = "The sender's packet time or sampling rate is not what the SDP says, or it does not keep up."
        return Finding("rate", "Packet rate", "fail", text, hint, figures)

    def _gap(self) -> Finding:
        gaps = self._gaps
        figures = {
            "min_packet_times": round(gaps.least, 3),
            "p50_packet_times": round(gaps.quantile(0.5), 3),
            "p99_packet_times": round(gaps.quantile(0.99), 3),
            "max_packet_times": round(gaps.greatest, 3),
            "max_us": _us(gaps.greatest * self._packet_ns),
            "too_wide": self._wide,
        }
        text = (
            f"min {gaps.least:.2f}, p50 {gaps.quantile(0.5):.2f}, p99 {gaps.quantile(0.99):.2f}, "
            f"max {gaps.greatest:.2f} packet times."
        )
        if not self._wide:
            return Finding("gaps", "Gaps", "pass", text, figures=figures)
        text += f" {self._wide} beyond the {limit_ns(self._packet_ns) / self._packet_ns:.0f} of AES67 7.5."
        verdict: Verdict = "warn" if self._wide <= max(1, _RARE * gaps.count) else "fail"
        hint = "So few may be a stall of this computer; run it again to see." if verdict == "warn" else _UNEVEN
        return Finding("gaps", "Gaps", verdict, text, hint, figures)

    def _bursts(self) -> Finding:
        share = self._in_bursts / (self._gaps.count + 1)
        longest = self._longest_run if self._longest_run > 1 else 0
        figures = {"longest_packets": longest, "in_bursts_percent": round(100 * share, 3)}
        if self._longest_run < _BURST_PACKETS:
            return Finding("bursts", "Bursts", "pass", f"Never {_BURST_PACKETS} packets back to back.", figures=figures)
        text = f"Up to {longest} packets back to back; {100 * share:.1f} % of all came in bursts."
        if share < _HABIT:
            text += " That is rare, as after a stall."
            return Finding("bursts", "Bursts", "pass", text, figures=figures)
        too_long = self._longest_run * self._packet_ns > limit_ns(self._packet_ns)
        return Finding("bursts", "Bursts", "fail" if too_long else "warn", text, _UNEVEN, figures)


_UNEVEN: Final = (
    "The sender lets packets go when it has them, not each at its time, or the network holds them up: "
    "look for a software sender without real-time priority, Wi-Fi, or a switch port that is full."
)


def _us(span_ns: float) -> float:
    return round(span_ns / NS_PER_US, 1)
