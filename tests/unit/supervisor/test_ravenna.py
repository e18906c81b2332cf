"""The RAVENNA service on the loopback; the lab has it on a network."""

from __future__ import annotations

import asyncio
import gc
import logging
import os
from dataclasses import replace
from typing import TYPE_CHECKING
from unittest import mock

from zeroconf import DNSIncoming, DNSOutgoing, DNSPointer

from aes67_sender.net.listen import listen, port_of
from aes67_sender.net.mdns.browser import Browser
from aes67_sender.net.mdns.port import RAVENNA_SESSION, SERVICE, open_mdns
from aes67_sender.net.rtsp_client import describe
from aes67_sender.supervisor.ravenna import RavennaService
from aes67_sender.wire.rtsp_url import RtspUrl, by_name
from support.interfaces import LOOPBACK
from support.ravenna_peer import session as session_of

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    import pytest
    from zeroconf.asyncio import AsyncZeroconf

    from aes67_sender.logic.session import Session
    from aes67_sender.net.mdns.browser import Instance

HOST = "127.0.0.1"
WITHIN_S = 20


def session(stream_id: str, name: str, version: int = 1) -> Session:
    return session_of(stream_id, name, version, HOST)


def run(body: Callable[[], Awaitable[None]]) -> None:
    async def bounded() -> None:
        async with asyncio.timeout(WITHIN_S):
            await body()

    asyncio.run(bounded())


async def until(condition: Callable[[], object]) -> None:
    while not condition():  # noqa: ASYNC110  the service tells nobody
        await asyncio.sleep(0.01)


async def fetch(service: RavennaService, name: str) -> str:
    return (await describe(RtspUrl(HOST, service.port, by_name(name)))).decode()


def test_a_session_can_be_fetched_as_it_is_now_by_its_own_name_and_the_announced_one() -> None:
    async def body() -> None:
        service = RavennaService(LOOPBACK, port=0)
        first, second = session("a", "Mix 1.5"), session("b", "Mix 1.5")
        service.follow({"a": first, "b": second})
        await until(lambda: service.port)
        assert dict(service.names) == {"a": "Mix 1.5", "b": "Mix 1.5 (2)"}
        assert await fetch(service, "Mix 1.5") == first.text
        changed = session("b", "Mix 1.5", version=2)
        service.follow({"a": first, "b": changed})
        assert await fetch(service, "Mix 1.5 (2)") == changed.text
        service.follow({"b": session("b", "New", version=3)})
        assert "s=New\r\n" in await fetch(service, "New")
        await service.close()
        assert service.port == 0

    run(body)


def test_who_has_fetched_a_session_is_told_when_it_changes_and_of_no_other() -> None:
    async def body() -> None:
        service = RavennaService(LOOPBACK, port=0)
        service.follow({"a": session("a", "A"), "b": session("b", "B")})
        await until(lambda: service.port)
        reader, writer = await asyncio.open_connection(HOST, service.port)
        writer.write(b"DESCRIBE /by-id/a RTSP/1.0\r\nCSeq: 1\r\n\r\n")
        await reader.readuntil(b"a=mediaclk:sender\r\n")
        service.follow({"a": session("a", "A"), "b": session("b", "B", version=2)})
        service.follow({"a": session("a", "A", version=7), "b": session("b", "B", version=2)})
        told = await reader.readuntil(b"a=mediaclk:sender\r\n")
        assert told.startswith(b"ANNOUNCE rtsp://127.0.0.1:%d/by-name/A RTSP/1.0\r\n" % service.port)
        assert b"o=- %d 7 " % ord("a") in told
        writer.close()
        await service.close()

    run(body)


def test_a_name_that_comes_back_at_once_is_not_taken_for_somebody_elses() -> None:
    async def body() -> None:
        service = RavennaService(LOOPBACK, port=0)
        # Other runs of these tests announce on the same loopback.
        name = f"Mix {os.getpid()}"
        for sessions in ({"a": session("a", name)}, {}, {"a": session("a", name)}):
            service.follow(sessions)
            while len(service.announced) != len(sessions):  # noqa: ASYNC110  likewise
                await asyncio.sleep(0.01)
        assert service.announced == {name}
        await service.close()
        assert service.announced == frozenset()

    run(body)


def test_a_port_that_is_taken_is_replaced_by_another() -> None:
    async def body() -> None:
        taken = listen(HOST, 0)
        service = RavennaService(LOOPBACK, port=port_of(taken))
        service.follow({"a": session("a", "A")})
        await until(lambda: service.port)
        assert service.port != port_of(taken)
        assert "s=A" in await fetch(service, "A")
        await service.close()
        taken.close()

    run(body)


