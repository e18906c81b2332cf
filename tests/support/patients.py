"""Machines and networks with something wrong, for the doctor: each breaks one thing on a lab host, and mends it.

A breakage is a context manager over a ``Rig``. It yields how to run the doctor there: what to put in front of the
command, and what to add to the environment.
"""

from __future__ import annotations

import contextlib
import os
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from support import ptp4l
from support.netlab import _ip
from support.ours import start_grandmaster
from support.ptp_master.client import ptp_master

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager

    from support.netlab import Host
    from support.process import LoggedProcess

GROUP = "239.69.30.1"
TESTS = Path(__file__).resolve().parents[1]
GIREPOSITORY = sorted(Path("/usr/lib").glob("*/girepository-1.0"))
LIBJACK = sorted(Path("/usr/lib").glob("*/libjack.so.0"))
PTP_HELPER = sorted(Path("/usr/lib").glob("*/gstreamer1.0/gstreamer-1.0/gst-ptp-helper"))


@dataclass
class Rig:
    """The hosts, a folder, and the config that the doctor will be given."""

    gm: Host
    tx: Host
    rx: Host
    directory: Path
    config: dict[str, Any] = field(default_factory=dict)

    def ip(self, *commands: str) -> None:
        """``ip`` on the sender's host."""
        for command in commands:
            _ip("-n", self.tx.namespace, *command.split())

    def helper(self, host: Host, name: str, *arguments: str) -> LoggedProcess:
        """A program of ``tests/support`` on a host, with an open standard input."""
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join((str(TESTS), os.environ.get("PYTHONPATH", "")))}
        command = [sys.executable, "-m", f"support.{name}", *arguments]
        log = self.directory / f"{name}.log"
        return host.start(command, log, environment=environment, commanded=True)


@dataclass(frozen=True)
class Way:
    """How to run the doctor on the broken machine."""

    wrapped: Sequence[str] = ()
    environment: Mapping[str, str] = field(default_factory=dict)


Breakage: TypeAlias = "Callable[[Rig], AbstractContextManager[Way]]"


def _breaks(make: Callable[[Rig], Iterator[Way]]) -> Breakage:
    return contextlib.contextmanager(make)


def mounted(*steps: str) -> tuple[str, ...]:
    """In front of a command: it sees the file system with these mounts, and nobody else does."""
    return ("unshare", "--mount", "--propagation", "private", "sh", "-ec", "; ".join((*steps, 'exec "$@"')), "sh")


def without(*capabilities: str) -> tuple[str, ...]:
    """In front of a command: root without these."""
    return ("setpriv", f"--bounding-set={','.join(f'-{each}' for each in capabilities)}")


@_breaks
def healthy(_rig: Rig) -> Iterator[Way]:
    yield Way()


@_breaks
def down(rig: Rig) -> Iterator[Way]:
    rig.tx.set_link(up=False)
    yield Way()
    rig.tx.set_link(up=True)


@_breaks
def unplugged(rig: Rig) -> Iterator[Way]:
    rig.tx.unplug()
    yield Way()
    rig.tx.plug()


def on_the_interface(begin: Sequence[str], end: Sequence[str]) -> Breakage:
    """Commands of ``ip`` that break, and those that mend."""

    @_breaks
    def broken(rig: Rig) -> Iterator[Way]:
        rig.ip(*begin)
        yield Way()
        rig.ip(*end)

    return broken


ADDRESS = "address add 10.77.0.2/24 dev eth0", "route add default dev eth0"
no_multicast = on_the_interface(["link set eth0 multicast off"], ["link set eth0 multicast on"])
mtu_900 = on_the_interface(["link set eth0 mtu 900"], ["link set eth0 mtu 1500"])
mtu_1400 = on_the_interface(["link set eth0 mtu 1400"], ["link set eth0 mtu 1500"])
no_address = on_the_interface(["address flush dev eth0"], ADDRESS)
link_local = on_the_interface(
    ["address flush dev eth0", "address add 169.254.7.2/16 dev eth0"], ["address flush dev eth0", *ADDRESS]
)
other_route = on_the_interface(
    [
        "link add d0 type veth peer name d1",
        "link set d1 up",
        "address add 10.78.0.2/24 dev d0",
        "link set d0 up",
        "route replace default dev d0",
    ],
    ["link delete d0", "route add default dev eth0"],
)
no_route = on_the_interface(["route delete default"], ["route add default dev eth0"])
same_subnet = on_the_interface(
    ["link add d0 type veth peer name d1", "link set d1 up", "address add 10.77.0.99/24 dev d0", "link set d0 up"],
    ["link delete d0"],
)


