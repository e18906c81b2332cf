"""From a config file, or from nothing, to what a sender is started with."""

from __future__ import annotations

import os
import tempfile
from ipaddress import IPv4Address
from pathlib import Path
from typing import TYPE_CHECKING

from aes67_sender.net.interfaces import choose_interface, list_interfaces
from aes67_sender.net.sd_notify import find_manager
from aes67_sender.supervisor.document import document_of, open_document
from aes67_sender.supervisor.fit import fit
from aes67_sender.supervisor.sender import Setup

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aes67_sender.model.interface import Interface
    from aes67_sender.model.problem import Problem
    from aes67_sender.supervisor.document import Document


def from_file(path: Path, *, web: bool) -> tuple[Setup, list[Problem]]:
    """What a config file asks for, and what was changed if it had to be converted first.

    Raises:
        ConfigError: the file cannot be used, here or at all.
        MachineError: no interface can be used.
    """
    interfaces = list_interfaces()
    document, notes = open_document(path, interfaces)
    return _setup(document, interfaces, web=web), notes


def for_demo(interface_name: str | None, *, web: bool) -> Setup:
    """One stereo tone, to a group of 239.69/16 made from our address: two demos in one network do not collide.

    The SDP file goes where ``run`` would put it, into the present folder, because the user is to open it in a player;
    into a temporary folder if that cannot be written.

    Raises:
        ConfigError, MachineError: the interface is unknown or cannot be used.
    """
    interfaces = list_interfaces()
    interface = choose_interface(interface_name, interfaces)
    data = {
        "interface": interface.name,
        "sources": [{"id": "tone", "kind": "tone", "channels": 2, "frequency_hz": 1000.0, "level_dbfs": -18.0}],
        "streams": [{"id": "demo", "name": "aes67-sender demo", "source": "tone", "address": demo_address(interface)}],
        "announce": {"sdp_dir": str(_demo_folder())},
    }
    return _setup(document_of(data, base_dir=Path.cwd(), name="the demo"), interfaces, web=web)


def demo_address(interface: Interface) -> str:
    """The group of the demo: Dante's prefix and the lower half of our address."""
    low = int(IPv4Address(interface.address or "0.0.0.1")) & 0xFFFF
    return str(IPv4Address((239 << 24) | (69 << 16) | low))


def _setup(document: Document, interfaces: Sequence[Interface], *, web: bool) -> Setup:
    fitted = fit(document, interfaces)
    return Setup(
        config=fitted.config,
        interface=fitted.interface,
        sdp_dir=Path(fitted.config.announce.sdp_dir),
        web=web,
        warnings=fitted.warnings,
        document=document,
        manager=find_manager(os.environ, os.getpid()),
    )


def _demo_folder() -> Path:
    here = Path.cwd() / "sdp-files"
    writable = os.access(here if here.is_dir() else here.parent, os.W_OK)
    return here if writable else Path(tempfile.mkdtemp(prefix="aes67-sender-"))
