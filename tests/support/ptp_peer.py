"""A process with a PTP port: sends Sync and Announce look-alikes, and tells all that came and left, as JSON.

Its last line is the report; a refusal is ``{"error", "sentence", "hint"}`` and the exit code 3.
"""

from __future__ import annotations

import argparse
import json
import struct
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aes67_sender.errors import MachineError
from aes67_sender.model.ptp import Departure
from aes67_sender.monotonic import monotonic_ns
from aes67_sender.net.interfaces import list_interfaces
from aes67_sender.net.ptp.port import PtpPort, open_ptp_port

if TYPE_CHECKING:
    from support.netlab import Host
    from support.process import LoggedProcess

SYNC, FOLLOW_UP, ANNOUNCE = 0x0, 0x8, 0xB
READY = "ptp peer: ready"


def start_peer(host: Host, directory: Path, *options: str, name: str = "peer") -> LoggedProcess:
    """Start on a lab host; its port is open when this returns. ``options`` are those of this program."""
    process = host.start(peer_command(*options), directory / f"{name}.log")
    try:
        process.wait_for(READY, 30)
    except AssertionError:
        process.kill()
        raise
    return process


def peer_command(*options: str) -> list[str]:
    root = Path(__file__).resolve().parents[2]
    path = f"{root / 'src'}:{root / 'tests'}"
    return ["env", f"PYTHONPATH={path}", sys.executable, "-m", "support.ptp_peer", *options]


def report_of(process: LoggedProcess, within_s: float = 60) -> dict[str, Any]:
    """What a peer told when it ended."""
    process.wait(within_s)
    report: dict[str, Any] = json.loads(process.output().splitlines()[-1])
    return report


def look_alike(first_octet: int, sequence: int) -> bytes:
    """A message of 44 octets: a PTP header and a time of zero."""
    return struct.pack("!BBHB25xH12x", first_octet, 2, 44, 0, sequence & 0xFFFF)


def _main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--interface", default="eth0")
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--event-every", type=float, default=0, help="seconds; 0: none")
    parser.add_argument("--general-every", type=float, default=0)
    parser.add_argument("--first-octet", type=int, help="transport specific (4 bits) and type (4 bits)")
    parser.add_argument("--to")
    parser.add_argument("--peer", action="store_true")
    options = parser.parse_args()
    interface = next(each for each in list_interfaces() if each.name == options.interface)
    try:
        port = open_ptp_port(interface)
    except MachineError as error:
        told = {"error": type(error).__name__, "sentence": str(error), "hint": error.hint}
        print(json.dumps(told), flush=True)
        return 3
    with port:
        print(READY, flush=True)
        print(json.dumps(_run(port, options)), flush=True)
    return 0


def _run(port: PtpPort, options: argparse.Namespace) -> dict[str, Any]:
    sent: list[dict[str, Any]] = []
    records: list[dict[str, Any]] = []
    calls = 0
    start_s, start_cpu_s = time.monotonic(), time.process_time()
    due_s = {True: start_s if options.event_every else 1e18, False: start_s if options.general_every else 1e18}
    every_s = {True: options.event_every, False: options.general_every}
    while (now_s := time.monotonic()) < start_s + options.seconds:
        for event, at_s in due_s.items():
            if now_s >= at_s:
                first_octet = options.first_octet or (SYNC if event else ANNOUNCE)
                octets = look_alike(first_octet, len(sent))
                before_ns = monotonic_ns()
                taken = port.send(octets, event=event, peer=options.peer, to=options.to)
                after_ns = monotonic_ns()
                each = {"octets": octets.hex(), "before_ns": before_ns, "after_ns": after_ns}
                sent.append(each | {"event": event, "taken": taken})
                due_s[event] = at_s + every_s[event]
        until_s = min(*due_s.values(), start_s + options.seconds)
        came = port.receive(until_s - time.monotonic())
        calls += 1
        returned_ns = monotonic_ns()
        for record in came:
            told = asdict(record) | {"octets": record.octets.hex(), "returned_ns": returned_ns}
            records.append(told | {"departure": isinstance(record, Departure)})
    return {
        "kind": port.kind,
        "problems": [problem.code for problem in port.problems],
        "identity": str(port.clock_identity),
        "send_failures": port.send_failures,
        "calls": calls,
        "cpu_s": time.process_time() - start_cpu_s,
        "sent": sent,
        "records": records,
    }


if __name__ == "__main__":
    sys.exit(_main())
