"""Which screen suits which output."""

from __future__ import annotations

import contextlib
import os
import sys
from typing import TYPE_CHECKING, BinaryIO, Final

from aes67_sender.logic.codec import encode_clock, encode_snapshot
from aes67_sender.ui.clipboard import clipboard_of
from aes67_sender.ui.clock_view import ClockLines, ClockView
from aes67_sender.ui.screen import JsonScreen, LiveScreen, PlainScreen, can_draw, screen_thread
from aes67_sender.ui.words import status_line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aes67_sender.model.snapshot import Snapshot
    from aes67_sender.ui.desk import Desk
    from aes67_sender.ui.screen import Outlet, Screen

_STATUS_DRAWN_S: Final = 0.25
_STATUS_LINE_S: Final = 5.0
_CLOCK_DRAWN_S: Final = 0.5
_CLOCK_LINE_S: Final = 1.0


@contextlib.contextmanager
def status_outlet(*, as_json: bool, desk: Desk | None) -> Iterator[Outlet[Snapshot]]:
    """For the status of a whole sender: JSON if that is asked for, else the best that stdout can show.

    Where that is a picture, and stdin a terminal, keys go to the ``desk``; without one there are none.
    """
    with contextlib.ExitStack() as stack:
        if as_json or not can_draw():
            yield stack.enter_context(screen_thread(_status_lines(as_json=as_json)))
            return
        # Rich is for terminals only.
        from aes67_sender.ui.hands import hands_on  # noqa: PLC0415
        from aes67_sender.ui.status_screen import StatusScreen  # noqa: PLC0415

        screen = StatusScreen(_STATUS_DRAWN_S, clipboard_of(os.environ, sys.platform))
        outlet = stack.enter_context(screen_thread(screen))
        if desk is not None:
            stack.enter_context(hands_on(screen, desk, outlet.post))
        yield outlet


def _status_lines(*, as_json: bool) -> Screen[Snapshot]:
    if as_json:
        return JsonScreen(_stdout_octets(), encode_snapshot)
    return PlainScreen(sys.stdout, status_line, _STATUS_LINE_S)


def clock_screen(*, as_json: bool, watch: bool) -> Screen[ClockView]:
    """For the clock alone: JSON if that is asked for, a picture to ``watch`` where stdout can show one, else lines."""
    if as_json:
        return JsonScreen(_stdout_octets(), _encode_view)
    if watch and can_draw():
        from aes67_sender.ui.clock_picture import ClockPicture  # noqa: PLC0415

        return LiveScreen(ClockPicture(), _CLOCK_DRAWN_S)
    return PlainScreen(sys.stdout, ClockLines(), _CLOCK_LINE_S)


def _stdout_octets() -> BinaryIO | None:
    return None if sys.stdout is None else sys.stdout.buffer


def _encode_view(view: ClockView) -> bytes:
    return encode_clock(view.clock, view.problems)
