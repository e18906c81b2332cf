"""Our own grandmaster as a process on a lab host, read through ``--json``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from support.sender import PROGRAM, Sender, Snapshot

if TYPE_CHECKING:
    from pathlib import Path

    from support.netlab import Host


def start_grandmaster(host: Host, directory: Path, *options: str) -> Sender:
    """Start ``aes67-sender grandmaster``; it is ``master`` 6 s later, if nobody is better."""
    command = [PROGRAM, "grandmaster", "--interface", host.interface, "--json", *options]
    return Sender(host.start(command, directory / "ours.log", stdout=directory / "ours.jsonl"))


def is_master(status: Snapshot) -> bool:
    return bool(status["state"] == "master")


def yields(status: Snapshot) -> bool:
    return bool(status["state"] == "yielding")
