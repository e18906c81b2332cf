"""The SAP service on the loopback, with a peer on the same group."""

from __future__ import annotations

import asyncio
import contextlib
import time
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from aes67_sender.errors import MachineError, WireError
from aes67_sender.net.interfaces import choose_interface, list_interfaces
from aes67_sender.net.sap import SapSocket, open_sap_socket
from aes67_sender.supervisor.sap import SapService
from support.sap_peer import SapPeer, free_port
from support.sap_sessions import HERE, THERE, description, packet

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from aes67_sender.model.interface import Interface
    from aes67_sender.wire.sap import SapPacket

A1 = description("A", origin=HERE)
A2 = description("A", origin=HERE, version=2)
FOREIGN = description("Stage box", session_id=9, address="239.69.9.9")
LOOPBACK = replace(choose_interface("lo", list_interfaces()), address=HERE)


class World:
    """A service and a peer."""

    def __init__(self) -> None:
        self.port = free_port()
        self.service = SapService(LOOPBACK, port=self.port)

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[SapPeer]:
        with SapPeer(self.port) as peer:
            task = asyncio.create_task(self.service.run())
            try:
                yield peer
            finally:
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await task


@pytest.fixture
def world() -> World:
    return World()


async def until(condition: Callable[[], object], limit_s: float = 20.0) -> None:
    async with asyncio.timeout(limit_s):
        while not condition():  # noqa: ASYNC110  conditions of any kind, some of them of the system
            await asyncio.sleep(0.01)


def told(packets: list[SapPacket]) -> list[tuple[str, str, bytes]]:
    return [(each.message, str(each.origin), each.payload) for each in packets]


def test_it_announces_and_deletes_what_changed_before_it_announces_it_anew(world: World) -> None:
    async def live() -> None:
        async with world.running() as peer:
            world.service.follow({"s1": A1})
            await until(peer.hear)
            assert told(peer.packets) == [("announce", HERE, A1.encode())]
            world.service.follow({"s1": A2})
            await until(lambda: len(peer.hear()) >= 3)
            assert told(peer.packets)[-2:] == [("delete", HERE, A1.encode()), ("announce", HERE, A2.encode())]

    asyncio.run(live())


def test_to_cancel_it_sends_every_deletion_three_times_before_it_returns(world: World) -> None:
    async def live() -> list[SapPacket]:
        with SapPeer(world.port) as peer:
            task = asyncio.create_task(world.service.run())
            world.service.follow({"s1": A1})
            await until(peer.hear)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            peer.wait_for(lambda packets: packets[-1].message == "delete")
            return [each for each in peer.hear() if each.message == "delete"]

    assert told(asyncio.run(live())) == [("delete", HERE, A1.encode())] * 3


def test_it_knows_its_own_sessions_from_those_of_others(world: World) -> None:
    async def live() -> None:
        async with world.running() as peer:
            world.service.follow({"s1": A1})
            await until(peer.hear)
            peer.send(b"garbage")
            peer.send(packet(FOREIGN))
            await until(lambda: len(world.service.sessions()) == 2)
            assert [(each.name, each.origin, each.ours) for each in world.service.sessions()] == [
                ("A", HERE, True),
                ("Stage box", THERE, False),
            ]
            assert world.service.problems() == ()
            peer.send(packet(FOREIGN, message="delete"))
            await until(lambda: len(world.service.sessions()) == 1)

    asyncio.run(live())


def test_a_foreign_session_on_a_streams_address_is_a_problem_until_one_moves(world: World) -> None:
    async def live() -> None:
        async with world.running() as peer:
            world.service.follow({"s1": A1})
            await until(peer.hear)
            peer.send(packet(description("Thief", session_id=9)))
            await until(world.service.problems)
            (problem,) = world.service.problems()
            assert (problem.code, problem.path) == ("sap.address-in-use", "streams.s1")
            assert "Thief" in problem.text
            world.service.follow({"s1": description("A", origin=HERE, version=2, address="239.69.7.3")})
            assert world.service.problems() == ()

    asyncio.run(live())


def test_an_interface_that_goes_and_comes_back_is_told_of_and_hears_all_again(world: World) -> None:
    async def live() -> None:
        async with world.running() as peer:
            world.service.follow({"s1": A1})
            await until(peer.hear)
            for gone, why in ((None, "not there"), (replace(LOOPBACK, up=False), "down")):
                world.service.use("lo", gone)
                await until(world.service.problems)
                (problem,) = world.service.problems()
                assert (problem.code, problem.severity) == ("sap.no-interface", "warning")
                assert why in problem.text
                peer.packets.clear()
                world.service.use("lo", LOOPBACK)
                await until(peer.hear)
                await until(lambda: world.service.problems() == ())
                assert told(peer.packets)[0] == ("announce", HERE, A1.encode())

    asyncio.run(live())


def test_another_address_deletes_what_the_old_one_announced(world: World) -> None:
    async def live() -> None:
        async with world.running() as peer:
            world.service.follow({"s1": A1})
            await until(peer.hear)
            peer.packets.clear()
            world.service.use("lo", replace(LOOPBACK, address=THERE))
            await until(lambda: len(peer.hear()) >= 2)
            assert told(peer.packets)[:2] == [("delete", HERE, A1.encode()), ("announce", THERE, A1.encode())]

    asyncio.run(live())


