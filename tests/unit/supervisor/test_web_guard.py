"""Who is answered, by what they say of themselves; and what every answer tells the browser."""

from __future__ import annotations

import asyncio
import platform
from typing import TYPE_CHECKING, Any

import pytest

from aes67_sender.config.model import WebSettings
from aes67_sender.supervisor.web import make_app
from aes67_sender.supervisor.web_guard import names_of, refuse
from unit.supervisor.webserver import TOKEN, MadeUpSender, served, visiting

if TYPE_CHECKING:
    from pathlib import Path

HERE = names_of(WebSettings(), ("127.0.0.1", 8067))
EVERYWHERE = names_of(WebSettings(listen="0.0.0.0:8067", token=TOKEN, names=("Studio.example",)), ("10.0.5.7", 8067))


def headers(host: str, **more: str) -> list[tuple[bytes, bytes]]:
    named = {"host": host, **{key.replace("_", "-"): value for key, value in more.items()}}
    return [(key.encode(), value.encode()) for key, value in named.items()]


@pytest.mark.parametrize("host", ["127.0.0.1:8067", "localhost", "LocalHost:1", "[::1]:8067"])
def test_this_computer_may_be_named_with_any_port(host: str) -> None:
    assert refuse(headers(host), HERE) == ""


@pytest.mark.parametrize(
    "host",
    ["", "evil.example", "10.0.5.7", "127.0.0.1.evil.example", "127.0.0.1:8067@evil", "[::2]", "a b", "localhost:"],
)
def test_nobody_else_may_be_named(host: str) -> None:
    assert "Ask for 127.0.0.1" in refuse(headers(host), HERE)


@pytest.mark.parametrize(
    "host", ["10.0.5.7:8067", "studio.example", "STUDIO.EXAMPLE:443", "127.0.0.1:8067", platform.node(), "localhost"]
)
def test_with_another_address_that_one_and_the_names_of_this_computer_are_welcome(host: str) -> None:
    assert refuse(headers(host), EVERYWHERE) == ""


@pytest.mark.parametrize("host", ["10.0.5.8:8067", "evil.example", "studio.example.evil.example"])
def test_with_another_address_foreign_names_are_still_refused(host: str) -> None:
    assert refuse(headers(host), EVERYWHERE)


def test_addresses_of_ipv6_are_known_in_brackets_and_those_of_ipv4_in_their_clothes() -> None:
    web = WebSettings(listen="[::]:8067", token=TOKEN)
    assert refuse(headers("[fe80::1]:8067"), names_of(web, ("fe80::1%eth0", 8067))) == ""
    assert refuse(headers("10.0.5.7:8067"), names_of(web, ("::ffff:10.0.5.7", 8067))) == ""


@pytest.mark.parametrize(
    ("origin", "welcome"),
    [
        ("http://127.0.0.1:8067", True),
        ("https://127.0.0.1:8067", True),
        ("http://127.0.0.1:3000", False),
        ("http://localhost:8067", False),
        ("http://evil.example", False),
        ("null", False),
        ("", False),
    ],
)
def test_the_origin_must_be_the_host(origin: str, *, welcome: bool) -> None:
    assert (refuse(headers("127.0.0.1:8067", origin=origin), HERE) == "") is welcome


def test_two_hosts_or_a_second_wrong_origin_are_refused() -> None:
    assert refuse([(b"host", b"localhost"), (b"host", b"localhost")], HERE)
    assert refuse([*headers("localhost", origin="http://localhost"), (b"origin", b"http://evil.example")], HERE)


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_what_a_page_of_another_site_loads_is_refused_but_a_link_to_here_is_not(site: str) -> None:
    assert refuse(headers("localhost", sec_fetch_site=site, sec_fetch_dest="image"), HERE)
    assert refuse(headers("localhost", sec_fetch_site=site, sec_fetch_dest="iframe"), HERE)
    assert refuse(headers("localhost", sec_fetch_site=site, sec_fetch_dest="document"), HERE) == ""
    assert refuse(headers("localhost", sec_fetch_site="same-origin", sec_fetch_dest="empty"), HERE) == ""


@pytest.mark.parametrize(
    "path", ["/", "/ui/page.css", "/api/v1/snapshot", "/metrics", "/api/v1/streams/none/sdp", "/nowhere", "/ui/none"]
)
@pytest.mark.parametrize("host", ["127.0.0.1", "evil.example"])
def test_every_answer_tells_the_browser_to_load_from_here_only(tmp_path: Path, path: str, host: str) -> None:
    async def visit() -> None:
        async with visiting(MadeUpSender(tmp_path), host=host) as client:
            answer = await client.get(path)
        assert (answer.status_code == 403) is (host == "evil.example")
        assert answer.headers["content-security-policy"].startswith("default-src 'self'; ")
        assert "unsafe" not in answer.headers["content-security-policy"]
        assert answer.headers["x-frame-options"] == "DENY"
        assert answer.headers["x-content-type-options"] == "nosniff"

    asyncio.run(visit())


def websocket(sender: MadeUpSender, *given: tuple[bytes, bytes]) -> dict[str, Any]:
    """What the application answers to a WebSocket."""
    said: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "websocket.connect"}

    async def send(message: Any) -> None:
        said.append(dict(message))

    scope = {"type": "websocket", "path": "/api/v1/events", "headers": list(given), "server": ("127.0.0.1", 8067)}
    asyncio.run(make_app(sender)({**scope, "query_string": b"", "subprotocols": []}, receive, send))
    return said[-1]


def test_a_websocket_of_another_page_is_closed_before_it_is_opened(tmp_path: Path) -> None:
    sender = MadeUpSender(tmp_path)
    foreign = websocket(sender, *headers("127.0.0.1:8067", origin="http://evil.example"))
    assert (foreign["type"], foreign["code"]) == ("websocket.close", 1008)
    assert "origins" in foreign["reason"]
    renamed = websocket(sender, *headers("evil.example", origin="http://evil.example"))
    assert (renamed["type"], renamed["code"]) == ("websocket.close", 1008)


def test_a_websocket_without_the_token_is_closed_before_it_is_opened(tmp_path: Path) -> None:
    closed = websocket(MadeUpSender(tmp_path, token=TOKEN), *headers("127.0.0.1:8067", origin="http://127.0.0.1:8067"))
    assert (closed["type"], closed["code"]) == ("websocket.close", 1008)
    assert "token" in closed["reason"]


def test_nobody_gets_a_websocket_by_asking_for_an_upgrade(tmp_path: Path) -> None:
    async def visit() -> bytes:
        async with served(make_app(MadeUpSender(tmp_path))) as port:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(
                b"GET /api/v1/snapshot HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
                b"Origin: http://evil.example\r\n\r\n"
            )
            line = await reader.readline()
            writer.close()
            await writer.wait_closed()
            return line

    assert asyncio.run(visit()).startswith(b"HTTP/1.1 403 ")
