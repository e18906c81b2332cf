"""Stamping where this test does not run: with Winsock's answers made up, and control messages byte by byte.

Sizes of structures were compared with a C program built against Microsoft's names in winsock2.h, mswsock.h.
"""

from __future__ import annotations

import ctypes
import socket
import struct
import time
from typing import TYPE_CHECKING, Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aes67_sender.net.ptp.darwin import DarwinStamping, told
from aes67_sender.net.ptp.windows import SIO_GET_TX_TIMESTAMP, SIO_TIMESTAMPING, WindowsStamping, stamp_of
from aes67_sender.net.ptp.winsock import Buffer, Message, control_message, control_messages

if TYPE_CHECKING:
    from aes67_sender.net.ptp.stamping import Address

TO = ("224.0.1.129", 319)
STAMP = (0xFFFF, 0x300A)


class FakeWinsock:
    """A Windows whose clock ticks are ns of the monotonic clock."""

    def __init__(self, *, stamps: bool = True, driver: bool = True) -> None:
        self.stamps, self.driver = stamps, driver
        self.left: dict[int, int] = {}
        self.inbox: list[tuple[bytes, bytes]] = []

    def control(self, _sock: socket.socket, code: int, given_: bytes, answer_bytes: int) -> bytes | None:
        if code == SIO_TIMESTAMPING:
            assert given_ == bytes.fromhex("0300000040000000")
            assert answer_bytes == 0
            return b"" if self.stamps else None
        assert code == SIO_GET_TX_TIMESTAMP
        ticks = self.left.pop(struct.unpack("<I", given_)[0], None)
        return None if ticks is None else struct.pack("<Q", ticks)

    def receive(self, _sock: socket.socket, _longest: int) -> tuple[bytes, str, bytes]:
        if not self.inbox:
            raise BlockingIOError
        octets, control = self.inbox.pop(0)
        return octets, "10.0.0.1", control

    def send(self, _sock: socket.socket, _octets: bytes, _address: Address, control: bytes) -> None:
        ((level, kind, data),) = control_messages(control)
        assert (level, kind) == (0xFFFF, 0x300B)
        if self.driver:
            self.left[struct.unpack("<I", data)[0]] = time.monotonic_ns()

    def deliver(self, control: bytes) -> None:
        self.inbox.append((b"sync", control))


class PlainSocket:
    """What is left without stamps."""

    def __init__(self) -> None:
        self.inbox = [b"sync"]

    def sendto(self, octets: bytes, _address: Address) -> int:
        return len(octets)

    def recvfrom(self, _size: int) -> tuple[bytes, tuple[str, int]]:
        if not self.inbox:
            raise ConnectionResetError  # Windows: of a message sent before
        return self.inbox.pop(), ("10.0.0.1", 319)


def opened(winsock: FakeWinsock) -> tuple[WindowsStamping, Any]:
    sock = cast("Any", PlainSocket())
    return WindowsStamping(winsock, sock, lambda ticks: ticks), sock


def test_the_structures_are_those_of_64_bit_windows() -> None:
    assert (ctypes.sizeof(Buffer), ctypes.sizeof(Message)) == (16, 56)
    assert (Message.control.offset, Message.flags.offset) == (32, 48)


def test_stamps_of_windows_both_ways() -> None:
    winsock = FakeWinsock()
    stamping, sock = opened(winsock)
    stamping.send(sock, b"delay_req", TO)
    ((departed),) = stamping.departures(sock)
    assert (departed.octets, departed.kind) == (b"delay_req", "kernel")
    winsock.deliver(control_message(*STAMP, struct.pack("<Q", time.monotonic_ns())))
    (arrived,) = stamping.arrivals(sock, event=True)
    assert (arrived.octets, arrived.kind, arrived.source) == (b"sync", "kernel", "10.0.0.1")
    assert (stamping.kind, stamping.problems) == ("kernel", ())


def test_a_windows_without_stamps_leaves_them_to_the_program() -> None:
    stamping, sock = opened(FakeWinsock(stamps=False))
    stamping.send(sock, b"delay_req", TO)
    assert [(each.octets, each.kind) for each in stamping.departures(sock)] == [(b"delay_req", "user-space")]
    assert [(each.octets, each.kind) for each in stamping.arrivals(sock, event=True)] == [(b"sync", "user-space")]
    assert stamping.kind == "user-space"
    assert [problem.code for problem in stamping.problems] == ["ptp.stamps"]


