"""What of the status is looked at, and what a key makes of that: no terminal, no sender."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, Literal, get_args

from aes67_sender.model.clock import ClockMode

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aes67_sender.model.snapshot import StreamStatus

Page = Literal["overview", "clock", "problems", "sdp", "help"]
#: Tab goes through these; the others are asked for by a key of their own.
_ROUND: Final[tuple[Page, ...]] = ("overview", "clock", "problems")
#: The user types the number, from 1 on.
MODES: Final[tuple[ClockMode, ...]] = get_args(ClockMode)
_PAGE_LINES: Final = 10


@dataclass(frozen=True, slots=True)
class SetClock:
    """Follow another clock."""

    mode: str


@dataclass(frozen=True, slots=True)
class Enable:
    """Send a stream, or no longer."""

    stream_id: str
    enabled: bool


@dataclass(frozen=True, slots=True)
class FetchSdp:
    """Get a stream's SDP, to ``copy`` it or to show it."""

    stream_id: str
    copy: bool


@dataclass(frozen=True, slots=True)
class Quit:
    """Leave."""


Command = SetClock | Enable | FetchSdp | Quit


@dataclass(frozen=True, slots=True)
class Question:
    """What the next key answers: ``y`` means the command. Without one, a digit chooses among ``MODES``."""

    text: str
    command: Command | None = None


@dataclass(frozen=True, slots=True)
class View:
    """What is looked at. ``selected`` is the id of a stream, ``top`` the first line of a page that scrolls.

    ``notice`` is what was last said, ``sdp`` the text on the page of that name, ``sdp_of`` the stream it is of.
    """

    page: Page = "overview"
    selected: str = ""
    top: int = 0
    paused: bool = False
    question: Question | None = None
    notice: str = ""
    sdp: str = ""
    sdp_of: str = ""

    def index_in(self, streams: Sequence[StreamStatus]) -> int:
        """The place of the selected stream, 0 where it is gone."""
        return next((index for index, stream in enumerate(streams) if stream.id == self.selected), 0)


def press(view: View, key: str, streams: Sequence[StreamStatus], quit_question: str) -> tuple[View, Command | None]:
    """The view after a key, and what is to be done, if anything. ``quit_question`` is asked before leaving."""
    if view.question is not None:
        return _answer(view, key)
    view = replace(view, notice="")
    stream = streams[view.index_in(streams)] if streams else None
    command: Command | None = None
    match key:
        case "q" if quit_question:
            view = replace(view, question=Question(quit_question, Quit()))
        case "q":
            command = Quit()
        case "m":
            view = replace(view, question=Question(_modes_text()))
        case "e" if stream is not None:
            view, command = _toggle(view, stream)
        case "c" | "s" if stream is not None:
            command = FetchSdp(stream.id, copy=key == "c")
        case _:
            view = _look(view, key, streams)
    return view, command


def _answer(view: View, key: str) -> tuple[View, Command | None]:
    question, view = view.question, replace(view, question=None)
    if question is None or key == "resumed":
        return replace(view, question=question), None
    if question.command is not None:
        return (view, question.command) if key in {"y", "Y"} else (replace(view, notice="Nothing was done."), None)
    if key.isdecimal() and 1 <= int(key) <= len(MODES):
        return view, SetClock(MODES[int(key) - 1])
    return replace(view, notice="The clock's mode stays as it is."), None


def _toggle(view: View, stream: StreamStatus) -> tuple[View, Command | None]:
    if stream.state == "stopped":
        return view, Enable(stream.id, enabled=True)
    text = f"Stop sending {stream.name or stream.id} to {stream.address}? y/n"
    return replace(view, question=Question(text, Enable(stream.id, enabled=False))), None


def _look(view: View, key: str, streams: Sequence[StreamStatus]) -> View:
    """Keys that do nothing to the sender."""
    match key:
        case "p" | "space":
            return replace(view, paused=not view.paused)
        case "tab" | "back tab":
            return _turned(view, 1 if key == "tab" else -1)
        case "escape":
            return replace(view, page="overview", top=0, paused=False)
        case "?" | "h":
            return replace(view, page="overview" if view.page == "help" else "help", top=0)
    return _moved(view, key, streams)


def _turned(view: View, step: int) -> View:
    at = _ROUND.index(view.page) + step if view.page in _ROUND else 0
    return replace(view, page=_ROUND[at % len(_ROUND)], top=0)


def _moved(view: View, key: str, streams: Sequence[StreamStatus]) -> View:
    steps = {
        "up": -1,
        "k": -1,
        "down": 1,
        "j": 1,
        "page up": -_PAGE_LINES,
        "page down": _PAGE_LINES,
        "home": -(10**6),
        "end": 10**6,
    }
    if key not in steps:
        return view
    if view.page != "overview":
        # Who draws the page knows how long it is.
        return replace(view, top=max(0, view.top + steps[key]))
    if not streams:
        return view
    at = min(len(streams) - 1, max(0, view.index_in(streams) + steps[key]))
    return replace(view, selected=streams[at].id)


def _modes_text() -> str:
    return "Clock mode?  " + "  ".join(f"{number} {mode}" for number, mode in enumerate(MODES, start=1))
