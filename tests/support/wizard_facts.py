"""Made-up machines and networks for the wizard."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from aes67_sender.config.load import judge
from aes67_sender.model.capture import AudioDevice
from aes67_sender.model.session import Destination, DiscoveredSession
from aes67_sender.model.snapshot import MasterStatus
from aes67_sender.wizard.facts import Existing, Facts, Heard
from support import interfaces

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aes67_sender.model.interface import Interface

OWN_ADDRESS = "192.168.1.20"


def interface(name: str = "eth0", address: str | None = OWN_ADDRESS, **more: Any) -> Interface:
    return interfaces.interface(name, address, **more)


def device(kind: str = "pulse", name: str = "Studio", channels: int = 2, **more: Any) -> AudioDevice:
    identity = name.lower()
    config: dict[str, object] = {"kind": kind, "device": identity, "channels": channels}
    if kind == "jack":
        config = {"kind": kind, "channels": channels, "connect": [f"{identity}:*"]}
    if kind == "gst":
        config = {"kind": kind, "bin": "autoaudiosrc", "channels": channels}
    return AudioDevice(name, kind, identity, channels, (48_000,), config, **more)


def master(domain: int = 0, grandmaster: str = "00-1d-c1-ff-fe-12-34-56", **more: Any) -> MasterStatus:
    usual: dict[str, Any] = {"address": "192.168.1.2", "priority1": 128, "clock_class": 248, "priority2": 128}
    return MasterStatus(domain=domain, grandmaster=grandmaster, **{**usual, **more})


def session(address: str, port: int = 5004, origin: str = "192.168.1.77", name: str = "Stage") -> DiscoveredSession:
    return DiscoveredSession(
        identity=f"- 1 IN IP4 {origin} {address}",
        version=1,
        name=name,
        origin=origin,
        address=address,
        port=port,
        destinations=(Destination(address, port),),
        format="L24/48000/2",
        packet_time_ms=1.0,
        clock="",
        sources=("sap",),
        age_s=1.0,
        ours=False,
        sdp="",
    )


def existing(data: dict[str, Any]) -> Existing:
    return Existing(data, judge(data))


def facts(
    *,
    file: dict[str, Any] | None = None,
    devices: Sequence[AudioDevice] = (),
    masters: Sequence[MasterStatus] = (),
    sessions: Sequence[DiscoveredSession] = (),
    interfaces: Sequence[Interface] = (),
    daemon: bool = False,
) -> Facts:
    return Facts(
        tuple(interfaces) or (interface(),),
        (interfaces[0] if interfaces else interface()).name,
        "studio-pc",
        Heard(tuple(masters), tuple(sessions)),
        tuple(devices),
        existing(file) if file is not None else None,
        daemon,
        Path("/none"),
    )
