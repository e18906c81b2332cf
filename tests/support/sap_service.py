"""The SAP service as a process: ``python -m support.sap_service INTERFACE FILE...`` announces files until SIGINT."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from aes67_sender.net.interfaces import choose_interface, list_interfaces
from aes67_sender.supervisor.interface_watch import looks
from aes67_sender.supervisor.sap import SapService

if TYPE_CHECKING:
    from collections.abc import Mapping

    from support.netlab import Host
    from support.process import LoggedProcess


def start_sap_service(host: Host, directory: Path, *files: Path) -> LoggedProcess:
    """On a host of the lab."""
    tests = str(Path(__file__).resolve().parents[1])
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join((tests, os.environ.get("PYTHONPATH", "")))}
    command = [sys.executable, "-m", "support.sap_service", host.interface, *map(str, files)]
    return host.start(command, directory / "sap.log", environment=environment)


async def announce(interface: str, sessions: Mapping[str, str]) -> None:
    service = SapService(choose_interface(interface, list_interfaces()))
    running = asyncio.create_task(service.run())
    service.follow(sessions)
    print("announcing", flush=True)
    try:
        async for found in looks(lambda: interface):
            service.use(interface, found)
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(announce(sys.argv[1], {file: Path(file).read_bytes().decode() for file in sys.argv[2:]}))
