"""Receiving by the loopback: what the kernel tells of each packet."""

from __future__ import annotations

import socket
import time

import pytest

from aes67_sender.errors import MachineError
from aes67_sender.net.receive_socket import Wanted, open_receive_socket
from support.interfaces import LOOPBACK, interface


def free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def test_each_packet_has_its_stamp_ttl_dscp_and_source() -> None:
    port = free_port()
    with (
        open_receive_socket(Wanted("127.0.0.1", port, LOOPBACK)) as receiving,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sending,
    ):
        sending.setsockopt(socket.IPPROTO_IP, socket.IP_TOS, 34 << 2)
        sending.setsockopt(socket.IPPROTO_IP, socket.IP_TTL, 17)
        before_ns = time.monotonic_ns()
        sending.sendto(b"one", ("127.0.0.1", port))
        after_ns = time.monotonic_ns()
        time.sleep(0.02)
        (found,) = receiving.receive()
        assert (found.octets, found.source, found.ttl, found.dscp) == (b"one", "127.0.0.1", 17, 34)
        # The kernel's stamp: of then, not of when it was read.
        assert before_ns - 10_000 <= found.arrival_ns <= after_ns + 10_000
        assert receiving.receive() == []
        assert receiving.lost == 0


def test_what_finds_no_room_is_counted() -> None:
    port = free_port()
    with (
        open_receive_socket(Wanted("127.0.0.1", port, LOOPBACK)) as receiving,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sending,
    ):
        receiving._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)  # noqa: SLF001  a full one
        for _ in range(100):
            sending.sendto(bytes(1000), ("127.0.0.1", port))
        came = len(receiving.receive())
        # The count comes with the next packet.
        sending.sendto(b"last", ("127.0.0.1", port))
        assert len(receiving.receive()) == 1
        assert receiving.lost == 100 - came > 0


def test_a_group_on_an_interface_that_is_gone_is_refused() -> None:
    gone = interface("nowhere0", "192.0.2.1")
    with pytest.raises(MachineError, match="nowhere0"):
        open_receive_socket(Wanted("239.69.1.1", free_port(), gone))
