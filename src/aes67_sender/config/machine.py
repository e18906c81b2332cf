"""What a valid config asks of this machine and of this version."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from aes67_sender.config.checks import describe, packet_hint
from aes67_sender.config.findings import listed, nearest, show, show_path
from aes67_sender.config.sources import FileSource
from aes67_sender.model.packet import longest_fitting_packet_time_us, max_payload_bytes
from aes67_sender.model.problem import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from aes67_sender.config.model import Config
    from aes67_sender.model.interface import Interface


def check_machine(config: Config, interfaces: Sequence[Interface]) -> list[Problem]:
    """All that keeps this machine from doing what the config says; only an ``error`` keeps the sender from starting.

    Looks at the file system for ``file`` sources, otherwise pure. Without ``interface`` nothing is said about
    interfaces: choosing one is not the config's business.
    """
    unusable = check_interface(config, interfaces)
    fitting = [] if unusable else _packets(config, interfaces)
    return [*unusable, *fitting, *_files(config), *_not_yet(config)]


def check_interface(config: Config, interfaces: Sequence[Interface]) -> list[Problem]:
    """Whether the named interface can be used; nothing to say without a name."""
    return list(_interface(config, interfaces))


def _interface(config: Config, interfaces: Sequence[Interface]) -> Iterator[Problem]:
    if config.interface is None:
        return
    name = config.interface
    found = _named(name, interfaces)
    if found is None:
        text = f"This computer has no network interface {show(name)}."
        yield Problem("config.unknown-interface", "error", text, _which(name, interfaces), "interface")
        return
    if not found.up:
        text = f'Network interface "{name}" is down.'
        yield Problem("config.interface-down", "error", text, "Plug in its cable, or switch it on.", "interface")
    elif found.address is None:
        text = f'Network interface "{name}" has no IPv4 address.'
        hint = "Give it one, by hand or by DHCP, or choose another interface."
        yield Problem("config.interface-address", "error", text, hint, "interface")


def _packets(config: Config, interfaces: Sequence[Interface]) -> Iterator[Problem]:
    name = config.interface or ""
    found = _named(name, interfaces)
    if found is None:
        return
    limit_bytes = max_payload_bytes(found.mtu_bytes)
    for index, stream in enumerate(config.streams):
        packet = stream.packet_format
        if packet.payload_bytes > limit_bytes:
            text = (
                f"{describe(packet)} need {packet.payload_bytes} bytes per packet, "
                f'but {limit_bytes} fit the MTU of {found.mtu_bytes} on "{name}".'
            )
            hint = packet_hint(longest_fitting_packet_time_us(packet, limit_bytes))
            path = f"streams[{index}].packet_time_us"
            yield Problem("config.packet-too-large", "error", text, hint, path)


def _named(name: str, interfaces: Sequence[Interface]) -> Interface | None:
    return next((interface for interface in interfaces if interface.name == name), None)


def _which(name: str, interfaces: Sequence[Interface]) -> str:
    by_address = next((interface.name for interface in interfaces if interface.address == name), None)
    meant = by_address or nearest(name, [interface.name for interface in interfaces])
    if meant:
        return f"Did you mean {show(meant)}?"
    names = [show(interface.name) for interface in interfaces]
    return f"There is {listed(names, 'and')}." if names else "Connect a network interface."


def _files(config: Config) -> Iterator[Problem]:
    for index, source in enumerate(config.sources):
        if isinstance(source, FileSource) and not Path(source.path).is_file():
            text = f'There is no file {show_path(source.path)}: source "{source.id}" stays silent until there is.'
            hint = "Correct the path, or put the file there."
            yield Problem("config.file-missing", "warning", text, hint, f"sources[{index}].path")


def _not_yet(config: Config) -> Iterator[Problem]:
    later = [
        ("secondary_interface", config.secondary_interface is not None, "send on a second interface"),
        ("announce.nmos.enabled", config.announce.nmos.enabled, "register with NMOS"),
    ]
    for path, wanted, what in later:
        if wanted:
            text = f"This version cannot {what} yet: it goes on without."
            hint = "Nothing needs to be done; a later version will."
            yield Problem("config.not-in-this-version", "warning", text, hint, path)
