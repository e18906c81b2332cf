"""The status of a sender on a terminal, with its keys."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from aes67_sender.ui.clipboard import Clipboard, copy_sequence
from aes67_sender.ui.keys import RESUMED
from aes67_sender.ui.screen import BACK, LiveScreen
from aes67_sender.ui.status_picture import StatusPicture
from aes67_sender.ui.view import Enable, FetchSdp, Quit, SetClock, View, press

if TYPE_CHECKING:
    from collections.abc import Callable

    from rich.console import RenderableType

    from aes67_sender.model.snapshot import Snapshot
    from aes67_sender.ui.desk import Desk
    from aes67_sender.ui.view import Command

_BUSY: Final = "Asking the sender …"


@dataclass(frozen=True, slots=True)
class SdpCame:
    """An SDP that was asked for, to ``copy`` it or to show it."""

    stream_id: str
    text: str
    copy: bool


#: What came of an errand: a sentence, or an SDP.
Outcome = str | SdpCame


class StatusScreen:
    """A ``Screen`` of snapshots. Every call comes from one thread; what may take time is given away as an errand."""

    def __init__(self, interval_s: float, clipboard: Clipboard) -> None:
        self.interval_s = interval_s
        self._clipboard = clipboard
        self._live: LiveScreen[Snapshot] = LiveScreen(self._draw, interval_s)
        self._picture = StatusPicture()
        self._view = View()
        self._desk: Desk | None = None
        self._give: Callable[[Callable[[], Outcome]], None] = lambda _errand: None
        self._newest: Snapshot | None = None
        self._drawn: Snapshot | None = None
        self._lost = ""

    def attend(self, desk: Desk, give: Callable[[Callable[[], Outcome]], None]) -> None:
        """Take keys from now on; ``give`` has errands done elsewhere, and their outcome told by ``outcome``."""
        self._desk, self._give = desk, give

    def show(self, item: Snapshot) -> None:
        """Draw it, unless the picture is paused."""
        if self._lost:
            self._lost, self._view = "", replace(self._view, notice=BACK)
        self._newest = item
        self._picture.take(item)
        self._redraw()

    def lost(self, why: str) -> None:
        """Go on with the last picture, and say so on it."""
        self._lost = why
        self._redraw()

    def press(self, key: str) -> None:
        """A key."""
        if self._desk is None or self._newest is None:
            return
        if key == RESUMED:
            self._live.wipe()
        self._view, command = press(self._view, key, self._newest.streams, self._desk.quit_question)
        if command is not None:
            self._obey(command, self._desk)
        self._redraw()

    def outcome(self, outcome: Outcome) -> None:
        """What came of an errand."""
        if isinstance(outcome, SdpCame):
            self._take_sdp(outcome)
        else:
            self._view = replace(self._view, notice=outcome)
        self._redraw()

    def close(self) -> None:
        """Leave the last picture standing, without keys that nobody hears any more."""
        self._desk = None
        # Should this not be drawn, the terminal must be given back all the same.
        with contextlib.suppress(Exception):
            self._redraw()
        self._live.close()

    def _take_sdp(self, sdp: SdpCame) -> None:
        can = self._clipboard if sdp.copy else "no"
        said = {
            "yes": f"The SDP of {sdp.stream_id} was sent to the terminal's clipboard (OSC 52).",
            "maybe": "It was sent to the terminal's clipboard (OSC 52), which tmux and screen pass on only if set so.",
            "no": "This terminal gives programs no clipboard: select the text." if sdp.copy else "",
        }[can]
        if can != "no":
            self._live.send(copy_sequence(sdp.text))
        if can != "yes":
            self._view = replace(self._view, page="sdp", sdp=sdp.text, sdp_of=sdp.stream_id, top=0)
        self._view = replace(self._view, notice=said)

    def _redraw(self) -> None:
        if not self._view.paused or self._drawn is None:
            self._drawn = self._newest
        if self._drawn is not None:
            self._live.show(self._drawn)

    def _draw(self, snapshot: Snapshot, width: int, height: int) -> RenderableType:
        view = None if self._desk is None else self._view
        return self._picture.draw(snapshot, width, height, view=view, lost=self._lost)

    def _obey(self, command: Command, desk: Desk) -> None:
        if isinstance(command, Quit):
            self._view = replace(self._view, notice="Leaving …")
            desk.quit()
            return
        self._view = replace(self._view, notice=_BUSY)
        self._give(lambda: _carry_out(command, desk))


def _carry_out(command: SetClock | Enable | FetchSdp, desk: Desk) -> Outcome:
    match command:
        case SetClock(mode):
            return desk.set_clock_mode(mode)
        case Enable(stream_id, enabled):
            return desk.enable_stream(stream_id, enabled=enabled)
        case FetchSdp(stream_id, copy):
            return SdpCame(stream_id, desk.sdp(stream_id), copy)
