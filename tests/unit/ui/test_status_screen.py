"""The screen with a desk that answers, refuses or is slow; what is drawn is kept as text."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from rich.console import Console

from aes67_sender.errors import ConfigError, MachineError
from aes67_sender.model.problem import Problem
from aes67_sender.ui import hands, status_screen
from aes67_sender.ui.keys import RESUMED
from aes67_sender.ui.status_screen import StatusScreen
from unit.ui.pictures import picture

if TYPE_CHECKING:
    from collections.abc import Callable

    from aes67_sender.model.snapshot import Snapshot
    from aes67_sender.ui.clipboard import Clipboard
    from aes67_sender.ui.status_screen import Outcome


class Paper:
    """Stands for the terminal."""

    def __init__(self, draw: Callable[[Snapshot, int, int], object], interval_s: float) -> None:
        self.interval_s = interval_s
        self.pictures: list[str] = []
        self.sent: list[str] = []
        self.wiped = 0
        self._draw = draw

    def show(self, item: Snapshot) -> None:
        console = Console(width=100, height=30, color_system=None)
        with console.capture() as capture:
            console.print(self._draw(item, 100, 30))
        self.pictures.append(capture.get())

    def wipe(self) -> None:
        self.wiped += 1

    def send(self, sequence: str) -> None:
        self.sent.append(sequence)

    def close(self) -> None:
        pass


class Desk:
    quit_question = ""

    def __init__(self) -> None:
        self.done: list[object] = []

    def set_clock_mode(self, mode: str) -> str:
        self.done.append(mode)
        return f"Follows {mode}."

    def enable_stream(self, stream_id: str, *, enabled: bool) -> str:
        self.done.append((stream_id, enabled))
        return "It is done."

    def sdp(self, stream_id: str) -> str:
        return f"v=0\r\ns={stream_id}\r\n"

    def quit(self) -> None:
        self.done.append("quit")


class Rig:
    """A screen whose errands are done when asked to."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, clipboard: Clipboard = "yes") -> None:
        monkeypatch.setattr(status_screen, "LiveScreen", Paper)
        self.screen = StatusScreen(0.25, clipboard)
        self.desk = Desk()
        self.errands: list[Callable[[], Outcome]] = []
        self.screen.attend(self.desk, self.errands.append)

    @property
    def paper(self) -> Paper:
        paper = self.screen._live  # noqa: SLF001  the stand-in
        assert isinstance(paper, Paper)
        return paper

    def press(self, *keys: str) -> str:
        for key in keys:
            self.screen.press(key)
        return self.paper.pictures[-1]

    def do_errands(self) -> str:
        while self.errands:
            self.screen.outcome(self.errands.pop(0)())
        return self.paper.pictures[-1]


def test_keys_before_the_first_snapshot_are_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    rig = Rig(monkeypatch)
    rig.screen.press("q")
    assert (rig.desk.done, rig.paper.pictures) == ([], [])


def test_an_errand_is_given_away_and_its_outcome_told(monkeypatch: pytest.MonkeyPatch) -> None:
    rig = Rig(monkeypatch)
    rig.screen.show(picture(3))
    assert "Asking the sender" in rig.press("m", "2")
    assert rig.desk.done == []
    assert "Follows builtin." in rig.do_errands()
    rig.press("j", "e", "y")
    assert "It is done." in rig.do_errands()
    assert rig.desk.done == ["builtin", ("s2", False)]


def test_a_pause_keeps_the_picture_and_goes_on_with_the_newest(monkeypatch: pytest.MonkeyPatch) -> None:
    rig = Rig(monkeypatch)
    rig.screen.show(picture(1))
    assert "Paused" in rig.press("p")
    for uptime_s in (5000.0, 6000.0):
        rig.screen.show(replace(picture(1), uptime_s=uptime_s))
    assert "up 1:02:03" in rig.paper.pictures[-1]
    assert "up 1:40:00" in rig.press("p")


