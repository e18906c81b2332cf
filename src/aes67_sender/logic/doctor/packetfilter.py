"""The way of an incoming multicast UDP packet through the rules of nftables or iptables, as far as they tell.

A condition that is not understood counts as not met: a rule with one neither lets the packet in nor drops it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

Verdict = Literal["accept", "drop", "return", "jump", "goto"]
_NUMBERS: Final = re.compile(r"\d+(?:[-:]\d+)?")
_NFT_CHAIN: Final = re.compile(r"chain (\S+) \{$")
_NFT_TABLE: Final = re.compile(r"table (\S+) (\S+) \{$")
_NFT_HOOK: Final = re.compile(r"type filter hook (input|prerouting)\b.*?(?:policy (\w+);)?$")
_NFT_VERDICT: Final = re.compile(r"\b(accept|drop|reject|return|jump|goto)(?: (\S+))?(?: with .*)?$")
#: What is no condition.
_NFT_NOISE: Final = re.compile(
    r"counter packets \d+ bytes \d+|\bcounter\b|comment \"[^\"]*\"|log(?: (?:prefix \"[^\"]*\"|level \w+|flags \w+))*"
)
#: Conditions that such a packet meets.
_NFT_MET: Final = re.compile(
    r"ip protocol udp|meta (?:l4proto|protocol|nfproto) (?:udp|ip|ipv4)|ip daddr 224\.0\.0\.0/4|"
    r"(?:meta )?pkttype multicast|fib daddr type multicast"
)
_NFT_PORTS: Final = re.compile(r"(?:udp|th) dport (?!!=)(\{[^}]*\}|\S+)")
_NFT_INTERFACE: Final = re.compile(r"(?:meta )?iif(?:name)? (!= )?(\{[^}]*\}|\"[^\"]*\"|\S+)")
#: Tables that IPv4 passes.
_FAMILIES: Final = frozenset({"ip", "inet"})
_IPTABLES_MET: Final = re.compile(r"-p udp|-m \S+|--pkt-type multicast|-d 224\.0\.0\.0/4|--comment (?:\"[^\"]*\"|\S+)")
_DEEPEST: Final = 16


@dataclass(frozen=True, slots=True)
class Rule:
    """``ports`` and ``interfaces`` are ``None`` where any will do; ``met``: all other conditions are."""

    verdict: Verdict
    target: str = ""
    ports: str | None = None
    interfaces: tuple[str, ...] | None = None
    inverted: bool = False
    met: bool = True

    def matches(self, port: int, interface: str) -> bool:
        """Whether it speaks of a packet to this port by this interface."""
        if not self.met or (self.ports is not None and not holds_port(self.ports, port)):
            return False
        if self.interfaces is None:
            return True
        return any(fnmatchcase(interface, each) for each in self.interfaces) != self.inverted


@dataclass(slots=True)
class Chain:
    """``entry``: packets begin here; ``drops``: what nobody has judged at its end is dropped."""

    rules: list[Rule] = field(default_factory=list)
    entry: bool = False
    drops: bool = False


def lets_in(chains: Mapping[str, Chain], port: int, interface: str) -> bool:
    """Whether every chain where packets come in lets one to this UDP port pass."""
    for name, chain in chains.items():
        verdict = _walk(chains, name, port, interface, 0) if chain.entry else "accept"
        if verdict == "drop" or (verdict is None and chain.drops):
            return False
    return True


def _walk(chains: Mapping[str, Chain], name: str, port: int, interface: str, depth: int) -> Verdict | None:
    """``accept``, ``drop``, or ``None`` where the chain ends without either."""
    if depth > _DEEPEST or name not in chains:
        return None
    for rule in chains[name].rules:
        if not rule.matches(port, interface):
            continue
        match rule.verdict:
            case "accept" | "drop":
                return rule.verdict
            case "return":
                return None
            case _:
                found = _walk(chains, rule.target, port, interface, depth + 1)
                if found is not None or rule.verdict == "goto":
                    return found
    return None


def holds_port(ports: str, wanted: int) -> bool:
    """Whether a port, a range or a set of them, in any of the usual notations, has this one."""
    for found in _NUMBERS.findall(ports):
        first, _, last = found.replace(":", "-").partition("-")
        if int(first) <= wanted <= int(last or first):
            return True
    return False


def read_nft(ruleset: str) -> dict[str, Chain]:
    """The chains in the text of ``nft list ruleset``."""
    chains: dict[str, Chain] = {}
    table, chain, passed = "", None, False
    for raw in ruleset.splitlines():
        line = raw.strip()
        if found := _NFT_TABLE.match(line):
            table, passed = f"{found[1]} {found[2]}", found[1] in _FAMILIES
        elif found := _NFT_CHAIN.match(line):
            chain = chains.setdefault(f"{table} {found[1]}", Chain()) if passed else None
        elif line == "}":
            chain = None
        elif chain is None:
            continue
        elif line.startswith("type "):
            if hook := _NFT_HOOK.match(line):
                chain.entry, chain.drops = True, hook[2] == "drop"
        elif rule := _nft_rule(line, table):
            chain.rules.append(rule)
    return chains


def _nft_rule(line: str, table: str) -> Rule | None:
    line = _NFT_NOISE.sub("", line).strip()
    verdict = _NFT_VERDICT.search(line)
    if verdict is None:
        return None
    rest = _NFT_MET.sub("", line[: verdict.start()])
    ports = _NFT_PORTS.search(rest)
    by = _NFT_INTERFACE.search(rest)
    for each in (ports, by):
        rest = rest.replace(each[0], "") if each else rest
    return Rule(
        verdict=_verdict(verdict[1]),
        target=f"{table} {verdict[2]}" if verdict[2] else "",
        ports=ports[1] if ports else None,
        interfaces=_names(by[2]) if by else None,
        inverted=bool(by and by[1]),
        met=not rest.strip(),
    )


def _names(text: str) -> tuple[str, ...]:
    return tuple(each.strip(' "') for each in text.strip("{}").split(","))


def _verdict(word: str) -> Verdict:
    match word.casefold():
        case "accept":
            return "accept"
        case "drop" | "reject":
            return "drop"
        case "return":
            return "return"
        case "goto":
            return "goto"
        case _:
            return "jump"


def read_iptables(rules: str) -> dict[str, Chain]:
    """The chains in the text of ``iptables -S``."""
    chains = {"INPUT": Chain(entry=True)}
    for line in rules.splitlines():
        words = line.split()
        if words[:1] == ["-P"] and len(words) > 2:  # noqa: PLR2004  -P INPUT DROP
            chains.setdefault(words[1], Chain()).drops = words[2] == "DROP"
        elif words[:1] == ["-A"] and (rule := _iptables_rule(words[2:])):
            chains.setdefault(words[1], Chain()).rules.append(rule)
    return chains


def _iptables_rule(words: Sequence[str]) -> Rule | None:
    text = " ".join(words)
    found = re.search(r"-([jg]) (\S+)(.*)$", text)
    if found is None or found[2] in {"LOG", "NFLOG"}:
        return None
    rest = text[: found.start()]
    ports = re.search(r"(?<!! )--dports? (\S+)", rest)
    by = re.search(r"(! )?-i (\S+)", rest)
    for each in (ports, by):
        rest = rest.replace(each[0], "") if each else rest
    known = found[2] in {"ACCEPT", "DROP", "REJECT", "RETURN"}
    return Rule(
        verdict=_verdict(found[2]) if known else "goto" if found[1] == "g" else "jump",
        target="" if known else found[2],
        ports=ports[1] if ports else None,
        interfaces=(by[2].replace("+", "*"),) if by else None,
        inverted=bool(by and by[1]),
        met=not _IPTABLES_MET.sub("", rest).strip(),
    )
