"""Judges whether the computer's own firewall lets PTP and SAP in, as far as its rules can be read."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from aes67_sender.logic.doctor.findings import Finding, Remedy, listed

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from aes67_sender.logic.doctor.findings import System

#: ``open``: nothing is held off, or a rule lets it in. ``unknown``: the rules cannot be read.
State = Literal["open", "closed", "unknown"]
NEEDED_PORTS: Final = (319, 320, 9875)
_UDP: Final = "17"
_INPUT_HOOK: Final = re.compile(r"type filter hook (?:input|prerouting)\b.*?(policy (?:drop|accept))?;?\s*$")
_NUMBERS: Final = re.compile(r"\d+(?:[-:]\d+)?")

RULES: Final = Remedy(
    linux="Let them in: sudo ufw allow 319:320/udp && sudo ufw allow 9875/udp; or with firewalld: sudo firewall-cmd "
    "--permanent --add-port=319-320/udp --add-port=9875/udp && sudo firewall-cmd --reload; or with nftables: nft add "
    "rule inet filter input udp dport {{ 319, 320, 9875 }} accept. Where PTP is held off, the old tools said "
    '"PTP clock sync timeout".',
    win32='As administrator: netsh advfirewall firewall add rule name="AES67 PTP" dir=in action=allow protocol=UDP '
    'localport=319,320; and the same with name="AES67 SAP" and localport=9875. Where PTP is held off, the old tools '
    'said "PTP clock sync timeout".',
    darwin="System Settings, Network, Firewall, Options: allow incoming connections for Python; or switch the firewall "
    'off in the audio network. Where PTP is held off, the old tools said "PTP clock sync timeout".',
)
ASK: Final = Remedy(
    linux="Run the doctor with sudo to have the rules read (nft list ruleset).",
    win32="Look at wf.msc, Inbound Rules: UDP 319, 320 and 9875 should be allowed.",
    darwin="System Settings, Network, Firewall: if it is on, Python must be allowed to receive.",
)


@dataclass(frozen=True, slots=True)
class FirewallFacts:
    """``ports``: how each needed UDP port fares. ``who``: whose rules were read, empty if none."""

    ports: Mapping[int, State]
    who: str = ""


def judge_firewall(facts: FirewallFacts, system: System) -> Iterator[Finding]:
    """Incoming UDP on the needed ports."""
    closed = [str(port) for port, state in facts.ports.items() if state == "closed"]
    told = {"rules_of": facts.who, "ports": {str(port): state for port, state in facts.ports.items()}}
    if closed:
        text = f"The firewall ({facts.who}) seems to hold off incoming UDP on port {listed(closed)}."
        yield Finding("network.firewall", "problem", text, RULES.on(system), told)
    elif "unknown" in facts.ports.values():
        yield Finding("network.firewall", "info", "This user may not read the firewall's rules.", ASK.on(system), told)
    else:
        text = f"The firewall ({facts.who}) lets PTP and SAP in." if facts.who else "No firewall holds PTP off."
        yield Finding("network.firewall", "ok", text, facts=told)


def read_nft(ruleset: str, interface: str) -> FirewallFacts:
    """Judge the text of ``nft list ruleset``, which has the rules of iptables-nft, ufw and firewalld too.

    Only the words of the rules are looked at, not the way of a packet through them: a needed port counts as open
    where any rule accepts it, its group, or all that comes by ``interface``.
    """
    restrictive = accepts_all = in_input = False
    accepting: list[str] = []
    for raw in ruleset.splitlines():
        line = raw.strip()
        if hook := _INPUT_HOOK.search(line):
            in_input = True
            restrictive |= hook[1] == "policy drop"
        elif line == "}":
            in_input = False
        elif in_input and line.removeprefix("counter ") in {"drop", "reject"}:
            restrictive = True
        elif re.search(r"\baccept\b", line) and "policy" not in line:
            accepting.append(line)
            accepts_all |= in_input and line == "accept"
    if not restrictive or accepts_all:
        return FirewallFacts(dict.fromkeys(NEEDED_PORTS, "open"), "nftables" if ruleset.strip() else "")
    states: dict[int, State] = {
        port: "open" if any(_lets_in(line, port, interface) for line in accepting) else "closed"
        for port in NEEDED_PORTS
    }
    return FirewallFacts(states, "nftables")


def _lets_in(rule: str, port: int, interface: str) -> bool:
    if ports := re.search(r"\bdport (\{[^}]*\}|\S+)", rule):
        return "tcp" not in rule and _holds(ports[1], port)
    if "ct state" in rule or "icmp" in rule or " lo" in rule.replace('"', " "):
        return False
    wide = ("pkttype multicast", "224.0.0.0/4", "ip protocol udp accept", "meta l4proto udp accept")
    return any(each in rule for each in wide) or f'iifname "{interface}"' in rule or f'iif "{interface}"' in rule


def _holds(ports: str, wanted: int) -> bool:
    for found in _NUMBERS.findall(ports):
        first, _, last = found.replace(":", "-").partition("-")
        if int(first) <= wanted <= int(last or first):
            return True
    return False


def read_iptables(rules: str, interface: str) -> FirewallFacts:
    """Judge the text of ``iptables -S``, where nft is not to be had."""
    lines = [line.split() for line in rules.splitlines()]
    text = [" ".join(line) for line in lines]
    closing = {"-A INPUT -j DROP", "-A INPUT -j REJECT", "-P INPUT DROP"}
    restrictive = any(line in closing or line.startswith("-A INPUT -j REJECT ") for line in text)
    if not restrictive or "-A INPUT -j ACCEPT" in text:
        return FirewallFacts(dict.fromkeys(NEEDED_PORTS, "open"), "iptables")
    accepting = [line for line in text if line.startswith("-A") and "-j ACCEPT" in line]
    states: dict[int, State] = {
        port: "open" if any(_accepts(line, port, interface) for line in accepting) else "closed"
        for port in NEEDED_PORTS
    }
    return FirewallFacts(states, "iptables")


def _accepts(rule: str, port: int, interface: str) -> bool:
    if ports := re.search(r"--dports? (\S+)", rule):
        return "-p tcp" not in rule and any(_holds(each, port) for each in ports[1].split(","))
    if "--ctstate" in rule or "--state" in rule or "icmp" in rule or "-p tcp" in rule or "-i lo" in rule:
        return False
    return "224.0.0.0/4" in rule or "--pkt-type multicast" in rule or f"-i {interface} " in f"{rule} "


def read_windows(*, enabled: bool, rules: Sequence[str], programs: Sequence[str]) -> FirewallFacts:
    r"""Judge the values under ``FirewallPolicy\FirewallRules`` of the registry, as ``v2.31|Action=Allow|Dir=In|…``.

    ``enabled``: in any profile. ``programs``: paths of what listens; a rule for one of them counts as well.
    """
    if not enabled:
        return FirewallFacts(dict.fromkeys(NEEDED_PORTS, "open"))
    wanted = {program.casefold() for program in programs}
    states: dict[int, State] = dict.fromkeys(NEEDED_PORTS, "closed")
    for rule in rules:
        pairs = [part.partition("=") for part in rule.split("|")]
        fields = {key: value for key, _, value in pairs}
        if (fields.get("Action"), fields.get("Dir"), fields.get("Active")) != ("Allow", "In", "TRUE"):
            continue
        if fields.get("Protocol", _UDP) != _UDP:
            continue
        program = fields.get("App", "").casefold()
        if program and program not in wanted:
            continue
        ports = [value for key, _, value in pairs if key in {"LPort", "LPort2_10"}]
        if not ports and not program:
            continue
        for port in NEEDED_PORTS:
            if not ports or any(_holds(each, port) for each in ports):
                states[port] = "open"
    return FirewallFacts(states, "Windows Defender Firewall")
