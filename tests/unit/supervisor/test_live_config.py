"""Changes of the config while a fake engine sends: over HTTP, and by editing the file."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from aes67_sender.config.load import anchored
from aes67_sender.supervisor.document import open_document
from aes67_sender.supervisor.sender import Sender, Setup
from support.interfaces import interface
from unit.supervisor.test_sender import (
    INTERFACE,
    answering,
    free_port,
    mode_is,
    not_there,
    run,
    sending,
    setup,
    until_restarted,
)

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence
    from pathlib import Path

    import httpx

    from aes67_sender.model.interface import Interface

OTHER = interface("eth1", "10.0.6.7", mac="02:00:00:00:00:02")


def data(port: int) -> dict[str, Any]:
    return {
        "name": "Studio PC",
        "sources": [{"id": "tone", "kind": "tone"}, {"id": "jingle", "kind": "file", "path": "a.wav", "channels": 4}],
        "streams": [
            {"id": "s1", "name": "A", "source": "tone", "address": "239.69.1.1"},
            {"name": "B", "source": "jingle", "channels": [1, 2], "address": "239.69.1.2"},
        ],
        "announce": {"sdp_dir": "sdp"},
        "web": {"listen": f"127.0.0.1:{port}"},
    }


def setup_of_file(folder: Path, port: int, behaviour: str = "ok") -> Setup:
    path = folder / "studio.json"
    path.write_text(json.dumps(data(port)))
    document, _ = open_document(path, [INTERFACE])
    command = setup(folder, port, behaviour=behaviour).engine_command
    config = anchored(document.given, folder)
    return Setup(config, INTERFACE, folder / "sdp", engine_command=command, document=document, look=not_there)


def visited(given: Setup, visit: Callable[[Sender, httpx.AsyncClient], Awaitable[None]]) -> None:
    """Run a sender until ``visit`` is through; it sends, and answers, from the start on."""

    async def show(sender: Sender) -> None:
        await sending(sender)
        async with answering(given.config.web.port) as client:
            await visit(sender, client)

    run(given, show)


def engine(sender: Sender) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(sender.snapshot().engine.realtime_why)
    return told


def codes(sender: Sender) -> set[str]:
    return {problem.code for problem in sender.snapshot().problems}


async def until(condition: Callable[[], object], limit_s: float = 30) -> None:
    async with asyncio.timeout(limit_s):
        while not condition():  # noqa: ASYNC110  conditions of any kind
            await asyncio.sleep(0.02)


def test_fields_of_a_stream_are_changed_told_and_written_as_they_were_given(tmp_path: Path) -> None:
    async def visit(sender: Sender, client: httpx.AsyncClient) -> None:
        before = sender.snapshot()
        answer = await client.patch("/api/v1/streams/s2", json={"source": "tone", "gain_db": -6})
        assert answer.status_code == 200
        told = answer.json()
        assert told["stream"]["source"] == "tone"
        assert told["stream"]["channels"] == [1, 2]
        assert told["applied"][:2] == ["Stream s2 takes channels 1, 2 of tone.", "Stream s2 has a gain of -6 dB."]
        assert "studio.json" in told["applied"][2]
        assert "studio.json.bak" in told["applied"][2]
        after = sender.snapshot()
        assert [stream.source for stream in after.streams] == ["tone", "tone"]
        assert [stream.ssrc for stream in after.streams] == [stream.ssrc for stream in before.streams]
        assert [stream.sdp_version for stream in after.streams] == [1, 1]
        assert engine(sender)["configs"] == 1
        assert after.engine.restarts == 0
        written = json.loads((tmp_path / "studio.json").read_text())
        # All else is as it was: paths relative, what was left out still left out.
        wanted = data(sender.config.web.port)
        wanted["streams"][1] |= {"source": "tone", "gain_db": -6}
        assert written == wanted
        assert (tmp_path / "studio.json").read_text().startswith('{\n  "name": "Studio PC",\n')
        assert json.loads((tmp_path / "studio.json.bak").read_text()) == data(sender.config.web.port)

        answer = await client.patch("/api/v1/streams/s2", json={"name": "New"})
        assert sender.snapshot().streams[1].sdp_version == 2
        assert sender.snapshot().streams[0].sdp_version == 1
        assert "s=New" in (tmp_path / "sdp" / "s2.sdp").read_text()
        # What this program wrote itself is no loss: no second backup.
        assert "bak" not in answer.json()["applied"][1]
        assert not (tmp_path / "studio.json.bak-2").exists()

    visited(setup_of_file(tmp_path, free_port()), visit)


def test_a_source_without_those_channels_is_refused_and_nothing_is_changed(tmp_path: Path) -> None:
    async def visit(sender: Sender, client: httpx.AsyncClient) -> None:
        answer = await client.patch("/api/v1/streams/s2", json={"source": "tone", "channels": [3]})
        assert answer.status_code == 422
        assert answer.json() == {
            "problems": [
                {
                    "code": "config.channel",
                    "severity": "error",
                    "text": 'Item 1 of "channels" is 3, but source "tone" has 2 channels.',
                    "hint": "Choose from 1 to 2, or give the source more channels.",
                    "path": "streams[1].channels[0]",
                }
            ]
        }
        assert sender.config.streams[1].source == "jingle"
        assert engine(sender)["configs"] == 0
        assert json.loads((tmp_path / "studio.json").read_text()) == data(sender.config.web.port)

    visited(setup_of_file(tmp_path, free_port()), visit)


REFUSED: list[tuple[str, str, bytes, int, str]] = [
    ("PATCH", "/api/v1/streams/s1", b'{"gian_db": 1}', 422, 'Did you mean "gain_db"?'),
    ("PATCH", "/api/v1/streams/s1", b'{"gain_db": 1, ', 422, "Line 1, column"),
    ("PATCH", "/api/v1/streams/s1", b"\xff", 422, "not UTF-8"),
    ("PATCH", "/api/v1/streams/s1", b"[1]", 422, "are an object"),
    ("PATCH", "/api/v1/streams/s1", b"", 422, "is empty"),
    ("PATCH", "/api/v1/streams/s1", b"[" * 100_000, 422, "nested too deeply"),
    ("PATCH", "/api/v1/streams/s9", b'{"gain_db": 1}', 404, "no stream 's9'"),
    ("PUT", "/api/v1/config", b'{"streams": []}', 422, "nothing would be sent"),
    ("PUT", "/api/v1/config", b'{"deviceMode": "sender", "baseMulticastAddress": "239.1.1.1"}', 422, "Node.js tool"),
    ("PUT", "/api/v1/config", b'"' + b"x" * 1_000_000 + b'"', 413, "larger than 1 MB"),
    ("PUT", "/api/v1/config", b'{"interface": "eth9", "streams": [{"address": "239.69.1.1"}]}', 422, "eth9"),
    ("PUT", "/api/v1/config", b'{"sources": [{"kind": "stdin"}], "streams": [{"address": "239.1.1.1"}]}', 422, "start"),
]


def test_what_is_wrong_is_said_and_nothing_is_changed(tmp_path: Path) -> None:
    async def visit(sender: Sender, client: httpx.AsyncClient) -> None:
        before = sender.config
        for method, path, body, code, said in REFUSED:
            answer = await client.request(method, path, content=body)
            assert answer.status_code == code, (body[:50], answer.text[:300])
            assert said in answer.json().get("detail", json.dumps(answer.json(), ensure_ascii=False)).replace(
                '\\"', '"'
            )
            if code != 404:
                assert all(problem["hint"] for problem in answer.json()["problems"])
        for method, path in (("PUT", "/api/v1/config"), ("PATCH", "/api/v1/streams/s1")):
            for headers in ({"origin": "http://evil.example"}, {"host": "evil.example"}, {"origin": "null"}):
                assert (await client.request(method, path, json={"mute": True}, headers=headers)).status_code == 403
            asked = {"origin": "http://evil.example", "access-control-request-method": method}
            answer = await client.request("OPTIONS", path, headers=asked)
            assert (answer.status_code, "access-control-allow-origin" in answer.headers) == (403, False)
        assert sender.config == before
        assert engine(sender)["configs"] == 0

    visited(setup(tmp_path, free_port()), visit)


def test_a_whole_config_adds_and_removes_streams_and_their_files(tmp_path: Path) -> None:
    async def visit(sender: Sender, client: httpx.AsyncClient) -> None:
        first = sender.snapshot()
        config = (await client.get("/api/v1/config")).json()
        assert config["announce"]["sdp_dir"] == "sdp"
        assert config["sources"][1]["path"] == "a.wav"
        answer = await client.put("/api/v1/config", json=config)
        assert answer.json() == {"applied": ["Nothing has changed."], "config": config}
        assert engine(sender)["configs"] == 0
        assert json.loads((tmp_path / "studio.json").read_text()) == data(sender.config.web.port)

        del config["streams"][0]
        config["streams"].append({"id": "s3", "source": "tone", "address": "239.69.1.3"})
        answer = await client.put("/api/v1/config", json=config)
        assert answer.json()["applied"][:2] == [
            "Stream s3 is sent, to 239.69.1.3:5004.",
            "Stream s1 is no longer sent.",
        ]
        told = sender.snapshot()
        assert [stream.id for stream in told.streams] == ["s2", "s3"]
        assert told.streams[0].ssrc == first.streams[1].ssrc
        assert {path.name for path in (tmp_path / "sdp").iterdir()} == {"s2.sdp", "s3.sdp"}
        assert [stream.state for stream in told.streams] == ["sending", "sending"]
        config["streams"][1]["ssrc"] = 7
        await client.put("/api/v1/config", json=config)
        assert [stream.ssrc for stream in sender.snapshot().streams] == [first.streams[1].ssrc, 7]
        # The next engine goes on with all of this.
        os.kill(engine(sender)["pid"], signal.SIGKILL)
        await until_restarted(sender)
        assert [stream.ssrc for stream in sender.snapshot().streams] == [first.streams[1].ssrc, 7]
        # And so does the next run.
        document, _ = open_document(tmp_path / "studio.json", [INTERFACE])
        assert [stream.id for stream in document.given.streams] == ["s2", "s3"]
        assert document.given.announce.sdp_dir == "sdp"

    visited(setup_of_file(tmp_path, free_port()), visit)


def test_without_a_file_a_change_counts_until_the_end_and_says_so(tmp_path: Path) -> None:
    async def visit(sender: Sender, client: httpx.AsyncClient) -> None:
        told = (await client.patch("/api/v1/streams/s1", json={"mute": True})).json()
        assert told["applied"] == [
            "Stream s1 is muted.",
            "There is no config file: this counts until the end of this run.",
        ]
        told = (await client.patch("/api/v1/streams/s1", json={"enabled": False})).json()
        assert told["applied"][0] == "Stream s1 is no longer sent."
        assert sender.snapshot().streams[0].state == "stopped"
        told = (await client.patch("/api/v1/streams/s1", json={"enabled": True, "id": "x1"})).json()
        assert told["stream"]["id"] == "x1"

    visited(setup(tmp_path, free_port()), visit)


def test_a_file_that_cannot_be_written_is_told_and_the_change_counts(tmp_path: Path) -> None:
    async def visit(sender: Sender, client: httpx.AsyncClient) -> None:
        path = tmp_path / "studio.json"
        text = path.read_text()
        path.unlink()
        path.mkdir()
        told = (await client.patch("/api/v1/streams/s1", json={"mute": True})).json()
        assert "cannot be written" in told["applied"][1]
        assert told["stream"]["mute"] is True
        assert "config.not-written" in codes(sender)
        path.rmdir()
        path.write_text(text)
        await client.patch("/api/v1/streams/s1", json={"mute": False})
        assert "config.not-written" not in codes(sender)

    visited(setup_of_file(tmp_path, free_port()), visit)
    assert [each.name for each in tmp_path.iterdir() if each.name.startswith(".")] == []


@pytest.mark.parametrize("behaviour", ["refusing", "ignorant"])
def test_an_engine_that_cannot_take_it_up_is_replaced_in_words(tmp_path: Path, behaviour: str) -> None:
    async def visit(sender: Sender, client: httpx.AsyncClient) -> None:
        before, first = sender.snapshot(), engine(sender)
        told = (await client.patch("/api/v1/streams/s2", json={"mute": True})).json()
        assert "The engine was replaced" in told["applied"][1]
        after = sender.snapshot()
        assert engine(sender)["pid"] != first["pid"]
        assert (after.state, after.engine.restarts) == ("sending", 0)
        assert not {"engine.died", "engine.replaced"} & codes(sender)
        assert [stream.ssrc for stream in after.streams] == [stream.ssrc for stream in before.streams]
        assert engine(sender)["offsets"] == first["offsets"]
        assert engine(sender)["mapping"]

    visited(setup(tmp_path, free_port(), behaviour=behaviour), visit)


def test_another_interface_needs_another_engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def listed() -> Sequence[Interface]:
        return [OTHER]

    monkeypatch.setattr("aes67_sender.supervisor.live_config.list_interfaces", listed)

    async def visit(sender: Sender, client: httpx.AsyncClient) -> None:
        before = sender.snapshot()
        config = (await client.get("/api/v1/config")).json()
        assert config["interface"] == "eth0"
        answer = await client.put("/api/v1/config", json={**config, "interface": "eth1"})
        assert answer.json()["applied"][0].startswith("For interface the engine is replaced")
        assert engine(sender)["interface"] == "eth1"
        assert "IN IP4 10.0.6.7" in (sender.sdp("s1") or "")
        after = sender.snapshot()
        assert [stream.sdp_version for stream in after.streams] == [2, 2]
        assert [stream.ssrc for stream in after.streams] == [stream.ssrc for stream in before.streams]
        assert after.engine.restarts == 0

    visited(setup(tmp_path, free_port()), visit)


def test_another_address_of_the_interface_is_taken_and_told(tmp_path: Path) -> None:
    now = [INTERFACE]

    async def visit(sender: Sender, client: httpx.AsyncClient) -> None:
        before = sender.snapshot()
        now[0] = replace(INTERFACE, address="10.0.5.99")
        await until(lambda: "IN IP4 10.0.5.99" in (sender.sdp("s1") or ""))
        await until(lambda: engine(sender)["source_address"] == "10.0.5.99")
        after = (await client.get("/api/v1/snapshot")).json()
        assert [stream["ssrc"] for stream in after["streams"]] == [stream.ssrc for stream in before.streams]
        assert after["engine"]["restarts"] == 0

    visited(replace(setup(tmp_path, free_port()), look=lambda _: now[0]), visit)


def test_a_clock_chosen_for_this_run_outlives_other_changes_and_is_not_written(tmp_path: Path) -> None:
    async def visit(sender: Sender, client: httpx.AsyncClient) -> None:
        await client.patch("/api/v1/clock", json={"mode": "system"})
        await client.patch("/api/v1/streams/s1", json={"mute": True})
        assert sender.config.clock.mode == "system"
        assert "clock" not in json.loads((tmp_path / "studio.json").read_text())
        edited = {**data(sender.config.web.port), "clock": {"mode": "builtin"}}
        told = (await client.put("/api/v1/config", json=edited)).json()
        assert "The clock's mode is builtin." in told["applied"]
        await mode_is(sender, "builtin")

    visited(setup_of_file(tmp_path, free_port()), visit)


def test_the_file_is_followed_and_an_invalid_one_changes_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "studio.json"

    async def visit(sender: Sender, client: httpx.AsyncClient) -> None:
        edited = data(sender.config.web.port)
        edited["streams"][0]["mute"] = True
        path.write_text(json.dumps(edited))
        await until(lambda: sender.config.streams[0].mute)
        await until(lambda: engine(sender)["configs"] == 1)
        good = path.read_text()
        path.write_text('{"streams": [{"addres": "239.69.1.1"}]}')
        await until(lambda: "config.invalid" in codes(sender))
        found = [problem for problem in sender.snapshot().problems if problem.code == "config.invalid"]
        assert {problem.path for problem in found} == {"streams[0].address", "streams[0].addres"}
        assert all("studio.json is not taken" in problem.text for problem in found)
        assert sender.config.streams[0].mute
        path.unlink()
        await until(lambda: "config.file-gone" in codes(sender))
        assert "config.invalid" not in codes(sender)
        path.write_text(good)
        await until(lambda: "config.file-gone" not in codes(sender))
        assert engine(sender)["configs"] == 1
        # What this program writes itself is not read back as news.
        await client.patch("/api/v1/streams/s1", json={"mute": False})
        await asyncio.sleep(3.5)
        assert engine(sender)["configs"] == 2

    visited(setup_of_file(tmp_path, free_port()), visit)
    assert len([record for record in caplog.records if "not taken" in record.getMessage()]) == 1


def test_an_edit_by_hand_that_a_request_overtakes_is_kept_as_a_backup(tmp_path: Path) -> None:
    async def visit(_sender: Sender, client: httpx.AsyncClient) -> None:
        await client.patch("/api/v1/streams/s1", json={"mute": True})
        (tmp_path / "studio.json").write_text("by hand")
        told = (await client.patch("/api/v1/streams/s1", json={"mute": False})).json()
        assert "studio.json.bak-2" in told["applied"][1]
        assert (tmp_path / "studio.json.bak-2").read_text() == "by hand"

    visited(setup_of_file(tmp_path, free_port()), visit)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pipes in folders")
def test_a_pipe_in_place_of_the_file_is_not_waited_for(tmp_path: Path) -> None:
    async def visit(sender: Sender, client: httpx.AsyncClient) -> None:
        path = tmp_path / "studio.json"
        path.unlink()
        os.mkfifo(path)
        answer = await client.patch("/api/v1/streams/s1", content=b'{"gain_db": -6}', timeout=10)
        assert answer.status_code == 200
        assert "pipe" in answer.json()["applied"][-1]
        assert "config.not-written" in codes(sender)

    visited(setup_of_file(tmp_path, free_port()), visit)


def test_a_stream_that_is_removed_while_a_change_of_it_waits_is_not_found(tmp_path: Path) -> None:
    async def visit(sender: Sender, client: httpx.AsyncClient) -> None:
        whole = (await client.get("/api/v1/config")).json()
        without = {**whole, "streams": whole["streams"][1:]}
        # Both wait for a third change, in this order.
        async with sender.live._lock:  # noqa: SLF001  no other way makes them wait
            removing = asyncio.create_task(client.put("/api/v1/config", json=without))
            await asyncio.sleep(0.3)
            muting = asyncio.create_task(client.patch("/api/v1/streams/s1", content=b'{"mute": true}'))
            await asyncio.sleep(0.3)
        assert [(await each).status_code for each in (removing, muting)] == [200, 404]

    visited(setup_of_file(tmp_path, free_port()), visit)
