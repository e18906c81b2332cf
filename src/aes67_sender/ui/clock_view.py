"""The clock in words: what the displays of clock and sender have in common, and the plain lines."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Final

from aes67_sender.ui.words import time_span

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from aes67_sender.model.problem import Problem
    from aes67_sender.model.snapshot import ClockStatus, MasterStatus

#: As a conversation goes; what is not listed comes last.
_ORDER: Final = (
    "Announce",
    "Sync",
    "Follow_Up",
    "Delay_Req",
    "Delay_Resp",
    "Pdelay_Req",
    "Pdelay_Resp",
    "Pdelay_Resp_Follow_Up",
    "Management",
    "Signaling",
)
_EXACT_BELOW: Final = 5


@dataclass(frozen=True, slots=True)
class ClockView:
    """The clock ``elapsed_s`` after it was begun to follow it; ``time`` is ISO 8601."""

    time: str
    elapsed_s: float
    interface: str
    clock: ClockStatus
    problems: tuple[Problem, ...] = ()


def own_problems(clock: ClockStatus, problems: Sequence[Problem]) -> list[Problem]:
    """Those that say more than the state, which is shown anyway, and more than another one that quotes them."""
    return [
        problem
        for problem in problems
        if problem.code != f"clock.{clock.state}"
        and not any(problem.text in other.text for other in problems if other.code != problem.code)
    ]


def clock_figures(clock: ClockStatus) -> list[str]:
    """What is known, a short text each: ``offset -310 ns``, ``stamps kernel``."""
    spans = (("offset", clock.offset_ns), ("path", clock.path_delay_ns), ("accuracy", clock.accuracy_ns))
    figures = [f"{label} {time_span(value)}" for label, value in spans if value is not None]
    if clock.media_time_ns is not None:
        figures.append(f"rate {clock.rate_ppm:+.2f} ppm")
    if clock.timestamping != "none":
        figures.append(f"stamps {clock.timestamping}")
    return figures


def steps_words(clock: ClockStatus) -> list[str]:
    """How far the grandmaster is, if there is one: ``1 step away``."""
    if not clock.grandmaster or clock.steps_removed is None:
        return []
    return [f"{clock.steps_removed} {'step' if clock.steps_removed == 1 else 'steps'} away"]


def rate_words(clock: ClockStatus) -> list[str]:
    """Messages per second, as in ``PTP/s in Announce 1 Sync 8 · out Delay_Req 1``; empty for none."""
    seen, sent = _rates(clock.messages_seen), _rates(clock.messages_sent)
    words = ["PTP/s in", *seen] if seen else []
    if sent:
        words += ["· out" if seen else "PTP/s out", *sent]
    return words


def other_masters(clock: ClockStatus) -> list[MasterStatus]:
    """Those that are heard and not followed."""
    return [master for master in clock.masters if not master.followed]


def domain_of(master: MasterStatus) -> str:
    """``domain 5`` or ``PTPv1``, which has no number."""
    return f"domain {master.domain}" if master.version > 1 else f"PTPv{master.version}"


def master_words(master: MasterStatus) -> list[str]:
    """A master in a few words."""
    words = [f"{domain_of(master)}: {master.grandmaster}"]
    if master.address:
        words.append(master.address)
    if master.priority1 is not None:
        words.append(f"priority {priorities(master)}")
    return words


def priorities(master: MasterStatus) -> str:
    """Priority 1 and 2: ``1/128``; ``-`` where they are not known."""
    if master.priority1 is None:
        return "-"
    return f"{master.priority1}/{'-' if master.priority2 is None else master.priority2}"


def change_words(clock: ClockStatus, now: str) -> str:
    """When the clock last changed, and how; without the reason, which is shown anyway. Empty if it never did."""
    change = clock.last_change
    return f"{local_time(change.time, now)} {change.text.partition('. ')[0].rstrip('.')}" if change else ""


def local_time(time: str, now: str) -> str:
    """The time of day here; with the date if that is not today's. ``time`` as it is, if it is none."""
    try:
        then, today = (datetime.fromisoformat(each).astimezone() for each in (time, now))
    except ValueError:
        return time
    return then.strftime("%H:%M:%S" if then.date() == today.date() else "%Y-%m-%d %H:%M:%S")


def packed(words: Iterable[str], width: int, *, gap: str = "  ") -> list[str]:
    """Lines of as many words as fit into ``width`` columns; a word is never broken."""
    lines: list[str] = []
    for word in words:
        if lines and len(lines[-1]) + len(gap) + len(word) <= width:
            lines[-1] += gap + word
        else:
            lines.append(word)
    return lines


class ClockLines:
    """The clock as one line of text per look; a problem follows once, when it is new."""

    def __init__(self) -> None:
        self._told: set[str] = set()

    def __call__(self, view: ClockView) -> str:
        """The line, or more if there is news."""
        clock = view.clock
        shown = [f"by {clock.provider}"] if clock.provider else []
        shown += [f"GM {clock.grandmaster}"] if clock.grandmaster else []
        lines = [
            "  ".join([f"{view.elapsed_s:6.1f} s", f"{clock.state:<12}", *shown, *clock_figures(clock), clock.why])
        ]
        problems = own_problems(clock, view.problems)
        for problem in problems:
            if problem.code not in self._told:
                lines += [f"{problem.severity}: {problem.text}"] + ([f"  → {problem.hint}"] if problem.hint else [])
        self._told = {problem.code for problem in problems}
        return "\n".join(lines)


def _rates(rates: Mapping[str, float]) -> list[str]:
    known = [label for label in _ORDER if label in rates]
    labels = known + sorted(set(rates) - set(known))
    return [f"{label} {round(rates[label], 1 if rates[label] < _EXACT_BELOW else None):g}" for label in labels]
