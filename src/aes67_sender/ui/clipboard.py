"""Text into the clipboard of the terminal's user, also through SSH: the terminal does it when asked by OSC 52."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

#: Whether the terminal does it; most cannot be asked, so it is told from the environment.
Clipboard = Literal["yes", "maybe", "no"]
#: Terminals that ignore it, by the variables they set: macOS's Terminal, those on VTE, the Linux console.
_WITHOUT: Final = (("TERM_PROGRAM", "Apple_Terminal"), ("VTE_VERSION", None), ("TERM", "linux"))
#: These pass it on only where their user has said so (tmux: ``set-clipboard on``).
_MULTIPLEXERS: Final = ("TMUX", "STY")


def copy_sequence(text: str) -> str:
    """What to write to a terminal so that it puts ``text`` into its clipboard."""
    return f"\x1b]52;c;{base64.b64encode(text.encode()).decode('ascii')}\x07"


def clipboard_of(environment: Mapping[str, str], platform: str) -> Clipboard:
    """Whether the terminal takes text into the clipboard; ``platform`` as in ``sys.platform``."""
    for name, value in _WITHOUT:
        if name in environment and (value is None or environment[name] == value):
            return "no"
    if platform == "win32" and "WT_SESSION" not in environment:
        # The old console; Windows Terminal names its session.
        return "no"
    return "maybe" if any(name in environment for name in _MULTIPLEXERS) else "yes"