def test_another_interface_is_gone_over_to_and_all_is_deleted_on_the_old_one(world: World) -> None:
    async def live() -> None:
        async with world.running() as peer:
            world.service.follow({"s1": A1})
            await until(peer.hear)
            # Only one real interface can be had here: the other name is the loopback's, too.
            world.service.use("new", replace(LOOPBACK, address=THERE))
            await until(lambda: told(peer.hear())[-1][:2] == ("announce", THERE))
        assert ("delete", HERE, A1.encode()) in told(peer.packets)

    asyncio.run(live())


def test_a_fault_of_its_own_is_told_and_it_goes_on(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    faults = [ZeroDivisionError("nonsense")]

    def open_socket(interface: Interface, *, port: int) -> SapSocket:
        if faults:
            raise faults.pop()
        return open_sap_socket(interface, port=port)

    monkeypatch.setattr("aes67_sender.supervisor.sap.open_sap_socket", open_socket)

    async def live() -> None:
        async with world.running() as peer:
            world.service.follow({"s1": A1})
            await until(world.service.problems)
            (problem,) = world.service.problems()
            assert (problem.code, "nonsense" in problem.text) == ("sap.failed", True)
            await until(peer.hear)
            assert world.service.problems() == ()

    asyncio.run(live())


def test_an_interface_that_cannot_be_used_is_tried_again(world: World) -> None:
    async def live() -> None:
        # The loopback's own name, but no such interface: opening fails, and only that.
        service = SapService(replace(LOOPBACK, name="nosuch0"), port=world.port)
        task = asyncio.create_task(service.run())
        await until(service.problems)
        (problem,) = service.problems()
        assert problem.code == "sap.not-open"
        assert "nosuch0" in problem.text
        service.use("lo", LOOPBACK)
        await until(lambda: service.problems() == ())
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(live())


def test_what_is_no_description_is_refused_and_changes_nothing(world: World) -> None:
    async def live() -> None:
        async with world.running() as peer:
            world.service.follow({"s1": A1})
            with pytest.raises(WireError):
                world.service.follow({"s1": "hello"})
            await until(peer.hear)
            assert told(peer.packets)[0] == ("announce", HERE, A1.encode())

    asyncio.run(live())


def test_a_flood_leaves_the_loop_its_turn_and_only_a_part_is_read(world: World) -> None:
    async def live() -> tuple[int, int]:
        sock = open_sap_socket(LOOPBACK, port=world.port)
        taken: list[bytes] = []
        receiving = asyncio.create_task(sock.receive(taken.append))
        turns = 0
        with SapPeer(world.port) as peer:
            for _ in range(100):
                for _ in range(20):
                    peer.send(packet(FOREIGN))
                await asyncio.sleep(0)
                turns += 1
        receiving.cancel()
        await asyncio.gather(receiving, return_exceptions=True)
        sock.close()
        return len(taken), turns

    began_s = time.monotonic()
    taken, turns = asyncio.run(live())
    assert turns == 100
    # 500 in each second begun; a machine that stalls begins more of them.
    assert 100 <= taken <= 500 * (2 + int(time.monotonic() - began_s))


def test_descriptions_that_are_slow_to_read_leave_most_of_the_time_to_the_loop(world: World) -> None:
    read_s = 0.0

    def read_slowly(_: bytes) -> None:
        nonlocal read_s
        began_s = time.monotonic()
        time.sleep(0.03)
        read_s += time.monotonic() - began_s

    async def live() -> None:
        sock = open_sap_socket(LOOPBACK, port=world.port)
        receiving = asyncio.create_task(sock.receive(read_slowly))
        with SapPeer(world.port) as peer:
            for _ in range(40):
                peer.send(packet(FOREIGN))
        await asyncio.sleep(1)
        receiving.cancel()
        await asyncio.gather(receiving, return_exceptions=True)
        sock.close()

    began_s = time.monotonic()
    asyncio.run(live())
    assert 0 < read_s < (time.monotonic() - began_s) / 2


def test_a_flood_on_our_address_is_one_line_of_log_for_each_stream(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    async def live() -> None:
        async with world.running() as peer:
            world.service.follow({"s1": A1})
            for number in range(20, 40):
                flood = description(f"Evil {number}", session_id=number)
                peer.send(packet(flood, number))
                peer.send(packet(flood, number))
                await asyncio.sleep(0.1)
            await until(lambda: len(world.service.problems()) == 4)

    asyncio.run(live())
    assert caplog.text.count("sends to") == 1


def test_a_port_somebody_holds_for_himself_is_an_error_with_a_remedy(world: World) -> None:
    import socket  # noqa: PLC0415  for this one test

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("", world.port))
        with pytest.raises(MachineError, match=str(world.port)) as caught:
            open_sap_socket(LOOPBACK, port=world.port)
    assert "no other program holds" in caught.value.hint
