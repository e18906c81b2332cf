"""Stamping on Linux, with a socket and clocks of this test: what is matched, given up, and fallen back from."""

from __future__ import annotations

import socket
import struct
import time
from typing import TYPE_CHECKING, Any, cast

from aes67_sender.net.ptp import linux
from aes67_sender.net.ptp.awaited import Awaited, Sent
from aes67_sender.net.ptp.hardware import HARDWARE_FLAGS, HardwareClock
from aes67_sender.net.ptp.linux import KernelStamping

if TYPE_CHECKING:
    import pytest

ETHERNET_IP_UDP = bytes(range(42))
TO = ("224.0.1.129", 319)
STAMPING = (socket.SOL_SOCKET, 65)
INDEX = 3


class FakeSocket:
    """A socket whose queues a test fills."""

    def __init__(self) -> None:
        self.inbox: list[tuple[bytes, list[tuple[int, int, bytes]], int]] = []
        self.errors: list[tuple[bytes, list[tuple[int, int, bytes]], int]] = []
        self.options: list[tuple[int, int, int]] = []

    def setsockopt(self, level: int, option: int, value: int) -> None:
        self.options.append((level, option, value))

    def sendto(self, octets: bytes, address: tuple[str, int]) -> int:
        assert address == TO
        return len(octets)

    def recvmsg(self, _size: int, _control: int, flags: int = 0) -> tuple[bytes, Any, int, tuple[str, int]]:
        queue = self.errors if flags & socket.MSG_ERRQUEUE else self.inbox
        if not queue:
            raise BlockingIOError
        octets, control, told = queue.pop(0)
        return octets, control, told, ("10.0.0.1", 319)

    @property
    def asked(self) -> int:
        """The flags of SO_TIMESTAMPING set last."""
        return next(value for _, option, value in reversed(self.options) if option == 65)


def pktinfo(index: int) -> tuple[int, int, bytes]:
    return (socket.IPPROTO_IP, 8, struct.pack("=i", index) + bytes(8))


def stamp(software_ns: int = 0, raw_ns: int = 0) -> tuple[int, int, bytes]:
    parts = (*divmod(software_ns, 10**9), 0, 0, *divmod(raw_ns, 10**9))
    return (*STAMPING, struct.pack("=6q", *parts))


def now() -> tuple[int, int, bytes]:
    return stamp(time.time_ns())


class Bench:
    """A stamping on fake sockets."""

    def __init__(self, hardware: HardwareClock | None = None) -> None:
        self.event, self.general = FakeSocket(), FakeSocket()
        self.sockets = cast("socket.socket", self.event), cast("socket.socket", self.general)
        self.stamping = KernelStamping(*self.sockets, hardware)
        self.stamping.follow(INDEX)

    def send(self, octets: bytes) -> None:
        self.stamping.send(self.sockets[0], octets, TO)

    def departures(self) -> list[tuple[bytes, str]]:
        return [(each.octets, each.kind) for each in self.stamping.departures(self.sockets[0])]

    def arrivals(self, *, event: bool = True) -> list[tuple[bytes, str]]:
        came = self.stamping.arrivals(self.sockets[0 if event else 1], event=event)
        return [(each.octets, each.kind) for each in came]

    def receive(self, *control: tuple[int, int, bytes], octets: bytes = b"sync") -> list[tuple[bytes, str]]:
        self.event.inbox.append((octets, [pktinfo(INDEX), *control], 0))
        return self.arrivals()

    def waste(self, messages: int, monkeypatch: pytest.MonkeyPatch, *, hearing: bool = True) -> None:
        """Send messages whose stamps never come."""
        monkeypatch.setattr("aes67_sender.net.ptp.awaited.STAMP_WITHIN_NS", -1)
        for _ in range(messages):
            self.send(b"lost")
            if hearing:
                self.receive(now())
            self.departures()
        monkeypatch.undo()


def test_a_departure_is_the_message_inside_the_packet_that_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("aes67_sender.net.ptp.awaited.STAMP_WITHIN_NS", 1 << 62)  # machines stall
    bench = Bench()
    bench.send(b"delay_req 1")
    bench.send(b"delay_req 2")
    assert bench.departures() == []
    bench.event.errors.append((ETHERNET_IP_UDP + b"delay_req 2" + bytes(6), [now()], 0))
    assert bench.departures() == [(b"delay_req 2", "kernel")]
    bench.event.errors.append((ETHERNET_IP_UDP + b"delay_req 1", [now()], 0))
    bench.event.errors.append((ETHERNET_IP_UDP + b"of another", [now()], 0))
    assert bench.departures() == [(b"delay_req 1", "kernel")]


def test_a_stamp_from_before_the_sending_is_none() -> None:
    bench = Bench()
    before = now()
    time.sleep(0.001)
    bench.send(b"delay_req")
    bench.event.errors.append((b"delay_req", [before], 0))
    assert bench.departures() == []


def test_only_what_came_by_the_interface_whole_counts() -> None:
    bench = Bench()
    bench.event.inbox += [
        (b"by another", [pktinfo(INDEX + 1), now()], 0),
        (b"cut off", [pktinfo(INDEX), now()], socket.MSG_TRUNC),
        (b"sync", [pktinfo(INDEX), now()], 0),
    ]
    assert bench.arrivals() == [(b"sync", "kernel")]


def test_without_a_stamp_the_program_stamps() -> None:
    assert Bench().receive() == [(b"sync", "user-space")]


