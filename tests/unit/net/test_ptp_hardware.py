"""Switching an interface's stamps on, with a driver of this test, and its clock told in monotonic time.

Sizes and places in structures were compared with a C program built against linux/ethtool.h and linux/net_tstamp.h.
"""

from __future__ import annotations

import errno
import os
import random
import struct
from dataclasses import dataclass, field

import pytest

from aes67_sender.net.ptp.hardware import (
    CONFIG,
    ETHTOOL_GET_TS_INFO,
    HARDWARE_FLAGS,
    SIOCGHWTSTAMP,
    SIOCSHWTSTAMP,
    TS_INFO,
    NoHardwareStampsError,
    switch_on,
)
from aes67_sender.net.ptp.phc import PhcMap
from aes67_sender.units import NS_PER_S

FOREVER = 1 << 62
AHEAD_NS = 1_700_000_000 * NS_PER_S


@dataclass
class Driver:
    """What an interface's driver says and does."""

    flags: int = HARDWARE_FLAGS | 0x1A
    phc: int = 0
    kinds: int = 0b11
    filters: int = 1 << 0 | 1 << 12
    config: tuple[int, int, int] = (0, 0, 0)
    widens_to: int | None = None
    refuses: dict[int, int] = field(default_factory=dict)
    opening: int = 0
    requests: list[int] = field(default_factory=list)

    def ioctl(self, request: int, structure: bytearray) -> None:
        self.requests.append(request)
        if number := self.refuses.get(request):
            raise OSError(number, os.strerror(number))
        if request == SIOCGHWTSTAMP:
            structure[:] = CONFIG.pack(*self.config)
        elif request == SIOCSHWTSTAMP:
            asked = CONFIG.unpack(structure)
            self.config = asked if self.widens_to is None else (*asked[:2], self.widens_to)
            structure[:] = CONFIG.pack(*self.config)
        else:
            assert struct.unpack_from("=I", structure)[0] == ETHTOOL_GET_TS_INFO
            structure[:] = TS_INFO.pack(ETHTOOL_GET_TS_INFO, self.flags, self.phc, self.kinds, self.filters)

    def open(self, number: int) -> tuple[object, object]:
        assert number == self.phc
        if self.opening:
            raise OSError(self.opening, os.strerror(self.opening))
        return (lambda: 0), (lambda: None)


def why_not(driver: Driver) -> str:
    with pytest.raises(NoHardwareStampsError) as caught:
        switch_on(driver.ioctl, driver.open)  # type: ignore[arg-type]  # a fake
    return str(caught.value)


def test_the_layouts_are_the_kernels() -> None:
    assert (TS_INFO.size, CONFIG.size) == (44, 12)
    packed = TS_INFO.pack(1, 2, 3, 4, 5)
    assert [struct.unpack_from("=i", packed, at)[0] for at in (0, 4, 8, 12, 28)] == [1, 2, 3, 4, 5]


@pytest.mark.parametrize(("filters", "asked"), [(1 << 12, 12), (1 << 6 | 1 << 12 | 1 << 1, 6), (1 << 1, 1)])
def test_the_narrowest_filter_that_serves_is_asked_for(filters: int, asked: int) -> None:
    driver = Driver(filters=filters)
    switch_on(driver.ioctl, driver.open)  # type: ignore[arg-type]  # a fake
    assert driver.config == (0, 1, asked)


def test_what_another_program_has_switched_on_stays() -> None:
    driver = Driver(config=(0, 1, 1))
    switch_on(driver.ioctl, driver.open)  # type: ignore[arg-type]  # a fake
    assert SIOCSHWTSTAMP not in driver.requests


def test_a_driver_that_cannot_tell_its_config_is_told_one() -> None:
    driver = Driver(refuses={SIOCGHWTSTAMP: errno.EOPNOTSUPP})
    switch_on(driver.ioctl, driver.open)  # type: ignore[arg-type]  # a fake
    assert driver.config == (0, 1, 12)


