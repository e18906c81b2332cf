"""The way of PTP and SAP through firewall rules as the tools of the systems print them."""

from __future__ import annotations

import pytest

from aes67_sender.logic.doctor.findings import SYSTEMS
from aes67_sender.logic.doctor.firewall import (
    FirewallFacts,
    State,
    judge_firewall,
    judge_iptables,
    judge_nft,
    read_windows,
)
from unit.doctor.judged import severities, the

OPEN: dict[int, State] = {319: "open", 320: "open", 9875: "open"}
CLOSED: dict[int, State] = dict.fromkeys(OPEN, "closed")
NFT = """\
table inet filter {
	chain input {
		type filter hook input priority filter; policy drop;
		ct state established,related accept
		iifname "lo" accept
		meta l4proto icmp accept
		%s
	}
	chain forward {
		type filter hook forward priority filter; policy drop;
	}
}
"""
FIREWALLD = """\
table inet firewalld {
	chain filter_INPUT {
		type filter hook input priority filter + 10; policy accept;
		ct state { established, related } accept
		iifname "lo" accept
		jump filter_INPUT_ZONES
		reject with icmpx admin-prohibited
	}
	chain filter_INPUT_ZONES {
		iifname "eth0" goto filter_IN_%s
		goto filter_IN_public
	}
	chain filter_IN_public {
		tcp dport 22 accept
	}
	chain filter_IN_trusted {
		accept
	}
}
"""
UFW = """\
-P INPUT DROP
-P FORWARD DROP
-N ufw-before-input
-N ufw-user-input
-A INPUT -j ufw-before-input
-A ufw-before-input -i lo -j ACCEPT
-A ufw-before-input -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A ufw-before-input -d 224.0.0.251/32 -p udp -m udp --dport 5353 -j ACCEPT
-A ufw-before-input -j ufw-user-input
%s
"""


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("tcp dport 22 accept", CLOSED),
        ("accept", OPEN),
        ("udp dport { 319, 320, 9875 } accept", OPEN),
        ("udp dport 300-330 counter packets 5 bytes 300 accept", {**OPEN, 9875: "closed"}),
        ('udp dport 9875 log prefix "sap " accept comment "for aes67"', {**CLOSED, 9875: "open"}),
        ("ip daddr 224.0.0.0/4 accept", OPEN),
        ("meta pkttype multicast accept", OPEN),
        ('iifname "eth0" accept', OPEN),
        ('iifname { "lo", "eth*" } accept', OPEN),
        ('iifname "eth1" accept', CLOSED),
        ('iifname != "wan0" udp dport 319-320 accept', {**OPEN, 9875: "closed"}),
        ('iifname != "eth0" accept', CLOSED),
        # What it depends on cannot be known.
        ("ip saddr 10.0.0.0/8 accept", CLOSED),
        ("udp dport 319 limit rate 5/second accept", CLOSED),
    ],
)
def test_nftables_with_a_policy_of_drop(rule: str, expected: dict[int, str]) -> None:
    facts = judge_nft(NFT % rule, "eth0")
    assert (facts.ports, facts.who) == (expected, "nftables")


def test_nftables_that_drop_by_a_rule() -> None:
    assert judge_nft((NFT % "drop").replace("policy drop", "policy accept"), "eth0").ports == CLOSED
    dropped = (NFT % "udp dport 319 drop").replace("policy drop", "policy accept")
    assert judge_nft(dropped, "eth0").ports == {**OPEN, 319: "closed"}


def test_no_rules_and_rules_of_other_families_hold_nothing_off() -> None:
    assert judge_nft("", "eth0") == FirewallFacts(OPEN, "")
    assert judge_nft((NFT % "drop").replace("table inet", "table ip6"), "eth0").ports == OPEN