def tunnel(*, chosen: bool) -> Breakage:
    """A VPN that owns the default route, or is even chosen for the streams."""

    @_breaks
    def broken(rig: Rig) -> Iterator[Way]:
        with rig.helper(rig.tx, "tun", "tun0") as process:
            process.wait_for("open", 20)
            rig.ip("address add 10.99.0.2/24 dev tun0", "link set tun0 up", "route replace default dev tun0")
            if chosen:
                rig.config["interface"] = "tun0"
            yield Way()
        rig.ip("route replace default dev eth0")

    return broken


def held(*ports: int) -> Breakage:
    """Another program has ports for itself."""

    @_breaks
    def broken(rig: Rig) -> Iterator[Way]:
        with rig.helper(rig.tx, "holdport", *map(str, ports)) as process:
            process.wait_for("holding", 20)
            yield Way()

    return broken


def listening(port: int) -> Breakage:
    """Another program listens on a TCP port of the loopback."""

    @_breaks
    def broken(rig: Rig) -> Iterator[Way]:
        command = [sys.executable, "-u", "-m", "http.server", "--bind", "127.0.0.1", str(port)]
        with rig.tx.start(command, rig.directory / "http.log") as process:
            process.wait_for("Serving", 20)
            yield Way()

    return broken


@_breaks
def own_grandmaster(rig: Rig) -> Iterator[Way]:
    with start_grandmaster(rig.tx, rig.directory) as ours:
        ours.wait_for(lambda status: status["state"])
        yield Way()


def daemon_here(mode: str) -> Breakage:
    """ptp4l leads on the sender's own host."""

    @_breaks
    def broken(rig: Rig) -> Iterator[Way]:
        socket = str(ptp4l.uds_path(rig.tx, rig.directory, "master"))
        rig.config["clock"] = {"mode": mode, "ptp4l_socket": socket}
        # Four Announces a second: it takes its role sooner.
        with ptp4l.grandmaster(rig.tx, rig.directory, more="logAnnounceInterval -2\n"):
            yield Way()

    return broken


def master(*, jump_s: float = 0.0, epoch: str = "utc", **settings: Any) -> Breakage:
    """A grandmaster that behaves so; see ``support.ptp_master.settings``."""

    @_breaks
    def broken(rig: Rig) -> Iterator[Way]:
        with ptp_master(rig.gm, rig.directory, epoch=epoch, **settings) as running:
            if jump_s:
                running.jump(jump_s)
            yield Way()

    return broken


@_breaks
def unicast_master(rig: Rig) -> Iterator[Way]:
    with rig.helper(rig.gm, "ptp_unicast", rig.gm.address, rig.tx.address) as process:
        process.wait_for("sending", 20)
        yield Way()


@_breaks
def foreign_sender(rig: Rig) -> Iterator[Way]:
    with rig.helper(rig.rx, "badsender", GROUP, rig.rx.address, "") as process:
        process.wait_for("sending", 20)
        yield Way()


def filtered(*rules: str) -> Breakage:
    """Rules of nftables on the sender's host."""

    @_breaks
    def broken(rig: Rig) -> Iterator[Way]:
        for rule in ("add table inet doctor", *rules):
            done = rig.tx.run("nft", rule)
            assert done.returncode == 0, done.stderr
        yield Way()
        rig.tx.run("nft", "delete table inet doctor")

    return broken


