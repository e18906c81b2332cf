"""Asking a Linux interface to take stamps by its own clock, and reading that clock."""

from __future__ import annotations

import ctypes
import errno
import os
import struct
import sys
import time
from typing import TYPE_CHECKING, Final, TypeAlias

from aes67_sender.net.ptp.phc import PhcMap

if sys.platform != "win32":
    import fcntl

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable

# linux/sockios.h, linux/ethtool.h
_SIOCETHTOOL: Final = 0x8946
SIOCSHWTSTAMP: Final = 0x89B0
SIOCGHWTSTAMP: Final = 0x89B1
ETHTOOL_GET_TS_INFO: Final = 0x41
#: struct ethtool_ts_info: command, SO_TIMESTAMPING flags, PHC, kinds of sending, (3), filters of receiving, (3).
TS_INFO: Final = struct.Struct("=IIiI12xI12x")
#: struct hwtstamp_config: flags, kind of sending, filter of receiving.
CONFIG: Final = struct.Struct("=iii")
# linux/net_tstamp.h
_TX_ON: Final = 1
FILTER_ALL: Final = 1
FILTER_PTP_V2_L4_EVENT: Final = 6
FILTER_PTP_V2_EVENT: Final = 12
#: Those that stamp every PTP event message over UDP, the narrowest first.
_FILTERS: Final = (FILTER_PTP_V2_L4_EVENT, FILTER_PTP_V2_EVENT, FILTER_ALL)
#: TX_HARDWARE, RX_HARDWARE and RAW_HARDWARE of SO_TIMESTAMPING.
HARDWARE_FLAGS: Final = 1 << 0 | 1 << 2 | 1 << 6
_READS: Final = 5
_IFREQ_BYTES: Final = 40

#: An ioctl on the interface with a structure, which it may change. Raises OSError.
Ioctl: TypeAlias = "Callable[[int, bytearray], None]"
#: Opens the PHC of a number; gives a function that reads it in ns. Raises OSError.
OpenPhc: TypeAlias = "Callable[[int], tuple[Callable[[], int], Callable[[], None]]]"


class NoHardwareStampsError(Exception):
    """Why the interface does not take stamps, as the end of a sentence."""


class HardwareClock:
    """An interface that stamps by its own clock. One thread."""

    def __init__(
        self, read_ns: Callable[[], int], close: Callable[[], None], monotonic_ns: Callable[[], int] = time.monotonic_ns
    ) -> None:
        self._read_ns = read_ns
        self._monotonic_ns = monotonic_ns
        self.close = close
        self.map = PhcMap()
        self.look()

    def look(self) -> None:
        """Compare the clocks, if due. Raises OSError where the PHC is gone."""
        if not self.map.is_due(self._monotonic_ns()):
            return
        looks = []
        for _ in range(_READS):
            before_ns = self._monotonic_ns()
            phc_ns = self._read_ns()
            looks.append((before_ns, phc_ns, self._monotonic_ns()))
        # Whatever came between makes a look longer: the shortest is the best.
        self.map.observe(*min(looks, key=lambda each: each[2] - each[0]))


def switch_on(ioctl: Ioctl, open_phc: OpenPhc) -> HardwareClock:
    """Let the interface stamp all PTP event messages. It stays so afterwards: others may rely on it.

    Raises:
        NoHardwareStampsError: it cannot, or this user may not ask for it.
    """
    info = bytearray(TS_INFO.pack(ETHTOOL_GET_TS_INFO, 0, -1, 0, 0))
    _attempt("it does not say whether it can", ioctl, _SIOCETHTOOL, info)
    _, flags, phc, kinds, filters = TS_INFO.unpack(info)
    usable = [each for each in _FILTERS if filters & 1 << each]
    if phc < 0 or flags & HARDWARE_FLAGS != HARDWARE_FLAGS or not kinds & 1 << _TX_ON or not usable:
        raise NoHardwareStampsError("it has no clock that stamps PTP over UDP")
    config = bytearray(CONFIG.size)
    try:
        ioctl(SIOCGHWTSTAMP, config)
    except OSError:
        # Drivers of old only know how to set it.
        config = bytearray(CONFIG.size)
    if not _is_enough(config):
        if any(config):
            raise NoHardwareStampsError("another program has set it up for itself")
        config = bytearray(CONFIG.pack(0, _TX_ON, usable[0]))
        _attempt("switching it on", ioctl, SIOCSHWTSTAMP, config)
        if not _is_enough(config):
            raise NoHardwareStampsError("its driver does not stamp all PTP event messages")
    try:
        read_ns, close = open_phc(phc)
        try:
            return HardwareClock(read_ns, close)
        except OSError:
            close()
            raise
    except OSError as refused:
        raise NoHardwareStampsError(f"reading /dev/ptp{phc}: {refused.strerror}") from refused


def _is_enough(config: bytearray) -> bool:
    _, sending, receiving = CONFIG.unpack(config)
    return sending == _TX_ON and receiving in _FILTERS


def _attempt(what: str, ioctl: Ioctl, request: int, structure: bytearray) -> None:
    try:
        ioctl(request, structure)
    except OSError as refused:
        if refused.errno in {errno.EOPNOTSUPP, errno.ENOTTY}:
            raise NoHardwareStampsError("its driver takes none") from refused
        raise NoHardwareStampsError(f"{what}: {refused.strerror}") from refused


def ioctl_on(name: str, sock: socket.socket) -> Ioctl:
    """Ioctls on the interface of this name, by any socket. All raise OSError where there are none, as on Windows."""

    def ioctl(request: int, structure: bytearray) -> None:
        if sys.platform == "win32":
            raise OSError(errno.EOPNOTSUPP, "Windows has no such calls")
        else:  # noqa: RET506  type checkers know only branches
            memory = (ctypes.c_char * len(structure)).from_buffer(structure)
            # struct ifreq: the name, and a pointer in its union.
            ifreq = struct.pack("=16sQ", name.encode(), ctypes.addressof(memory)).ljust(_IFREQ_BYTES, b"\0")
            fcntl.ioctl(sock, request, ifreq)

    return ioctl


def open_phc(number: int) -> tuple[Callable[[], int], Callable[[], None]]:
    """The clock of ``/dev/ptpN``: how to read it, and how to close it. Raises OSError."""
    descriptor = os.open(f"/dev/ptp{number}", os.O_RDONLY)
    # clock_gettime(2), "Dynamic clocks": FD_TO_CLOCKID.
    clock = (~descriptor << 3) | 3

    def read_ns() -> int:
        if sys.platform == "win32":
            raise OSError(errno.EINVAL, "Windows reads no such clocks")
        else:  # noqa: RET506  type checkers know only branches
            return time.clock_gettime_ns(clock)

    return read_ns, lambda: os.close(descriptor)
