"""Judges what becomes of multicast: DSCP on the wire, IGMP queriers, others who send to our addresses."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from aes67_sender.logic.doctor.findings import Finding, Remedy, everywhere, listed

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from aes67_sender.logic.doctor.findings import System

DSCP: Final = Remedy(
    linux="A rule of this computer rewrites it: look for dscp in sudo nft list ruleset, for DSCP and TOS in sudo "
    "iptables -t mangle -S, and for filters in tc filter show dev {name} egress.",
    win32='Let a policy choose it, once, in PowerShell as administrator: New-NetQosPolicy -Name "AES67 media" '
    "-IPProtocolMatchCondition UDP -IPDstPortStartMatchCondition 5004 -IPDstPortEndMatchCondition 5007 -DSCPAction "
    "{dscp}. On a computer outside of a domain also set, under HKLM\\SYSTEM\\CurrentControlSet\\Services\\Tcpip\\QoS, "
    'the string "Do not use NLA" to 1.',
    darwin="Something on this computer rewrites it: look for a VPN or a network extension (systemextensionsctl list).",
)
NOT_BACK: Final = Remedy(
    linux="See what the firewall does with multicast: sudo nft list ruleset.",
    win32="See what the firewall does with multicast: wf.msc, Inbound Rules.",
    darwin="See what the firewall does with multicast: System Settings, Network, Firewall.",
)
QUERIER: Final = everywhere(
    "Only if the switch snoops IGMP must there be a querier: switch one on in one switch of the network (Dante's "
    "advice: version 2, queries every 30 s), or snooping off. Without, streams and PTP stop some minutes after they "
    "began."
)
FOREIGN: Final = everywhere(
    "Give the stream an address of its own in the config, or stop the other sender: receivers mix both up, and play "
    "noise. `aes67-sender discover` lists who announces what."
)
LISTEN: Final = everywhere("Check that the interface is up and that no program has the port for itself.")


@dataclass(frozen=True, slots=True)
class DscpFacts:
    """A packet was sent with ``asked`` and caught again. ``None``: not caught.

    ``looped`` came back by the system's own loop, ``wire`` was seen as it left, which needs a right. ``policy``: a
    QoS policy of Windows sets one. ``unmarked``: what the sender says of packets that Windows' QoS service does not
    mark as they should be. ``refused``: why nothing could be sent.
    """

    name: str
    asked: int
    looped: int | None = None
    wire: int | None = None
    policy: bool | None = None
    unmarked: str = ""
    refused: str = ""


@dataclass(frozen=True, slots=True)
class QuerierFacts:
    """What was heard of IGMP in ``seconds``. ``queriers``: address → version.

    ``listened``: whether this user may hear IGMP at all. ``remembers``: the kernel has heard a query of version 1 or 2
    within the last minutes.
    """

    name: str
    seconds: float
    listened: bool
    queriers: Mapping[str, int]
    remembers: bool = False


@dataclass(frozen=True, slots=True)
class StreamFacts:
    """Who else sends to a stream's address: packets by source."""

    stream: str
    address: str
    port: int
    seconds: float
    sources: Mapping[str, int]
    error: str = ""


def judge_dscp(facts: DscpFacts, system: System) -> Iterator[Finding]:
    """Whether switches see the mark that the config asks for."""
    told = {"asked": facts.asked, "looped_back": facts.looped, "as_it_left": facts.wire}
    hint = DSCP.on(system, name=facts.name, dscp=facts.asked)
    if facts.refused:
        yield Finding("network.dscp", "problem", facts.refused, LISTEN.on(system), told)
        return
    if system == "win32":
        # What loops back there says nothing of the wire.
        yield _on_windows(facts, hint, {**told, "policy": facts.policy})
        return
    seen = facts.looped if facts.wire is None else facts.wire
    if seen is None:
        text = "A multicast packet that this computer sent to itself did not come back: its DSCP is unknown."
        yield Finding("network.dscp", "warn", text, NOT_BACK.on(system), told)
    elif seen != facts.asked:
        text = f"Packets leave {facts.name} with DSCP {seen}, though {facts.asked} is asked for."
        yield Finding("network.dscp", "warn", text, hint, told)
    else:
        where = f"as it left {facts.name}" if facts.wire is not None else "by this computer's own loop"
        yield Finding("network.dscp", "ok", f"DSCP {facts.asked} was set, seen {where}.", facts=told)


def _on_windows(facts: DscpFacts, hint: str, told: Mapping[str, object]) -> Finding:
    if not facts.unmarked:
        by = "Windows' QoS service (qWAVE) marks packets with" if facts.asked else "Packets are to leave with"
        return Finding("network.dscp", "ok", f"{by} DSCP {facts.asked}.", facts=told)
    if facts.policy:
        text = f"A QoS policy of Windows gives packets a DSCP; {facts.asked} is wanted. Without it: {facts.unmarked}"
        return Finding("network.dscp", "ok", text, facts=told)
    return Finding("network.dscp", "warn", facts.unmarked, hint, told)


def judge_querier(facts: QuerierFacts, system: System) -> Iterator[Finding]:
    """Silence proves nothing: queries come every two minutes at worst."""
    told = {
        "queriers": dict(facts.queriers),
        "seconds": facts.seconds,
        "listened": facts.listened,
        "kernel_heard_version_2": facts.remembers,
    }
    if facts.queriers:
        who = listed(f"{address} (version {version})" for address, version in sorted(facts.queriers.items()))
        yield Finding("network.igmp", "ok", f"There is an IGMP querier: {who}.", facts=told)
    elif facts.remembers:
        text = "There is an IGMP querier of version 2: this computer has heard it within the last minutes."
        yield Finding("network.igmp", "ok", text, facts=told)
    elif facts.listened:
        text = f"No IGMP querier was heard in {facts.seconds:g} s; they ask every two minutes at worst."
        yield Finding("network.igmp", "info", text, QUERIER.on(system), told)
    else:
        text = "Whether there is an IGMP querier is unknown: this user may not listen to IGMP."
        yield Finding("network.igmp", "info", text, QUERIER.on(system), told)


def judge_stream(facts: StreamFacts, system: System) -> Iterator[Finding]:
    """Whether an address is ours alone."""
    where = f"{facts.address}:{facts.port}"
    told = {"stream": facts.stream, "address": facts.address, "port": facts.port, "packets": dict(facts.sources)}
    if facts.error:
        text = f"Nobody can tell who sends to {where}, the address of stream {facts.stream}: {facts.error}"
        yield Finding("streams.address", "warn", text, LISTEN.on(system), told)
    elif facts.sources:
        who = listed(sorted(facts.sources))
        text = f"Another sender, {who}, uses {where}, the address of stream {facts.stream}."
        yield Finding("streams.address", "problem", text, FOREIGN.on(system), told)
    else:
        text = f"Nobody else was heard on {where}, the address of stream {facts.stream}."
        yield Finding("streams.address", "ok", text, facts=told)
