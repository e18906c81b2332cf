from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

import pytest

from aes67_sender.gst.bounded import bounded

if TYPE_CHECKING:
    from collections.abc import Iterator

LONG_S = 30.0


@pytest.fixture
def blocked() -> Iterator[threading.Event]:
    """What a hanging call waits for; it is let go in the end."""
    event = threading.Event()
    yield event
    event.set()


def test_it_gives_what_the_call_gives() -> None:
    assert bounded(lambda: "sound", LONG_S) == "sound"


def test_what_the_call_raises_is_raised() -> None:
    with pytest.raises(ZeroDivisionError):
        bounded(lambda: 1 // 0, LONG_S)


def test_a_call_that_hangs_is_left_behind(blocked: threading.Event) -> None:
    assert bounded(blocked.wait, 0.05) is None


def test_only_one_call_of_a_lane_is_left_behind(blocked: threading.Event) -> None:
    lane = threading.Lock()
    assert bounded(blocked.wait, 0.05, lane) is None
    threads = threading.active_count()
    assert [bounded(lambda: "sound", 0.01, lane) for _ in range(20)] == [None] * 20
    assert threading.active_count() == threads


def test_a_lane_is_free_again_when_the_call_returns_at_last(blocked: threading.Event) -> None:
    lane = threading.Lock()
    assert bounded(blocked.wait, 0.05, lane) is None
    blocked.set()
    assert bounded(lambda: "sound", LONG_S, lane) == "sound"


def test_a_lane_is_free_after_an_error() -> None:
    lane = threading.Lock()
    with pytest.raises(ZeroDivisionError):
        bounded(lambda: 1 // 0, LONG_S, lane)
    assert bounded(lambda: "sound", LONG_S, lane) == "sound"


def test_calls_of_a_lane_are_made_one_after_another() -> None:
    lane, inside, most = threading.Lock(), 0, 0

    def call() -> None:
        nonlocal inside, most
        inside += 1
        most = max(most, inside)
        time.sleep(0.01)
        inside -= 1

    callers = [threading.Thread(target=bounded, args=(call, LONG_S, lane)) for _ in range(5)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    assert most == 1
