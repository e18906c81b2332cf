"""Datagrams of one stream to its verifier, in batches; finds out the format first, where the SDP does not say it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from aes67_sender.errors import WireError
from aes67_sender.logic.verify.clock import clock_findings
from aes67_sender.logic.verify.expectation import guess_format
from aes67_sender.logic.verify.findings import Finding, overall, worst_first
from aes67_sender.logic.verify.packets import Heard, columns
from aes67_sender.logic.verify.verifier import Reception, Verification, Verifier, nothing_came
from aes67_sender.wire.rtp import decode

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aes67_sender.logic.verify.clock import ClockFacts
    from aes67_sender.logic.verify.expectation import Expectation
    from aes67_sender.model.clock import ClockMapping
    from aes67_sender.net.ipv4 import Datagram

#: Enough to find out the format.
_FIRST: Final = 64


class Intake:
    """Of one address and port. Without ``expected``, the packets tell what they hold."""

    def __init__(self, expected: Expectation | None) -> None:
        self._expected = expected
        self._verifier: Verifier | None = None
        self._waiting: list[Heard] = []
        self._malformed = 0
        self._fragments = 0

    @property
    def packets(self) -> int:
        """RTP packets so far."""
        return len(self._waiting) + (self._verifier.packets if self._verifier else 0)

    def take(self, datagrams: Sequence[Datagram], mapping: ClockMapping | None = None, accuracy_ns: int = 0) -> None:
        """Some datagrams, in order; ``mapping`` makes PTP time of their arrivals."""
        heard = self._waiting
        for each in datagrams:
            if each.fragment:
                self._fragments += 1
                continue
            try:
                packet = decode(each.octets)
            except WireError:
                self._malformed += 1
                continue
            heard.append(Heard(each.arrival_ns, packet, each.source, each.ttl, each.dscp, each.mac))
        if self._verifier is None:
            self._verifier = self._begin(heard)
        if self._verifier is not None:
            self._waiting = []
            self._verifier.feed(heard, mapping, accuracy_ns)

    def _begin(self, heard: Sequence[Heard], fewest: int = _FIRST) -> Verifier | None:
        if len(heard) < fewest:
            return None
        packets = columns(heard)
        stream = self._expected.format(packets) if self._expected else guess_format(packets)
        return Verifier(stream, self._expected) if stream else None

    def finish(self, clock: ClockFacts, lost: int | None, hint: str) -> Verification | None:
        """The verdict; ``None`` for packets that nobody described and that hold no sound of known format."""
        if self._verifier is None:
            self._verifier = self._begin(self._waiting, fewest=2)
            if self._verifier is not None:
                self._verifier.feed(self._waiting)
        reception = Reception(lost, self._malformed, self._fragments, hint)
        if self._verifier is not None:
            return self._verifier.finish(clock, reception)
        return None if self._expected is None else self._empty(self._expected, clock, hint)

    def _empty(self, expected: Expectation, clock: ClockFacts, hint: str) -> Verification:
        found = [nothing_came(hint)]
        if self._malformed or self._fragments:
            text = f"{self._malformed} datagrams came that are no RTP, and {self._fragments} fragments."
            found.append(Finding("malformed", "Datagrams", "fail", text))
        found += clock_findings(expected, clock)
        return Verification(
            name=expected.name,
            address=expected.address,
            port=expected.port,
            format=f"{expected.encoding}/{expected.rate_hz}/{expected.channels}",
            packet_time_us=None,
            verdict=overall(found),
            packets=0,
            duration_s=0.0,
            findings=worst_first(found),
            levels=(),
            gap_counts=(),
            clock=clock,
        )
