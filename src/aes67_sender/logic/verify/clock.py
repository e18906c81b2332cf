"""The clock in the SDP against the clock on the network."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from aes67_sender.logic.verify.findings import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aes67_sender.logic.verify.expectation import Expectation


@dataclass(frozen=True, slots=True)
class ClockFacts:
    """What is known of PTP on the network where the stream was heard.

    ``origin``: a follower of our own, the running sender's clock, or ``none``. ``why`` is one sentence, and says why
    there is no time if there is none. ``masters`` are domain and grandmaster of all that were heard.
    """

    origin: Literal["follower", "sender", "none"] = "none"
    why: str = ""
    grandmaster: str | None = None
    domain: int | None = None
    accuracy_ns: int | None = None
    masters: tuple[tuple[int, str], ...] = ()


def clock_findings(expected: Expectation, clock: ClockFacts) -> Iterator[Finding]:
    """The verdicts on ``ts-refclk`` and ``mediaclk``."""
    yield _reference(expected, clock)
    yield _media_clock(expected)


def _reference(expected: Expectation, clock: ClockFacts) -> Finding:
    code, title = "clock-identity", "Clock"
    if expected.reference == "none":
        text = "The SDP has no ts-refclk: receivers do not know which clock the stamps follow."
        return Finding(code, title, "warn", text, "AES67 8.2 demands it.")
    if expected.reference == "local":
        text = "The SDP names the sender's own clock: it follows no grandmaster."
        return Finding(
            code, title, "warn", text, "Dante and most AES67 receivers play only what follows their grandmaster."
        )
    heard = [(domain, identity.lower()) for domain, identity in clock.masters]
    if clock.grandmaster and clock.domain is not None:
        heard.append((clock.domain, clock.grandmaster.lower()))
    if not heard:
        why = clock.why or "No PTP master was heard."
        return Finding(code, title, "unknown", f"The SDP's clock was not compared: {why}")
    if expected.reference == "traceable":
        return Finding(code, title, "pass", "The SDP promises traceable time; a grandmaster is heard.")
    return _named(expected, clock, heard)


def _named(expected: Expectation, clock: ClockFacts, heard: list[tuple[int, str]]) -> Finding:
    wanted = (expected.grandmaster or "").lower()
    domains = sorted({domain for domain, _ in heard})
    if expected.domain is not None and expected.domain not in domains:
        text = f"The SDP names domain {expected.domain}; masters are heard on {', '.join(map(str, domains))} only."
        return Finding("clock-domain", "Clock", "fail", text, "Set one PTP domain in sender and receivers.")
    here = [identity for domain, identity in heard if expected.domain in (None, domain)]
    followed = (clock.grandmaster or "").lower()
    best = followed if followed in here else here[0]
    if wanted != best:
        text = f"The SDP names grandmaster {wanted}; the network follows {best}."
        hint = "The SDP is out of date, or the sender follows another network's clock: let it announce its stream anew."
        return Finding("clock-identity", "Clock", "fail", text, hint)
    where = "" if expected.domain is None else f", domain {expected.domain}"
    return Finding("clock-identity", "Clock", "pass", f"Grandmaster {wanted}{where}, as on the network.")


def _media_clock(expected: Expectation) -> Finding:
    code, title = "mediaclk", "Media clock"
    figures = {"offset_frames": expected.mediaclk_offset}
    if not expected.mediaclk_told:
        text = "The SDP has no mediaclk; its offset is taken for 0."
        return Finding(code, title, "warn", text, "Add a=mediaclk:direct=0 (AES67 8.3).", figures)
    if expected.mediaclk_offset is None:
        text = "The media clock is the sender's own: stamps say nothing of PTP time."
        return Finding(code, title, "warn", text, "Lock the sender to the grandmaster.", figures)
    if expected.mediaclk_offset:
        text = f"Stamps are {expected.mediaclk_offset} off PTP time, as the SDP says."
        return Finding(code, title, "warn", text, "AES67 allows it, ST 2110-10 demands direct=0.", figures)
    return Finding(code, title, "pass", "direct=0.", figures=figures)
