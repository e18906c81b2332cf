"""Judges whether the computer's own firewall lets PTP and SAP in, as far as its rules can be read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from aes67_sender.logic.doctor.findings import Finding, Remedy, listed
from aes67_sender.logic.doctor.packetfilter import holds_port, lets_in, read_iptables, read_nft

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from aes67_sender.logic.doctor.findings import System

#: ``open``: nothing is held off, or a rule lets it in. ``unknown``: the rules cannot be read.
State = Literal["open", "closed", "unknown"]
NEEDED_PORTS: Final = (319, 320, 9875)
_UDP: Final = "17"

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
        text = "The firewall's rules cannot be read: this user may not, or the system's tool for it is not installed."
        yield Finding("network.firewall", "info", text, ASK.on(system), told)
    else:
        text = f"The firewall ({facts.who}) lets PTP and SAP in." if facts.who else "No firewall holds PTP off."
        yield Finding("network.firewall", "ok", text, facts=told)


def judge_nft(ruleset: str, interface: str) -> FirewallFacts:
    """From the text of ``nft list ruleset``, which has the rules of ufw, firewalld and iptables-nft too."""
    chains = read_nft(ruleset)
    return FirewallFacts(_states(lambda port: lets_in(chains, port, interface)), "nftables" if chains else "")


def judge_iptables(rules: str, interface: str) -> FirewallFacts:
    """From the text of ``iptables -S``."""
    chains = read_iptables(rules)
    return FirewallFacts(_states(lambda port: lets_in(chains, port, interface)), "iptables")


def _states(is_open: Callable[[int], bool]) -> dict[int, State]:
    return {port: "open" if is_open(port) else "closed" for port in NEEDED_PORTS}


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
            if not ports or any(holds_port(each, port) for each in ports):
                states[port] = "open"
    return FirewallFacts(states, "Windows Defender Firewall")
