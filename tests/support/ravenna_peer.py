"""The RAVENNA parts of the sender as a process of their own: ``announce INTERFACE`` or ``find INTERFACE``.

``announce`` takes a JSON object per line on standard input: stream ids and names, the whole of what to announce. It
prints a JSON object per change: ``port`` and ``names``. ``find`` prints the sessions it knows, a JSON list per change.
"""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from typing import Any

from aes67_sender.logic.session import Session
from aes67_sender.model.packet import PacketFormat
from aes67_sender.net.interfaces import choose_interface, list_interfaces
from aes67_sender.supervisor.interface_watch import looks
from aes67_sender.supervisor.ravenna import RavennaService
from aes67_sender.supervisor.ravenna_finder import RavennaFinder
from aes67_sender.wire.sdp import LocalMac, OwnStream

LOOK_S = 0.05
FORMAT = PacketFormat("L24", 48_000, 2, 1000)


def session(stream_id: str, name: str, version: int, address: str) -> Session:
    stream = OwnStream(
        session_id=int.from_bytes(stream_id.encode()),
        version=version,
        name=name,
        origin_address=address,
        destination="239.69.8.1",
        port=5004,
        ttl=4,
        payload_type=97,
        packet=FORMAT,
        refclk=LocalMac(None),
        mediaclk_offset=None,
        profile="ravenna",
    )
    return Session(stream_id, version, stream)


async def keep_told(service: RavennaService | RavennaFinder, name: str) -> None:
    async for found in looks(lambda: name):
        service.use(found)


async def announce(name: str, stop: asyncio.Event) -> None:
    interface = choose_interface(name, list_interfaces())
    service = RavennaService(interface)
    version = 0

    def take() -> None:
        nonlocal version
        version += 1
        wanted = json.loads(sys.stdin.readline() or "{}")
        service.follow({key: session(key, text, version, interface.address or "") for key, text in wanted.items()})

    watching = asyncio.create_task(keep_told(service, name))
    asyncio.get_running_loop().add_reader(sys.stdin.fileno(), take)
    told: Any = None
    while not stop.is_set():
        now = {
            "port": service.port,
            "names": dict(service.names),
            "problems": [each.text for each in service.problems()],
        }
        if now != told:
            told = now
            print(json.dumps(now, ensure_ascii=False), flush=True)
        await asyncio.sleep(LOOK_S)
    asyncio.get_running_loop().remove_reader(sys.stdin.fileno())
    watching.cancel()
    await asyncio.gather(watching, return_exceptions=True)
    await service.close()
    print("closed", flush=True)


async def find(name: str, stop: asyncio.Event) -> None:
    finder = RavennaFinder(choose_interface(name, list_interfaces()))
    running = asyncio.gather(finder.run(), keep_told(finder, name))
    told: Any = None
    while not stop.is_set():
        now = [[each.name, each.origin, each.address, each.port, each.format] for each in finder.sessions()]
        if now != told:
            told = now
            print(json.dumps(now, ensure_ascii=False), flush=True)
        await asyncio.sleep(LOOK_S)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    print("closed", flush=True)


async def main() -> None:
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    await {"announce": announce, "find": find}[sys.argv[1]](sys.argv[2], stop)


if __name__ == "__main__":
    asyncio.run(main())
