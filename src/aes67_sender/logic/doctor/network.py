"""Judges the network interface that the sender uses, and those beside it."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Interface
from typing import TYPE_CHECKING, Final, Literal

from aes67_sender.logic.doctor.findings import Finding, Remedy, everywhere, listed

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from aes67_sender.logic.doctor.findings import System
    from aes67_sender.model.interface import Interface

Kind = Literal["ethernet", "wireless", "vpn", "virtual", "loopback"]
Saving = Literal["active", "allowed", "off"]

_ETHERNET_MTU_BYTES: Final = 1500
_SLOWEST_MBPS: Final = 100
#: More than this of a link leaves no room for others, and for the unevenness of switches.
_FULL: Final = 0.7

NAME_ANOTHER: Final = everywhere(
    'Choose it in the config, "interface": "NAME", or with --interface; `aes67-sender interfaces` lists them.'
)
LINK: Final = Remedy(
    linux="Plug in its cable and switch it on: sudo ip link set {name} up",
    win32="Plug in its cable and enable it: Enable-NetAdapter -Name '{name}' (as administrator).",
    darwin="Plug in its cable and make the service active: System Settings, Network.",
)
ADDRESS: Final = Remedy(
    linux="Give it one: nmcli connection modify {name} ipv4.method auto (or link-local, as Dante devices do without a "
    "DHCP server), then nmcli connection up {name}.",
    win32="Give it one: Settings, Network & internet, Ethernet, IP assignment. Without a DHCP server, Windows takes "
    "169.254.x.x by itself, as Dante devices do.",
    darwin="Give it one: System Settings, Network, Details, TCP/IP. Without a DHCP server, macOS takes 169.254.x.x by "
    "itself, as Dante devices do.",
)
MULTICAST: Final = Remedy(
    linux="Switch it on: sudo ip link set {name} multicast on",
    win32="Use another adapter: this one cannot multicast.",
    darwin="Use another interface: this one cannot multicast.",
)
MTU: Final = Remedy(
    linux="Set it: sudo ip link set {name} mtu 1500",
    win32='Set it, as administrator: netsh interface ipv4 set subinterface "{name}" mtu=1500 store=persistent',
    darwin="Set it: sudo networksetup -setMTU {name} 1500",
)
SPEED: Final = everywhere(
    "Use a gigabit switch and a cable of category 5e or better; let both ends negotiate (no fixed speed or duplex)."
)
EEE: Final = Remedy(
    linux="Switch it off: sudo ethtool --set-eee {name} eee off. Switch it off in the switch too.",
    win32="Switch it off: Device Manager, the adapter's Properties, Advanced, Energy-Efficient Ethernet (and Green "
    "Ethernet): Disabled. Switch it off in the switch too.",
    darwin="Switch it off: System Settings, Network, Details, Hardware: configure manually, without "
    '"energy-efficient-ethernet". Switch it off in the switch too.',
)
WIRELESS: Final = everywhere(
    "Use a cable: Wi-Fi delays and drops multicast, and PTP over it is wrong by milliseconds. If it must be: expect "
    "drop-outs."
)
VIRTUAL: Final = everywhere(
    "Fine inside of one. Else choose the real interface: a virtual one may not lead to the audio network."
)
VPN: Final = everywhere(
    'Choose the audio network\'s interface in the config, "interface": "NAME": multicast and PTP do not pass a VPN.'
)
OTHER_VPN: Final = everywhere(
    "Nothing to do for this sender, which sends by its interface only. Other programs' multicast may go into the VPN: "
    "stop it if devices are not found by them."
)
SAME_SUBNET: Final = everywhere(
    "Put them into different subnets, or disconnect one: which of them answers, and hears multicast, is left to chance."
)


@dataclass(frozen=True, slots=True)
class Link:
    """One interface and what the system tells of its link; ``None`` where it does not.

    ``prefix`` is the length of its IPv4 network mask. ``saving``: energy-efficient Ethernet (IEEE 802.3az).
    """

    interface: Interface
    kind: Kind
    prefix: int | None = None
    carrier: bool | None = None
    full_duplex: bool | None = None
    saving: Saving | None = None


@dataclass(frozen=True, slots=True)
class Load:
    """What the streams of the config put on the interface: all of them, and the largest IP packet."""

    mbps: float
    largest_packet_bytes: int


def judge_link(link: Link, load: Load, system: System) -> Iterator[Finding]:
    """The chosen interface."""
    interface = link.interface
    name = interface.name
    told = {"name": name, "address": interface.address, "kind": link.kind, "mac": interface.mac}
    if not interface.up or link.carrier is False:
        what = "has no link: its cable is out, or the other end is off" if link.carrier is False else "is down"
        yield Finding("network.link", "problem", f"Interface {name} {what}.", LINK.on(system, name=name), told)
        return
    if interface.address is None:
        text = f"Interface {name} has no IPv4 address."
        yield Finding("network.address", "problem", text, ADDRESS.on(system, name=name), told)
    elif IPv4Address(interface.address).is_link_local:
        text = f"Interface {name} has the address {interface.address}, as without a DHCP server."
        hint = "Fine if the audio devices have such addresses too (169.254.x.x); else see to DHCP."
        yield Finding("network.address", "info", text, hint, told)
    if interface.address:
        yield Finding("network.link", "ok", f"Interface {name} ({interface.address}) is up.", facts=told)
    yield from _kind(link, system)
    if interface.multicast:
        yield Finding("network.multicast", "ok", f"Interface {name} can multicast.")
    else:
        text = f"Interface {name} is not set for multicast: no stream can be sent, no PTP heard."
        yield Finding("network.multicast", "problem", text, MULTICAST.on(system, name=name))
    yield from _speed(link, load, system)
    yield from _mtu(link, load, system)
    yield from _saving(link, system)


def _kind(link: Link, system: System) -> Iterator[Finding]:
    name = link.interface.name
    match link.kind:
        case "wireless":
            yield Finding("network.kind", "warn", f"Interface {name} is wireless.", WIRELESS.on(system))
        case "vpn":
            text = f"Interface {name} is a tunnel, as a VPN makes it."
            yield Finding("network.kind", "problem", text, VPN.on(system))
        case "loopback":
            text = f"Interface {name} is the loopback: nothing leaves this computer."
            yield Finding("network.kind", "problem", text, NAME_ANOTHER.on(system))
        case "virtual":
            text = f"Interface {name} is virtual, as containers and virtual machines have them."
            yield Finding("network.kind", "info", text, VIRTUAL.on(system))
        case _:
            pass


def _speed(link: Link, load: Load, system: System) -> Iterator[Finding]:
    name, mbps = link.interface.name, link.interface.speed_mbps
    told = {"speed_mbps": mbps, "full_duplex": link.full_duplex, "streams_mbps": round(load.mbps, 1)}
    if link.full_duplex is False:
        text = f"Interface {name} works at half duplex: packets collide and are late."
        yield Finding("network.speed", "problem", text, SPEED.on(system), told)
    elif mbps is None:
        yield Finding("network.speed", "info", f"The speed of {name} is unknown: its driver does not tell.", facts=told)
    elif mbps < _SLOWEST_MBPS:
        text = f"Interface {name} runs at {mbps} Mbit/s only."
        yield Finding("network.speed", "problem", text, SPEED.on(system), told)
    elif load.mbps > _FULL * mbps:
        text = f"The streams take {load.mbps:.0f} of the {mbps} Mbit/s of {name}."
        yield Finding("network.speed", "problem", text, SPEED.on(system), told)
    else:
        text = f"Interface {name} runs at {mbps} Mbit/s; the streams take {load.mbps:.1f}."
        yield Finding("network.speed", "ok", text, facts=told)


def _mtu(link: Link, load: Load, system: System) -> Iterator[Finding]:
    name, mtu_bytes = link.interface.name, link.interface.mtu_bytes
    told = {"mtu_bytes": mtu_bytes, "largest_packet_bytes": load.largest_packet_bytes}
    if load.largest_packet_bytes > mtu_bytes:
        text = f"The MTU of {name} is {mtu_bytes} bytes; the largest packets take {load.largest_packet_bytes}."
        hint = f"{MTU.on(system, name=name)} Or take fewer channels per stream, or a shorter packet time."
        yield Finding("network.mtu", "problem", text, hint, told)
    elif mtu_bytes < _ETHERNET_MTU_BYTES:
        text = f"The MTU of {name} is {mtu_bytes} bytes; Ethernet has 1500."
        yield Finding("network.mtu", "warn", text, MTU.on(system, name=name), told)
    else:
        yield Finding("network.mtu", "ok", f"The MTU of {name} is {mtu_bytes} bytes.", facts=told)


def _saving(link: Link, system: System) -> Iterator[Finding]:
    name, told = link.interface.name, {"energy_efficient_ethernet": link.saving}
    hint = EEE.on(system, name=name)
    match link.saving:
        case None:
            text = f"Whether {name} saves energy between packets (EEE) is unknown: its driver does not tell."
            yield Finding("network.eee", "info", text, facts=told)
        case "off":
            yield Finding("network.eee", "ok", f"Interface {name} saves no energy between packets.", facts=told)
        case "allowed":
            text = f"Energy-efficient Ethernet is allowed on {name}, though the other end does not use it now."
            yield Finding("network.eee", "info", text, hint, told)
        case "active":
            text = f"Energy-efficient Ethernet is active on {name}: it delays packets unevenly, and PTP with them."
            yield Finding("network.eee", "warn", text, hint, told)


def judge_neighbours(
    chosen: Link, others: Sequence[Link], default_address: str | None, system: System
) -> Iterator[Finding]:
    """The other interfaces. ``default_address`` is ours on the way to the world."""
    tunnels = [each for each in others if each.kind == "vpn" and each.interface.up and each.interface.address]
    if tunnels:
        names = [each.interface.name for each in tunnels]
        first = any(each.interface.address == default_address for each in tunnels)
        text = f"A VPN is up on {listed(names)}" + (", and the default route goes there." if first else ".")
        hint = OTHER_VPN.on(system)
        yield Finding("network.vpn", "warn" if first else "info", text, hint, {"interfaces": names})
    mine = _network(chosen)
    same = [each.interface.name for each in others if mine and each.interface.up and _network(each) == mine]
    if same:
        text = f"{listed([chosen.interface.name, *same])} are in the same subnet, {mine}."
        yield Finding("network.subnet", "warn", text, SAME_SUBNET.on(system), {"interfaces": same, "subnet": mine})


def _network(link: Link) -> str | None:
    if link.interface.address is None or link.prefix is None:
        return None
    return str(IPv4Interface(f"{link.interface.address}/{link.prefix}").network)
