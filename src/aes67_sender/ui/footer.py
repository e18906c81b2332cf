"""The last lines of the screen: what was said or is asked, and the keys."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rich.text import Text

from aes67_sender.ui.clock_view import packed
from aes67_sender.ui.parts import sentence

if TYPE_CHECKING:
    from aes67_sender.ui.view import Page, View

#: Where no line may be broken.
_BLANK: Final = "\N{NO-BREAK SPACE}"
#: What is said may take so many lines.
_MOST_LINES: Final = 3
_SCROLL: Final = ("↑↓ scroll", "esc back")
_KEYS: Final[dict[Page, tuple[str, ...]]] = {
    "overview": (
        "q quit",
        "p pause",
        "↑↓ pick",
        "e on/off",
        "m clock",
        "c copy SDP",
        "s SDP",
        "tab page",
        "? help",
    ),
    "clock": ("q quit", "p pause", "m clock mode", "tab page", "esc back", "? help"),
    "problems": ("q quit", "p pause", *_SCROLL, "tab page", "? help"),
    "sdp": ("q quit", *_SCROLL, "c copy SDP"),
    "help": ("q quit", *_SCROLL),
}
_HELP: Final = (
    ("↑ ↓ PgUp PgDn Home End", "select a stream, or scroll; also k and j"),
    ("e", "stop sending the selected stream, or send it again; the others go on"),
    ("c", "copy its SDP into the terminal's clipboard (OSC 52)"),
    ("s", "show its SDP"),
    ("m", "follow another clock: auto, builtin, gstreamer, system, free-run, grandmaster"),
    ("Tab", "go on to the next page: overview, clock, problems"),
    ("p or Space", "pause the picture; the sender goes on"),
    ("Esc", "back to the overview"),
    ("q", "quit; where this is the sender itself, it asks before"),
    ("Ctrl-C", "quit at once"),
)


def footer(view: View, width: int, lost: str) -> list[Text]:
    """A question, what is wrong with the connection, or what was said last; then the keys of the page."""
    if view.question is not None:
        said, style = view.question.text, "bold yellow"
    elif lost:
        said, style = lost, "bold red"
    elif view.paused:
        said, style = "Paused; p goes on.", "bold yellow"
    else:
        said, style = view.notice, "cyan"
    lines = sentence(said, width, style=style)[:_MOST_LINES] or [Text()]
    return [*lines, Text(packed(_KEYS[view.page], width)[0], style="reverse")]


def help_lines(width: int) -> list[Text]:
    """Every key."""
    widest = max(len(keys) for keys, _ in _HELP) + 2
    lines = []
    for keys, words in _HELP:
        first, *rest = sentence(f"{keys:<{widest}}".replace(" ", _BLANK) + words, width, hanging=" " * widest)
        lines += [Text(first.plain.replace(_BLANK, " ")), *rest]
        lines[-1 - len(rest)].stylize("bold", 0, len(keys))
    return lines
