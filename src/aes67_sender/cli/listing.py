"""``interfaces`` and ``devices``: what a config can name."""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING, Any

import click

from aes67_sender.cli.options import json_option, verbose_option

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aes67_sender.model.capture import AudioDevice
    from aes67_sender.model.interface import Interface


@click.command()
@json_option
@verbose_option
def interfaces(*, as_json: bool) -> None:
    """List the network interfaces; the name in the first column is what the config wants."""
    from aes67_sender.errors import SenderError
    from aes67_sender.net.interfaces import choose_interface, list_interfaces

    found = list_interfaces()
    if as_json:
        _print_json(found)
        return
    try:
        default = choose_interface(None, found).name
    except SenderError:
        default = ""
    rows = [(each.name, each.address or "-", "up" if each.up else "down", _remarks(each, default)) for each in found]
    _print_table(("NAME", "ADDRESS", "STATE", "REMARKS"), rows)


@click.command()
@json_option
@verbose_option
def devices(*, as_json: bool) -> None:
    """List the sound devices, and what to write into the config for each."""
    from aes67_sender.gst.devices import list_devices

    found = list_devices()
    if as_json:
        _print_json(found)
        return
    if not found:
        click.echo("No sound device was found. Sources of kind tone, file, stdin and jack need none.")
        return
    for each in found:
        click.echo(f"{each.name}{_about(each)}")
        click.echo(f"  {json.dumps(each.config, ensure_ascii=False)}")


def _about(device: AudioDevice) -> str:
    about = [
        f"{device.channels} channel{'s' * (device.channels != 1)}",
        ", ".join(f"{rate_hz} Hz" for rate_hz in device.rates_hz),
        "the system's default" if device.default else "",
        "what an output plays" if device.monitor else "",
    ]
    return f" ({', '.join(filter(None, about))})"


def _remarks(interface: Interface, default: str) -> str:
    remarks = [
        ("chosen without -c or --interface" if interface.name == default else ""),
        ("loopback" if interface.loopback else ""),
        ("wireless: expect drop-outs" if interface.wireless else ""),
        ("virtual" if interface.virtual else ""),
        ("" if interface.multicast else "no multicast"),
        (f"{interface.speed_mbps} Mbit/s" if interface.speed_mbps else ""),
        (f"MTU {interface.mtu_bytes}" if interface.mtu_bytes != 1500 else ""),  # noqa: PLR2004  Ethernet's own
    ]
    return ", ".join(filter(None, remarks))


def _print_json(records: Sequence[Any]) -> None:
    click.echo(json.dumps([dataclasses.asdict(each) for each in records], indent=2, ensure_ascii=False))


def _print_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    widths = [max(len(row[column]) for row in (head, *rows)) for column in range(len(head))]
    for row in (head, *rows):
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
