"""The PTP port where it needs no right and no network: refusals, identities; the rest is judged in the lab."""

from __future__ import annotations

import errno
import os
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from aes67_sender.errors import MachineError
from aes67_sender.net.interfaces import list_interfaces
from aes67_sender.net.ptp import sockets
from aes67_sender.net.ptp.port import PtpPort, clock_identity_of, open_ptp_port
from aes67_sender.net.ptp.sockets import PortsForbiddenError, PortsTakenError, why_not_bound
from support.interfaces import interface

if TYPE_CHECKING:
    from collections.abc import Iterator

NO_ADDRESS = interface("eth7", address=None, mac=None)


def refused(number: int) -> OSError:
    return OSError(number, os.strerror(number))


def test_no_right_to_the_ports_on_linux() -> None:
    error = why_not_bound(refused(errno.EACCES), 319, "linux")
    assert isinstance(error, PortsForbiddenError)
    assert str(error) == "This user may not open UDP ports 319 and 320, which PTP needs."
    assert error.hint == (
        "Allow it until the next boot: `sudo sysctl net.ipv4.ip_unprivileged_port_start=319`; or for this Python for "
        f"ever: `sudo setcap cap_net_bind_service=+ep {Path(sys.executable).resolve()}`."
    )


def test_no_right_to_the_ports_elsewhere() -> None:
    error = why_not_bound(refused(errno.EACCES), 319, "darwin")
    assert isinstance(error, PortsForbiddenError)
    assert error.hint.startswith("macOS before 10.14")


@pytest.mark.parametrize(
    ("number", "platform"), [(errno.EADDRINUSE, "linux"), (errno.EADDRINUSE, "win32"), (errno.EACCES, "win32")]
)
def test_a_port_that_another_program_has(number: int, platform: str) -> None:
    error = why_not_bound(refused(number), 320, platform)
    assert isinstance(error, PortsTakenError)
    assert str(error) == "Another PTP program holds UDP port 320 for itself."
    assert '"mode": "system"' in error.hint


def test_another_refusal_keeps_the_systems_word() -> None:
    error = why_not_bound(refused(errno.ENOBUFS), 319, "linux")
    assert type(error) is MachineError
    assert str(error) == "UDP port 319, which PTP needs, cannot be opened: No buffer space available."


def test_an_interface_without_address_has_no_port() -> None:
    with pytest.raises(MachineError, match="Interface eth7 has no IPv4 address"):
        open_ptp_port(NO_ADDRESS)


@pytest.fixture
def port(monkeypatch: pytest.MonkeyPatch) -> Iterator[PtpPort]:
    """A port on the loopback, with any free UDP ports: no right is needed."""
    for name in ("EVENT_PORT", "GENERAL_PORT"):
        monkeypatch.setattr(sockets, name, 0)
    loopback = next(each for each in list_interfaces() if each.loopback)
    with open_ptp_port(loopback) as opened:
        yield opened


def test_nothing_comes_and_it_returns_in_time(port: PtpPort) -> None:
    assert port.receive(0.01) == []
    assert port.receive(0) == []
    assert port.receive(-1) == []


def test_it_wakes_for_another_thread(port: PtpPort) -> None:
    waker = threading.Timer(0.05, port.wake)
    waker.start()
    assert port.receive(60) == []  # the test's own time-out would end it
    waker.join()


def test_waking_ahead_and_often_counts_once(port: PtpPort) -> None:
    for _ in range(10_000):
        port.wake()
    assert port.receive(60) == []
    before = time.monotonic()
    port.receive(0.05)
    assert time.monotonic() - before >= 0.05


def test_a_closed_port_does_nothing(port: PtpPort) -> None:
    port.close()
    port.close()
    port.wake()
    assert port.receive(60) == []
    assert not port.send(b"sync", event=True)


def test_what_the_network_refuses_is_counted(port: PtpPort) -> None:
    assert not port.send(bytes(100_000), event=True)
    assert not port.send(bytes(100_000), event=False)
    assert port.send_failures == 2


def test_the_clock_identity_is_the_mac_with_ff_fe_in_its_middle() -> None:
    assert str(clock_identity_of("00:1d:c1:12:34:56")) == "00-1d-c1-ff-fe-12-34-56"


def test_without_a_mac_the_identity_is_random_and_says_that_it_is_local() -> None:
    first, second = clock_identity_of(None), clock_identity_of(None)
    assert first != second
    assert first.octets[0] == 0x02
