"""The RTSP server and client over TCP on this machine."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, cast

import pytest

from aes67_sender.logic.rtsp_server import Catalogue, Offer
from aes67_sender.net.listen import listen, port_of
from aes67_sender.net.rtsp_client import DescribeError, describe
from aes67_sender.supervisor.rtsp import Limits, RtspServer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

HOST = "127.0.0.1"
OFFER = Offer("s1", ("Mix",), "v=0\r\ns=Mix\r\n", HOST, "239.1.2.3", 5004, 32)
OPTIONS = b"OPTIONS * RTSP/1.0\r\nCSeq: 1\r\n\r\n"
DESCRIBE = b"DESCRIBE /by-id/s1 RTSP/1.0\r\nCSeq: 1\r\n\r\n"
WITHIN_S = 20


@contextlib.asynccontextmanager
async def serving(limits: Limits | None = None, *offers: Offer) -> AsyncIterator[tuple[RtspServer, int]]:
    listening = listen(HOST, 0)
    port = port_of(listening)
    catalogue = Catalogue(offers or [OFFER], address=HOST, port=port)
    server = RtspServer(lambda: catalogue, limits)
    await server.start(listening)
    try:
        yield server, port
    finally:
        await server.close()


@contextlib.asynccontextmanager
async def connected(port: int) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    reader, writer = await asyncio.open_connection(HOST, port)
    try:
        yield reader, writer
    finally:
        writer.transport.abort()


def run(body: Callable[[], Awaitable[None]]) -> None:
    async def bounded() -> None:
        async with asyncio.timeout(WITHIN_S):
            await body()

    asyncio.run(bounded())


def test_the_client_fetches_what_the_server_offers() -> None:
    async def body() -> None:
        async with serving() as (_, port):
            assert await describe(f"rtsp://{HOST}:{port}/by-name/Mix") == OFFER.sdp.encode()
            assert await describe(f"rtsp://{HOST}:{port}/by-id/s1", local_address=HOST) == OFFER.sdp.encode()
            with pytest.raises(DescribeError, match="404 Not Found"):
                await describe(f"rtsp://{HOST}:{port}/by-name/Nobody")

    run(body)


def test_the_client_says_why_it_has_nothing() -> None:
    async def rubbish(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"\0\0\0\0\r\n\r\n")
        writer.close()

    async def silence(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    async def body() -> None:
        for serve, why in ((rubbish, "cannot be asked"), (silence, "did not answer within")):
            server = await asyncio.start_server(serve, HOST, 0)
            port = server.sockets[0].getsockname()[1]
            with pytest.raises(DescribeError, match=why):
                await describe(f"rtsp://{HOST}:{port}/by-id/s1", within_s=0.3)
            server.close()
            await server.wait_closed()
        with pytest.raises(DescribeError, match="cannot be asked"):
            await describe(f"rtsp://{HOST}:{port}/by-id/s1")
        with pytest.raises(DescribeError, match="no RTSP URL"):
            await describe("http://h/")

    run(body)


def test_the_client_follows_one_redirection() -> None:
    async def body() -> None:
        async with serving() as (_, port):

            async def moved(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
                await reader.readuntil(b"\r\n\r\n")
                writer.write(
                    f"RTSP/1.0 302 Moved\r\nCSeq: 1\r\nLocation: rtsp://{HOST}:{port}/by-id/s1\r\n\r\n".encode()
                )
                writer.close()

            server = await asyncio.start_server(moved, HOST, 0)
            old = server.sockets[0].getsockname()[1]
            assert await describe(f"rtsp://{HOST}:{old}/x") == OFFER.sdp.encode()
            server.close()
            await server.wait_closed()

    run(body)


def test_who_has_asked_and_stays_is_told_of_a_change() -> None:
    async def body() -> None:
        async with serving() as (server, port), connected(port) as (reader, writer):
            writer.write(DESCRIBE)
            await reader.readuntil(OFFER.sdp.encode())
            server.announce(OFFER)
            assert b"ANNOUNCE rtsp://" in await reader.readuntil(OFFER.sdp.encode())
            writer.write(b"RTSP/1.0 200 OK\r\nCSeq: 1\r\n\r\n" + OPTIONS)
            assert b"Public" in await reader.readuntil(b"\r\n\r\n")

    run(body)


def test_a_client_that_has_closed_its_half_still_gets_its_answer() -> None:
    async def body() -> None:
        async with serving() as (_, port), connected(port) as (reader, writer):
            writer.write(DESCRIBE)
            writer.write_eof()
            assert (await reader.read()).endswith(OFFER.sdp.encode())

    run(body)


@pytest.mark.parametrize("begun", [b"", b"OPTIONS * RT"])
def test_who_does_not_come_to_the_point_is_told_so_and_dropped(begun: bytes) -> None:
    async def body() -> None:
        async with serving(Limits(request_s=0.2)) as (_, port), connected(port) as (reader, writer):
            writer.write(begun)
            assert (await reader.read()).startswith(b"RTSP/1.0 408")

    run(body)


def test_trickling_does_not_lengthen_the_time_for_a_request() -> None:
    async def body() -> None:
        async with serving(Limits(request_s=0.4)) as (_, port), connected(port) as (reader, writer):
            for octet in b"OPTIONS * RTSP/1.0\r\nX: " + b"y" * 1000:
                if writer.is_closing() or reader.at_eof():
                    break
                writer.write(bytes([octet]))
                await asyncio.sleep(0.01)
            else:
                pytest.fail("it was let to trickle to the end")

    run(body)


def test_who_has_asked_may_be_silent_for_longer_than_a_request_takes() -> None:
    async def body() -> None:
        async with serving(Limits(request_s=0.2)) as (_, port), connected(port) as (reader, writer):
            writer.write(OPTIONS)
            await reader.readuntil(b"\r\n\r\n")
            await asyncio.sleep(0.6)
            writer.write(OPTIONS)
            assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"RTSP/1.0 200")

    run(body)


def test_with_too_many_connections_the_silent_give_way_and_the_newest_is_served() -> None:
    async def body() -> None:
        async with serving(Limits(connections=4, per_peer=4)) as (_, port), contextlib.AsyncExitStack() as stack:
            reader, writer = await stack.enter_async_context(connected(port))
            writer.write(DESCRIBE)
            await reader.readuntil(OFFER.sdp.encode())
            silent = [await stack.enter_async_context(connected(port)) for _ in range(12)]
            assert await describe(f"rtsp://{HOST}:{port}/by-id/s1") == OFFER.sdp.encode()
            with contextlib.suppress(ConnectionError):
                assert await silent[0][0].read() == b""
            writer.write(OPTIONS)
            assert b"Public" in await reader.readuntil(b"\r\n\r\n")

    run(body)


def test_a_client_that_takes_nothing_in_is_dropped_and_holds_up_nobody() -> None:
    large = Offer("s1", ("Mix",), "v=0\r\n" + "a=x\r\n" * 10000, HOST, "239.1.2.3", 5004, 32)

    async def body() -> None:
        async with serving(Limits(write_s=0.3), large) as (server, port), connected(port) as (reader, writer):
            # The kernel takes in some MB for it: ask for more than that.
            writer.write(DESCRIBE * 400)
            cast("asyncio.Transport", writer.transport).pause_reading()
            assert len(await describe(f"rtsp://{HOST}:{port}/by-id/s1")) == len(large.sdp)
            while server.connections:  # noqa: ASYNC110  it tells nobody
                await asyncio.sleep(0.05)
            del reader

    run(body)


def test_closing_ends_all_connections_at_once() -> None:
    async def body() -> None:
        async with serving() as (server, port), connected(port) as (reader, writer):
            writer.write(OPTIONS)
            await reader.readuntil(b"\r\n\r\n")
            await server.close()
            with contextlib.suppress(ConnectionError):
                assert await reader.read() == b""
            with pytest.raises(DescribeError):
                await describe(f"rtsp://{HOST}:{port}/by-id/s1")

    run(body)
