"""Configs changed while a real transmit loop sends over the loopback interface."""

from __future__ import annotations

import contextlib
import socket
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import psutil
import pytest

from aes67_sender.engine import studio as studio_module
from aes67_sender.engine.assembly import make_player
from aes67_sender.engine.transmit.plan import Spare
from aes67_sender.engine.transmit.transmitter import Transmitter
from aes67_sender.errors import SenderError
from support.air import TONES, TONES_HZ, Air, Player, port

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

TWO: dict[str, Any] = {"streams": [{"id": "s1", "source": "low"}, {"id": "s2", "source": "low"}]}


@pytest.fixture(scope="module", autouse=True)
def _compiled() -> None:
    """As an engine does before it starts: compiling may take longer than a test."""
    Transmitter((), ()).prepare()


@pytest.fixture
def ports() -> Iterator[dict[str, socket.socket]]:
    with contextlib.ExitStack() as stack:
        receivers: dict[str, socket.socket] = {}
        while len(receivers) < 3:
            receiver = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
            receiver.bind(("127.0.0.1", 0))
            receiver.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
            receiver.setblocking(False)  # noqa: FBT003
            if port(receiver) % 2 == 0:
                receivers[f"s{len(receivers) + 1}"] = receiver
        yield receivers


@pytest.fixture
def on_air(ports: dict[str, socket.socket]) -> Iterator[Callable[[dict[str, Any]], Air]]:
    running: list[Air] = []

    def begin(data: dict[str, Any]) -> Air:
        air = Air(data, ports)
        running.append(air)
        air.start()
        return air

    yield begin
    for air in running:
        air.studio.stop()
        # Descriptors of a loop that has ended.
        air.studio._outlets.close_all_but((), ())  # noqa: SLF001


def changed(number: int, **settings: Any) -> dict[str, Any]:
    streams = [dict(stream) for stream in TWO["streams"]]
    streams[number] |= settings
    return {"streams": streams}


def test_a_stream_goes_over_to_another_source_and_nothing_else_notices(
    on_air: Callable[[dict[str, Any]], Air],
) -> None:
    air = on_air(TWO)
    air.run(0.6)
    air.forget()
    for number in range(6):
        air.apply(changed(0, source=("high", "low")[number % 2]))
        assert air.studio.is_complete
        air.run(0.15)
    air.apply(changed(0, source="high"))
    air.run(0.6)
    air.assert_unbroken("s1")
    air.assert_unbroken("s2")
    assert air.is_tone("s1", TONES_HZ["high"])
    assert air.is_tone("s2", TONES_HZ["low"])


def test_gains_and_mutes_are_heard(on_air: Callable[[dict[str, Any]], Air]) -> None:
    air = on_air(changed(0, gain_db=-20))
    air.run(0.6)
    air.forget()
    air.run(0.2)
    assert np.abs(air.sound("s1")).max() == pytest.approx(10 ** (-38 / 20), rel=0.01)
    air.apply(changed(0, mute=True))
    air.run(0.2)
    air.forget()
    air.run(0.1)
    assert not air.sound("s1").any()
    assert air.is_tone("s2", TONES_HZ["low"])
    air.assert_unbroken("s1")


def test_streams_come_and_go_beside_others(on_air: Callable[[dict[str, Any]], Air]) -> None:
    air = on_air(TWO)
    air.run(0.6)
    air.forget()
    air.apply({"streams": [TWO["streams"][1], {"id": "s3", "source": "high"}]})
    air.run(0.8)
    air.assert_unbroken("s2")
    air.assert_unbroken("s3")
    assert air.is_tone("s3", TONES_HZ["high"])
    # 10 ms of fade, and what was under way.
    assert len(air.packets["s1"]) < 400
    assert not air.sound("s1")[-48:].any()
    assert {report.id for report in air.studio.transmitter.reports(0.0)} == {"s2", "s3"}


def sockets() -> int:
    return len(psutil.Process().net_connections("udp"))


def test_a_stream_begun_anew_never_overlaps_itself_and_its_old_socket_is_closed(
    on_air: Callable[[dict[str, Any]], Air],
) -> None:
    air = on_air({"streams": [TWO["streams"][0], {**TWO["streams"][1], "ttl": 9}]})
    air.run(0.5)
    before = sockets()
    air.forget()
    air.apply({"streams": [{**TWO["streams"][0], "ttl": 8}, {**TWO["streams"][1], "ttl": 9}]})
    complete = [air.studio.is_complete]
    air.run(1.0)
    assert [*complete, air.studio.is_complete] == [False, True]
    # The same SSRC: a receiver must not get a packet twice.
    numbers = [packet.sequence for packet in air.packets["s1"]]
    assert all(0 < (b - a) % 2**16 < 2**15 for a, b in pairwise(numbers))
    assert air.is_tone("s1", TONES_HZ["low"])
    air.assert_unbroken("s2")
    assert sockets() == before


def test_a_source_with_new_settings_is_heard_without_a_pause(on_air: Callable[[dict[str, Any]], Air]) -> None:
    air = on_air(TWO)
    air.run(0.6)
    air.forget()
    other = [{**TONES[0], "frequency_hz": 700.0}, TONES[1]]
    air.apply({**TWO, "sources": other})
    air.run(1.0)
    air.assert_unbroken("s1")
    assert air.is_tone("s1", 700.0)
    quiet = np.abs(air.sound("s1").reshape(-1, 48)).max(axis=1) < 0.01
    assert not quiet.any()
    # The old run is over, and its ring is free.
    air.run_until(lambda: len(air.studio.transmitter.feeds) == 1)
    air.apply({**TWO, "sources": [*other, {"id": "new", "kind": "tone", "channels": 1, "frequency_hz": 300}]})
    air.apply({**changed(0, source="new"), "sources": [*other, {**TONES[0], "id": "new", "frequency_hz": 300}]})
    air.run(1.0)
    air.assert_unbroken("s1")
    assert air.is_tone("s1", 300.0)


