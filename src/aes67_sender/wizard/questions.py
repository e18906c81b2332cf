"""The questions, as data: what is asked, from what to choose, and where the config would find fault with an answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from aes67_sender.wizard.addresses import taken_by
from aes67_sender.wizard.clocks import LOCAL_MODES, MODES, clock_sentences, usable_masters
from aes67_sender.wizard.families import FAMILIES
from aes67_sender.wizard.plan import build
from aes67_sender.wizard.screen import Choice

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from aes67_sender.model.interface import Interface
    from aes67_sender.wizard.facts import Answers, Facts

Key = Literal["interface", "profile", "mode", "domain", "sources", "per_stream", "base_address", "name"]


@dataclass(frozen=True, slots=True)
class Question:
    """One question. ``key`` names its answer in ``Given``.

    ``paths`` matches the places of the config in which a wrong answer is found. Without ``choices`` a line is to be
    written, for which ``proposal`` says what an empty one means. ``before`` are sentences to say first.
    """

    key: Key
    title: str
    label: str
    paths: str
    choices: Callable[[Facts, Answers], list[Choice]] | None = None
    proposal: Callable[[Facts, Answers], str] | None = None
    before: Callable[[Facts, Answers], Iterable[str]] | None = None
    applies: Callable[[Facts, Answers], bool] = lambda _facts, _answers: True
    is_number: bool = False


def _interfaces(facts: Facts, answers: Answers) -> list[Choice]:
    shown = [each for each in facts.interfaces if not each.loopback or each.name == answers.interface]
    wide = max((len(each.name) for each in shown), default=0)
    return [
        Choice(
            each.name,
            f"{each.name:<{wide}}  {each.address or 'no IPv4 address':<15}  {_remarks(each)}".rstrip(),
            short=f"{each.name} ({each.address})",
        )
        for each in sorted(shown, key=lambda each: _rank(each, facts))
    ]


def _rank(interface: Interface, facts: Facts) -> tuple[object, ...]:
    usable = interface.up and interface.address is not None
    best = interface.name == facts.best_interface
    return not usable, interface.loopback, not best, interface.virtual, interface.wireless, interface.name


def _remarks(interface: Interface) -> str:
    cable = "" if interface.virtual or interface.loopback or interface.wireless else "wired"
    remarks = (
        "" if interface.up else "down",
        "loopback: nobody else hears it" if interface.loopback else "",
        "wireless: expect drop-outs" if interface.wireless else "",
        "virtual" if interface.virtual else cable,
        f"{interface.speed_mbps} Mbit/s" if interface.speed_mbps else "",
        "no multicast" if not interface.multicast else "",
    )
    return ", ".join(filter(None, remarks))


def _families(_facts: Facts, _answers: Answers) -> list[Choice]:
    return [Choice(family.key, family.title, family.about) for family in FAMILIES.values()]


def _modes(facts: Facts, answers: Answers) -> list[Choice]:
    wide = max(map(len, MODES))
    yields = any(each.domain == answers.domain for each in usable_masters(facts.heard.masters))
    more = {"grandmaster": "One is heard already: this computer would wait until that is gone." if yields else ""}
    return [Choice(mode, f"{mode:<{wide}}  {about}", more.get(mode, ""), short=mode) for mode, about in MODES.items()]


def _clocks(facts: Facts, answers: Answers) -> Iterable[str]:
    return clock_sentences(facts, FAMILIES[answers.profile])


def _per_stream(facts: Facts, answers: Answers) -> str:
    if answers.per_stream is not None:
        return str(answers.per_stream)
    count = len(facts.existing.config.streams) if facts.existing else 0
    return "as it is: 1 stream" if count == 1 else f"as it is: {count} streams"


def _base(facts: Facts, answers: Answers) -> str:
    return str(build(facts, answers)["streams"][0]["address"])


def _others(facts: Facts, answers: Answers) -> Iterable[str]:
    taken = taken_by(facts, answers.interface)
    if taken:
        count = "1 address is" if len(taken) == 1 else f"{len(taken)} addresses are"
        yield f"{count} in use by sessions of others; they are left out."


QUESTIONS: Final = (
    Question(
        "interface",
        "Which network interface leads to the audio network?",
        "Interface",
        r"interface|streams.*packet_time_us",
        _interfaces,
    ),
    Question("profile", "What receives the streams?", "Receivers", r"announce\..*", _families),
    Question("mode", "Which clock?", "Clock", r"clock\.mode", _modes, before=_clocks),
    Question(
        "domain",
        "PTP domain",
        "PTP domain",
        r"clock\.domain",
        proposal=lambda _facts, answers: str(answers.domain),
        applies=lambda _facts, answers: answers.mode not in LOCAL_MODES,
        is_number=True,
    ),
    Question("sources", "Where does the sound come from?", "Sources and channels", r"sources.*"),
    Question(
        "per_stream",
        "Channels per stream",
        "Channels per stream",
        r"per_stream|streams\[\d+\]\.(channels.*|packet_time_us)",
        proposal=_per_stream,
        is_number=True,
    ),
    Question(
        "base_address",
        "First multicast address",
        "Multicast addresses",
        r"streams\[\d+\]\.address",
        proposal=_base,
        before=_others,
    ),
    Question("name", "Name of this sender", "Name", r"name", proposal=lambda _facts, answers: answers.name),
)
