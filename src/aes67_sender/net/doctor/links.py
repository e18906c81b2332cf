"""What the system tells of the links of its interfaces."""

from __future__ import annotations

import contextlib
import re
import socket
import struct
import sys
from ipaddress import IPv4Network
from pathlib import Path
from typing import TYPE_CHECKING, Final

import psutil

from aes67_sender.logic.doctor.network import Link
from aes67_sender.net.ptp.hardware import ioctl_on

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aes67_sender.logic.doctor.network import Kind, Saving
    from aes67_sender.model.interface import Interface

_ON_LINUX: Final = bool(sys.platform == "linux")
_SYS_CLASS_NET: Final = Path("/sys/class/net")
_IFF_UP: Final = 1
#: linux/if_arp.h: PPP, tunnels in IPv4, SIT and GRE, and what has no link layer at all, as tun and WireGuard.
_TUNNELS: Final = frozenset({512, 768, 769, 776, 778, 65534})
_VPN_NAME: Final = re.compile(
    r"vpn|tailscale|zerotier|wireguard|wintun|tap-windows|anyconnect|fortinet|globalprotect|^(utun|tun|wg|ppp|ipsec)\d",
    re.IGNORECASE,
)
_FULL_DUPLEX: Final = {int(psutil.NIC_DUPLEX_FULL): True, int(psutil.NIC_DUPLEX_HALF): False}
# linux/sockios.h, linux/ethtool.h
_SIOCETHTOOL: Final = 0x8946
_ETHTOOL_GEEE: Final = 0x44
#: struct ethtool_eee: command, supported, advertised, the partner's, active, enabled, (4).
_EEE: Final = struct.Struct("=10I")


def survey_links(interfaces: Sequence[Interface]) -> tuple[Link, ...]:
    """All of them; takes some ms."""
    addresses, stats = psutil.net_if_addrs(), psutil.net_if_stats()
    found = []
    for interface in interfaces:
        masks = [each.netmask for each in addresses.get(interface.name, []) if each.address == interface.address]
        stat = stats.get(interface.name)
        found.append(
            Link(
                interface=interface,
                kind=_kind(interface),
                prefix=_prefix(masks[0]) if masks and masks[0] else None,
                carrier=_carrier(interface),
                full_duplex=_FULL_DUPLEX.get(int(stat.duplex)) if stat else None,
                saving=_saving(interface.name) if _ON_LINUX else None,
            )
        )
    return tuple(found)


def _prefix(mask: str) -> int:
    return IPv4Network(f"0.0.0.0/{mask}").prefixlen


def _kind(interface: Interface) -> Kind:
    if interface.loopback:
        return "loopback"
    if interface.wireless:
        return "wireless"
    if _is_tunnel(interface.name):
        return "vpn"
    return "virtual" if interface.virtual else "ethernet"


def _is_tunnel(name: str) -> bool:
    if not _ON_LINUX:
        return _VPN_NAME.search(name) is not None
    with contextlib.suppress(OSError, ValueError):
        return int((_SYS_CLASS_NET / name / "type").read_text()) in _TUNNELS
    return False


def _carrier(interface: Interface) -> bool | None:
    """``False`` where the interface is switched on and has no link; ``None`` where nobody tells."""
    if not _ON_LINUX:
        return None
    with contextlib.suppress(OSError, ValueError):
        if int((_SYS_CLASS_NET / interface.name / "flags").read_text(), 16) & _IFF_UP:
            return (_SYS_CLASS_NET / interface.name / "carrier").read_text().strip() == "1"
    return None


def _saving(name: str) -> Saving | None:
    words = bytearray(_EEE.pack(_ETHTOOL_GEEE, *[0] * 9))
    with contextlib.suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        ioctl_on(name, sock)(_SIOCETHTOOL, words)
        _, supported, _, _, active, enabled, *_ = _EEE.unpack(words)
        if not supported:
            return "off"
        return "active" if active else "allowed" if enabled else "off"
    return None
