"""Interfaces made up for tests."""

from __future__ import annotations

from typing import Any

from aes67_sender.model.interface import Interface


def interface(name: str = "eth0", address: str | None = "10.0.5.7", **more: Any) -> Interface:
    """A cable with a gigabit, unless ``more`` says otherwise."""
    usual: dict[str, Any] = {
        "mac": "02:00:00:00:00:01",
        "up": True,
        "loopback": False,
        "multicast": True,
        "wireless": False,
        "virtual": False,
        "mtu_bytes": 1500,
        "speed_mbps": 1000,
    }
    return Interface(name=name, address=address, **{**usual, **more})


#: As Linux has it.
LOOPBACK = interface("lo", "127.0.0.1", mac=None, loopback=True, mtu_bytes=65_536, speed_mbps=None)
