from __future__ import annotations

import time
from typing import TYPE_CHECKING

from aes67_sender.gst import jack, libjack

if TYPE_CHECKING:
    import pytest


class Library:
    """libjack, as far as opening and closing go; keeps what was called, and when."""

    def __init__(self, activation: int) -> None:
        self.calls: list[tuple[str, float]] = []
        self._activation = activation

    def jack_client_open(self, *_: object) -> int:
        return 1

    def jack_activate(self, _: int) -> int:
        self.calls.append(("activate", time.monotonic()))
        return self._activation

    def jack_client_close(self, _: int) -> int:
        self.calls.append(("close", time.monotonic()))
        return 0


def closed(activation: int, monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, float]]:
    library = Library(activation)
    monkeypatch.setattr(libjack, "load", lambda: library)
    control = jack.JackControl("studio")
    control.close()
    control.close()
    return library.calls


def test_a_connection_is_closed_only_when_libjack_has_dealt_with_all_news(monkeypatch: pytest.MonkeyPatch) -> None:
    assert [name for name, _ in closed(0, monkeypatch)] == ["activate", "close"]


def test_a_connection_to_a_dead_server_is_closed_after_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    (_, asked_s), (name, closed_s) = closed(-1, monkeypatch)
    assert name == "close"
    assert closed_s - asked_s > 0.05