def test_a_stamp_of_another_time_costs_an_event_but_no_announce() -> None:
    bench = Bench()
    bench.event.inbox.append((b"sync", [stamp(5)], 0))
    bench.general.inbox.append((b"announce", [stamp(5)], 0))
    assert bench.arrivals() == []
    assert bench.arrivals(event=False) == [(b"announce", "user-space")]


def test_a_driver_that_never_stamps_what_it_sends_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    bench = Bench()
    bench.waste(3, monkeypatch)
    assert (bench.stamping.kind, bench.stamping.problems) == ("kernel", ())
    bench.waste(1, monkeypatch)
    assert bench.stamping.kind == "user-space"
    assert [problem.code for problem in bench.stamping.problems] == ["ptp.stamps"]
    bench.send(b"delay_req")
    assert bench.departures() == [(b"delay_req", "user-space")]


def test_a_stamp_after_all_brings_the_kernels_back(monkeypatch: pytest.MonkeyPatch) -> None:
    bench = Bench()
    bench.waste(4, monkeypatch)
    bench.send(b"one")
    bench.event.errors.append((b"one", [now()], 0))
    assert bench.departures() == [(b"one", "user-space")]  # told once only
    assert (bench.stamping.kind, bench.stamping.problems) == ("kernel", ())


def test_a_cable_that_is_out_is_no_fault_of_the_driver(monkeypatch: pytest.MonkeyPatch) -> None:
    bench = Bench()
    bench.waste(20, monkeypatch, hearing=False)
    assert bench.stamping.kind == "kernel"


def test_messages_that_wait_are_given_up_in_time() -> None:
    awaited = Awaited()
    awaited.add(Sent(b"a", 1, 0, 10))
    awaited.give_up_overdue(now_ns=200_000_010, last_arrival_ns=100)
    assert len(awaited.pending()) == 1
    awaited.give_up_overdue(now_ns=200_000_011, last_arrival_ns=100)
    assert awaited.pending() == ()


# Hardware


class Phc:
    """A clock of an interface, 37 s ahead of the monotonic one."""

    def __init__(self) -> None:
        self.closed = 0
        self.gone = False
        self.clock = HardwareClock(self.read_ns, self.close)

    def read_ns(self) -> int:
        if self.gone:
            raise OSError(19, "No such device")
        return time.monotonic_ns() + 37 * 10**9

    def close(self) -> None:
        self.closed += 1

    def now(self, software_ns: int = 0) -> tuple[int, int, bytes]:
        return stamp(software_ns, self.read_ns())


def fallen_back(bench: Bench, phc: Phc, why: str) -> bool:
    problems = [each.text for each in bench.stamping.problems if each.code == "ptp.hardware-stamps"]
    assert problems == [f"PTP messages are stamped by the kernel, not by the interface: {why}."]
    assert bench.event.asked & HARDWARE_FLAGS == 0
    return (bench.stamping.kind, phc.closed) == ("kernel", 1)


def test_the_interfaces_stamps_are_preferred() -> None:
    phc = Phc()
    bench = Bench(phc.clock)
    assert bench.event.asked & HARDWARE_FLAGS == HARDWARE_FLAGS
    assert bench.general.asked & HARDWARE_FLAGS == 0
    bench.send(b"delay_req")
    bench.event.errors.append((b"delay_req", [phc.now()], 0))
    assert bench.departures() == [(b"delay_req", "hardware")]
    assert bench.receive(phc.now(time.time_ns())) == [(b"sync", "hardware")]
    assert (bench.stamping.kind, bench.stamping.problems) == ("hardware", ())
    bench.stamping.close()
    bench.stamping.close()
    assert phc.closed == 1


def test_arrivals_without_the_interfaces_stamp_make_it_fall_back() -> None:
    phc = Phc()
    bench = Bench(phc.clock)
    for _ in range(3):
        assert bench.receive(now()) == [(b"sync", "kernel")]
    assert bench.stamping.kind == "hardware"
    bench.receive(now())
    assert fallen_back(bench, phc, "it does not stamp what arrives")


def test_departures_without_the_interfaces_stamp_make_it_fall_back(monkeypatch: pytest.MonkeyPatch) -> None:
    phc = Phc()
    bench = Bench(phc.clock)
    monkeypatch.setattr(linux, "_UNSTAMPED_ENOUGH", 1 << 30)  # arrivals are not the point here
    for _ in range(4):
        bench.send(b"delay_req")
        bench.event.errors.append((b"delay_req", [now()], 0))
        bench.departures()
    assert fallen_back(bench, phc, "it does not stamp what it sends")


def test_a_clock_that_is_gone_makes_it_fall_back(monkeypatch: pytest.MonkeyPatch) -> None:
    phc = Phc()
    bench = Bench(phc.clock)
    monkeypatch.setattr("aes67_sender.net.ptp.phc.LOOK_EVERY_NS", 0)
    phc.gone = True
    assert bench.receive(now()) == [(b"sync", "kernel")]
    assert fallen_back(bench, phc, "its clock cannot be read: No such device")


def test_another_interface_of_the_same_name_makes_it_fall_back() -> None:
    phc = Phc()
    bench = Bench(phc.clock)
    bench.stamping.follow(INDEX)
    assert bench.stamping.kind == "hardware"
    bench.stamping.follow(INDEX + 1)
    assert fallen_back(bench, phc, "the interface was exchanged")
