"""A network interface of this machine."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Interface:
    """``address`` is its first IPv4 address, ``None`` without one; ``speed_mbps`` is ``None`` where unknown."""

    name: str
    address: str | None
    mac: str | None
    up: bool
    loopback: bool
    multicast: bool
    wireless: bool
    virtual: bool
    mtu_bytes: int
    speed_mbps: int | None
