"""Worlds as ``plainloop.World``, whose system calls are those of Windows and of macOS."""

from __future__ import annotations

import ctypes
import struct
from dataclasses import dataclass

from support.plainloop import Sent, World


@dataclass
class SendtoWorld(World):
    """A world in which packets leave one by one, to where their ``sockaddr`` says."""

    refused_by: int = 101

    def send_one(self, socket: int, packet: int, count: int, _flags: int, name: int, name_bytes: int) -> int:
        self.system_calls += 1
        octets = ctypes.string_at(int(packet), int(count))
        assert ctypes.string_at(int(name), int(name_bytes)) == bytes(16)
        _, payload_type, sequence, timestamp, ssrc = struct.unpack("!BBHII", octets[:12])
        if self.refuse(ssrc):
            return -1
        self.sent.append(Sent(self.now_ns, int(socket), sequence, timestamp, ssrc, payload_type, octets[12:]))
        return int(count)

    def wake(self, wake_ns: int) -> None:
        self.now_ns = max(self.now_ns, wake_ns + self.oversleep(wake_ns))
        if self.now_ns >= self.stop_at_ns:
            self.stop()


class WindowsWorld(SendtoWorld):
    """Calls as ``WindowsCalls``; the counter has ten million ticks a second, as Windows 10 gives it."""

    timer = 77
    ticks_per_s = 10_000_000
    longest_wait_ns = 0
    _due_ns = 0

    @property
    def send(self) -> object:  # type: ignore[override]  # another system's function of that name
        return self.send_one

    def counter(self, address: int) -> int:
        ctypes.c_int64.from_address(int(address)).value = self.now_ns // 100
        return 1

    def set_timer(self, timer: int, address: int, *_: int) -> int:
        assert timer == self.timer
        due = ctypes.c_int64.from_address(int(address)).value
        assert due < 0, "absolute times are those of the system clock"
        self._due_ns = self.now_ns - due * 100
        return 1

    def wait(self, timer: int, longest_ms: int) -> int:
        assert timer == self.timer
        self.wake(min(self._due_ns, self.now_ns + longest_ms * 1_000_000))
        return 0

    def error(self) -> int:
        return self.refused_by


class DarwinWorld(SendtoWorld):
    """Calls as ``DarwinCalls``; the timebase is that of Apple's own processors."""

    ns = 125
    ticks = 3

    @property
    def send(self) -> object:  # type: ignore[override]  # another system's function of that name
        return self.send_one

    def uptime(self, clock: int) -> int:
        assert clock == 8
        return self.now_ns

    def wait(self, ticks: int) -> int:
        self.wake(int(ticks) * self.ns // self.ticks)
        return 0
