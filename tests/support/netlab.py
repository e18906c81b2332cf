"""A network of namespaces on one machine: hosts with one or two interfaces, and a switch between them.

All hosts share one kernel clock, so the true time is known in each. Needs root and iproute2.

Every host's ``eth0`` is 10.77.0.x on the switch. A host named as a *decoy* host also has ``eth1``, 10.78.0.x, on which
nobody listens but which owns the multicast route: a sender that does not choose its interface is found out.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from support.process import LoggedProcess

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

PREFIX = "a67lab"
SWITCH = "switch"


class LabError(AssertionError):
    """The lab could not be set up, or a test left something running in it."""


def why_unavailable() -> str | None:
    """Why no lab can be had here, ``None`` where it can."""
    if os.geteuid() != 0:
        return "needs root for network namespaces"
    if shutil.which("ip") is None:
        return "needs iproute2"
    probe = subprocess.run(["unshare", "--net", "true"], capture_output=True, text=True, check=False)
    return f"no network namespaces here: {probe.stderr.strip()}" if probe.returncode else None


def _ip(*arguments: str, batch: Sequence[str] = ()) -> str:
    """Run ``ip``; with ``batch``, several of its commands at once."""
    command = ["ip", *arguments, *(["-batch", "-"] if batch else [])]
    done = subprocess.run(command, input="\n".join(batch), capture_output=True, text=True, check=False)
    if done.returncode:
        raise LabError(f"{' '.join(command)}: {done.stderr.strip()}")
    return done.stdout


@dataclass(frozen=True, slots=True)
class Counters:
    """What an interface has counted since it was made."""

    sent_packets: int
    sent_bytes: int
    received_packets: int
    dropped_packets: int


@dataclass(frozen=True, slots=True)
class Host:
    """One machine of the lab: a network namespace; all else (files, clock, users) is shared."""

    name: str
    namespace: str
    switch: str
    address: str
    interface: str = "eth0"
    decoy: str | None = None

    def command(self, arguments: Sequence[str]) -> list[str]:
        """``arguments`` as they run on this host. The process is the program itself, not a wrapper."""
        return ["ip", "netns", "exec", self.namespace, *arguments]

    def run(self, *arguments: str, within_s: float = 60) -> subprocess.CompletedProcess[str]:
        """Run to the end, with both outputs as text."""
        command = self.command(arguments)
        return subprocess.run(command, capture_output=True, text=True, timeout=within_s, check=False)

    def start(
        self,
        arguments: Sequence[str],
        log: Path,
        *,
        stdout: Path | None = None,
        environment: Mapping[str, str] | None = None,
        commanded: bool = False,
    ) -> LoggedProcess:
        """Start in the background; the output goes to ``log``, or standard output alone to ``stdout``."""
        command = self.command(arguments)
        return LoggedProcess(command, log, stdout=stdout, environment=environment, commanded=commanded)

    def unplug(self) -> None:
        """Pull the cable at the switch: this host sees its carrier go."""
        _ip("-n", self.switch, "link", "set", "dev", self.name, "down")

    def plug(self) -> None:
        """Put the cable back."""
        _ip("-n", self.switch, "link", "set", "dev", self.name, "up")

    def set_link(self, *, up: bool) -> None:
        """Switch the interface itself on or off; the multicast route, gone with it, comes back too."""
        _ip("-n", self.namespace, "link", "set", "dev", self.interface, "up" if up else "down")
        if up:
            _ip("-n", self.namespace, "route", "replace", "default", "dev", self.decoy or self.interface)

    def counters(self, interface: str | None = None) -> Counters:
        """Counters of ``interface``, of ``eth0`` if not named."""
        text = _ip("-n", self.namespace, "-json", "-statistics", "link", "show", "dev", interface or self.interface)
        counted = json.loads(text)[0]["stats64"]
        return Counters(
            sent_packets=counted["tx"]["packets"],
            sent_bytes=counted["tx"]["bytes"],
            received_packets=counted["rx"]["packets"],
            dropped_packets=counted["tx"]["dropped"] + counted["rx"]["dropped"],
        )

    def mac(self, interface: str | None = None) -> str:
        """The MAC address of ``interface``, of ``eth0`` if not named."""
        link = json.loads(_ip("-n", self.namespace, "-json", "link", "show", "dev", interface or self.interface))[0]
        return str(link["address"])


@contextlib.contextmanager
def open_lab(
    names: Sequence[str] = ("gm", "tx", "rx"), *, decoys: Sequence[str] = (), switched: bool = True
) -> Iterator[dict[str, Host]]:
    """Hosts by name, ``10.77.0.1`` the first. Not ``switched``: each alone on a wire to nowhere (a black hole)."""
    remove_leftovers()
    owner = f"{PREFIX}-{os.getpid()}"
    switch = f"{owner}-{SWITCH}"
    namespaces = [switch, *(f"{owner}-{name}" for name in names)]
    try:
        for namespace in namespaces:
            _ip("netns", "add", namespace)
        _ip("-n", switch, batch=["link set lo up", "link add br0 type bridge mcast_snooping 0", *_up("br0")])
        hosts = {}
        for number, name in enumerate(names, start=1):
            decoy = "eth1" if name in decoys else None
            host = Host(name, f"{owner}-{name}", switch, f"10.77.0.{number}", decoy=decoy)
            _wire(host, number, master="master br0" if switched else "")
            hosts[name] = host
        yield hosts
    finally:
        left = [pid for namespace in namespaces for pid in _remove(namespace)]
    if left:
        raise LabError(f"processes left running in the lab, killed now: {left}")


def _up(interface: str, options: str = "") -> list[str]:
    # No IPv6 addresses, so no stray neighbour discovery or MLD among the packets.
    return [f"link set dev {interface} addrgenmode none", f"link set dev {interface} {options} up"]


def _wire(host: Host, number: int, *, master: str) -> None:
    ports = [(host.interface, host.name, master, f"10.77.0.{number}/24")]
    if host.decoy:
        ports.append((host.decoy, f"{host.name}-decoy", "", f"10.78.0.{number}/24"))
    here, there = ["link set lo up"], []
    for interface, port, options, address in ports:
        pair = f"link add name {port} type veth peer name {interface} netns {host.namespace}"
        _ip("-n", host.switch, *pair.split())
        here += [*_up(interface), f"address add {address} dev {interface}"]
        there += _up(port, options)
    _ip("-n", host.switch, batch=there)
    _ip("-n", host.namespace, batch=[*here, f"route add default dev {host.decoy or host.interface}"])


def _remove(namespace: str) -> list[int]:
    """Delete a namespace with all that runs in it; gives what ran."""
    if not Path("/run/netns", namespace).exists():
        return []
    pids = [int(pid) for pid in _ip("netns", "pids", namespace).split()]
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    _ip("netns", "delete", namespace)
    return pids


def remove_leftovers() -> None:
    """Clear away the labs of runs that were killed; those of living runs stay."""
    for entry in json.loads(_ip("-json", "netns", "list") or "[]"):
        prefix, _, rest = str(entry["name"]).partition("-")
        owner = rest.partition("-")[0]
        if prefix == PREFIX and owner.isdigit() and not Path("/proc", owner).exists():
            _remove(str(entry["name"]))
