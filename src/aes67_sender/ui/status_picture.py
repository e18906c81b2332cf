"""Every page of the status, snapshot after snapshot, with what peaks and offset were."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rich.console import Group
from rich.styled import Styled
from rich.text import Text

from aes67_sender.ui.clock_picture import render_clock
from aes67_sender.ui.clock_view import ClockView
from aes67_sender.ui.footer import footer, help_lines
from aes67_sender.ui.live import by_severity, head, render
from aes67_sender.ui.offsets import Offsets
from aes67_sender.ui.parts import problem_lines
from aes67_sender.ui.peaks import Holds, hold

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import RenderableType

    from aes67_sender.model.snapshot import Snapshot
    from aes67_sender.ui.view import View

#: How codes of the clock's problems begin.
_OF_CLOCK: Final = ("clock.", "ptp.")


class StatusPicture:
    """Takes snapshot after snapshot, and draws the last one however it is looked at."""

    def __init__(self) -> None:
        self._holds: Holds = {}
        self._offsets = Offsets()

    def take(self, snapshot: Snapshot) -> None:
        """One more snapshot."""
        self._holds = hold(self._holds, snapshot)
        self._offsets.add(snapshot.uptime_s, snapshot.clock.offset_ns)

    def draw(
        self, snapshot: Snapshot, width: int, height: int, *, view: View | None = None, lost: str = ""
    ) -> RenderableType:
        """The picture, less than ``height`` lines high. Without a ``view`` nobody can press a key.

        ``lost`` is why there is no newer snapshot.
        """
        if view is None:
            room = height - bool(lost)
            picture = render(snapshot, width, room, holds=self._holds, offsets=self._offsets)
            return Group(_stale(picture), Text(lost, style="bold red")) if lost else picture
        below = footer(view, width, lost)
        page = self._page(snapshot, width, height - len(below), view)
        return Group(_stale(page) if lost else page, *below)

    def _page(self, snapshot: Snapshot, width: int, height: int, view: View) -> RenderableType:
        match view.page:
            case "overview":
                return render(snapshot, width, height, holds=self._holds, offsets=self._offsets, view=view)
            case "clock":
                # The others have a page of their own.
                problems = tuple(each for each in snapshot.problems if each.code.startswith(_OF_CLOCK))
                clock = ClockView(snapshot.time, snapshot.uptime_s, snapshot.name, snapshot.clock, problems)
                return render_clock(clock, width, height, self._offsets)
            case "problems":
                lines = [line for each in by_severity(snapshot.problems) for line in problem_lines(each, width)]
                return _scrolled(head(snapshot, "problems"), lines or [Text("All is well.")], height, view.top)
            case "sdp":
                lines = [Text(piece) for line in view.sdp.splitlines() for piece in _pieces(line, width)]
                return _scrolled(head(snapshot, f"SDP of {view.sdp_of}"), lines, height, view.top)
            case "help":
                return _scrolled(head(snapshot, "keys"), help_lines(width), height, view.top)


def _stale(page: RenderableType) -> RenderableType:
    """What was, and perhaps is no more."""
    return Styled(page, "dim")


def _pieces(line: str, width: int) -> list[str]:
    return [line[at : at + width] for at in range(0, len(line), width)] or [""]


def _scrolled(title: Text, lines: Sequence[Text], height: int, top: int) -> RenderableType:
    """A title, and as many lines as there is room for, from the line ``top`` on."""
    # The title, a blank line, a line that says what is left out, and the one that the terminal needs.
    rows = max(1, height - 4)
    top = max(0, min(top, len(lines) - rows))
    below = len(lines) - top - rows
    rest = [Text(f"… {below} lines more" if below > 0 else f"… {top} lines above", style="dim")]
    return Group(title, Text(), *lines[top : top + rows], *(rest if len(lines) > rows else []))
