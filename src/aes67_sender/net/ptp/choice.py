"""Which stamps this system can take, the best first."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from aes67_sender.model.problem import Problem
from aes67_sender.net.ptp.stamping import UserSpaceStamping

if sys.platform == "linux":
    from aes67_sender.net.ptp.hardware import HardwareClock, NoHardwareStampsError, ioctl_on, open_phc, switch_on
    from aes67_sender.net.ptp.linux import KernelStamping, no_hardware_stamps
elif sys.platform == "win32":
    from aes67_sender.net.ptp.windows import WindowsStamping
    from aes67_sender.net.ptp.winsock import load_winsock
elif sys.platform == "darwin":
    from aes67_sender.net.ptp.darwin import DarwinStamping

if TYPE_CHECKING:
    from aes67_sender.model.interface import Interface
    from aes67_sender.net.ptp.sockets import PtpSockets
    from aes67_sender.net.ptp.stamping import Stamping


def choose_stamping(sockets: PtpSockets, interface: Interface, *, hardware: bool) -> Stamping:
    """Set the sockets up for it; the problems of the result tell why it is not the best there is."""
    try:
        return _best_stamping(sockets, interface, hardware=hardware)
    except OSError as refused:
        text = (
            f"The system takes no stamps of PTP messages ({refused.strerror or refused}); the program's are less exact."
        )
        return UserSpaceStamping((Problem("ptp.stamps", "warning", text),))


if sys.platform == "linux":

    def _best_stamping(sockets: PtpSockets, interface: Interface, *, hardware: bool) -> Stamping:
        clock, problems = _hardware_clock(sockets, interface) if hardware else (None, ())
        try:
            return KernelStamping(sockets.event, sockets.general, clock, problems)
        except OSError:
            if clock:
                clock.close()
            raise

    def _hardware_clock(sockets: PtpSockets, interface: Interface) -> tuple[HardwareClock | None, tuple[Problem, ...]]:
        try:
            return switch_on(ioctl_on(interface.name, sockets.event), open_phc), ()
        except NoHardwareStampsError as why:
            return None, (no_hardware_stamps(str(why)),)

elif sys.platform == "win32":

    def _best_stamping(sockets: PtpSockets, _interface: Interface, *, hardware: bool) -> Stamping:  # noqa: ARG001
        return WindowsStamping(load_winsock(), sockets.event)

elif sys.platform == "darwin":

    def _best_stamping(sockets: PtpSockets, _interface: Interface, *, hardware: bool) -> Stamping:  # noqa: ARG001
        return DarwinStamping((sockets.event, sockets.general))

else:

    def _best_stamping(_sockets: PtpSockets, _interface: Interface, *, hardware: bool) -> Stamping:  # noqa: ARG001
        return UserSpaceStamping()