@_breaks
def querier(rig: Rig) -> Iterator[Way]:
    bridge = "link set br0 type bridge"
    _ip("-n", rig.tx.switch, *f"{bridge} mcast_snooping 1 mcast_querier 1 mcast_query_interval 50".split())
    yield Way()
    _ip("-n", rig.tx.switch, *f"{bridge} mcast_querier 0 mcast_snooping 0 mcast_query_interval 12500".split())


def config(**settings: Any) -> Breakage:
    """Other settings in the config."""

    @_breaks
    def broken(rig: Rig) -> Iterator[Way]:
        rig.config |= settings
        yield Way()

    return broken


def wrapped(*words: str, **environment: str) -> Breakage:
    """The same machine, seen by a process that has less."""

    @_breaks
    def broken(_rig: Rig) -> Iterator[Way]:
        yield Way(words, environment)

    return broken


@_breaks
def no_plugins(rig: Rig) -> Iterator[Way]:
    registry = str(rig.directory / "registry.bin")
    yield Way(environment={"GST_PLUGIN_SYSTEM_PATH_1_0": "/nonexistent/plug-ins", "GST_REGISTRY_1_0": registry})


@_breaks
def no_typelib(rig: Rig) -> Iterator[Way]:
    less = rig.directory / "girepository-1.0"
    less.mkdir()
    for typelib in GIREPOSITORY[0].iterdir():
        if not typelib.name.startswith("GstNet-"):
            (less / typelib.name).write_bytes(typelib.read_bytes())
    yield Way(mounted(f"mount --bind {less} {GIREPOSITORY[0]}"))


@_breaks
def no_binding(rig: Rig) -> Iterator[Way]:
    package = rig.directory / "site" / "gi"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("raise ImportError('libgirepository-1.0.so.1 is missing')\n")
    yield Way(environment={"PYTHONPATH": f"{package.parent}:{os.environ.get('PYTHONPATH', '')}"})


@_breaks
def mixed_wheels(rig: Rig) -> Iterator[Way]:
    site = rig.directory / "site"
    for name, version in (("gstreamer_libs", "1.28.8"), ("gstreamer_plugins", "1.28.7"), ("gstreamer_meta", "1.28.7")):
        folder = site / f"{name}-{version}.dist-info"
        folder.mkdir(parents=True)
        (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    yield Way(environment={"PYTHONPATH": f"{site}:{os.environ.get('PYTHONPATH', '')}"})


@_breaks
def no_jack(rig: Rig) -> Iterator[Way]:
    empty = rig.directory / "empty"
    empty.touch()
    library = LIBJACK[0].resolve()
    rig.config["sources"] = [{"id": "tone", "kind": "jack", "channels": 8}]
    yield Way(mounted(f"mount --bind {empty} {library}"))


@_breaks
def helper_without_rights(rig: Rig) -> Iterator[Way]:
    copy = rig.directory / "gst-ptp-helper"
    copy.write_bytes(PTP_HELPER[0].read_bytes())
    copy.chmod(0o755)
    yield Way(without("net_bind_service"), {"GST_PTP_HELPER": str(copy)})


@_breaks
def read_only(rig: Rig) -> Iterator[Way]:
    folder = rig.directory / "sdp"
    folder.mkdir()
    rig.config["announce"] = {"sdp_dir": str(folder)}
    yield Way(mounted(f"mount --bind {folder} {folder}", f"mount -o remount,ro,bind {folder}"))


@_breaks
def full_disk(rig: Rig) -> Iterator[Way]:
    folder = rig.directory / "sdp"
    folder.mkdir()
    rig.config["announce"] = {"sdp_dir": str(folder)}
    yield Way(mounted(f"mount -t tmpfs -o size=2m tmpfs {folder}"))


@_breaks
def read_only_registry(rig: Rig) -> Iterator[Way]:
    folder = rig.directory / "cache"
    folder.mkdir()
    steps = mounted(f"mount --bind {folder} {folder}", f"mount -o remount,ro,bind {folder}")
    yield Way(steps, {"GST_REGISTRY_1_0": f"{folder}/registry.bin"})
