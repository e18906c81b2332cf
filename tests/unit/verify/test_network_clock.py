"""PTP time where the ports cannot be had: from the sender on this computer, or not at all, with the reason."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING, NoReturn

from aes67_sender.errors import MachineError
from aes67_sender.logic.codec import encode_snapshot
from aes67_sender.model.snapshot import ClockStatus, EngineStatus, MasterStatus, Snapshot
from aes67_sender.verify.clock import NetworkClock
from support.interfaces import LOOPBACK

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aes67_sender.model.clock import ClockState
    from aes67_sender.model.interface import Interface

MASTER = "00-1d-c1-ff-fe-12-34-56"
MEDIA_NS = 1_796_212_800_000_000_000


def refused(_interface: Interface, _domain: int) -> NoReturn:
    raise MachineError("Another PTP program holds UDP port 319 for itself.")


def snapshot(state: ClockState) -> Snapshot:
    clock = ClockStatus(
        mode="builtin",
        provider="builtin",
        state=state,
        why="It follows the grandmaster.",
        domain=3,
        grandmaster=MASTER,
        steps_removed=1,
        offset_ns=10,
        path_delay_ns=2000,
        rate_ppm=-12.5,
        accuracy_ns=1500,
        timestamping="kernel",
        since_s=9.0,
        anchors=2,
        monotonic_ns=5_000_000_000,
        media_time_ns=MEDIA_NS,
        masters=(MasterStatus(3, MASTER), MasterStatus(-1, "00-1d-c1-00-00-01", version=1)),
    )
    engine = EngineStatus(0, realtime=True, realtime_why="", cpu_percent=1.0)
    return Snapshot(1, "2026-01-01T12:00:00.000Z", 12.0, "Studio", "sending", clock, (), (), engine)


@contextmanager
def serving(body: bytes) -> Iterator[str]:
    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Answer) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


def test_the_senders_own_clock_serves_where_the_ports_cannot_be_had() -> None:
    with serving(encode_snapshot(snapshot("locked"))) as url, NetworkClock(LOOPBACK, 3, url, refused) as clock:
        mapping, accuracy_ns = clock.read()
        facts = clock.facts
    assert mapping is not None
    assert mapping.media_at(6_000_000_000) == MEDIA_NS + 1_000_000_000 - 12_500
    assert accuracy_ns == 1500
    assert (facts.origin, facts.grandmaster, facts.domain, facts.masters) == ("sender", MASTER, 3, ((3, MASTER),))


def test_a_sender_that_follows_nobody_has_no_time_to_give() -> None:
    with serving(encode_snapshot(snapshot("free-running"))) as url, NetworkClock(LOOPBACK, 3, url, refused) as clock:
        assert clock.read()[0] is None
        assert clock.facts.origin == "none"


def test_without_ports_and_sender_there_is_no_time_and_the_reason_is_kept() -> None:
    with NetworkClock(LOOPBACK, 0, "http://127.0.0.1:9", refused) as clock:
        clock.wait(10, lambda: None)
        assert clock.read()[0] is None
        assert "UDP port 319" in clock.facts.why
