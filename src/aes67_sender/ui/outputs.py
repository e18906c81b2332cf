"""Which screen suits which output."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Final

from aes67_sender.logic.codec import encode_clock, encode_snapshot
from aes67_sender.ui.clock_view import ClockLines, ClockView
from aes67_sender.ui.screen import JsonScreen, LiveScreen, PlainScreen, can_draw
from aes67_sender.ui.words import status_line

if TYPE_CHECKING:
    from aes67_sender.model.snapshot import Snapshot
    from aes67_sender.ui.screen import Screen

_STATUS_DRAWN_S: Final = 0.25
_STATUS_LINE_S: Final = 5.0
_CLOCK_DRAWN_S: Final = 0.5
_CLOCK_LINE_S: Final = 1.0


def status_screen(*, as_json: bool) -> Screen[Snapshot]:
    """For the status of a whole sender: JSON if that is asked for, else the best that stdout can show."""
    if as_json:
        return JsonScreen(sys.stdout.buffer, encode_snapshot)
    if can_draw():
        from aes67_sender.ui.live import StatusPicture  # noqa: PLC0415  Rich is for terminals only

        return LiveScreen(StatusPicture(), _STATUS_DRAWN_S)
    return PlainScreen(sys.stdout, status_line, _STATUS_LINE_S)


def clock_screen(*, as_json: bool, watch: bool) -> Screen[ClockView]:
    """For the clock alone: JSON if that is asked for, a picture to ``watch`` where stdout can show one, else lines."""
    if as_json:
        return JsonScreen(sys.stdout.buffer, _encode_view)
    if watch and can_draw():
        from aes67_sender.ui.clock_picture import ClockPicture  # noqa: PLC0415

        return LiveScreen(ClockPicture(), _CLOCK_DRAWN_S)
    return PlainScreen(sys.stdout, ClockLines(), _CLOCK_LINE_S)


def _encode_view(view: ClockView) -> bytes:
    return encode_clock(view.clock, view.problems)
