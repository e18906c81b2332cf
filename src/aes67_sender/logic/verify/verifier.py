"""All judges of one stream together: packets in, one verdict out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from aes67_sender.logic.verify.clock import ClockFacts, clock_findings
from aes67_sender.logic.verify.findings import Finding, Verdict, overall, worst_first
from aes67_sender.logic.verify.headers import HeaderJudge, SenderJudge
from aes67_sender.logic.verify.lead import LeadJudge, in_ptp_time
from aes67_sender.logic.verify.packets import Stepper, columns
from aes67_sender.logic.verify.sequence import SequenceJudge
from aes67_sender.logic.verify.sound import ChannelLevel, SoundJudge
from aes67_sender.logic.verify.stamps import StampJudge
from aes67_sender.logic.verify.timing import TimingJudge
from aes67_sender.logic.verify.transit import TransitJudge
from aes67_sender.units import NS_PER_S

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from aes67_sender.logic.verify.expectation import Expectation, StreamFormat
    from aes67_sender.logic.verify.packets import Heard
    from aes67_sender.model.clock import ClockMapping


@dataclass(frozen=True, slots=True)
class Reception:
    """How the packets were received. ``lost`` came to this computer and were lost in it; ``None``: not known.

    ``malformed`` datagrams came to the stream's address and are no RTP; ``fragments`` are parts of larger ones.
    ``hint`` says what to look for if nothing came.
    """

    lost: int | None = 0
    malformed: int = 0
    fragments: int = 0
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Verification:
    """The verdict on one stream. ``gap_counts`` are packets between the edges of ``timing.EDGES``."""

    name: str
    address: str
    port: int
    format: str
    packet_time_us: float | None
    verdict: Verdict
    packets: int
    duration_s: float
    findings: tuple[Finding, ...]
    levels: tuple[ChannelLevel, ...]
    gap_counts: tuple[int, ...]
    clock: ClockFacts


class Verifier:
    """Feed it packets of one address and port in order of arrival, some hundred at a time; one owner."""

    def __init__(self, stream: StreamFormat, expected: Expectation | None = None) -> None:
        self._stream = stream
        self._expected = expected
        self._senders = SenderJudge()
        self._stepper = Stepper()
        self._sequence = SequenceJudge()
        self._timing = TimingJudge(stream)
        self._transit = TransitJudge(stream)
        offset = expected.mediaclk_offset if expected else 0
        self._lead = None if offset is None else LeadJudge(stream, offset)
        self._stamps = StampJudge(stream, expected)
        self._headers = HeaderJudge(expected)
        self._sound = SoundJudge(stream)
        self._anchor: int | None = None
        self._packets = 0
        self._first_ns = self._last_ns = 0

    @property
    def packets(self) -> int:
        """How many have come."""
        return self._packets

    def feed(self, heard: Sequence[Heard], mapping: ClockMapping | None = None, accuracy_ns: int = 0) -> None:
        """Some packets; ``mapping`` makes PTP time of their arrivals, right to ``accuracy_ns``."""
        if not heard:
            return
        if not self._packets:
            self._first_ns = heard[0].arrival_ns
        self._last_ns = heard[-1].arrival_ns
        self._packets += len(heard)
        packets, changed = self._senders.choose(columns(heard))
        anchor = mapping.anchor if mapping else None
        if changed:
            self._stepper = Stepper()
            self._sequence.begin_anew()
        if changed or (anchor != self._anchor and self._anchor is not None):
            self._transit.begin_anew()
        self._anchor = anchor
        steps = self._stepper(packets)
        self._sequence.add(packets, steps)
        if steps.sequence.size:
            self._timing.add(steps)
        self._stamps.add(packets, steps)
        self._headers.add(packets)
        self._sound.add(packets)
        if mapping is None:
            self._transit.add(packets.arrival_ns, steps.stamp)
            return
        times_ns = in_ptp_time(mapping, packets.arrival_ns)
        self._transit.add(times_ns, steps.stamp)
        if self._lead is not None:
            self._lead.add(times_ns, packets.stamp, accuracy_ns)

    def finish(self, clock: ClockFacts, reception: Reception) -> Verification:
        """The verdict on all that came."""
        findings = worst_first(self._findings(clock, reception))
        expected = self._expected
        return Verification(
            name=expected.name if expected else "",
            address=expected.address if expected else "",
            port=expected.port if expected else 0,
            format=str(self._stream),
            packet_time_us=round(self._stream.packet_ns / 1000, 3),
            verdict=overall(findings),
            packets=self._packets,
            duration_s=round((self._last_ns - self._first_ns) / NS_PER_S, 3),
            findings=findings,
            levels=self._sound.levels,
            gap_counts=self._timing.gap_counts,
            clock=clock,
        )

    def _findings(self, clock: ClockFacts, reception: Reception) -> Iterator[Finding]:
        if reception.malformed or reception.fragments:
            yield _malformed(reception)
        if not self._packets:
            yield nothing_came(reception.hint)
        else:
            yield from self._sequence.findings(reception.lost)
            yield from self._stamps.findings()
            if self._lead is not None:
                yield self._lead.finding(clock.why)
            yield from self._timing.findings()
            yield from self._transit.findings(in_ptp_time=self._anchor is not None)
            yield from self._senders.findings()
            yield from self._headers.findings()
            yield from self._sound.findings()
        if self._expected is not None:
            yield from clock_findings(self._expected, clock)


def nothing_came(hint: str) -> Finding:
    """The verdict on silence on the wire."""
    return Finding("no-packets", "Packets", "fail", "No packet came.", hint, {"packets": 0})


def _malformed(reception: Reception) -> Finding:
    figures = {"malformed_packets": reception.malformed, "fragments": reception.fragments}
    if reception.fragments:
        text = f"{reception.fragments} packets came in fragments."
        return Finding(
            "malformed", "Datagrams", "fail", text, "Send fewer channels or shorter packets (AES67 6.1).", figures
        )
    text = f"{reception.malformed} datagrams to this address and port are no RTP."
    return Finding("malformed", "Datagrams", "warn", text, "Something else sends to this address.", figures)
