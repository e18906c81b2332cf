"""DSCP on Windows, with the answers of its QoS service made up. Sizes and values are those of qos2.h."""

from __future__ import annotations

import ctypes
import re
import socket
from typing import Any

import pytest

from aes67_sender import winapi
from aes67_sender.net.doctor.dscp import PROBE_GROUP, probe_dscp
from aes67_sender.net.interfaces import list_interfaces
from aes67_sender.net.ptp import sockets as ptp_sockets
from aes67_sender.net.qwave import DscpMarks, policy_hint
from aes67_sender.net.transmit_socket import TransmitSocketSpec, open_transmit_socket, sockaddr_in

HERE = sockaddr_in("239.69.1.1", 5004)


class Qos:
    """qwave.dll. ``creates``, ``adds``, ``sets``: which calls it grants."""

    def __init__(self, *, creates: bool = True, adds: bool = True, sets: bool = True) -> None:
        self.creates, self.adds, self.sets = creates, adds, sets
        self.flows: dict[int, tuple[int, bytes]] = {}
        self.dscp: dict[int, int] = {}
        self.closed = 0

    def QOSCreateHandle(self, version: Any, handle: Any) -> int:  # noqa: N802  Windows' names
        assert bytes(version._obj) == b"\1\0\0\0"  # noqa: SLF001  how byref is undone
        handle._obj.value = 99  # noqa: SLF001  how byref is undone
        return int(self.creates)

    def QOSAddSocketToFlow(self, handle: Any, sock: Any, address: Any, *more: Any) -> int:  # noqa: N802
        traffic, flags, flow = more
        assert (handle.value, traffic, flags) == (99, 3, 2)
        if self.adds:
            flow._obj.value = len(self.flows) + 1  # noqa: SLF001  how byref is undone
            self.flows[flow._obj.value] = sock.value, address.raw  # noqa: SLF001  how byref is undone
        return int(self.adds)

    def QOSSetFlow(self, handle: Any, flow: Any, operation: int, size: int, value: Any, *rest: Any) -> int:  # noqa: N802
        assert (handle.value, operation, size, rest) == (99, 2, 4, (0, None))
        if self.sets:
            self.dscp[flow.value] = ctypes.c_uint32.from_buffer_copy(value._obj).value  # noqa: SLF001
        return int(self.sets)

    def QOSCloseHandle(self, handle: Any) -> int:  # noqa: N802
        assert handle.value == 99
        self.closed += 1
        return 1


def test_each_destination_of_a_socket_is_marked_once() -> None:
    qos = Qos()
    marks = DscpMarks(34, qos)
    for destination in (HERE, sockaddr_in("239.69.1.2", 5004), HERE):
        marks.add(1200, destination)
    assert marks.why == ""
    assert list(qos.flows.values()) == [(1200, HERE), (1200, sockaddr_in("239.69.1.2", 5004))]
    assert list(qos.dscp.values()) == [34, 34]
    marks.close()
    marks.close()
    assert qos.closed == 1


@pytest.mark.parametrize(
    ("qos", "error", "why"),
    [
        (Qos(creates=False), 1450, "Windows' QoS service .qWAVE. does not run .error 1450: .*: packets carry DSCP 0"),
        (Qos(adds=False), 50, "refused the stream .error 50: .*: packets carry DSCP 0"),
        (Qos(sets=False), 5, "lets only administrators choose DSCP 34: packets are sent as audio and video, DSCP 40"),
        (Qos(sets=False), 87, "Windows refused DSCP 34 .error 87: .*: packets are sent as audio and video, DSCP 40"),
    ],
)
def test_what_windows_refuses_is_told(qos: Qos, error: int, why: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(winapi, "last_error", lambda: error)
    marks = DscpMarks(34, qos)
    marks.add(1200, HERE)
    assert re.search(why, marks.why)
    marks.close()


def test_a_windows_without_the_service_is_told_with_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(winapi, "ON_WINDOWS", True)
    with open_transmit_socket(TransmitSocketSpec("127.0.0.1", "lo", ttl=7, dscp=34)) as opened:
        assert not opened.problems
        assert opened.reach("239.69.1.1", 5004) == HERE
        assert opened.reach("239.69.1.2", 5004) != HERE
        (problem,) = opened.problems
    assert (problem.code, problem.severity) == ("network.dscp", "warning")
    assert "no QoS service" in problem.text
    assert problem.hint == policy_hint("AES67 media", (5004, 5004), 34)
    assert "-DSCPAction 34" in problem.hint


def test_ptp_messages_are_marked_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(winapi, "ON_WINDOWS", True)
    qos = Qos()
    monkeypatch.setattr(winapi, "load", lambda _name: qos)
    monkeypatch.setattr(ptp_sockets, "EVENT_PORT", 0)
    monkeypatch.setattr(ptp_sockets, "GENERAL_PORT", 0)
    opened = ptp_sockets.open_sockets(46)
    descriptors = [opened.event.fileno(), opened.general.fileno()]
    opened.close()
    assert opened.problems == ()
    assert [flow[0] for flow in qos.flows.values()] == descriptors
    assert list(qos.dscp.values()) == [46, 46]
    assert qos.closed == 1


@pytest.mark.parametrize(
    ("qos", "unmarked"),
    [
        (Qos(), ""),
        (Qos(sets=False), "Windows lets only administrators choose DSCP 34"),
        (Qos(creates=False), "does not run"),
    ],
)
def test_the_doctor_says_of_windows_what_the_sender_would(
    qos: Qos, unmarked: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(winapi, "ON_WINDOWS", True)
    monkeypatch.setattr(winapi, "load", lambda _name: qos)
    monkeypatch.setattr(winapi, "last_error", lambda: 5)
    loopback = next(each for each in list_interfaces() if each.loopback)
    facts = probe_dscp(loopback, 34)
    assert unmarked in facts.unmarked
    assert bool(facts.unmarked) == bool(unmarked)
    assert {address[4:8] for _, address in qos.flows.values()} <= {socket.inet_aton(PROBE_GROUP)}
    assert qos.closed == bool(qos.creates)
