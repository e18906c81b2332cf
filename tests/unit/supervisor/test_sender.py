"""The whole supervisor around a fake engine, spoken to over real HTTP."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest

from aes67_sender.config.load import parse_data
from aes67_sender.errors import MachineError
from aes67_sender.logic.codec import decode_snapshot
from aes67_sender.net.listen import listen, port_of
from aes67_sender.supervisor.identities import stable_ssrc
from aes67_sender.supervisor.sdp_files import SdpFiles
from aes67_sender.supervisor.sender import Sender, Setup
from aes67_sender.supervisor.web_connections import MOST_CONNECTIONS
from support.interfaces import interface

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from aes67_sender.model.interface import Interface

FAKE = Path(__file__).with_name("fake_engine.py")
INTERFACE = interface()


def not_there(_: str) -> None:
    """Of the made-up interface; whatever this machine has is left alone."""


def setup(folder: Path, port: int, *, web: bool = True, behaviour: str = "ok") -> Setup:
    data = {
        "name": "Studio PC",
        "sources": [{"id": "tone", "kind": "tone"}],
        "streams": [{"id": "s1", "address": "239.69.1.1"}, {"id": "s2", "address": "239.69.1.2", "ssrc": 7}],
        "announce": {"sdp_dir": str(folder)},
        "web": {"listen": f"127.0.0.1:{port}"},
    }
    config = parse_data(data, base_dir=folder)
    command = sys.executable, str(FAKE), behaviour
    return Setup(config, INTERFACE, folder, web, command, look=not_there)


def free_port() -> int:
    with contextlib.closing(listen("127.0.0.1", 0)) as listening:
        return port_of(listening)


def run(given: Setup, visit: Callable[[Sender], Awaitable[None]]) -> None:
    """Run a sender until ``visit`` is through."""

    async def show(sender: Sender) -> None:
        async with asyncio.timeout(60):
            await visit(sender)

    async def main() -> None:
        await Sender(given).run(show)

    asyncio.run(main())


async def sending(sender: Sender) -> None:
    while sender.snapshot().state != "sending":  # noqa: ASYNC110
        await asyncio.sleep(0.02)


@contextlib.asynccontextmanager
async def answering(port: int) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=20) as client:
        while True:
            with contextlib.suppress(httpx.TransportError):
                await client.get("/api/v1/snapshot")
                break
            await asyncio.sleep(0.05)
        yield client


def test_rest_tells_snapshot_config_sdp_and_itself(tmp_path: Path) -> None:
    port = free_port()

    async def visit(sender: Sender) -> None:
        await sending(sender)
        async with answering(port) as client:
            answer = await client.get("/api/v1/snapshot")
            assert answer.headers["content-type"] == "application/json"
            told = decode_snapshot(answer.content)
            assert told.state == "sending"
            assert [stream.ssrc for stream in told.streams][1] == 7
            assert told.streams[0].sdp_version == 1
            config = (await client.get("/api/v1/config")).json()
            assert config["name"] == "Studio PC"
            sdp = await client.get("/api/v1/streams/s1/sdp")
            assert sdp.headers["content-type"].startswith("application/sdp")
            assert "ts-refclk:ptp=IEEE1588-2008:00-1D-C1-FF-FE-12-34-56:0" in sdp.text
            assert sdp.content == (tmp_path / "s1.sdp").read_bytes()
            assert (await client.get("/api/v1/streams/nobody/sdp")).status_code == 404
            paths = (await client.get("/api/openapi.json")).json()["paths"]
            assert {
                "/api/v1/snapshot",
                "/api/v1/config",
                "/api/v1/clock",
                "/api/v1/clock/offsets",
                "/api/v1/events",
                "/api/v1/session",
                "/metrics",
                "/api/v1/discovered",
                "/api/v1/streams/{stream_id}",
                "/api/v1/streams/{stream_id}/sdp",
            } == set(paths)

    run(setup(tmp_path, port), visit)
    # Whoever wants to receive after a restart still finds them.
    assert {path.name for path in tmp_path.iterdir()} == {"s1.sdp", "s2.sdp"}


def test_rest_changes_the_clock_of_this_engine_and_of_the_next(tmp_path: Path) -> None:
    port = free_port()

    async def visit(sender: Sender) -> None:
        await sending(sender)
        async with answering(port) as client:
            for wrong in ({"mode": "sundial"}, {"mode": 5}, {"modus": "auto"}, {}, {"mode": "auto", "x": 1}):
                assert (await client.patch("/api/v1/clock", json=wrong)).status_code == 422
            refusal = (await client.patch("/api/v1/clock", json={"mode": "sundial"})).json()["detail"]
            assert refusal.startswith("There is no clock mode 'sundial'. Choose one of auto, builtin,")
            foreign = {"origin": "http://elsewhere.example"}
            answer = await client.patch("/api/v1/clock", json={"mode": "system"}, headers=foreign)
            assert answer.status_code == 403
            assert (await client.get("/api/v1/config")).json()["clock"]["mode"] == "auto"
            answer = await client.patch("/api/v1/clock", json={"mode": "system"})
            assert answer.status_code == 200
            assert answer.json()["provider"] == "gstreamer"
            await mode_is(sender, "system")
            os.kill(json.loads(sender.snapshot().engine.realtime_why)["pid"], signal.SIGKILL)
            await until_restarted(sender)
            await mode_is(sender, "system")
            assert (await client.get("/api/v1/config")).json()["clock"]["mode"] == "system"

    run(setup(tmp_path, port), visit)


async def mode_is(sender: Sender, mode: str) -> None:
    async with asyncio.timeout(30):
        while sender.snapshot().clock.mode != mode:  # noqa: ASYNC110  the snapshot is folded anew each time
            await asyncio.sleep(0.02)


async def until_restarted(sender: Sender) -> None:
    async with asyncio.timeout(30):
        while not (sender.snapshot().engine.restarts and sender.snapshot().state == "sending"):  # noqa: ASYNC110
            await asyncio.sleep(0.02)


def test_rest_refuses_those_who_come_under_another_name(tmp_path: Path) -> None:
    port = free_port()

    async def visit(_sender: Sender) -> None:
        async with answering(port) as client:
            codes = [
                (await client.get("/api/v1/snapshot", headers=headers)).status_code
                for headers in (
                    {"host": f"127.0.0.1:{port}"},
                    {"host": "localhost:9999"},
                    {"host": "[::1]:8067"},
                    {"host": f"127.0.0.1:{port}", "origin": f"http://127.0.0.1:{port}"},
                    {"host": "evil.example"},
                    {"host": "127.0.0.1.evil.example:8067"},
                    {"host": f"127.0.0.1:{port}", "origin": "http://evil.example"},
                    {"host": f"127.0.0.1:{port}", "origin": "null"},
                    {"host": f"127.0.0.1:{port}", "origin": "http://127.0.0.1:3000"},
                )
            ]
            assert codes == [200, 200, 200, 200, 403, 403, 403, 403, 403]

    run(setup(tmp_path, port), visit)


def test_a_second_sender_says_that_there_is_a_first(tmp_path: Path) -> None:
    port = free_port()

    async def visit(_sender: Sender) -> None:
        async with answering(port):
            pass
        with pytest.raises(MachineError, match=rf"Another aes67-sender is running on 127\.0\.0\.1:{port}") as caught:
            await Sender(setup(tmp_path, port)).run(_for_ever)
        assert caught.value.exit_code == 3
        assert "web" in caught.value.hint
        assert "status" in caught.value.hint

    run(setup(tmp_path, port), visit)


async def _for_ever(_sender: Sender) -> None:
    await asyncio.Event().wait()


@pytest.mark.parametrize("answer", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}", b"220 smtp ready\r\n"])
def test_a_port_that_somebody_else_has_is_named(tmp_path: Path, answer: bytes) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(answer)
        writer.close()

    async def main() -> None:
        async with await asyncio.start_server(talk, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            with pytest.raises(MachineError, match="taken by another program") as caught:
                await Sender(setup(tmp_path, port)).run(_for_ever)
            assert caught.value.exit_code == 3

    asyncio.run(main())


def test_without_web_nothing_listens(tmp_path: Path) -> None:
    port = free_port()

    async def visit(sender: Sender) -> None:
        await sending(sender)
        with contextlib.closing(listen("127.0.0.1", port)):
            pass

    run(setup(tmp_path, port, web=False), visit)


def test_an_engine_killed_shows_in_the_status_and_the_stream_keeps_its_ssrc(tmp_path: Path) -> None:
    async def visit(sender: Sender) -> None:
        await sending(sender)
        before = sender.snapshot()
        engine = json.loads(before.engine.realtime_why)
        os.kill(engine["pid"], signal.SIGKILL)
        while sender.snapshot().engine.restarts == 0:  # noqa: ASYNC110
            await asyncio.sleep(0.005)
        assert sender.snapshot().state == "restarting"
        await sending(sender)
        again = sender.snapshot()
        assert [stream.ssrc for stream in again.streams] == [stream.ssrc for stream in before.streams]
        assert again.streams[0].packets >= before.streams[0].packets
        assert again.streams[0].sdp_version == 1
        assert "engine.replaced" in {problem.code for problem in again.problems}

    run(setup(tmp_path, 0, web=False), visit)


def test_a_folder_that_cannot_be_written_is_a_problem_and_no_failure(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")

    async def visit(sender: Sender) -> None:
        await sending(sender)
        assert "sdp.not-written" in {problem.code for problem in sender.snapshot().problems}
        assert "a=ptime:1" in (sender.sdp("s1") or "")

    given = setup(tmp_path, 0, web=False)
    run(replace(given, sdp_dir=blocked / "sdp"), visit)


def test_an_interface_that_is_gone_is_a_problem_of_the_announcements_and_stops_no_stream(tmp_path: Path) -> None:
    there: list[Interface | None] = [INTERFACE]

    async def visit(sender: Sender) -> None:
        await sending(sender)
        assert "sap.no-interface" not in {problem.code for problem in sender.snapshot().problems}
        there[0] = None
        while "sap.no-interface" not in {problem.code for problem in sender.snapshot().problems}:  # noqa: ASYNC110
            await asyncio.sleep(0.02)
        assert sender.snapshot().state == "sending"
        assert sender.snapshot().engine.restarts == 0

    run(replace(setup(tmp_path, 0, web=False), look=lambda _: there[0]), visit)


def test_ssrcs_stay_over_restarts_and_differ_by_stream_and_host(tmp_path: Path) -> None:
    starts = [Sender(setup(tmp_path, 0, web=False))._start(None) for _ in range(2)]  # noqa: SLF001
    first, second = ([stream.ssrc for stream in start.streams] for start in starts)
    assert first == second
    assert first[1] == 7
    assert len(set(first)) == len(first)
    elsewhere = replace(INTERFACE, mac="02:00:00:00:00:99")
    stream = setup(tmp_path, 0, web=False).config.streams[0]
    assert stable_ssrc(elsewhere, stream) != stable_ssrc(INTERFACE, stream)
    another = stream.model_copy(update={"address": "239.1.2.3"})
    assert stable_ssrc(INTERFACE, another) != stable_ssrc(INTERFACE, stream)
    assert all(0 < ssrc < 2**32 for ssrc in first)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("delay_s", [0.0, 0.2, 1.5])
def test_a_signal_ends_it_at_once_even_while_it_starts(tmp_path: Path, number: signal.Signals, delay_s: float) -> None:
    asked_s = 0.0

    async def visit(_sender: Sender) -> None:
        nonlocal asked_s
        await asyncio.sleep(delay_s)
        asked_s = time.monotonic()
        os.kill(os.getpid(), number)
        await asyncio.Event().wait()

    run(setup(tmp_path, free_port(), behaviour="deaf-mute"), visit)
    # A second is promised; the rest is for a machine that stalls.
    assert time.monotonic() - asked_s < 5


def test_a_duration_ends_it(tmp_path: Path) -> None:
    async def main() -> None:
        await Sender(setup(tmp_path, 0, web=False)).run(_for_ever, 0.3)

    asyncio.run(main())


def test_a_failure_of_rest_leaves_the_streams_on_the_air(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(_: str) -> None:
        raise ImportError("no module named uvicorn")

    monkeypatch.setattr("aes67_sender.supervisor.sender.import_beside", broken)

    async def visit(sender: Sender) -> None:
        await sending(sender)
        while "web.failed" not in {problem.code for problem in sender.snapshot().problems}:  # noqa: ASYNC110
            await asyncio.sleep(0.02)
        assert sender.snapshot().state == "sending"

    run(setup(tmp_path, free_port()), visit)


def test_an_interface_that_cannot_be_looked_at_and_sessions_that_fail_do_not_end_the_streams(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    looks: list[str] = []

    def look(name: str) -> Interface:
        looks.append(name)
        raise OSError(24, "Too many open files")

    def follow(*_: object) -> None:
        raise ValueError("nobody expects this")

    async def visit(sender: Sender) -> None:
        await sending(sender)
        monkeypatch.setattr(SdpFiles, "follow", follow)
        async with asyncio.timeout(30):
            while not looks or "nobody expects" not in caplog.text:  # noqa: ASYNC110  they tell nobody else
                await asyncio.sleep(0.02)
        await asyncio.sleep(0.3)
        assert sender.snapshot().state == "sending"

    run(replace(setup(tmp_path, free_port()), look=look), visit)
    assert "Too many open files" in caplog.text
    assert caplog.text.count("nobody expects") == 1


def test_silent_connections_give_way_and_cost_no_more_than_so_many_files(tmp_path: Path) -> None:
    port = free_port()

    async def visit(sender: Sender) -> None:
        await sending(sender)
        async with answering(port) as client:
            held = [await asyncio.open_connection("127.0.0.1", port) for _ in range(MOST_CONNECTIONS * 2)]
            assert (await client.get("/api/v1/snapshot")).status_code == 200
            first, last = held[0][0], held[-1][0]
            assert await asyncio.wait_for(_ends(first), 10)
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(_ends(last), 0.3)
            gone = [await asyncio.wait_for(_ends(reader), 10) for reader, _ in held[:MOST_CONNECTIONS]]
            assert all(gone)
            for _, writer in held:
                writer.close()

    run(setup(tmp_path, port), visit)


async def _ends(reader: asyncio.StreamReader) -> bool:
    try:
        return await reader.read(1) == b""
    except ConnectionError:
        return True
