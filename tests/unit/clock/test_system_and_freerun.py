"""The providers system and free-run over clocks made of numbers."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

import pytest

from aes67_sender.engine.clock.freerun import FreeRunProvider
from aes67_sender.engine.clock.system import SystemClockProvider
from aes67_sender.engine.clock.system_time import HardwareClock, kernel_time, read_together, system_time_ns
from aes67_sender.errors import MachineError
from aes67_sender.logic.system_clock import KernelTime
from aes67_sender.units import NS_PER_S

if TYPE_CHECKING:
    from pathlib import Path

    from aes67_sender.logic.provider import ClockProvider


class Clocks:
    """A monotonic clock that takes 100 ns per reading, and a system clock ahead of it."""

    def __init__(self) -> None:
        self.now_ns = 1_000
        self.ahead_ns = 1_700_000_000 * NS_PER_S

    def monotonic(self) -> int:
        self.now_ns += 100
        return self.now_ns

    def system(self) -> int:
        self.now_ns += 100
        return self.now_ns + self.ahead_ns

    def kernel(self) -> KernelTime:
        return KernelTime(38, synchronised=True)


def free_run(clocks: Clocks) -> FreeRunProvider:
    return FreeRunProvider(
        "auto", read_system_ns=clocks.system, read_monotonic_ns=clocks.monotonic, read_kernel=clocks.kernel
    )


def system(clocks: Clocks, socket: Path) -> SystemClockProvider:
    return SystemClockProvider(
        0,
        "auto",
        None,
        str(socket),
        read_clock_ns=clocks.system,
        read_monotonic_ns=clocks.monotonic,
        read_kernel=clocks.kernel,
    )


def test_free_run_ignores_steps_of_the_system_clock() -> None:
    clocks = Clocks()
    provider = free_run(clocks)
    before = provider.poll()
    clocks.ahead_ns += 3600 * NS_PER_S
    clocks.now_ns += NS_PER_S
    after = provider.poll()
    assert before.media_ns is not None
    assert after.media_ns is not None
    assert after.media_ns - before.media_ns == after.monotonic_ns - before.monotonic_ns
    assert before.media_ns - before.monotonic_ns == 1_700_000_038 * NS_PER_S
    assert (after.state, after.grandmaster, provider.name) == ("free-running", None, "free-run")
    provider.close()


def test_system_follows_steps_of_the_system_clock(tmp_path: Path) -> None:
    clocks = Clocks()
    provider = system(clocks, tmp_path / "nobody")
    before = provider.poll()
    clocks.ahead_ns += 5 * NS_PER_S
    after = provider.poll()
    provider.close()
    assert before.media_ns is not None
    assert after.media_ns is not None
    assert before.media_ns - before.monotonic_ns == 1_700_000_038 * NS_PER_S
    assert (after.media_ns - after.monotonic_ns) - (before.media_ns - before.monotonic_ns) == 5 * NS_PER_S
    assert (after.state, after.uncertainty_ns, provider.name) == ("free-running", 100, "system")


def test_a_clock_that_goes_away_is_told_not_raised(tmp_path: Path) -> None:
    clocks = Clocks()

    def gone() -> int:
        raise OSError(19, "No such device")

    provider = SystemClockProvider(
        0, "auto", "/dev/ptp0", str(tmp_path / "nobody"), read_clock_ns=gone, read_monotonic_ns=clocks.monotonic
    )
    reading = provider.poll()
    provider.close()
    assert reading.media_ns is None
    assert "No such device" in reading.why


def test_both_are_clock_providers(tmp_path: Path) -> None:
    clocks = Clocks()
    providers: list[ClockProvider] = [free_run(clocks), system(clocks, tmp_path / "nobody")]
    for provider in providers:
        assert provider.poll().media_ns
        provider.close()
        provider.close()


def test_the_best_bracket_of_three_is_taken() -> None:
    monotonic = iter([0, 500, 1000, 1020, 2000, 2100])
    assert read_together(iter([7, 8, 9]).__next__, monotonic.__next__) == (1010, 8, 10)


def test_a_missing_hardware_clock_is_an_error_with_a_remedy(tmp_path: Path) -> None:
    with pytest.raises(MachineError, match="cannot be opened") as caught:
        SystemClockProvider(0, "auto", str(tmp_path / "ptp0"), str(tmp_path / "nobody"))
    assert "ethtool -T" in caught.value.hint


def test_a_file_is_no_hardware_clock(tmp_path: Path) -> None:
    (tmp_path / "ptp0").write_bytes(b"")
    with pytest.raises(MachineError, match="is no clock"):
        HardwareClock(str(tmp_path / "ptp0"))


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells TAI")
def test_the_kernels_offset_is_the_difference_of_its_clocks() -> None:
    utc_ns, tai_ns, _ = read_together(lambda: time.clock_gettime_ns(time.CLOCK_TAI), system_time_ns)
    told = kernel_time()
    assert told.synchronised is not None
    assert told.tai_utc_s == round((tai_ns - utc_ns) / NS_PER_S)
