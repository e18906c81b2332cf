"""Which clock and domain to propose, from the masters that were heard. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from aes67_sender.model.snapshot import MasterStatus
    from aes67_sender.wizard.facts import Facts
    from aes67_sender.wizard.families import Family

#: Mode → what it means, in the order of the question.
MODES: Final = {
    "auto": "the best that works here at any time (recommended)",
    "builtin": "the grandmaster, by this program's own PTP follower only",
    "gstreamer": "the grandmaster, by GStreamer's clock, less exactly",
    "system": "this computer's clock, which ptp4l or the like keeps right",
    "free-run": "no grandmaster: this computer's own clock",
    "grandmaster": "be the grandmaster, where the network has none",
}
#: These have no domain.
LOCAL_MODES: Final = frozenset({"free-run"})
_UNKNOWN: Final = 255
#: Classes of clocks that a satellite receiver or the like keeps right, or did until lately (IEEE 1588 table 5).
_TRACEABLE: Final = frozenset({6, 7, 13, 14})


def usable_masters(masters: Sequence[MasterStatus]) -> list[MasterStatus]:
    """Those that can be followed, the best of each domain first (IEEE 1588 9.3.2.5, as far as the status tells)."""
    return sorted((each for each in masters if each.version > 1), key=_rank)


def propose_domain(masters: Sequence[MasterStatus], family: Family) -> int:
    """The family's own domain where it has a master or nobody has, else that of the best master."""
    usable = usable_masters(masters)
    domains = {each.domain for each in usable}
    if family.domain in domains or not usable:
        return family.domain
    # A clock that something keeps right is what a plant is built around.
    return min(usable, key=lambda each: (each.clock_class not in _TRACEABLE, _rank(each))).domain


def clock_sentences(facts: Facts, family: Family) -> Iterator[str]:
    """What was heard of clocks, and what follows from it."""
    usable = usable_masters(facts.heard.masters)
    for domain in sorted({each.domain for each in usable}):
        best = next(each for each in usable if each.domain == domain)
        more = sum(each.domain == domain for each in usable) - 1
        others = f"; {more} more" if more else ""
        quality = "" if best.clock_class is None else f", class {best.clock_class}"
        yield f"PTP domain {domain}: {best.grandmaster} at {best.address}{quality}{others}."
    if usable and family.domain not in {each.domain for each in usable}:
        yield f"{family.title} uses domain {family.domain} as a rule, and nobody is master there."
    if not usable and any(each.version == 1 for each in facts.heard.masters):
        yield (
            "Only PTP version 1 is heard, which Dante devices speak among themselves: switch AES67 mode on in one of "
            "them, in Dante Controller, so that it is master for version 2 too."
        )
    elif not usable and not facts.heard.problems:
        yield (
            "No PTP master is heard. Sending by this computer's own clock until one comes is fine for players; AES67 "
            "devices need a master. One device of the network can be it, or this computer."
        )
    if facts.daemon:
        yield "A PTP daemon runs on this computer: the mode auto takes the clock that it keeps."


def _rank(master: MasterStatus) -> tuple[object, ...]:
    fields = (master.priority1, master.clock_class, master.priority2)
    return master.domain, *(_UNKNOWN if each is None else each for each in fields), master.grandmaster