@pytest.mark.parametrize(("zone", "expected"), [("trusted", OPEN), ("public", CLOSED)])
def test_the_zones_of_firewalld_are_followed(zone: str, expected: dict[int, str]) -> None:
    assert judge_nft(FIREWALLD % zone, "eth0").ports == expected


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("", CLOSED),
        ("-A ufw-user-input -p udp -m multiport --dports 319:320 -j ACCEPT", {**OPEN, 9875: "closed"}),
        (
            "-A ufw-user-input -p udp -m udp --dport 9875 -m comment --comment 'dapp_sap' -j ACCEPT",
            {**CLOSED, 9875: "open"},
        ),
        ("-A ufw-user-input -i eth0 -j ACCEPT", OPEN),
        ("-A ufw-user-input -i eth+ -j ACCEPT", OPEN),
        ("-A ufw-user-input ! -i eth0 -j ACCEPT", CLOSED),
        ("-A ufw-user-input -p tcp -m tcp --dport 319 -j ACCEPT", CLOSED),
        ("-A ufw-user-input -j LOG --log-prefix x\n-A INPUT -d 224.0.0.0/4 -p udp -j ACCEPT", OPEN),
    ],
)
def test_iptables_as_ufw_sets_them_up(rule: str, expected: dict[int, str]) -> None:
    assert judge_iptables(UFW % rule, "eth0").ports == expected


def test_iptables_that_reject_at_the_end() -> None:
    rules = "-P INPUT ACCEPT\n-A INPUT -p udp -m udp --dport 319 -j ACCEPT\n-A INPUT -j REJECT --reject-with x\n"
    assert judge_iptables(rules, "eth0").ports == {**CLOSED, 319: "open"}
    assert judge_iptables("-P INPUT ACCEPT\n", "eth0").ports == OPEN


def test_rules_that_go_in_circles_end() -> None:
    rules = "-P INPUT DROP\n-N a\n-N b\n-A INPUT -j a\n-A a -j b\n-A b -j a\n"
    assert judge_iptables(rules, "eth0").ports == CLOSED


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        ([], CLOSED),
        (
            ["v2.31|Action=Allow|Active=TRUE|Dir=In|Protocol=17|LPort=319|LPort=320|Name=PTP|"],
            {**OPEN, 9875: "closed"},
        ),
        (["v2.31|Action=Allow|Active=TRUE|Dir=In|Protocol=17|LPort2_10=300-400|Name=x|"], {**OPEN, 9875: "closed"}),
        (["v2.31|Action=Allow|Active=TRUE|Dir=In|Protocol=17|App=C:\\Python\\python.exe|Name=x|"], OPEN),
        (["v2.31|Action=Allow|Active=TRUE|Dir=In|App=c:\\python\\PYTHON.exe|Name=x|"], OPEN),
        (["v2.31|Action=Allow|Active=FALSE|Dir=In|Protocol=17|LPort=319|"], CLOSED),
        (["v2.31|Action=Block|Active=TRUE|Dir=In|Protocol=17|LPort=319|"], CLOSED),
        (["v2.31|Action=Allow|Active=TRUE|Dir=Out|Protocol=17|LPort=319|"], CLOSED),
        (["v2.31|Action=Allow|Active=TRUE|Dir=In|Protocol=6|LPort=319|"], CLOSED),
        (["v2.31|Action=Allow|Active=TRUE|Dir=In|Protocol=17|LPort=319|App=C:\\Other\\dvs.exe|"], CLOSED),
        (["v2.31|Action=Allow|Active=TRUE|Dir=In|Protocol=17|Name=too wide to be true|"], CLOSED),
        (["nonsense", ""], CLOSED),
    ],
)
def test_rules_of_windows(rules: list[str], expected: dict[int, str]) -> None:
    facts = read_windows(enabled=True, rules=rules, programs=[r"C:\Python\python.exe"])
    assert facts.ports == expected
    assert read_windows(enabled=False, rules=rules, programs=[]).ports == OPEN


def test_closed_ports_have_a_remedy_for_each_system_that_answers_the_old_words() -> None:
    remedies = ("ufw allow 319:320/udp", "netsh advfirewall firewall add rule", "allow incoming connections for Python")
    for system, remedy in zip(SYSTEMS, remedies, strict=True):
        finding = the("network.firewall", judge_firewall(FirewallFacts({319: "closed", 320: "open"}, "x"), system))
        assert (finding.severity, "port 319." in finding.text) == ("problem", True)
        assert remedy in finding.hint
        assert "PTP clock sync timeout" in finding.hint


def test_rules_that_cannot_be_read_are_a_note() -> None:
    states: tuple[tuple[State, str], ...] = (("unknown", "info"), ("open", "ok"))
    for state, severity in states:
        facts = FirewallFacts({319: state}, "")
        assert severities(judge_firewall(facts, "linux")) == {"network.firewall": severity}
