"""The packet path of Windows and macOS sends what that of Linux sends, in made-up worlds and by real sockets."""

from __future__ import annotations

import ctypes
import socket
import time
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from aes67_sender.engine.transmit import darwin, sendto, windows
from aes67_sender.engine.transmit.plan import FeedPlan
from aes67_sender.engine.transmit.tables import allocate
from aes67_sender.errors import MachineError
from aes67_sender.model.packet import PacketFormat
from support.elsewhere import DarwinWorld, WindowsWorld
from support.plainloop import plain_modules
from support.rig import MS, START_NS, Rig, mapping, plan

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import ModuleType

WORLDS = {"win32": WindowsWorld, "darwin": DarwinWorld}
#: The coarsest step of a clock or a timer.
STEP_NS = 200


@pytest.fixture(params=WORLDS)
def elsewhere(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Rig]]:
    """Makes rigs that run as on another system."""
    for modules in plain_modules(request.param):
        monkeypatch.setattr("aes67_sender.engine.transmit.layout.MessageTable", modules["sendto"].PacketTable)

        def make(*arguments: Any, modules: dict[str, ModuleType] = modules) -> Rig:
            rig = Rig(modules, *arguments)
            rig.world = WORLDS[request.param](START_NS, 0, rig.world.stop)
            return rig

        yield make


def test_other_systems_send_the_same_packets_at_the_same_time(elsewhere: Callable[..., Rig]) -> None:
    plans = [plan("a", ssrc=1), plan("b", ssrc=2, packet=PacketFormat("L24", 48_000, 2, 125), socket=4)]
    there = elsewhere(plans, [FeedPlan(48_000, 2)])
    there.transmitter.publish(mapping(87.5))
    there.play(0, lambda frames: frames % 100 / 128, 60 * MS)
    sent = there.run(50 * MS)
    clock = mapping(87.5)
    assert len(sent) == pytest.approx(50 + 400, abs=3)
    for one in sent:
        frames, per_packet = (6, 125_000) if one.ssrc == 2 else (48, MS)
        due = clock.media_at(one.at_ns) // per_packet * per_packet
        assert 0 <= clock.media_at(one.at_ns) - due <= STEP_NS
        assert (one.timestamp + frames) % 2**32 == due * 48_000 // 10**9 % 2**32
        assert one.socket == {1: 3, 2: 4}[one.ssrc]
    payloads = b"".join(one.payload for one in sent if one.ssrc == 1)
    assert len(set(payloads)) > 50


def test_a_packet_that_is_refused_there_is_counted_and_the_others_leave(elsewhere: Callable[..., Rig]) -> None:
    rig = elsewhere([plan(f"s{n}", ssrc=n) for n in range(3)], [FeedPlan(48_000, 2)])
    rig.transmitter.publish(mapping())
    rig.world.refuse = lambda ssrc: ssrc == 1
    sent = rig.run(20 * MS)
    assert {packet.ssrc for packet in sent} == {0, 2}
    reports = {report.id: report for report in rig.transmitter.reports(0.0)}
    assert (reports["s1"].packets, reports["s1"].send_errors) == (0, reports["s0"].packets)
    assert reports["s1"].send_error == "network is unreachable"


def test_without_a_clock_nothing_is_sent_there_and_nothing_spins(elsewhere: Callable[..., Rig]) -> None:
    rig = elsewhere([plan()], [FeedPlan(48_000, 2)])
    naps: list[int] = []

    def nap(wake_ns: int) -> int:
        naps.append(wake_ns)
        return 0

    rig.world.oversleep = nap
    assert rig.run(100 * MS) == []
    assert len(naps) <= 11


@pytest.fixture
def tables() -> Any:
    return allocate(groups=1, streams=3, feeds=1, pool_samples=1, packet_bytes=64)


def counter_at(ticks: int) -> Any:
    def counter(address: int) -> int:
        ctypes.c_int64.from_address(address).value = ticks
        return 1

    return ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_size_t)(counter)


