"""The provider ``system``: a clock that another daemon disciplines, the system's or a PTP hardware clock."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from aes67_sender.engine.clock.system_time import (
    HardwareClock,
    kernel_time,
    read_together,
    system_time_ns,
)
from aes67_sender.logic.system_clock import KernelTime, SystemClockJudge, TaiUtcOffset
from aes67_sender.model.clock import ClockReading, ProviderName
from aes67_sender.monotonic import monotonic_ns
from aes67_sender.net.ptp4l import Ptp4lClient
from aes67_sender.units import NS_PER_S

if TYPE_CHECKING:
    from collections.abc import Callable

_ASK_KERNEL_EVERY_NS: Final = NS_PER_S


class SystemClockProvider:
    """PTP time from the system clock and a whole number of seconds, or from the PHC ``phc`` as it is.

    ``tai_utc_offset`` ``"auto"``: as the ptp4l at ``ptp4l_socket`` keeps it, else the kernel's, else 37 s.
    State, grandmaster and offset come from ptp4l too. Raises ``MachineError`` where the PHC cannot be read.
    """

    def __init__(  # noqa: PLR0913  the last three are for tests
        self,
        domain: int,
        tai_utc_offset: TaiUtcOffset,
        phc: str | None,
        ptp4l_socket: str,
        *,
        read_clock_ns: Callable[[], int] | None = None,
        read_monotonic_ns: Callable[[], int] = monotonic_ns,
        read_kernel: Callable[[], KernelTime] = kernel_time,
    ) -> None:
        self._hardware = HardwareClock(phc) if phc is not None and read_clock_ns is None else None
        self._read_clock_ns = read_clock_ns or (self._hardware.read_ns if self._hardware else system_time_ns)
        self._read_monotonic_ns = read_monotonic_ns
        self._read_kernel = read_kernel
        self._kernel = KernelTime()
        self._kernel_due_ns: int | None = None
        self._daemon = Ptp4lClient(ptp4l_socket, domain)
        self._judge = SystemClockJudge(tai_utc_offset, domain=domain, path=ptp4l_socket, phc=phc is not None)

    @property
    def name(self) -> ProviderName:
        """The provider's name in config and status."""
        return "system"

    def poll(self) -> ClockReading:
        """Read the clock and, without waiting, what ptp4l has answered."""
        now_ns = self._read_monotonic_ns()
        if self._kernel_due_ns is None or now_ns >= self._kernel_due_ns:
            self._kernel, self._kernel_due_ns = self._read_kernel(), now_ns + _ASK_KERNEL_EVERY_NS
        judged = self._judge.judge(now_ns, self._daemon.poll(now_ns), self._kernel)
        try:
            at_ns, clock_ns, uncertainty_ns = read_together(self._read_clock_ns, self._read_monotonic_ns)
        except OSError as gone:
            return ClockReading("listening", f"The PTP hardware clock cannot be read: {gone.strerror}.")
        return ClockReading(
            state=judged.state,
            why=judged.why,
            monotonic_ns=at_ns,
            media_ns=None if judged.add_s is None else clock_ns + judged.add_s * NS_PER_S,
            uncertainty_ns=uncertainty_ns,
            grandmaster=judged.grandmaster,
            steps_removed=judged.steps_removed,
            offset_ns=judged.offset_ns,
            path_delay_ns=judged.path_delay_ns,
            accuracy_ns=None if judged.accuracy_ns is None else judged.accuracy_ns + uncertainty_ns,
            timestamping=judged.timestamping,
        )

    def close(self) -> None:
        """Close the management socket and the PHC; safe to call twice."""
        self._daemon.close()
        if self._hardware:
            self._hardware.close()
