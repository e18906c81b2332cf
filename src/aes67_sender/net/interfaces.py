"""The network interfaces of this machine, and the choice of the one to send from."""

from __future__ import annotations

import difflib
import re
import socket
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

import psutil

from aes67_sender.errors import ConfigError, MachineError
from aes67_sender.model.interface import Interface
from aes67_sender.model.problem import Problem

if TYPE_CHECKING:
    from collections.abc import Sequence

    from psutil._ntuples import snicaddr, snicstats

_ON_LINUX: Final = bool(sys.platform == "linux")
#: What drivers without an answer report, in Mbit/s.
_SPEED_UNKNOWN: Final = 0xFFFF
_SYS_CLASS_NET: Final = Path("/sys/class/net")
#: How Windows and macOS name what is no cable; Linux tells in /sys.
_WIRELESS_NAME: Final = re.compile(r"wi-?fi|wlan|wireless|airport|awdl|llw", re.IGNORECASE)
_VIRTUAL_NAME: Final = re.compile(
    r"vethernet|vmware|vmnet|virtualbox|vboxnet|hyper-v|docker|wsl|tailscale|zerotier|wireguard|openvpn|vpn|"
    r"\btap\b|loopback|npcap|bluetooth|^(utun|tun|tap|wg|gif|stf|bridge|anpi|ap)\d",
    re.IGNORECASE,
)
#: An address of no host (RFC 5737): asking for its route sends nothing.
_ANYWHERE: Final = "198.51.100.1"
_DISCARD_PORT: Final = 9


def list_interfaces() -> tuple[Interface, ...]:
    """All interfaces, in the order of their names; may take some ms."""
    addresses = psutil.net_if_addrs()
    return tuple(
        _interface(name, addresses.get(name, []), stats) for name, stats in sorted(psutil.net_if_stats().items())
    )


def find_interface(name: str) -> Interface | None:
    """The interface as it is now, ``None`` where there is none of that name; may take some ms."""
    return next((each for each in list_interfaces() if each.name == name), None)


def choose_interface(wanted: str | None, interfaces: Sequence[Interface]) -> Interface:
    """The interface with this name, IPv4 address or MAC; with ``None`` the best there is.

    Raises:
        ConfigError: There is none of that name; says which there are and which is nearest.
        MachineError: The wanted one has no IPv4 address or is down, or none can be used.
    """
    if wanted is None:
        return _best(interfaces)
    found = _find(wanted, interfaces)
    if found is None:
        raise _unknown(wanted, interfaces)
    if found.address is None:
        raise MachineError(
            f"Interface {found.name} has no IPv4 address.",
            hint=f"Give it an address, or use another interface: {_names(interfaces)}.",
        )
    if not found.up:
        raise MachineError(
            f"Interface {found.name} is down.",
            hint=f"Check its cable and enable it, or use another interface: {_names(interfaces)}.",
        )
    return found


def chosen_interface(name: str, address: str) -> Interface:
    """The interface that was chosen at the start, with its address of then where it has none now.

    It may be down or gone for a while: that is no reason to end.
    """
    for found in list_interfaces():
        if found.name == name:
            return replace(found, address=found.address or address)
    return Interface(
        name=name,
        address=address,
        mac=None,
        up=False,
        loopback=False,
        multicast=True,
        wireless=False,
        virtual=False,
        mtu_bytes=1500,
        speed_mbps=None,
    )


def default_route_address() -> str | None:
    """Our IPv4 address on the way to the world, ``None`` without a default route. Sends nothing."""
    return address_towards(_ANYWHERE)


def address_towards(destination: str) -> str | None:
    """Our IPv4 address on the way to a host or group, ``None`` without a route. Sends nothing."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect((destination, _DISCARD_PORT))
        except OSError:
            return None
        address: str = probe.getsockname()[0]
        return address


def _best(interfaces: Sequence[Interface]) -> Interface:
    usable = [each for each in interfaces if each.up and each.multicast and each.address and not each.loopback]
    if not usable:
        raise MachineError(
            "No network interface is up with an IPv4 address and multicast.",
            hint="Connect the audio network and give the interface an address; see `aes67-sender interfaces`.",
        )
    default = default_route_address()
    # VPNs and Hyper-V switches often win the default route: it only decides among equals.
    return min(usable, key=lambda each: (each.virtual, each.wireless, each.address != default, each.name))


def _find(wanted: str, interfaces: Sequence[Interface]) -> Interface | None:
    folded = wanted.casefold()
    mac = folded.replace("-", ":")
    # An exact name wins over another interface's name in other letters.
    candidates = (
        *(each for each in interfaces if wanted in (each.name, each.address)),
        *(each for each in interfaces if folded == each.name.casefold() or mac == each.mac),
    )
    return next(iter(candidates), None)


def _unknown(wanted: str, interfaces: Sequence[Interface]) -> ConfigError:
    known = [each.name for each in interfaces] + [each.address for each in interfaces if each.address]
    nearest = difflib.get_close_matches(wanted, known, n=1)
    sentence = f"There is no interface {wanted!r}."
    hint = f"Did you mean {nearest[0]!r}? " if nearest else ""
    hint += f"This machine has {_names(interfaces)}."
    problem = Problem("config.unknown-interface", "error", sentence, hint=hint, path="interface")
    return ConfigError(sentence, problems=(problem,), hint=hint)


def _names(interfaces: Sequence[Interface]) -> str:
    named = [f"{each.name} ({each.address})" for each in interfaces if each.address and not each.loopback]
    return ", ".join(named) or "no interface with an IPv4 address"


def _interface(name: str, addresses: Sequence[snicaddr], stats: snicstats) -> Interface:
    ipv4 = [each.address for each in addresses if each.family == socket.AF_INET]
    macs = [each.address for each in addresses if each.family == psutil.AF_LINK]
    flags = stats.flags.split(",") if stats.flags else []
    loopback = "loopback" in flags or any(each.startswith("127.") for each in ipv4)
    return Interface(
        name=name,
        address=ipv4[0] if ipv4 else None,
        mac=_mac(macs),
        up=stats.isup,
        loopback=loopback,
        # Windows tells no flags; there, all but the loopback can multicast.
        multicast="multicast" in flags if flags else not loopback,
        wireless=_is_wireless(name),
        virtual=not loopback and _is_virtual(name),
        mtu_bytes=stats.mtu,
        speed_mbps=stats.speed if 0 < stats.speed < _SPEED_UNKNOWN else None,
    )


def _mac(macs: Sequence[str]) -> str | None:
    """The first real MAC as ``00:1d:c1:12:34:56``; the loopback's zeros are none."""
    for mac in macs:
        if mac.strip("0:-"):
            return mac.replace("-", ":").casefold()
    return None


def _is_wireless(name: str) -> bool:
    if _ON_LINUX:
        here = _SYS_CLASS_NET / name
        return (here / "wireless").exists() or (here / "phy80211").exists()
    return _WIRELESS_NAME.search(name) is not None


def _is_virtual(name: str) -> bool:
    if _ON_LINUX:
        return "/devices/virtual/" in str((_SYS_CLASS_NET / name).resolve())
    return _VIRTUAL_NAME.search(name) is not None