@pytest.mark.parametrize(
    ("driver", "why"),
    [
        (Driver(phc=-1), "it has no clock that stamps PTP over UDP"),
        (Driver(flags=0x1A), "it has no clock that stamps PTP over UDP"),
        (Driver(kinds=1), "it has no clock that stamps PTP over UDP"),
        (Driver(filters=1 | 1 << 9), "it has no clock that stamps PTP over UDP"),
        (Driver(config=(0, 2, 12)), "another program has set it up for itself"),
        (Driver(config=(0, 1, 9)), "another program has set it up for itself"),
        (Driver(widens_to=3), "its driver does not stamp all PTP event messages"),
        (Driver(refuses={0x8946: errno.EOPNOTSUPP}), "its driver takes none"),
        (Driver(refuses={0x8946: errno.ENODEV}), "it does not say whether it can: No such device"),
        (Driver(refuses={SIOCSHWTSTAMP: errno.EPERM}), "switching it on: Operation not permitted"),
        (Driver(opening=errno.EACCES), "reading /dev/ptp0: Permission denied"),
    ],
)
def test_why_there_are_no_hardware_stamps(driver: Driver, why: str) -> None:
    assert why_not(driver) == why


# The clock of the interface


class Clocks:
    """A PHC that runs faster than the monotonic clock by some ppm."""

    def __init__(self, ppm: float) -> None:
        self.mono_ns = 1000 * NS_PER_S
        self.ppm = ppm
        self.stepped_ns = 0
        self.random = random.Random(1)

    def phc_ns(self) -> int:
        return AHEAD_NS + self.stepped_ns + self.mono_ns + round(self.mono_ns * self.ppm / 1e6)

    def look(self, phc: PhcMap) -> None:
        before = self.mono_ns
        self.mono_ns += self.random.randrange(200, 800)
        read = self.phc_ns()
        self.mono_ns += self.random.randrange(200, 800)
        phc.observe(before, read, self.mono_ns)

    def run(self, phc: PhcMap, looks: int) -> None:
        for _ in range(looks):
            self.mono_ns += NS_PER_S // 8
            self.look(phc)


def convert(phc: PhcMap, stamp_ns: int) -> int:
    converted = phc.monotonic_ns(stamp_ns, earliest_ns=0, latest_ns=FOREVER)
    assert converted is not None
    return converted


@pytest.mark.parametrize("ppm", [0.0, 50.0, -100.0, 400.0])
def test_a_phc_of_another_rate_is_told_within_its_reading(ppm: float) -> None:
    clocks, phc = Clocks(ppm), PhcMap()
    for _ in range(100):
        clocks.run(phc, 1)
        assert abs(convert(phc, clocks.phc_ns()) - clocks.mono_ns) < 700
    clocks.mono_ns += NS_PER_S // 8
    assert abs(convert(phc, clocks.phc_ns()) - clocks.mono_ns) < 1000
    assert phc.steps == 0


def test_a_step_of_the_phc_starts_the_line_anew() -> None:
    clocks, phc = Clocks(20.0), PhcMap()
    clocks.run(phc, 20)
    before_ns = clocks.phc_ns()
    clocks.stepped_ns = -37 * NS_PER_S
    clocks.run(phc, 1)
    assert phc.steps == 1
    assert phc.monotonic_ns(before_ns, earliest_ns=0, latest_ns=clocks.mono_ns) is None
    assert abs(convert(phc, clocks.phc_ns()) - clocks.mono_ns) < 1000


def test_a_new_rate_is_followed() -> None:
    clocks, phc = Clocks(0.0), PhcMap()
    clocks.run(phc, 20)
    at_ns = clocks.phc_ns()
    clocks.ppm = 10.0
    clocks.stepped_ns += at_ns - clocks.phc_ns()  # only the rate changes
    clocks.run(phc, 20)
    assert phc.steps == 0
    assert abs(convert(phc, clocks.phc_ns()) - clocks.mono_ns) < 700


def test_nothing_is_told_before_the_first_look() -> None:
    phc = PhcMap()
    assert phc.is_due(0)
    assert phc.monotonic_ns(0, earliest_ns=0, latest_ns=FOREVER) is None
