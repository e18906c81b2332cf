"""The token is in the config file, and nowhere else: neither in answers nor at the engine."""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import subprocess
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import httpx
import pytest

from aes67_sender.config.load import anchored
from aes67_sender.config.model import WebSettings
from aes67_sender.doctor.context import make_context
from aes67_sender.doctor.examine import redactor_for
from aes67_sender.errors import ConfigError, MachineError
from aes67_sender.logic.codec import encode_line
from aes67_sender.supervisor.client import Door, door_of, fetch_snapshot, set_clock_mode
from aes67_sender.supervisor.document import open_document
from aes67_sender.supervisor.sender import Sender, Setup
from unit.supervisor.test_sender import INTERFACE, free_port, run, sending, setup
from unit.supervisor.webserver import TOKEN

if TYPE_CHECKING:
    from pathlib import Path

OTHER = "another-token-entirely"


def guarded(folder: Path, port: int) -> Setup:
    path = folder / "studio.json"
    web = {"listen": f"127.0.0.1:{port}", "token": TOKEN}
    path.write_text(json.dumps({"streams": [{"id": "s1", "address": "239.69.1.1"}], "web": web}))
    document, _ = open_document(path, [INTERFACE])
    command = setup(folder, port).engine_command
    return Setup(anchored(document.given, folder), INTERFACE, folder, engine_command=command, document=document)


def token_in(folder: Path) -> str | None:
    found: str | None = json.loads((folder / "studio.json").read_text())["web"].get("token")
    return found


def shown(token: str = TOKEN) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


async def answered(client: httpx.AsyncClient, path: str) -> httpx.Response:
    """The first answer with the token, once there is any."""
    while True:
        try:
            return await client.get(path, headers=shown())
        except httpx.TransportError:
            await asyncio.sleep(0.05)


def test_no_answer_holds_it_and_a_config_sent_back_keeps_it(tmp_path: Path) -> None:
    port = free_port()

    async def visit(sender: Sender) -> None:
        await sending(sender)
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=20) as client:
            config = await answered(client, "/api/v1/config")
            assert "token" not in config.json()["web"]
            data = config.json() | {"name": "Renamed"}
            told = [config, await client.put("/api/v1/config", json=data, headers=shown())]
            assert told[-1].status_code == 200
            assert token_in(tmp_path) == TOKEN
            told.append(await client.put("/api/v1/config", json=data, headers=shown()))
            assert told[-1].json()["applied"] == ["Nothing has changed."]
            told.append(await client.patch("/api/v1/streams/s1", json={"mute": True}, headers=shown()))
            told += [await client.get(path, headers=shown()) for path in ("/api/v1/snapshot", "/metrics")]
            wrong = data | {"web": {"token": TOKEN, "listen": 5}}
            told.append(await client.put("/api/v1/config", json=wrong, headers=shown()))
            assert told[-1].status_code == 422
            assert [each.url for each in told if TOKEN in each.text] == []
            # Another one counts at once.
            changed = data | {"web": data["web"] | {"token": OTHER}}
            assert (await client.put("/api/v1/config", json=changed, headers=shown())).status_code == 200
            assert (await client.get("/api/v1/snapshot", headers=shown())).status_code == 401
            assert (await client.get("/api/v1/snapshot", headers=shown(OTHER))).status_code == 200
        assert token_in(tmp_path) == OTHER
        assert OTHER.encode() not in encode_line(sender._link.start)  # type: ignore[union-attr]  # noqa: SLF001  what engines get

    run(guarded(tmp_path, port), visit)


def test_an_address_for_others_cannot_be_had_by_rest_without_one(tmp_path: Path) -> None:
    given = setup(tmp_path, 0, web=False)

    async def visit(sender: Sender) -> None:
        await sending(sender)
        data = sender.live.data()
        with pytest.raises(ConfigError) as caught:
            await sender.live.put(data | {"web": {"listen": "0.0.0.0:8067"}})
        assert [each.path for each in caught.value.problems] == ["web.listen"]

    run(given, visit)


def test_programs_show_it_and_say_what_is_missing(tmp_path: Path) -> None:
    port = free_port()
    url = f"http://127.0.0.1:{port}"

    def ask() -> None:
        with pytest.raises(MachineError, match="wants its token") as caught:
            fetch_snapshot(url)
        assert "AES67_SENDER_TOKEN" in caught.value.hint
        with pytest.raises(MachineError, match="does not take this token") as caught:
            fetch_snapshot(Door(url, OTHER))
        assert OTHER not in f"{caught.value} {caught.value.hint} {Door(url, OTHER)!r}"
        door = door_of(WebSettings(listen=f"127.0.0.1:{port}", token=TOKEN))
        assert door == Door(url, TOKEN)
        assert fetch_snapshot(door).page == f"{url}/"
        assert set_clock_mode(door, "system").provider == "gstreamer"
        status = [sys.executable, "-m", "aes67_sender", "status", "--json", "--url", url]
        for arguments, variable, code in (((), "", 3), (("--token", TOKEN), "", 0), ((), TOKEN, 0), ((), OTHER, 3)):
            environment = {**os.environ, "AES67_SENDER_TOKEN": variable}
            done = subprocess.run(
                [*status, *arguments], env=environment, capture_output=True, text=True, timeout=60, check=False
            )
            assert (done.returncode, TOKEN in done.stdout + done.stderr) == (code, False)

    async def visit(sender: Sender) -> None:
        await sending(sender)
        async with httpx.AsyncClient(base_url=url, trust_env=False, timeout=20) as client:
            await answered(client, "/api/v1/snapshot")
        await asyncio.to_thread(ask)
        # A second sender knows the first by the token they share.
        with pytest.raises(MachineError, match="Another aes67-sender is running"):
            await Sender(replace(guarded(tmp_path, port))).run(lambda _sender: asyncio.sleep(60))

    run(guarded(tmp_path, port), visit)


def test_the_page_is_told_where_it_is_and_not_at_all_without(tmp_path: Path) -> None:
    async def with_any_port(sender: Sender) -> None:
        await sending(sender)
        host, port = sender.snapshot().page.removeprefix("http://").removesuffix("/").split(":")
        assert (host, int(port) > 0) == ("127.0.0.1", True)

    async def without(sender: Sender) -> None:
        await sending(sender)
        assert not sender.snapshot().page

    run(setup(tmp_path, 0), with_any_port)
    run(setup(tmp_path, 0, web=False), without)


def test_offsets_are_remembered_once_a_second(tmp_path: Path) -> None:
    async def visit(sender: Sender) -> None:
        await sending(sender)
        async with asyncio.timeout(30):
            while len(sender.offsets()) < 3:  # noqa: ASYNC110  nobody tells when
                await asyncio.sleep(0.05)
        times_s = [at_s for at_s, _ in sender.offsets()]
        assert all(later - earlier >= 0.99 for earlier, later in itertools.pairwise(times_s))
        assert {offset_ns for _, offset_ns in sender.offsets()} == {-310}

    run(setup(tmp_path, 0, web=False), visit)


def test_the_report_for_others_hides_it(tmp_path: Path) -> None:
    path = tmp_path / "aes67-config.json"
    path.write_text(json.dumps({"streams": [{"address": "239.69.1.1"}], "web": {"token": TOKEN}}))
    context = make_context(path, named=True, interface_name=None, seconds=1)
    assert redactor_for(context).text(f"said {TOKEN}!") == "said <token>!"
    assert TOKEN not in repr(context)