def test_a_source_gets_a_ring_for_another_rate_and_loses_it_when_nobody_takes_it(
    on_air: Callable[[dict[str, Any]], Air],
) -> None:
    air = on_air(TWO)
    air.run(0.5)
    air.forget()
    air.apply({"streams": [*TWO["streams"], {"id": "s3", "source": "low", "rate": 96_000}]})
    air.run(0.6)
    assert sorted(feed.rate_hz for feed in air.studio.transmitter.feeds.values()) == [48_000, 96_000]
    assert np.abs(air.sound("s3")[-960:]).max() > 0.1
    air.apply(TWO)
    air.run_until(lambda: len(air.studio.transmitter.feeds) == 1)
    air.assert_unbroken("s1")
    assert air.is_tone("s1", TONES_HZ["low"])


def jack(client: str, **more: Any) -> dict[str, Any]:
    return {"id": "low", "kind": "jack", "channels": 1, "client_name": client, **more}


@pytest.mark.parametrize(("client", "one_after_the_other"), [("same", True), ("other", False)])
def test_two_runs_of_one_device_never_overlap_and_of_others_they_do(
    on_air: Callable[[dict[str, Any]], Air], monkeypatch: pytest.MonkeyPatch, client: str, *, one_after_the_other: bool
) -> None:
    journal: list[str] = []
    names = iter(("first", "second"))

    def make(*_: object, **__: object) -> Player:
        return Player(journal, next(names), ends_after_s=0.3)

    monkeypatch.setattr(studio_module, "make_player", make)
    air = on_air({**TWO, "sources": [jack("same")]})
    air.run(0.4)
    air.forget()
    air.apply({**TWO, "sources": [jack(client, connect=["x"])]})
    air.run(1.5)
    order = ["first ends", "second begins"]
    assert journal == ["first begins", *(order if one_after_the_other else reversed(order))]
    air.assert_unbroken("s1")
    assert air.sound("s1")[-1] == pytest.approx(0.25)
    silent = np.abs(air.sound("s1").reshape(-1, 48)).max(axis=1) < 0.01
    assert silent.any() == one_after_the_other
    assert np.abs(np.diff(air.sound("s1"))).max() < 0.25 / 100


def test_a_source_that_does_not_come_is_waited_for_and_then_silent(
    on_air: Callable[[dict[str, Any]], Air], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(studio_module, "PATIENCE_S", 0.4)
    monkeypatch.setattr(
        studio_module,
        "make_player",
        lambda source, clock, **more: (
            Player([], "mute", plays=False) if source.id == "mute" else make_player(source, clock, **more)
        ),
    )
    air = on_air({**TWO, "sources": [*TONES, jack("x", id="mute")]})
    air.run(0.5)
    air.apply({**changed(0, source="mute"), "sources": [*TONES, jack("x", id="mute")]})
    air.run(0.15)
    assert air.is_tone("s1", TONES_HZ["low"])
    air.run(0.8)
    assert not air.sound("s1")[-480:].any()
    air.assert_unbroken("s1")


def test_a_source_that_no_stream_takes_holds_no_device_until_one_does_and_stays_then(
    on_air: Callable[[dict[str, Any]], Air], monkeypatch: pytest.MonkeyPatch
) -> None:
    journal: list[str] = []

    def make(source: Any, clock: Any, *, used: bool, **more: Any) -> Any:
        if source.kind == "jack" and used:
            return Player(journal, "daw")
        return make_player(source, clock, used=used, **more)

    monkeypatch.setattr(studio_module, "make_player", make)
    sources = [*TONES, jack("x", id="daw")]
    air = on_air({**TWO, "sources": sources})
    air.run(0.3)
    assert journal == []
    for source in ("daw", "low", "daw"):
        air.apply({**changed(0, source=source), "sources": sources})
        air.run(0.5)
    assert journal == ["daw begins"]
    assert air.sound("s1")[-1] == pytest.approx(0.25)
    air.apply({**TWO, "sources": TONES})
    air.run_until(lambda: journal == ["daw begins", "daw ends"])
    assert [status.id for status in air.studio.sources()] == ["low", "high"]


def test_what_this_engine_has_no_room_for_is_refused_and_the_rest_goes_on(
    on_air: Callable[[dict[str, Any]], Air], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(studio_module, "Spare", lambda: Spare(0, 0, 0, 0))
    air = on_air(TWO)
    air.run(0.5)
    air.forget()
    with pytest.raises(SenderError, match="no room"):
        air.apply(changed(0, source="high"))
    air.run(0.2)
    air.assert_unbroken("s1")
    assert air.is_tone("s1", TONES_HZ["low"])


def test_a_stream_that_this_engine_has_no_room_for_is_refused(
    on_air: Callable[[dict[str, Any]], Air], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(studio_module, "Spare", lambda: Spare(0, 0, 0, 0))
    air = on_air(TWO)
    air.run(0.2)
    assert air.studio.refused == ""
    air.apply({"streams": [*TWO["streams"], {"id": "s3", "source": "low"}]})
    assert "no room" in air.studio.refused
    air.run(0.2)
    air.assert_unbroken("s1")