@pytest.mark.parametrize("frequency_hz", [10_000_000, 3_579_545, 24_000_000])
def test_compiled_code_reads_the_counter_as_python_does(tables: Any, frequency_hz: int) -> None:
    ticks = 123_456_789_012_345
    counter = counter_at(ticks)
    calls = windows.WindowsCalls(counter, counter, counter, counter, counter, 1, frequency_hz)
    assert windows.now_ns(calls, tables) == ticks * 10**9 // frequency_hz


def test_compiled_code_sleeps_by_the_timer_for_the_rest_only(tables: Any) -> None:
    asked: list[int] = []

    def set_timer(_timer: int, address: int, *_: int) -> int:
        asked.append(ctypes.c_int64.from_address(address).value)
        return 1

    def wait(_timer: int, longest_ms: int) -> int:
        asked.append(longest_ms)
        return 0

    size, integer = ctypes.c_size_t, ctypes.c_int
    calls = windows.WindowsCalls(
        counter=counter_at(50),
        set_timer=ctypes.CFUNCTYPE(integer, size, size, integer, size, size, integer)(set_timer),
        wait=ctypes.CFUNCTYPE(ctypes.c_uint32, size, ctypes.c_uint32)(wait),
        send=counter_at(0),
        error=counter_at(0),
        timer=1,
        ticks_per_s=10_000_000,
    )
    for wake_ns in (4_000, 5_000, 5_001, 1_005_000):
        windows.sleep_until(calls, tables, wake_ns)
    assert asked == [-1, 20, -10_000, 20]


def test_compiled_packets_leave_one_by_one_through_a_real_socket(tables: Any) -> None:
    libc = ctypes.CDLL(None)

    def typed(name: str, result: Any, *arguments: Any) -> Any:
        return ctypes.CFUNCTYPE(result, *arguments)((name, libc))

    size, integer = ctypes.c_size_t, ctypes.c_int
    calls = darwin.DarwinCalls(
        uptime=ctypes.CFUNCTYPE(ctypes.c_int64, integer)(lambda _clock: time.monotonic_ns()),
        wait=ctypes.CFUNCTYPE(integer, ctypes.c_int64)(lambda _ticks: 0),
        send=typed("sendto", ctypes.c_ssize_t, integer, size, size, integer, size, ctypes.c_uint32),
        copy=typed("memcpy", size, size, size, size),
        errno_address=typed("__errno_location", size),
        ns=1,
        ticks=1,
    )
    messages = sendto.PacketTable(3, 2)
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver,
    ):
        receiver.bind(("127.0.0.1", 0))
        receiver.settimeout(5)
        for row, port in enumerate((receiver.getsockname()[1], 0, receiver.getsockname()[1])):
            packet = tables.packets[row]
            packet[:] = row
            name = np.array([2], np.uint16).tobytes() + port.to_bytes(2) + socket.inet_aton("127.0.0.1") + bytes(8)
            messages.fill_row(row, (packet.ctypes.data, 40 + row), name)
        messages.arrange(1, (2, 1, 0))
        tables.orders[1] = (2, 1, 0)
        sendto.send_streams(calls, tables, messages.handle, 1, sender.fileno(), 0, 3)
        assert [receiver.recv(100) for _ in range(2)] == [b"\2" * 42, b"\0" * 40]
    assert tables.states["packets"].tolist() == [1, 0, 1]
    assert tables.states["send_errors"].tolist() == [0, 1, 0]
    assert tables.states["send_errno"].tolist() == [0, 22, 0]


def test_a_windows_that_gives_no_timer_is_an_error_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []

    def typed(_result: Any, *_arguments: Any) -> Any:
        def bind(where: tuple[str, Any]) -> Any:
            if where[0] == "CreateWaitableTimerExW":
                return lambda _security, _name, flags, _access: asked.append(flags)
            return lambda *_: 0

        return bind

    monkeypatch.setattr("aes67_sender.engine.transmit.windows.ctypes.CFUNCTYPE", typed)
    with pytest.raises(MachineError, match="no timer"):
        windows.system_calls(lambda _name: None)
    assert asked == [windows.CREATE_WAITABLE_TIMER_HIGH_RESOLUTION, 0]
