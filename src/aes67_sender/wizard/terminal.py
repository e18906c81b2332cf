"""Questions in a terminal: lists to go through with the arrow keys, lines to type."""

from __future__ import annotations

import textwrap
import time
from typing import TYPE_CHECKING, Any, Final

from prompt_toolkit.application import Application
from prompt_toolkit.completion import DummyCompleter, PathCompleter
from prompt_toolkit.filters import Condition
from prompt_toolkit.formatted_text import StyleAndTextTuples
from prompt_toolkit.history import InMemoryHistory
from prompt_toolkit.key_binding import KeyBindings
from prompt_toolkit.layout import ConditionalContainer, FormattedTextControl, HSplit, Layout, Window
from prompt_toolkit.shortcuts import PromptSession
from prompt_toolkit.styles import Style
from rich.console import Console
from rich.text import Text

from aes67_sender.ui.levels import figure, level_style, upright_bar
from aes67_sender.ui.parts import problem_lines
from aes67_sender.units import SILENCE_DBFS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from prompt_toolkit.key_binding.key_processor import KeyPressEvent
    from rich.console import RenderableType

    from aes67_sender.model.levels import Reading
    from aes67_sender.model.problem import Problem
    from aes67_sender.wizard.screen import Choice

Fragments = StyleAndTextTuples
_STYLE: Final = Style.from_dict(
    {
        "mark": "ansicyan bold",
        "title": "bold",
        "pointed": "ansicyan bold",
        "dim": "ansibrightblack",
        "green": "ansigreen",
        "yellow": "ansiyellow",
        "red": "ansired bold",
    }
)
_REDRAW_S: Final = 0.1
#: A meter falls by so much with each redraw, so that the eye can follow.
_FALL_DB: Final = 2.0
_BARS: Final = 8
_PAGE: Final = 8
#: Question and explanation, beside the list.
_LINES_AROUND: Final = 6


class Terminal:
    """A ``Screen`` on standard input and output."""

    def __init__(self) -> None:
        self._console = Console(highlight=False)
        self._history = InMemoryHistory()

    def say(self, *what: RenderableType) -> None:
        """Print it."""
        self._console.print(*what, sep="\n")

    def complain(self, problem: Problem) -> None:
        """In the colours of the live status."""
        self.say(*problem_lines(problem, self._console.width))

    def choose(self, title: str, choices: Sequence[Choice], default: int = 0) -> Any:  # noqa: ANN401  any value
        """A list that vanishes when it is answered."""
        listed = _List(title, choices, default, self._console.width, self._console.height)
        return choices[listed.run()].value

    def write(self, title: str, proposal: str, *, is_path: bool = False) -> str:
        """A line; what is proposed stands there, dim, until something is typed."""
        session: PromptSession[str] = PromptSession(
            style=_STYLE,
            history=self._history,
            erase_when_done=True,
            completer=PathCompleter(expanduser=True) if is_path else DummyCompleter(),
            complete_while_typing=is_path,
        )
        typed: str = session.prompt(
            [("class:mark", "? "), ("class:title", title), ("", ": ")], placeholder=[("class:dim", proposal)]
        )
        return typed.strip()

    def settle(self, title: str, answer: str) -> None:
        """One line, in place of the question."""
        self.say(Text.assemble(("✓ ", "green"), title.rstrip("?"), ": ", (answer, "cyan")))

    def wait(self, seconds: float, line: Callable[[], str]) -> None:
        """With a spinner, which is gone afterwards."""
        until_s = time.monotonic() + seconds
        with self._console.status(line(), spinner="line") as status:
            while time.monotonic() < until_s:
                time.sleep(_REDRAW_S)
                status.update(Text(line()))


