"""The real transmit loop as plain Python in a made-up world: a hand-moved clock and a network that remembers."""

from __future__ import annotations

import ctypes
import importlib
import struct
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numba

from aes67_sender.engine.transmit.libc import MESSAGE_BYTES, IoVec, MMsgHdr

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import ModuleType

_MODULES = ("timing", "fading", "packing")
_OF_SYSTEM = {"linux": ("linux",), "win32": ("windows", "sendto"), "darwin": ("darwin", "sendto")}


def plain_modules(system: str = "linux") -> Iterator[dict[str, ModuleType]]:
    """The modules of the packet path, uncompiled, as on a system; the compiled ones come back afterwards."""
    names = [f"aes67_sender.engine.transmit.{name}" for name in (*_MODULES, *_OF_SYSTEM[system], "system", "loop")]
    compiled = {name: sys.modules.pop(name, None) for name in names}
    settings: Any = numba.config
    disabled, settings.DISABLE_JIT = settings.DISABLE_JIT, 1
    here, sys.platform = sys.platform, system
    try:
        plain = {name.rpartition(".")[2]: importlib.import_module(name) for name in names}
        sys.platform = here
        yield plain
    finally:
        sys.platform = here
        settings.DISABLE_JIT = disabled
        for name, module in compiled.items():
            sys.modules.pop(name, None)
            if module is not None:
                sys.modules[name] = module


@dataclass(frozen=True, slots=True)
class Sent:
    """One packet on the made-up wire."""

    at_ns: int
    socket: int
    sequence: int
    timestamp: int
    ssrc: int
    payload_type: int
    payload: bytes


@dataclass
class World:
    """System calls that move the clock by hand. ``oversleep(wake_ns)`` adds to a sleep; ``refuse`` fails sends."""

    now_ns: int
    stop_at_ns: int
    stop: Callable[[], None]
    oversleep: Callable[[int], int] = lambda _wake_ns: 0
    refuse: Callable[[int], bool] = lambda _ssrc: False
    sent: list[Sent] = field(default_factory=list)
    system_calls: int = 0
    errno: Any = field(default_factory=lambda: ctypes.c_int(101))

    def gettime(self, _clock: int, address: int) -> int:
        ctypes.memmove(address, struct.pack("qq", *divmod(self.now_ns, 10**9)), 16)
        return 0

    def sleep(self, _clock: int, _flags: int, address: int, _remaining: int) -> int:
        seconds, nanoseconds = struct.unpack("qq", ctypes.string_at(address, 16))
        wake_ns = seconds * 10**9 + nanoseconds
        self.now_ns = max(self.now_ns, wake_ns + self.oversleep(wake_ns))
        if self.now_ns >= self.stop_at_ns:
            self.stop()
        return 0

    def send(self, socket: int, messages: int, count: int, _flags: int) -> int:
        self.system_calls += 1
        socket, messages, count = int(socket), int(messages), int(count)
        for done in range(count):
            header = MMsgHdr.from_address(messages + done * MESSAGE_BYTES).header
            vector = IoVec.from_address(header.iov)
            packet = ctypes.string_at(vector.base, vector.length)
            _, payload_type, sequence, timestamp, ssrc = struct.unpack("!BBHII", packet[:12])
            if self.refuse(ssrc):
                return done or -1
            self.sent.append(Sent(self.now_ns, socket, sequence, timestamp, ssrc, payload_type, packet[12:]))
        return count

    def copy(self, to: int, source: int, count: int) -> int:
        ctypes.memmove(to, source, count)
        return to

    def errno_address(self) -> int:
        return ctypes.addressof(self.errno)
