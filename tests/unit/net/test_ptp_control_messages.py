"""What Linux tells beside a datagram, byte by byte."""

from __future__ import annotations

import socket
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aes67_sender.net.ptp.control_messages import interface_of, stamps_of

STAMPING = (socket.SOL_SOCKET, 65)
PKTINFO = (socket.IPPROTO_IP, 8)


def stamps(software: tuple[int, int], raw: tuple[int, int] = (0, 0)) -> bytes:
    return struct.pack("=6q", *software, 0, 0, *raw)


@pytest.mark.parametrize(
    ("messages", "told"),
    [
        ([], (None, None)),
        ([(*STAMPING, stamps((1, 2)))], (1_000_000_002, None)),
        ([(*STAMPING, stamps((0, 0), (3, 4)))], (None, 3_000_000_004)),
        ([(*STAMPING, stamps((1, 2), (3, 4)))], (1_000_000_002, 3_000_000_004)),
        ([(*STAMPING, stamps((0, 0)))], (None, None)),
        ([(*PKTINFO, bytes(12)), (*STAMPING, stamps((1, 2)))], (1_000_000_002, None)),
        ([(*STAMPING, stamps((1, 2))[:47])], (None, None)),
        ([(socket.SOL_SOCKET, 37, stamps((1, 2)))], (None, None)),
        ([(socket.IPPROTO_IP, 65, stamps((1, 2)))], (None, None)),
        ([(*STAMPING, b"")], (None, None)),
    ],
)
def test_stamps(messages: list[tuple[int, int, bytes]], told: tuple[int | None, int | None]) -> None:
    assert stamps_of(messages) == told


@pytest.mark.parametrize(
    ("messages", "index"),
    [
        ([], None),
        ([(*PKTINFO, struct.pack("=i", 7) + bytes(8))], 7),
        ([(*PKTINFO, bytes(11))], None),
        ([(*STAMPING, stamps((1, 2)))], None),
        ([(*STAMPING, stamps((1, 2))), (*PKTINFO, struct.pack("=i", 300) + bytes(8))], 300),
    ],
)
def test_the_interface(messages: list[tuple[int, int, bytes]], index: int | None) -> None:
    assert interface_of(messages) == index


garbage = st.lists(st.tuples(st.sampled_from((0, 1)), st.sampled_from((8, 65, 37)), st.binary(max_size=80)))


@given(garbage)
def test_garbage_is_no_error(messages: list[tuple[int, int, bytes]]) -> None:
    stamps_of(messages)
    interface_of(messages)
