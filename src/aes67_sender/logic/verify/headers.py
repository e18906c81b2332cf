"""What the headers carry, from IP to RTP: source, TTL, DSCP, payload type, SSRC, and what should not be there."""

from __future__ import annotations

from collections import Counter
from ipaddress import IPv4Address
from typing import TYPE_CHECKING, Final

from aes67_sender.logic.verify.findings import Finding
from aes67_sender.logic.verify.packets import UNKNOWN

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from aes67_sender.logic.verify.expectation import Expectation
    from aes67_sender.logic.verify.packets import Packets

#: AF41 for AES67 (6.2), EF for Dante's audio.
_GOOD_DSCPS: Final[Mapping[int, str]] = {34: "AF41, as AES67 has it", 46: "EF, as Dante has it"}
_MOST_KINDS: Final = 32


class HeaderJudge:
    """Fed with one sender's packets."""

    def __init__(self, expected: Expectation | None) -> None:
        self._expected = expected
        self._kinds: dict[str, Counter[object]] = {
            name: Counter() for name in ("payload_type", "ttl", "dscp", "source")
        }
        self._markers = 0
        self._odd = 0

    def add(self, packets: Packets) -> None:
        """Some packets."""
        for name, counter in self._kinds.items():
            counter.update(getattr(packets, name).tolist())
            if len(counter) > _MOST_KINDS:
                kept = counter.most_common(_MOST_KINDS // 2)
                counter.clear()
                counter.update(dict(kept))
        self._markers += int(packets.marker.sum())
        self._odd += int(packets.odd.sum())

    def findings(self) -> Iterator[Finding]:
        """The verdicts."""
        yield self._payload_type()
        yield self._plainness()
        yield self._ttl()
        yield self._dscp()
        yield self._source()

    def _numbers(self, name: str) -> list[int]:
        return [each for each, _ in self._kinds[name].most_common() if isinstance(each, int) and each != UNKNOWN]

    def _payload_type(self) -> Finding:
        seen = self._numbers("payload_type")
        code, title, figures = (
            "payload-type",
            "Payload type",
            {"payload_type": seen[0] if seen else None, "kinds": len(seen)},
        )
        if len(seen) > 1:
            text = f"Payload types change: {_listed(seen)}."
            return Finding(code, title, "fail", text, "One stream has one payload type (RFC 3550 5.2).", figures)
        wanted = self._expected.payload_type if self._expected else None
        if wanted is not None and seen != [wanted]:
            text = f"Packets have payload type {_listed(seen)}, the SDP says {wanted}."
            return Finding(code, title, "fail", text, "Receivers drop what the SDP does not describe.", figures)
        return Finding(code, title, "pass", f"Always {_listed(seen)}.", figures=figures)

    def _plainness(self) -> Finding:
        figures = {"marked_packets": self._markers, "packets_with_more_than_the_plain_header": self._odd}
        if self._odd:
            text = f"{self._odd} packets have contributing sources, an extension or padding."
            return Finding(
                "header", "RTP header", "warn", text, "AES67 6.3 advises against; some receivers drop them.", figures
            )
        if self._markers:
            text = f"{self._markers} packets have the marker bit, which means nothing in sound that goes on."
            return Finding("header", "RTP header", "warn", text, "Some receivers start anew at each.", figures)
        return Finding("header", "RTP header", "pass", "Plain: no marker, extension, CSRC or padding.", figures=figures)

    def _ttl(self) -> Finding:
        seen = self._numbers("ttl")
        told = self._expected.ttl if self._expected else None
        figures = {"ttl": seen[0] if seen else None, "sdp_ttl": told, "kinds": len(seen)}
        if not seen:
            return Finding("ttl", "TTL", "unknown", "The system does not tell it.", figures=figures)
        if len(seen) > 1:
            text = f"Packets come with several: {_listed(seen)}."
            return Finding("ttl", "TTL", "warn", text, "They take several ways, or there are two senders.", figures)
        if told is not None and seen[0] != told:
            text = f"Packets have {seen[0]}, the SDP says {told}."
            hint = "They passed a router, or the SDP is wrong." if seen[0] < told else "Correct the c= line of the SDP."
            return Finding("ttl", "TTL", "warn", text, hint, figures)
        if seen[0] == 1 and self._is_multicast():
            text = "1: no router will pass it on."
            return Finding("ttl", "TTL", "warn", text, "Set 15 to 32, unless it shall stay in this network.", figures)
        return Finding("ttl", "TTL", "pass", f"{seen[0]}{', as in the SDP' if told else ''}.", figures=figures)

    def _is_multicast(self) -> bool:
        return self._expected is None or IPv4Address(self._expected.address).is_multicast

    def _dscp(self) -> Finding:
        seen = self._numbers("dscp")
        figures = {"dscp": seen[0] if seen else None, "kinds": len(seen)}
        hint = "Set AF41 (34) in the sender; see that no switch rewrites it."
        if not seen:
            return Finding("dscp", "DSCP", "unknown", "The system does not tell it.", figures=figures)
        if len(seen) > 1:
            return Finding("dscp", "DSCP", "warn", f"Packets come with several: {_listed(seen)}.", hint, figures)
        if seen[0] in _GOOD_DSCPS:
            return Finding("dscp", "DSCP", "pass", f"{seen[0]} ({_GOOD_DSCPS[seen[0]]}).", figures=figures)
        text = f"{seen[0]}: switches do not put it before other traffic as they do 34 (AES67) or 46 (Dante)."
        return Finding("dscp", "DSCP", "warn", text, hint, figures)

    def _source(self) -> Finding:
        seen = [str(each) for each, _ in self._kinds["source"].most_common() if each]
        figures = {"sources": len(seen)}
        expected = self._expected
        if not seen:
            return Finding("source", "Source", "unknown", "The address of the sender is not known.", figures=figures)
        if len(seen) > 1:
            text = f"Packets of one SSRC come from {', '.join(seen[:4])}."
            return Finding("source", "Source", "fail", text, "One group is for one sender (AES67 7.6).", figures)
        if expected and expected.sources and seen[0] not in expected.sources:
            text = f"Packets come from {seen[0]}, a=source-filter lets only {', '.join(expected.sources)} in."
            return Finding(
                "source", "Source", "fail", text, "Receivers that filter by source hear nothing: correct it.", figures
            )
        if expected and expected.origin and seen[0] != expected.origin:
            text = f"Packets come from {seen[0]}, o= in the SDP names {expected.origin}."
            hint = "o= should name the interface that sends; the sender may use another network card than it thinks."
            return Finding("source", "Source", "warn", text, hint, figures)
        return Finding(
            "source", "Source", "pass", f"{seen[0]}{', as in the SDP' if expected else ''}.", figures=figures
        )


class SenderJudge:
    """Tells one sender that begins anew from two that send to one group. Chooses whose packets are judged."""

    def __init__(self) -> None:
        self.ssrc: int | None = None
        self.changes = 0
        self._together = 0
        self._foreign = 0
        self._seen: dict[int, None] = {}

    def choose(self, packets: Packets) -> tuple[Packets, bool]:
        """The packets of the sender that is judged, and whether it is another than before."""
        counts = Counter(packets.ssrc.tolist())
        self._seen.update(dict.fromkeys(list(counts)[: max(0, _MOST_KINDS - len(self._seen))]))
        changed = self.ssrc is not None and self.ssrc not in counts
        if self.ssrc is None or changed:
            self.changes += changed
            self.ssrc = counts.most_common(1)[0][0]
        if len(counts) == 1:
            return packets, changed
        self._together += 1
        self._foreign += len(packets) - counts[self.ssrc]
        return packets.only(packets.ssrc == self.ssrc), changed

    def findings(self) -> Iterator[Finding]:
        """The verdict."""
        if self.ssrc is None:
            return
        figures = {
            "ssrc": self.ssrc,
            "ssrcs": len(self._seen),
            "changes": self.changes,
            "foreign_packets": self._foreign,
        }
        # A change of SSRC mixes both in one batch, two senders in nearly all.
        if self._together > 2 * self.changes + 1:
            text = f"{len(self._seen)} senders send to this address at once; {self._foreign} packets are not judged."
            hint = "Give each stream a group of its own (AES67 7.6)."
            yield Finding("senders", "Senders", "fail", text, hint, figures)
        elif len(self._seen) > 1:
            text = f"The SSRC changed {max(1, self.changes)} times."
            hint = "The sender was started anew, or another took over: receivers click or start over."
            yield Finding("ssrc", "SSRC", "fail", text, hint, figures)
        else:
            yield Finding("ssrc", "SSRC", "pass", f"Always 0x{self.ssrc:08X}.", figures=figures)


def _listed(numbers: list[int]) -> str:
    return ", ".join(str(each) for each in numbers[:4]) or "none"