class _List:
    """The list of one question while it is being answered."""

    def __init__(self, title: str, choices: Sequence[Choice], default: int, width: int, height: int) -> None:
        self._title = title
        self._choices = choices
        self._pointed = default
        # A Windows console wraps when its last column is written.
        self._width = width - 2
        self._shown = [_Needle(choice.meter) if choice.meter else None for choice in choices]
        rows = max(3, min(len(choices), height - _LINES_AROUND))
        about = Window(
            FormattedTextControl(lambda: [("class:dim", self._about())]), wrap_lines=True, dont_extend_height=True
        )
        self._application: Application[int] = Application(
            layout=Layout(
                HSplit(
                    [
                        Window(FormattedTextControl(self._head), height=1),
                        Window(FormattedTextControl(self._rows, focusable=True, show_cursor=False), height=rows),
                        ConditionalContainer(about, Condition(lambda: bool(self._about()))),
                    ]
                )
            ),
            key_bindings=self._keys(),
            style=_STYLE,
            erase_when_done=True,
            refresh_interval=_REDRAW_S if any(self._shown) else None,
        )

    def run(self) -> int:
        """Have one chosen; its number. Raises KeyboardInterrupt."""
        return self._application.run()

    def _keys(self) -> KeyBindings:
        keys = KeyBindings()
        last = len(self._choices) - 1
        for names, step in (
            (("up", "k", "c-p"), -1),
            (("down", "j", "c-n"), 1),
            (("pageup",), -_PAGE),
            (("pagedown",), _PAGE),
        ):
            for name in names:
                keys.add(name)(self._mover(step, last))
        keys.add("home")(self._mover(-last, last))
        keys.add("end")(self._mover(last, last))

        @keys.add("enter")
        def _(event: KeyPressEvent) -> None:
            event.app.exit(result=self._pointed)

        @keys.add("c-c")
        @keys.add("c-d")
        @keys.add("<sigint>")
        def _(event: KeyPressEvent) -> None:
            event.app.exit(exception=KeyboardInterrupt())

        return keys

    def _mover(self, step: int, last: int) -> Callable[[KeyPressEvent], None]:
        def move(_event: KeyPressEvent) -> None:
            self._pointed = max(0, min(self._pointed + step, last))

        return move

    def _head(self) -> Fragments:
        hint = "↑ ↓ Enter"
        gap = max(2, self._width - len(self._title) - len(hint) - 2)
        return [("class:mark", "? "), ("class:title", self._title), ("", " " * gap), ("class:dim", hint)]

    def _rows(self) -> Fragments:
        rows: Fragments = []
        for number, (choice, needle) in enumerate(zip(self._choices, self._shown, strict=True)):
            pointed = number == self._pointed
            if pointed:
                rows.append(("[SetCursorPosition]", ""))
            rows += [("class:pointed" if pointed else "", f" {'»' if pointed else ' '} {choice.label}")]
            rows += needle.fragments(self._width - len(choice.label) - 5) if needle else []
            rows.append(("", "\n"))
        return rows[:-1]

    def _about(self) -> str:
        choice, needle = self._choices[self._pointed], self._shown[self._pointed]
        why = needle.why if needle else ""
        return textwrap.fill(why or choice.about, self._width - 2, initial_indent="   ", subsequent_indent="   ")


class _Needle:
    """A meter as it moves: it jumps up and falls slowly."""

    def __init__(self, meter: Callable[[], Reading]) -> None:
        self._meter = meter
        self._shown: tuple[float, ...] = ()

    @property
    def why(self) -> str:
        """Why there is nothing to show, if that is so."""
        return self._meter().why

    def fragments(self, width: int) -> Fragments:
        """The meter in ``width`` columns at most; one bar per channel, or per group of channels."""
        reading = self._meter()
        if reading.state != "open":
            words = {"waiting": "…", "opening": "opening …", "failed": "cannot be opened"}[reading.state]
            return [("class:yellow" if reading.state == "failed" else "class:dim", f"  {words}"[:width])]
        peaks = reading.peaks_dbfs or tuple(SILENCE_DBFS for _ in self._shown)
        if len(peaks) != len(self._shown):
            self._shown = peaks
        self._shown = tuple(max(new, old - _FALL_DB) for new, old in zip(peaks, self._shown, strict=True))
        if not self._shown:
            return [("class:dim", "  no sound")]
        bars = _grouped(self._shown)
        drawn = [(_style(level), upright_bar(level)) for level in bars]
        highest = max(self._shown)
        return [("", "  "), *drawn, ("", " " * (_BARS - len(bars))), (_style(highest), f" {figure(highest):>6}")]


def _grouped(peaks: tuple[float, ...]) -> list[float]:
    """At most eight levels: the highest of each group of neighbours."""
    size = -(-len(peaks) // _BARS)
    return [max(peaks[first : first + size]) for first in range(0, len(peaks), size)]


def _style(dbfs: float) -> str:
    return f"class:{level_style(dbfs).rpartition(' ')[2]}"
