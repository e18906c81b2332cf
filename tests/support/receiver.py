"""An independent receiver: every frame that reaches an interface, with the kernel's time stamp.

A process of its own on the lab host, reading a packet socket: it sees what is on the wire, wanted or not, and joins no
group.
"""

from __future__ import annotations

import argparse
import gc
import os
import signal
import socket
import struct
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self

import numpy as np

from support.capture import Capture, join, parse_frames

if TYPE_CHECKING:
    from collections.abc import Iterable

    import numpy.typing as npt

    from support.netlab import Host
    from support.process import LoggedProcess

_ETH_P_IP: Final = 0x0800
_SO_RCVBUFFORCE: Final = 33
_SO_TIMESTAMPNS: Final = 35
_SOL_PACKET: Final = 263
_PACKET_STATISTICS: Final = 6
_PACKET_IGNORE_OUTGOING: Final = 23
# 64 streams of 1000 packets/s fill about 150 MB/s of socket buffer: room for a stall of more than a second.
_BUFFER_BYTES: Final = 256 << 20
_SLOT_BYTES: Final = 1536
_BLOCK_SLOTS: Final = 8192
_READY: Final = "receiver: ready"


class Receiver:
    """A capture under way; ``finish`` waits for its end, ``stop`` ends it now. Both give what was captured."""

    def __init__(self, process: LoggedProcess, result: Path, seconds: float) -> None:
        self._process = process
        self._result = result
        self._seconds = seconds

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.stop(signal.SIGKILL)

    def is_running(self) -> bool:
        return self._process.popen.poll() is None

    def finish(self) -> Capture:
        return self._load(self._process.wait(self._seconds + 60))

    def stop(self) -> Capture:
        return self._load(self._process.stop(signal.SIGTERM, within_s=60))

    def _load(self, code: int) -> Capture:
        if code:
            raise AssertionError(f"the receiver failed\n{self._process.tail()}")
        return Capture.load(self._result)


def start_capture(
    host: Host,
    directory: Path,
    *,
    seconds: float,
    ports: Iterable[int] = (5004,),
    interface: str | None = None,
    name: str = "capture",
) -> Receiver:
    """Start to capture on a host; returns when the socket is open, so that nothing sent afterwards is missed."""
    result = directory / f"{name}.npz"
    command = [sys.executable, "-m", "support.receiver", "--interface", interface or host.interface]
    command += ["--seconds", str(seconds), "--out", str(result), "--ports", *map(str, ports)]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[1])}
    process = host.start(command, directory / f"{name}.log", environment=environment)
    try:
        process.wait_for(_READY, 30)
    except AssertionError:
        process.kill()
        raise
    return Receiver(process, result, seconds)


def capture(
    host: Host, directory: Path, *, seconds: float, ports: Iterable[int] = (5004,), name: str = "capture"
) -> Capture:
    """Capture for some seconds from now."""
    with start_capture(host, directory, seconds=seconds, ports=ports, name=name) as receiver:
        return receiver.finish()


def _main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--interface", required=True)
    parser.add_argument("--seconds", type=float, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--ports", type=int, nargs="+", required=True)
    options = parser.parse_args()
    stopped: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, _: stopped.append(number))
    # Protocol 0 receives nothing until bind(): changing a live one loses what comes in the meantime.
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0) as tap:
        tap.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, _BUFFER_BYTES)
        tap.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
        tap.setsockopt(_SOL_PACKET, _PACKET_IGNORE_OUTGOING, 1)
        # Not settimeout(): that costs a poll() before each packet.
        tap.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack("ll", 0, 50_000))
        tap.bind((options.interface, _ETH_P_IP))
        print(_READY, flush=True)
        blocks = _receive(tap, time.monotonic() + options.seconds, stopped)
        # struct tpacket_stats: all packets, and those dropped for want of buffer.
        _, drops = struct.unpack("II", tap.getsockopt(_SOL_PACKET, _PACKET_STATISTICS, 8))
    parts = [parse_frames(block.frames, block.lengths(), block.arrival_ns(), ports=options.ports) for block in blocks]
    replace(join(parts), receiver_drops=drops).save(options.out)


class _Block:
    """Room for some thousand frames."""

    def __init__(self) -> None:
        self._memory = np.zeros((_BLOCK_SLOTS, _SLOT_BYTES), np.uint8)
        self.slots = [memoryview(row) for row in self._memory]  # type: ignore[arg-type]  # numpy rows are buffers
        self.sizes: list[int] = []
        self.stamps: list[bytes] = []

    @property
    def frames(self) -> npt.NDArray[np.uint8]:
        return self._memory[: len(self.sizes)]

    def lengths(self) -> npt.NDArray[np.int64]:
        return np.array(self.sizes, np.int64)

    def arrival_ns(self) -> npt.NDArray[np.int64]:
        times = np.frombuffer(b"".join(self.stamps), np.int64).reshape(-1, 2)  # struct timespec
        return times[:, 0] * 1_000_000_000 + times[:, 1]


def _receive(tap: socket.socket, until_s: float, stopped: list[int]) -> list[_Block]:
    """All frames until a moment of time.monotonic() or a signal."""
    blocks = [_Block()]
    gc.disable()  # no pause among 64 000 packets a second
    while not stopped and time.monotonic() < until_s:
        block = blocks[-1]
        if len(block.sizes) == _BLOCK_SLOTS:
            blocks.append(_Block())
            continue
        try:
            size, ancillary, _, _ = tap.recvmsg_into((block.slots[len(block.sizes)],), 64)
        except BlockingIOError:
            continue
        block.sizes.append(size)
        block.stamps.append(ancillary[0][2])
    return blocks


if __name__ == "__main__":
    _main()
