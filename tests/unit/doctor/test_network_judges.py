"""Links, routes, ports, DSCP, queriers and foreign senders: facts of all three systems, and what is said of them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from aes67_sender.logic.doctor.findings import SYSTEMS, System
from aes67_sender.logic.doctor.multicast import (
    DscpFacts,
    QuerierFacts,
    StreamFacts,
    judge_dscp,
    judge_querier,
    judge_stream,
)
from aes67_sender.logic.doctor.network import Kind, Link, Load, Saving, judge_link, judge_neighbours
from aes67_sender.logic.doctor.ports import Attempt, Holder, PortFacts, RightsFacts, judge_ports, judge_web
from aes67_sender.logic.doctor.routes import RouteFacts, judge_route
from support.interfaces import interface
from unit.doctor.judged import severities, the

ETH0 = interface(address="10.77.0.2", mac="00:1d:c1:12:34:56")
LINK = Link(ETH0, "ethernet", prefix=24, carrier=True, full_duplex=True, saving="off")
LOAD = Load(mbps=9.9, largest_packet_bytes=1192)
FINE = dict.fromkeys(("network.link", "network.multicast", "network.speed", "network.mtu", "network.eee"), "ok")


def link(*, kind: Kind = "ethernet", saving: Saving | None = "off", **change: Any) -> Link:
    return replace(LINK, kind=kind, saving=saving, interface=replace(ETH0, **change))


@pytest.mark.parametrize("system", SYSTEMS)
def test_a_good_link_is_fine_on_every_system(system: System) -> None:
    assert severities(judge_link(LINK, LOAD, system)) == FINE


@pytest.mark.parametrize(
    ("broken", "check", "severity", "remedies"),
    [
        (link(up=False), "network.link", "problem", ("ip link set eth0 up", "Enable-NetAdapter", "System Settings")),
        (replace(LINK, carrier=False), "network.link", "problem", ("cable", "cable", "cable")),
        (link(address=None), "network.address", "problem", ("nmcli", "IP assignment", "TCP/IP")),
        (link(address="169.254.3.4"), "network.address", "info", ("DHCP",) * 3),
        (link(multicast=False), "network.multicast", "problem", ("multicast on", "another adapter", "another")),
        (link(speed_mbps=10), "network.speed", "problem", ("gigabit",) * 3),
        (replace(LINK, full_duplex=False), "network.speed", "problem", ("negotiate",) * 3),
        (link(speed_mbps=None), "network.speed", "info", ("",) * 3),
        (link(mtu_bytes=1400), "network.mtu", "warn", ("mtu 1500", "mtu=1500", "-setMTU eth0 1500")),
        (link(mtu_bytes=1000), "network.mtu", "problem", ("fewer channels",) * 3),
        (link(saving="active"), "network.eee", "warn", ("--set-eee eth0 eee off", "Device Manager", "Hardware")),
        (link(saving="allowed"), "network.eee", "info", ("--set-eee", "Green", "manually")),
        (link(saving=None), "network.eee", "info", ("",) * 3),
        (link(kind="wireless"), "network.kind", "warn", ("cable",) * 3),
        (link(kind="vpn"), "network.kind", "problem", ("do not pass a VPN",) * 3),
        (link(kind="virtual"), "network.kind", "info", ("real interface",) * 3),
        (link(kind="loopback"), "network.kind", "problem", ("--interface",) * 3),
    ],
)
def test_a_bad_link_has_a_remedy_for_each_system(
    broken: Link, check: str, severity: str, remedies: tuple[str, str, str]
) -> None:
    for system, remedy in zip(SYSTEMS, remedies, strict=True):
        finding = the(check, judge_link(broken, LOAD, system))
        assert finding.severity == severity
        assert remedy in finding.hint


def test_of_an_interface_that_is_down_nothing_more_is_said() -> None:
    assert severities(judge_link(link(up=False, address=None, multicast=False), LOAD, "linux")) == {
        "network.link": "problem"
    }


def test_streams_that_fill_the_link_are_a_problem() -> None:
    finding = the("network.speed", judge_link(link(speed_mbps=100), Load(79.2, 1192), "linux"))
    assert (finding.severity, finding.facts["streams_mbps"]) == ("problem", 79.2)


def test_a_vpn_is_a_warning_only_where_the_default_route_goes_there() -> None:
    tunnel = link(name="tun0", address="10.99.0.2", kind="vpn")
    aside = severities(judge_neighbours(LINK, [tunnel], "10.77.0.2", "linux"))
    first = severities(judge_neighbours(LINK, [tunnel], "10.99.0.2", "linux"))
    assert (aside, first) == ({"network.vpn": "info"}, {"network.vpn": "warn"})
    assert severities(judge_neighbours(LINK, [replace(tunnel, kind="ethernet")], "10.99.0.2", "linux")) == {}


def test_a_second_interface_in_the_subnet_is_a_warning() -> None:
    second = link(name="eth1", address="10.77.0.3")
    assert severities(judge_neighbours(LINK, [second], None, "win32")) == {"network.subnet": "warn"}
    assert severities(judge_neighbours(LINK, [replace(second, prefix=None)], None, "win32")) == {}
    down = replace(second, interface=replace(second.interface, up=False))
    assert severities(judge_neighbours(LINK, [down], None, "win32")) == {}


@pytest.mark.parametrize(
    ("way", "address", "severity"), [("eth0", "10.77.0.2", "ok"), ("d0", "10.78.0.2", "warn"), ("", "", "info")]
)
def test_the_route_of_others_multicast(way: str, address: str, severity: str) -> None:
    facts = RouteFacts("239.69.1.1", "eth0", "10.77.0.2", way, address)
    found = severities(judge_route(facts, "darwin"))
    assert found == {"network.route": severity}
    assert ("-interface eth0" in the("network.route", judge_route(facts, "darwin")).hint) == (severity != "ok")


RIGHTS = RightsFacts("/usr/bin/python3.11", 1024)


def ports(*attempts: Attempt, holder: Holder | None = None) -> list[PortFacts]:
    holders = (holder,) if holder else ()
    return [
        PortFacts(port, attempt, "too many", holders) for port, attempt in zip((319, 320, 9875), attempts, strict=True)
    ]


def test_free_ports_are_fine() -> None:
    found = severities(judge_ports(ports("opened", "opened", "opened"), RIGHTS, "linux", sap=True))
    assert found == {"ports.rights": "ok", "ports.ptp": "ok", "ports.sap": "ok"}


@pytest.mark.parametrize(
    ("system", "remedy"), [("linux", "setcap cap_net_bind_service=+ep /usr/bin/python3.11"), ("darwin", "before 10.14")]
)
def test_forbidden_ports_have_the_systems_remedy(system: System, remedy: str) -> None:
    finding = the("ports.rights", judge_ports(ports("forbidden", "opened", "opened"), RIGHTS, system, sap=True))
    assert finding.severity == "problem"
    assert remedy in finding.hint
    assert "Failed to initialize PTP subsystem" in finding.hint


@pytest.mark.parametrize(
    ("name", "remedy"),
    [
        ("ptp4l", "mode system"),
        ("gst-ptp-helper", "uses GStreamer's PTP clock"),
        ("DVS.exe", "Dante Virtual Soundcard"),
        ("svchost.exe", "W32Time"),
        ("unheard-of", "Stop it: "),
    ],
)
def test_who_has_a_port_for_himself_is_named_with_what_to_do(name: str, remedy: str) -> None:
    finding = the(
        "ports.ptp", judge_ports(ports("taken", "opened", "opened", holder=Holder(name, 77)), RIGHTS, "linux", sap=True)
    )
    assert finding.severity == "problem"
    assert f"{name} (process 77)" in finding.text
    assert remedy in finding.hint


def test_a_holder_this_user_may_not_see_is_to_be_asked_for_as_root() -> None:
    finding = the("ports.ptp", judge_ports(ports("opened", "taken", "opened"), RIGHTS, "linux", sap=True))
    assert "held by another program" in finding.text
    assert "sudo" in finding.hint


def test_a_port_that_is_shared_is_no_problem_and_our_own_sender_is_nobody() -> None:
    shared = judge_ports(ports("opened", "opened", "opened", holder=Holder("ptp4l", 5)), RIGHTS, "linux", sap=True)
    own = judge_ports(
        ports("opened", "opened", "opened", holder=Holder("ours", 5, own=True)), RIGHTS, "linux", sap=True
    )
    assert (severities(shared)["ports.ptp"], severities(own)["ports.ptp"]) == ("info", "ok")


def test_a_port_that_fails_otherwise_is_a_problem() -> None:
    finding = the("ports.ptp", judge_ports(ports("failed", "opened", "opened"), RIGHTS, "win32", sap=True))
    assert (finding.severity, "too many" in finding.text) == ("problem", True)


@pytest.mark.parametrize("mode", ["gstreamer", "system", "free-run"])
def test_modes_that_do_without_the_ports_are_only_warned(mode: str) -> None:
    cases: tuple[tuple[Attempt, str], ...] = (("forbidden", "ports.rights"), ("taken", "ports.ptp"))
    for attempt, check in cases:
        found = judge_ports(ports(attempt, "opened", "opened"), RIGHTS, "linux", sap=True, mode=mode)
        assert the(check, found).severity == "warn"


@pytest.mark.parametrize(("sap", "severity"), [(True, "problem"), (False, "warn")])
def test_the_sap_port_matters_to_who_announces_by_it(sap: bool, severity: str) -> None:
    attempts: tuple[Attempt, ...] = ("taken", "failed")
    for attempt in attempts:
        found = severities(judge_ports(ports("opened", "opened", attempt), RIGHTS, "linux", sap=sap))
        assert found["ports.sap"] == severity


@pytest.mark.parametrize(
    ("facts", "severity"),
    [
        (PortFacts(8067, "opened"), "ok"),
        (PortFacts(8067, "taken", holders=(Holder("a running aes67-sender", 3, own=True),)), "info"),
        (PortFacts(8067, "taken", holders=(Holder("nginx", 3),)), "problem"),
        (PortFacts(8067, "failed", "It cannot be opened."), "problem"),
    ],
)
def test_the_port_of_rest(facts: PortFacts, severity: str) -> None:
    assert severities(judge_web(facts, "linux")) == {"ports.web": severity}


UNMARKED = "Windows lets only administrators choose DSCP 34: packets are sent as audio and video, DSCP 40."


@pytest.mark.parametrize(
    ("facts", "system", "severity"),
    [
        (DscpFacts("eth0", 34, looped=34, wire=34), "linux", "ok"),
        (DscpFacts("eth0", 34, looped=34), "darwin", "ok"),
        # What leaves counts more than what comes back.
        (DscpFacts("eth0", 34, looped=34, wire=0), "linux", "warn"),
        (DscpFacts("eth0", 34, looped=0), "darwin", "warn"),
        (DscpFacts("eth0", 34), "linux", "warn"),
        (DscpFacts("eth0", 34, policy=False), "win32", "ok"),
        (DscpFacts("eth0", 34, looped=34, policy=False, unmarked=UNMARKED), "win32", "warn"),
        (DscpFacts("eth0", 34, policy=True, unmarked=UNMARKED), "win32", "ok"),
        (DscpFacts("eth0", 0, policy=False), "win32", "ok"),
        (DscpFacts("eth0", 34, refused="It cannot be sent."), "linux", "problem"),
    ],
)
def test_what_becomes_of_dscp(facts: DscpFacts, system: System, severity: str) -> None:
    assert severities(judge_dscp(facts, system)) == {"network.dscp": severity}


def test_windows_is_told_the_policy_with_the_wanted_dscp() -> None:
    facts = DscpFacts("Ethernet", 46, policy=False, unmarked=UNMARKED)
    finding = the("network.dscp", judge_dscp(facts, "win32"))
    assert finding.text == UNMARKED
    assert "New-NetQosPolicy" in finding.hint
    assert "-DSCPAction 46" in finding.hint


@pytest.mark.parametrize(
    ("facts", "severity", "text"),
    [
        (QuerierFacts("eth0", 5, listened=True, queriers={"10.0.0.1": 2}), "ok", "10.0.0.1 (version 2)"),
        (QuerierFacts("eth0", 5, listened=False, queriers={}, remembers=True), "ok", "within the last minutes"),
        (QuerierFacts("eth0", 5, listened=True, queriers={}), "info", "was heard in 5 s"),
        (QuerierFacts("eth0", 5, listened=False, queriers={}), "info", "may not listen"),
    ],
)
def test_silence_of_queriers_is_never_called_absence(facts: QuerierFacts, severity: str, text: str) -> None:
    finding = the("network.igmp", judge_querier(facts, "linux"))
    assert finding.severity == severity
    assert text in finding.text


def test_a_foreign_sender_is_a_problem_and_not_to_know_a_warning() -> None:
    alone = StreamFacts("s1", "239.69.1.1", 5004, 5.0, {})
    foreign = replace(alone, sources={"10.0.0.9": 812})
    unknown = replace(alone, error="The port is taken.")
    found = [severities(judge_stream(each, "linux"))["streams.address"] for each in (alone, foreign, unknown)]
    assert found == ["ok", "problem", "warn"]
    assert "10.0.0.9" in the("streams.address", judge_stream(foreign, "linux")).text