@pytest.mark.parametrize("control", [b"", control_message(*STAMP, struct.pack("<Q", 12345))])
def test_arrivals_without_a_time_near_now_are_stamped_by_the_program(control: bytes) -> None:
    winsock = FakeWinsock()
    stamping, sock = opened(winsock)
    for _ in range(4):
        assert stamping.kind == "kernel"
        winsock.deliver(control)
        assert [each.kind for each in stamping.arrivals(sock, event=True)] == ["user-space"]
    assert stamping.kind == "user-space"


def test_a_driver_that_stamps_nothing_it_sends_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    winsock = FakeWinsock(driver=False)
    stamping, sock = opened(winsock)
    monkeypatch.setattr("aes67_sender.net.ptp.awaited.STAMP_WITHIN_NS", -1)
    for _ in range(4):
        stamping.send(sock, b"delay_req", TO)
        winsock.deliver(control_message(*STAMP, struct.pack("<Q", time.monotonic_ns())))
        stamping.arrivals(sock, event=True)
        assert stamping.departures(sock) == []
    assert stamping.kind == "user-space"
    assert "the network driver takes none" in stamping.problems[0].text
    stamping.send(sock, b"delay_req", TO)
    assert [each.kind for each in stamping.departures(sock)] == ["user-space"]


@pytest.mark.parametrize(
    ("octets", "found"),
    [
        ("", []),
        # As wine's WSARecvMsg gives IP_PKTINFO.
        (
            "180000000000000000000000130000007f00000101000000",
            [(0, 19, bytes.fromhex("7f00000101000000"))],
        ),
        ("1400000000000000ffff00000b3000000100000000000000", [(0xFFFF, 0x300B, b"\x01\0\0\0")]),
        ("ffffffffffffffffffff00000b300000", []),
        ("0000000000000000ffff00000b300000", []),
        ("1400000000000000ffff00000b3000000100", []),
    ],
)
def test_control_messages_of_winsock(octets: str, found: list[tuple[int, int, bytes]]) -> None:
    assert control_messages(bytes.fromhex(octets)) == found


@given(st.lists(st.tuples(st.integers(-(2**31), 2**31 - 1), st.integers(0, 2**31 - 1), st.binary(max_size=30))))
def test_control_messages_read_what_was_written(messages: list[tuple[int, int, bytes]]) -> None:
    assert control_messages(b"".join(control_message(*each) for each in messages)) == messages


@given(st.binary(max_size=100))
def test_garbage_is_no_error(octets: bytes) -> None:
    control_messages(octets)
    stamp_of(control_messages(octets))
    told([(socket.SOL_SOCKET, 4, octets), (socket.IPPROTO_IP, 26, octets)])


# macOS


class MacSocket:
    """A socket as XNU's."""

    def __init__(self, control: list[tuple[int, int, bytes]]) -> None:
        self.inbox = [(b"sync", control, 0, ("10.0.0.1", 319))]
        self.options: list[tuple[int, int, int]] = []

    def setsockopt(self, level: int, option: int, value: int) -> None:
        self.options.append((level, option, value))

    def recvmsg(self, _size: int, _control: int) -> tuple[bytes, list[tuple[int, int, bytes]], int, tuple[str, int]]:
        if not self.inbox:
            raise BlockingIOError
        return self.inbox.pop()


def by_interface(index: int) -> tuple[int, int, bytes]:
    return (socket.IPPROTO_IP, 26, struct.pack("=I", index) + bytes(8))


def on_mac(*control: tuple[int, int, bytes]) -> list[str]:
    sock = MacSocket(list(control))
    stamping = DarwinStamping([cast("socket.socket", sock)], lambda ticks: ticks)
    stamping.follow(5)
    assert (socket.SOL_SOCKET, 0x0800, 1) in sock.options
    return [each.kind for each in stamping.arrivals(cast("socket.socket", sock), event=True)]


def test_macos_stamps_what_arrives() -> None:
    ticks = (socket.SOL_SOCKET, 4, struct.pack("=Q", time.monotonic_ns()))
    assert on_mac(by_interface(5), ticks) == ["kernel"]
    assert on_mac(by_interface(6), ticks) == []
    assert on_mac(by_interface(5)) == ["user-space"]
    assert on_mac(by_interface(5), (socket.SOL_SOCKET, 4, struct.pack("=Q", 1))) == ["user-space"]
