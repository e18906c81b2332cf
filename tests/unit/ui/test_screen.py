from __future__ import annotations

import io
import sys
import threading
import time
from typing import TYPE_CHECKING

import pytest

from aes67_sender.logic.codec import decode_snapshot, encode_snapshot
from aes67_sender.ui.outputs import status_outlet
from aes67_sender.ui.screen import JsonScreen, PlainScreen, screen_thread
from aes67_sender.ui.words import status_line
from unit.ui.pictures import picture

if TYPE_CHECKING:
    from aes67_sender.model.snapshot import Snapshot


class Stuck:
    """A terminal somebody has stopped."""

    interval_s = 0.1

    def __init__(self) -> None:
        self.go_on = threading.Event()
        self.shown = 0

    def show(self, _snapshot: Snapshot) -> None:
        self.go_on.wait(30)
        self.shown += 1

    def lost(self, why: str) -> None:
        pass

    def close(self) -> None:
        pass


class Gone(Stuck):
    def show(self, _snapshot: Snapshot) -> None:
        raise BrokenPipeError


def test_json_is_one_line_per_snapshot() -> None:
    out = io.BytesIO()
    with screen_thread(JsonScreen(out, encode_snapshot)) as offer:
        for _ in range(3):
            offer(picture())
    lines = out.getvalue().splitlines()
    assert [decode_snapshot(line) for line in lines] == [picture()] * 3


def test_who_closed_standard_output_is_no_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", None)
    with status_outlet(as_json=True, desk=None) as offer:
        for _ in range(3):
            offer(picture())


def test_plain_text_is_one_line_per_snapshot() -> None:
    out = io.StringIO()
    with screen_thread(PlainScreen(out, status_line, 1.0)) as offer:
        offer(picture())
    assert out.getvalue().count("\n") == 1


def test_a_stopped_terminal_holds_up_nobody() -> None:
    screen = Stuck()
    begun_s = time.monotonic()
    with screen_thread(screen) as offer:
        for _ in range(1000):
            offer(picture())
    assert time.monotonic() - begun_s < 20
    assert screen.shown == 0
    screen.go_on.set()


def test_a_reader_that_is_gone_is_told_to_the_caller() -> None:
    def offer_for_long() -> None:
        with screen_thread(Gone()) as offer:
            for _ in range(1000):
                offer(picture())
                time.sleep(0.01)

    with pytest.raises(BrokenPipeError):
        offer_for_long()
