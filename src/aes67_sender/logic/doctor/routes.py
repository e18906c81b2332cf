"""Judges by which interface other programs' multicast would leave."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from aes67_sender.logic.doctor.findings import Finding, Remedy

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aes67_sender.logic.doctor.findings import System

ROUTE: Final = Remedy(
    linux="For other programs: sudo ip route add 224.0.0.0/4 dev {name}. Older GStreamer sends PTP by that route too.",
    win32="For other programs, as administrator: route -p add 224.0.0.0 mask 240.0.0.0 {address}; or give the adapter "
    "the lowest metric: Set-NetIPInterface -InterfaceAlias '{name}' -InterfaceMetric 1",
    darwin="For other programs: sudo route add -net 224.0.0.0/4 -interface {name}; or drag the service to the top in "
    "System Settings, Network, Set Service Order.",
)


@dataclass(frozen=True, slots=True)
class RouteFacts:
    """``way`` is the interface, ``way_address`` our address there; both empty without any route for multicast."""

    group: str
    name: str
    address: str
    way: str
    way_address: str


def judge_route(facts: RouteFacts, system: System) -> Iterator[Finding]:
    """The sender itself names its interface for each socket: this is about programs that do not."""
    told = {"group": facts.group, "by": facts.way}
    hint = ROUTE.on(system, name=facts.name, address=facts.address)
    own = f"This sender sends by {facts.name} all the same."
    if not facts.way_address:
        text = f"This computer has no route for multicast. {own}"
        yield Finding("network.route", "info", text, hint, told)
    elif facts.way_address != facts.address:
        text = f"Multicast of other programs leaves by {facts.way or facts.way_address}, not by {facts.name}. {own}"
        yield Finding("network.route", "warn", text, hint, told)
    else:
        yield Finding("network.route", "ok", f"Multicast leaves by {facts.way}, as it should.", facts=told)