def test_what_is_lost_is_said_until_it_is_back(monkeypatch: pytest.MonkeyPatch) -> None:
    rig = Rig(monkeypatch)
    rig.screen.show(picture(1))
    rig.screen.lost("Nobody answers.")
    rig.screen.lost("Nobody answers.")
    assert "Nobody answers." in rig.press("j")
    rig.screen.show(picture(1))
    assert "The sender answers again." in rig.paper.pictures[-1]
    assert "Nobody" not in rig.paper.pictures[-1]


@pytest.mark.parametrize(("clipboard", "sent", "shown"), [("yes", 1, False), ("maybe", 1, True), ("no", 0, True)])
def test_an_sdp_is_copied_or_shown_or_both(
    monkeypatch: pytest.MonkeyPatch, clipboard: Clipboard, sent: int, shown: bool
) -> None:
    rig = Rig(monkeypatch, clipboard)
    rig.screen.show(picture(2))
    rig.press("j", "c")
    text = rig.do_errands()
    assert len(rig.paper.sent) == sent
    assert ("s=s2" in text) == shown
    assert "clipboard" in text


def test_an_sdp_is_shown_under_its_streams_id(monkeypatch: pytest.MonkeyPatch) -> None:
    rig = Rig(monkeypatch)
    rig.screen.show(picture(2))
    rig.press("s")
    assert "SDP of s1" in rig.do_errands()
    assert rig.paper.sent == []
    assert "SDP of s1" not in rig.press("escape")


def test_a_terminal_that_was_away_is_wiped(monkeypatch: pytest.MonkeyPatch) -> None:
    rig = Rig(monkeypatch)
    rig.screen.show(picture(1))
    rig.press(RESUMED)
    assert rig.paper.wiped == 1


def test_leaving_is_done_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    rig = Rig(monkeypatch)
    rig.screen.show(picture(1))
    assert "Leaving" in rig.press("q")
    assert rig.desk.done == ["quit"]


def test_the_last_picture_has_no_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    rig = Rig(monkeypatch)
    rig.screen.show(picture(1))
    rig.screen.close()
    assert "q quit" not in rig.paper.pictures[-1]


class Typist:
    """Keys that are typed when asked for."""

    def __init__(self) -> None:
        self.typed: list[str] = []
        self.closed = False

    def read(self, timeout_s: float) -> tuple[str, ...]:
        if not self.typed:
            time.sleep(min(timeout_s, 0.01))
            return ()
        return (self.typed.pop(0),)

    def close(self) -> None:
        self.closed = True


class RefusingDesk(Desk):
    def set_clock_mode(self, mode: str) -> str:
        raise MachineError(f"No {mode} here.", hint="Take another.")

    def enable_stream(self, stream_id: str, *, enabled: bool) -> str:
        del enabled
        problem = Problem("config.x", "error", f"{stream_id} cannot be.", "Change it.")
        raise ConfigError("No.", problems=(problem,))


def test_refusals_are_told_with_their_remedy_and_the_next_key_is_heard(monkeypatch: pytest.MonkeyPatch) -> None:
    typist, lock = Typist(), threading.Lock()
    monkeypatch.setattr(hands, "open_keys", lambda: typist)
    rig = Rig(monkeypatch)
    rig.screen.show(picture(2))

    def post(call: Callable[[], None]) -> None:
        with lock:
            call()

    def wait_for(text: str) -> None:
        deadline_s = time.monotonic() + 20
        while text not in rig.paper.pictures[-1]:
            assert time.monotonic() < deadline_s, rig.paper.pictures[-1]
            time.sleep(0.01)

    with hands.hands_on(rig.screen, RefusingDesk(), post):
        typist.typed += ["m", "3"]
        wait_for("No gstreamer here. Take another.")
        typist.typed += ["e", "y"]
        wait_for("s1 cannot be. Change it.")
    assert typist.closed