def test_an_address_that_is_not_ours_is_a_problem_until_it_is_ours() -> None:
    async def body() -> None:
        # RFC 5737: nobody has this one.
        service = RavennaService(replace(LOOPBACK, address="192.0.2.77"), port=0)
        service.follow({"a": session("a", "A")})
        await until(service.problems)
        (problem,) = service.problems()
        assert (problem.code, problem.severity) == ("ravenna.failed", "warning")
        assert "192.0.2.77" in problem.text
        service.use(LOOPBACK)
        service.follow({"a": session("a", "B")})
        await until(lambda: service.port and not service.problems())
        assert "s=B" in await fetch(service, "B")
        await service.close()

    run(body)


def test_without_its_interface_the_service_waits_and_whatever_fails_ends_nothing() -> None:
    async def body() -> None:
        def open_nothing(_: str) -> None:
            raise ZeroDivisionError

        service = RavennaService(None, port=0)
        service.follow({"a": session("a", "A")})
        for unusable in (None, replace(LOOPBACK, up=False), replace(LOOPBACK, address=None)):
            service.use(unusable)
            await asyncio.sleep(0.05)
            assert (service.port, service.problems()) == (0, ())
        with mock.patch("aes67_sender.supervisor.ravenna.open_mdns", open_nothing):
            service.use(LOOPBACK)
            await until(service.problems)
            assert "ZeroDivisionError" in service.problems()[0].text
        service.follow({"a": session("a", "A")})
        await until(lambda: service.announced)
        assert service.problems() == ()
        await service.close()


def test_an_interface_that_was_away_may_be_on_another_network_so_names_are_asked_for_anew() -> None:
    async def body() -> None:
        opened: list[str] = []

        async def open_and_count(address: str) -> AsyncZeroconf:
            opened.append(address)
            return await open_mdns(address)

        with mock.patch("aes67_sender.supervisor.ravenna.open_mdns", open_and_count):
            service = RavennaService(LOOPBACK, port=0)
            name = f"Away {os.getpid()}"
            service.follow({"a": session("a", name)})
            await until(lambda: service.announced)
            port = service.port
            service.use(LOOPBACK)
            service.use(replace(LOOPBACK, speed_mbps=100))
            service.follow({"a": session("a", name, version=2)})
            await asyncio.sleep(0.05)
            assert len(opened) == 1
            # Both before the service has its turn.
            service.use(None)
            service.use(LOOPBACK)
            await until(lambda: len(opened) == 2 and service.announced)
            assert service.port == port
            await service.close()

    run(body)


def test_the_service_goes_over_to_another_interface() -> None:
    async def body() -> None:
        other = replace(LOOPBACK, name="other", address="127.0.0.2")
        service = RavennaService(LOOPBACK, port=0)
        service.follow({"a": session("a", "A")})
        await until(lambda: service.port)
        before = service.port
        service.use(other)
        await until(lambda: service.port not in {0, before})
        assert b"s=A" in await describe(RtspUrl("127.0.0.2", service.port, by_name("A")))
        await service.close()

    run(body)


def test_a_service_that_never_had_anything_to_do_closes() -> None:
    async def body() -> None:
        await RavennaService(LOOPBACK).close()

    run(body)


def test_what_zeroconf_logs_has_no_traceback(caplog: pytest.LogCaptureFixture) -> None:
    async def body() -> None:
        await (await open_mdns(HOST)).async_close()

    run(body)
    logging.getLogger("zeroconf").warning("Error with socket 12", exc_info=OSError(101, "Network is unreachable"))
    assert "Error with socket 12" in caplog.text
    assert "OSError" not in caplog.text


def test_a_name_that_cannot_be_asked_for_is_passed_over(caplog: pytest.LogCaptureFixture) -> None:
    found: list[Instance] = []

    async def body() -> None:
        mdns = await open_mdns(HOST)
        browser = Browser(mdns, found.append, lambda _: None)
        pointer = DNSPointer(RAVENNA_SESSION, 12, 1, 120, f"a\0b.{SERVICE}")
        message = DNSOutgoing(0x8400)
        message.add_answer_at_time(pointer, 0)
        (octets,) = message.packets()
        mdns.zeroconf.record_manager.async_updates_from_response(DNSIncoming(octets))
        await asyncio.sleep(0.2)
        await browser.close()

    run(body)
    gc.collect()
    assert (found, caplog.text) == ([], "")
