"""The RTP socket, on the loopback; what leaves by a real interface is judged in the lab."""

from __future__ import annotations

import socket
import struct

import pytest

from aes67_sender.errors import MachineError
from aes67_sender.net.transmit_socket import TransmitSocketSpec, open_transmit_socket, sockaddr_in

LOOPBACK = TransmitSocketSpec("127.0.0.1", "lo", ttl=7, dscp=34)


def option(descriptor: int, level: int, name: int) -> int:
    copy = socket.fromfd(descriptor, socket.AF_INET, socket.SOCK_DGRAM)
    with copy:
        return copy.getsockopt(level, name)


def test_options_are_set_as_asked() -> None:
    with open_transmit_socket(LOOPBACK) as opened:
        assert opened.problems == ()
        ip = socket.IPPROTO_IP
        assert option(opened.fileno(), ip, socket.IP_TTL) == 7
        assert option(opened.fileno(), ip, socket.IP_MULTICAST_TTL) == 7
        assert option(opened.fileno(), ip, socket.IP_MULTICAST_LOOP) == 0
        assert option(opened.fileno(), ip, socket.IP_TOS) == 34 << 2
        assert option(opened.fileno(), ip, 10) == 2  # IP_MTU_DISCOVER: DF
        assert option(opened.fileno(), socket.SOL_SOCKET, socket.SO_PRIORITY) == 6


def test_a_packet_goes_where_the_packed_address_says() -> None:
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver,
        open_transmit_socket(LOOPBACK) as opened,
        socket.fromfd(opened.fileno(), socket.AF_INET, socket.SOCK_DGRAM) as sender,
    ):
        receiver.bind(("127.0.0.1", 0))
        receiver.settimeout(5)
        port = receiver.getsockname()[1]
        packed = sockaddr_in("127.0.0.1", port, "linux")
        assert struct.unpack("=H", packed[:2]) == (socket.AF_INET,)
        sender.sendto(b"rtp", (socket.inet_ntoa(packed[4:8]), int.from_bytes(packed[2:4])))
        assert receiver.recvfrom(10) == (b"rtp", ("127.0.0.1", opened.source_port))


def test_sockaddr_in_of_three_systems() -> None:
    tail = bytes.fromhex("138c" "ef456401" "0000000000000000")  # fmt: skip
    assert sockaddr_in("239.69.100.1", 5004, "linux") == struct.pack("=H", 2) + tail
    assert sockaddr_in("239.69.100.1", 5004, "win32") == struct.pack("=H", 2) + tail
    assert sockaddr_in("239.69.100.1", 5004, "darwin") == b"\x10\x02" + tail


def test_the_same_source_port_again_after_a_restart() -> None:
    with open_transmit_socket(LOOPBACK) as first:
        port = first.source_port
    with open_transmit_socket(TransmitSocketSpec("127.0.0.1", "lo", 7, 34, source_port=port)) as second:
        assert second.source_port == port
        assert second.problems == ()


def test_a_taken_source_port_is_told_and_replaced() -> None:
    with open_transmit_socket(LOOPBACK) as first:
        again = TransmitSocketSpec("127.0.0.1", "lo", 7, 34, source_port=first.source_port)
        with open_transmit_socket(again) as second:
            assert second.source_port not in (0, first.source_port)
            assert [problem.code for problem in second.problems] == ["network.source-port"]


def test_an_address_that_is_not_ours_is_an_error() -> None:
    with pytest.raises(MachineError, match=r"Cannot send from 192\.0\.2\.77 on lo") as caught:
        open_transmit_socket(TransmitSocketSpec("192.0.2.77", "lo", 7, 34))
    assert caught.value.hint


def test_an_interface_that_is_not_there_is_an_error() -> None:
    with pytest.raises(MachineError, match="Multicast cannot leave by nosuch0"):
        open_transmit_socket(TransmitSocketSpec("127.0.0.1", "nosuch0", 7, 34))


def test_closing_twice_is_fine() -> None:
    opened = open_transmit_socket(LOOPBACK)
    opened.close()
    opened.close()
    assert opened.fileno() == -1
