"""The calls of Winsock that Python lacks: ioctls, and datagrams with control messages (ws2_32.dll, by ctypes)."""

from __future__ import annotations

import ctypes
import socket
import struct
from typing import TYPE_CHECKING, Any, Final, Protocol

if TYPE_CHECKING:
    from aes67_sender.net.ptp.stamping import Address

_SIO_GET_EXTENSION_FUNCTION_POINTER: Final = 0xC8000006
#: WSAID_WSARECVMSG, mswsock.h.
_WSARECVMSG: Final = struct.pack("<IHH8B", 0xF689D7C8, 0x6F1F, 0x436B, 0x8A, 0x53, 0xE5, 0x4F, 0xE3, 0x51, 0xC3, 0x22)
_WSAEWOULDBLOCK: Final = 10035
#: struct _WSACMSGHDR on 64-bit Windows: length with this header, level, type; data and headers start at multiples of 8.
_HEADER: Final = struct.Struct("<Qii")
_CONTROL_BYTES: Final = 256


class Winsock(Protocol):
    """What stamping needs of the system. All but ``control`` raise OSError, BlockingIOError if there is nothing."""

    def control(self, sock: socket.socket, code: int, given: bytes, answer_bytes: int) -> bytes | None:
        """WSAIoctl; ``None`` if refused."""

    def receive(self, sock: socket.socket, longest: int) -> tuple[bytes, str, bytes]:
        """A datagram, its sender, and the control messages."""

    def send(self, sock: socket.socket, octets: bytes, address: Address, control: bytes) -> None:
        """Send a datagram with control messages."""


def control_message(level: int, kind: int, data: bytes) -> bytes:
    """One control message, with its padding."""
    whole = _HEADER.pack(_HEADER.size + len(data), level, kind) + data
    return whole.ljust(_aligned(len(whole)), b"\0")


def control_messages(octets: bytes) -> list[tuple[int, int, bytes]]:
    """Level, type and data of each; what is cut off or impossible ends the list."""
    found: list[tuple[int, int, bytes]] = []
    at = 0
    while at + _HEADER.size <= len(octets):
        length, level, kind = _HEADER.unpack_from(octets, at)
        if length < _HEADER.size or at + length > len(octets):
            break
        found.append((level, kind, octets[at + _HEADER.size : at + length]))
        at += _aligned(length)
    return found


def load_winsock() -> Winsock:
    """The system's. Raises OSError where there is none."""
    return _SystemWinsock()


def _aligned(length: int) -> int:
    return (length + 7) & ~7


class Buffer(ctypes.Structure):
    """WSABUF."""

    _fields_ = (("length", ctypes.c_uint32), ("octets", ctypes.c_void_p))


class Message(ctypes.Structure):
    """WSAMSG."""

    _fields_ = (
        ("name", ctypes.c_void_p),
        ("name_length", ctypes.c_int),
        ("buffers", ctypes.POINTER(Buffer)),
        ("buffer_count", ctypes.c_uint32),
        ("control", Buffer),
        ("flags", ctypes.c_uint32),
    )


class _SystemWinsock:
    """One thread."""

    def __init__(self) -> None:
        # On 64-bit Windows there is one calling convention.
        self._library: Any = ctypes.CDLL("ws2_32")
        self._receive: Any = None

    def control(self, sock: socket.socket, code: int, given: bytes, answer_bytes: int) -> bytes | None:
        answer, length = ctypes.create_string_buffer(max(1, answer_bytes)), ctypes.c_uint32()
        failed = self._library.WSAIoctl(
            ctypes.c_size_t(sock.fileno()),
            ctypes.c_uint32(code),
            given,
            len(given),
            answer if answer_bytes else None,
            answer_bytes,
            ctypes.byref(length),
            None,
            None,
        )
        return None if failed else answer.raw[: length.value]

    def receive(self, sock: socket.socket, longest: int) -> tuple[bytes, str, bytes]:
        if self._receive is None:
            self._receive = self._find_receive(sock)
        message, memory = _message(longest, bytes(_CONTROL_BYTES))
        length = ctypes.c_uint32()
        handle = ctypes.c_size_t(sock.fileno())
        if self._receive(handle, ctypes.byref(message), ctypes.byref(length), None, None):
            raise self._error()
        octets, name, control = memory
        return octets.raw[: length.value], socket.inet_ntoa(name.raw[4:8]), control.raw[: message.control.length]

    def send(self, sock: socket.socket, octets: bytes, address: Address, control: bytes) -> None:
        message, memory = _message(len(octets), control)
        memory[0].raw = octets
        family = struct.pack("<H", socket.AF_INET)
        memory[1].raw = family + struct.pack("!H4s8x", address[1], socket.inet_aton(address[0]))
        length = ctypes.c_uint32()
        handle = ctypes.c_size_t(sock.fileno())
        if self._library.WSASendMsg(handle, ctypes.byref(message), 0, ctypes.byref(length), None, None):
            raise self._error()

    def _find_receive(self, sock: socket.socket) -> object:
        pointer = self.control(sock, _SIO_GET_EXTENSION_FUNCTION_POINTER, _WSARECVMSG, ctypes.sizeof(ctypes.c_void_p))
        if not pointer:
            raise self._error()
        kind = ctypes.CFUNCTYPE(
            ctypes.c_int,
            ctypes.c_size_t,
            ctypes.POINTER(Message),
            ctypes.POINTER(ctypes.c_uint32),
            ctypes.c_void_p,
            ctypes.c_void_p,
        )
        return kind(int.from_bytes(pointer, "little"))

    def _error(self) -> OSError:
        number = self._library.WSAGetLastError()
        if number == _WSAEWOULDBLOCK:
            return BlockingIOError(number, "nothing there")
        return OSError(number, f"Winsock error {number}")


def _message(octets: int, control: bytes) -> tuple[Message, tuple[Any, Any, Any]]:
    """A message with its memory, which the caller must keep."""
    memory = ctypes.create_string_buffer(octets), ctypes.create_string_buffer(16), ctypes.create_string_buffer(control)
    buffer = Buffer(octets, ctypes.addressof(memory[0]))
    around = Buffer(len(control), ctypes.addressof(memory[2]))
    return Message(ctypes.addressof(memory[1]), 16, ctypes.pointer(buffer), 1, around, 0), memory
