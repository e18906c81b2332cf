"""Which stamps this system can take, the best first."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Final

from aes67_sender.model.problem import Problem
from aes67_sender.net.ptp.darwin import DarwinStamping
from aes67_sender.net.ptp.hardware import HardwareClock, NoHardwareStampsError, ioctl_on, open_phc, switch_on
from aes67_sender.net.ptp.linux import KernelStamping, no_hardware_stamps
from aes67_sender.net.ptp.stamping import UserSpaceStamping
from aes67_sender.net.ptp.windows import WindowsStamping
from aes67_sender.net.ptp.winsock import load_winsock

if TYPE_CHECKING:
    from aes67_sender.model.interface import Interface
    from aes67_sender.net.ptp.sockets import PtpSockets
    from aes67_sender.net.ptp.stamping import Stamping

_PLATFORM: Final[str] = sys.platform


def choose_stamping(sockets: PtpSockets, interface: Interface, *, hardware: bool) -> Stamping:
    """Set the sockets up for it; the problems of the result tell why it is not the best there is."""
    clock, problems = _hardware_clock(sockets, interface) if hardware and _PLATFORM == "linux" else (None, ())
    try:
        if _PLATFORM == "linux":
            return KernelStamping(sockets.event, sockets.general, clock, problems)
        if _PLATFORM == "win32":
            return WindowsStamping(load_winsock(), sockets.event)
        if _PLATFORM == "darwin":
            return DarwinStamping((sockets.event, sockets.general))
    except OSError as refused:
        if clock:
            clock.close()
        text = (
            f"The system takes no stamps of PTP messages ({refused.strerror or refused}); the program's are less exact."
        )
        return UserSpaceStamping((Problem("ptp.stamps", "warning", text),))
    return UserSpaceStamping()


def _hardware_clock(sockets: PtpSockets, interface: Interface) -> tuple[HardwareClock | None, tuple[Problem, ...]]:
    try:
        return switch_on(ioctl_on(interface.name, sockets.event), open_phc), ()
    except NoHardwareStampsError as why:
        return None, (no_hardware_stamps(str(why)),)
