"""Sequence numbers: packets lost, late, doubled."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Final

from aes67_sender.logic.verify.findings import Finding
from aes67_sender.wire.rtp import SEQUENCES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aes67_sender.logic.verify.findings import Verdict
    from aes67_sender.logic.verify.packets import Packets, Steps

#: A packet so far behind is no late one: the sender began anew.
_LATEST: Final = 1024
#: More of these in a hundred is a fault of the network, not its habit.
_MANY: Final = 0.01


class SequenceJudge:
    """Counts by sequence numbers that wrap at 16 bits (RFC 3550 A.3, with late and doubled packets told apart)."""

    def __init__(self) -> None:
        self.received = 0
        self.lost = 0
        self.outages = 0
        self.longest_outage = 0
        self.late = 0
        self.doubled = 0
        self.restarts = 0
        self._highest: int | None = None
        self._ended_in_order = False
        self._missing: OrderedDict[int, None] = OrderedDict()

    def begin_anew(self) -> None:
        """The next packet is of another sender: its number says nothing."""
        self._highest = None
        self._missing.clear()

    def add(self, packets: Packets, steps: Steps) -> None:
        """Some packets, and the steps to them."""
        if self._highest is not None and self._ended_in_order and bool((steps.sequence == 1).all()):
            self._highest += len(packets)
            self.received += len(packets)
            return
        for number in packets.sequence.tolist():
            self._take(number)

    def _take(self, number: int) -> None:
        self._ended_in_order = True
        if self._highest is None:
            self._highest = number
            self.received += 1
            return
        half = SEQUENCES // 2
        step = (number - self._highest + half) % SEQUENCES - half
        if step > 0:
            self._ahead(step)
        elif self._highest + step in self._missing:
            del self._missing[self._highest + step]
            self._ended_in_order = False
            self.lost -= 1
            self.late += 1
            self.received += 1
        elif step > -_LATEST:
            self._ended_in_order = False
            self.doubled += 1
        else:
            self.restarts += 1
            self.begin_anew()
            self._take(number)

    def _ahead(self, step: int) -> None:
        assert self._highest is not None  # noqa: S101  the caller has seen to it
        missing = step - 1
        if missing:
            self.lost += missing
            self.outages += 1
            self.longest_outage = max(self.longest_outage, missing)
            for number in range(max(1, step - _LATEST), step):
                self._missing[self._highest + number] = None
            while len(self._missing) > _LATEST:
                self._missing.popitem(last=False)
        self._highest += step
        self.received += 1

    def findings(self, receiver_lost: int | None) -> Iterator[Finding]:
        """The verdicts; ``receiver_lost`` packets came to this computer and were lost in it (``None``: not known)."""
        yield self._loss(receiver_lost)
        all_packets = max(1, self.received)
        yield _kind("order", "Order", self.late, all_packets, "came after packets that were sent later")
        yield _kind("duplicates", "Duplicates", self.doubled, all_packets, "came twice")
        if self.restarts:
            yield Finding(
                "sequence-restart",
                "Sequence",
                "fail",
                f"Sequence numbers jumped back {self.restarts} times without a new SSRC.",
                "The sender starts anew within the stream, or two senders share one SSRC.",
                {"restarts": self.restarts},
            )

    def _loss(self, receiver_lost: int | None) -> Finding:
        sent = max(1, self.received + self.lost)
        figures = {
            "lost_packets": self.lost,
            "lost_percent": round(100 * self.lost / sent, 4),
            "outages": self.outages,
            "longest_outage_packets": self.longest_outage,
            "receiver_lost_packets": receiver_lost,
        }
        if not self.lost:
            return Finding("loss", "Loss", "pass", f"None of {sent} packets was lost.", figures=figures)
        text = (
            f"{self.lost} of {sent} packets were lost in {self.outages} places, up to {self.longest_outage} in a row."
        )
        if receiver_lost:
            return Finding(
                "loss",
                "Loss",
                "unknown",
                f"{text} The receiver lost {receiver_lost} packets itself, so loss is not judged.",
                "Run it again when this computer has less to do.",
                figures,
            )
        hint = "Look for errors on switch ports, missing QoS, a Wi-Fi link on the way, or a sender that is too late."
        return Finding("loss", "Loss", "fail", text, hint, figures)


def _kind(code: str, title: str, count: int, of_all: int, what: str) -> Finding:
    figures = {"packets": count, "percent": round(100 * count / of_all, 4)}
    if not count:
        return Finding(code, title, "pass", f"No packet {what}.", figures=figures)
    hint = "Look for two paths through the network: link aggregation, a loop, a port that is mirrored."
    verdict: Verdict = "fail" if count > _MANY * of_all else "warn"
    return Finding(code, title, verdict, f"{count} of {of_all} packets {what}.", hint, figures)
