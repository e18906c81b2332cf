"""The provider ``free-run``: no grandmaster, this computer's own clock."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aes67_sender.engine.clock.system_time import kernel_time, read_together, system_time_ns
from aes67_sender.logic.system_clock import KernelTime, TaiUtcOffset, assumed_tai_utc
from aes67_sender.model.clock import ClockMapping, ClockReading, ProviderName
from aes67_sender.monotonic import monotonic_ns
from aes67_sender.units import NS_PER_S

if TYPE_CHECKING:
    from collections.abc import Callable


class FreeRunProvider:
    """Starts at the system clock's TAI time and then counts the monotonic clock: steps of the former do not matter.

    With ``mapping`` it goes on with that clock's time and rate instead.
    """

    def __init__(
        self,
        tai_utc_offset: TaiUtcOffset,
        mapping: ClockMapping | None = None,
        *,
        read_system_ns: Callable[[], int] = system_time_ns,
        read_monotonic_ns: Callable[[], int] = monotonic_ns,
        read_kernel: Callable[[], KernelTime] = kernel_time,
    ) -> None:
        self._read_monotonic_ns = read_monotonic_ns
        start_ns, system_ns, self._uncertainty_ns = read_together(read_system_ns, read_monotonic_ns)
        tai_utc_s, sentence = assumed_tai_utc(tai_utc_offset, read_kernel())
        self._mapping = ClockMapping(start_ns, system_ns + tai_utc_s * NS_PER_S, 0.0, 0)
        self._why = f"No grandmaster is followed: time runs on from this computer's clock at the start. {sentence}"
        if mapping is not None:
            self._mapping = mapping
            self._why = "No grandmaster is followed: time runs on at the rate it had."

    @property
    def name(self) -> ProviderName:
        """The provider's name in config and status."""
        return "free-run"

    def poll(self) -> ClockReading:
        """Media time now."""
        now_ns = self._read_monotonic_ns()
        return ClockReading(
            state="free-running",
            why=self._why,
            monotonic_ns=now_ns,
            media_ns=self._mapping.media_at(now_ns),
            uncertainty_ns=self._uncertainty_ns,
            rate_ppm=self._mapping.rate_ppm,
            timestamping="system",
        )

    def close(self) -> None:
        """Nothing to release."""
