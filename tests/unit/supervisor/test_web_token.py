"""Who is let in where there is a token; and that it is told to nobody."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

import pytest

from aes67_sender.config.model import WebSettings
from aes67_sender.config.token import token_of
from aes67_sender.supervisor.web_token import Doorkeeper
from unit.supervisor.webserver import TOKEN, MadeUpSender, visiting

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    import httpx

CLOSED = ("/api/v1/snapshot", "/api/v1/config", "/api/v1/events", "/metrics", "/api/openapi.json", "/api/v1/nothing")


def visited(sender: MadeUpSender, visit: Callable[[httpx.AsyncClient], Awaitable[None]]) -> None:
    async def main() -> None:
        async with visiting(sender) as client:
            await visit(client)

    asyncio.run(main())


def test_without_it_only_the_page_is_open_which_holds_nothing(tmp_path: Path) -> None:
    async def visit(client: httpx.AsyncClient) -> None:
        for path in CLOSED:
            answer = await client.get(path)
            assert (answer.status_code, answer.json()) == (401, {"detail": "This sender wants its token."})
            assert answer.headers["www-authenticate"].startswith("Bearer ")
        for path in ("/", "/ui/main.js", "/ui/page.css"):
            assert (await client.get(path)).status_code == 200

    visited(MadeUpSender(tmp_path, token=TOKEN), visit)


def test_programs_show_it_as_a_bearer(tmp_path: Path) -> None:
    async def visit(client: httpx.AsyncClient) -> None:
        for kind in ("Bearer", "bearer"):
            shown = {"Authorization": f"{kind} {TOKEN}"}
            assert (await client.get("/api/v1/snapshot", headers=shown)).status_code == 200
        for wrong in (f"Basic {TOKEN}", TOKEN, "Bearer", f"Bearer {TOKEN}x", f"Bearer {TOKEN[:-1]}"):
            assert (await client.get("/api/v1/snapshot", headers={"Authorization": wrong})).status_code == 401

    visited(MadeUpSender(tmp_path, token=TOKEN), visit)


def test_a_browser_shows_it_once_and_keeps_what_no_script_can_read(tmp_path: Path) -> None:
    async def visit(client: httpx.AsyncClient) -> None:
        answer = await client.post("/api/v1/session", json={"token": TOKEN})
        assert answer.status_code == 204
        cookie = answer.headers["set-cookie"]
        assert {"HttpOnly", "SameSite=strict", "Path=/"} <= set(cookie.split("; "))
        assert f"aes67_sender_{client.base_url.port}=" in cookie
        assert TOKEN not in cookie
        assert (await client.get("/api/v1/snapshot")).status_code == 200
        client.cookies.clear()
        forged = {"Cookie": f"aes67_sender_{client.base_url.port}={TOKEN}"}
        assert (await client.get("/api/v1/snapshot", headers=forged)).status_code == 401

    visited(MadeUpSender(tmp_path, token=TOKEN), visit)


def test_behind_https_the_cookie_never_goes_without(tmp_path: Path) -> None:
    async def visit(client: httpx.AsyncClient) -> None:
        forwarded = {"X-Forwarded-Proto": "https"}
        answer = await client.post("/api/v1/session", json={"token": TOKEN}, headers=forwarded)
        assert "Secure" in answer.headers["set-cookie"].split("; ")

    visited(MadeUpSender(tmp_path, token=TOKEN), visit)


def test_another_token_shuts_out_the_cookies_of_the_old_one(tmp_path: Path) -> None:
    sender = MadeUpSender(tmp_path, token=TOKEN)

    async def visit(client: httpx.AsyncClient) -> None:
        await client.post("/api/v1/session", json={"token": TOKEN})
        assert (await client.get("/api/v1/snapshot")).status_code == 200
        sender.config = MadeUpSender(tmp_path, token="another-token-entirely").config  # noqa: S106  for this test
        assert (await client.get("/api/v1/snapshot")).status_code == 401

    visited(sender, visit)


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"token": 5}', b'{"token": null}', b'{"tokens": "x"}', b"\xff"])
def test_what_is_no_token_at_all_gets_no_cookie(tmp_path: Path, body: bytes) -> None:
    async def visit(client: httpx.AsyncClient) -> None:
        answer = await client.post("/api/v1/session", content=body, headers={"Content-Type": "application/json"})
        assert answer.status_code in {400, 422}
        assert "set-cookie" not in answer.headers

    visited(MadeUpSender(tmp_path, token=TOKEN), visit)


def test_wrong_ones_wait_for_each_other_and_the_right_one_for_nobody(tmp_path: Path) -> None:
    async def visit(client: httpx.AsyncClient) -> None:
        async def guess(number: int) -> tuple[int, float]:
            answer = await client.post("/api/v1/session", json={"token": f"guess number {number}"})
            return answer.status_code, time.monotonic()

        begun_s = time.monotonic()
        guesses = [asyncio.create_task(guess(number)) for number in range(3)]
        await asyncio.sleep(0.1)
        shown = await client.get("/api/v1/snapshot", headers={"Authorization": f"Bearer {TOKEN}"})
        assert shown.status_code == 200
        assert not any(each.done() for each in guesses)
        done = await asyncio.gather(*guesses)
        assert [code for code, _ in done] == [401, 401, 401]
        assert max(at_s for _, at_s in done) - begun_s >= 1.5

    visited(MadeUpSender(tmp_path, token=TOKEN), visit)


def test_a_crowd_of_wrong_ones_is_sent_away() -> None:
    async def main() -> list[int]:
        doorkeeper = Doorkeeper(lambda: TOKEN, wrong_s=0.05)
        answers = await asyncio.gather(*(doorkeeper.slow_down() for _ in range(20)))
        again, _ = await doorkeeper.slow_down()
        return [code for code, _ in answers] + [again]

    codes = asyncio.run(main())
    assert (codes[:-1].count(401), codes[:-1].count(429), codes[-1]) == (8, 12, 401)


def test_without_a_token_everybody_is_let_in_but_nothing_opens_by_an_empty_one() -> None:
    doorkeeper = Doorkeeper(lambda: None)
    assert doorkeeper.lets_all_in
    assert not doorkeeper.knows("")
    assert not doorkeeper.knows_cookie(doorkeeper.cookie())


def test_the_environment_stands_in_for_the_config() -> None:
    assert token_of(WebSettings(), {}) is None
    assert token_of(WebSettings(), {"AES67_SENDER_TOKEN": ""}) is None
    assert token_of(WebSettings(), {"AES67_SENDER_TOKEN": TOKEN}) == TOKEN
    assert token_of(WebSettings(token="that-of-the-config"), {"AES67_SENDER_TOKEN": TOKEN}) == "that-of-the-config"  # noqa: S106  for this test


def test_no_text_about_the_settings_shows_it() -> None:
    web = WebSettings(token=TOKEN)
    assert TOKEN not in f"{web!r} {web}"
