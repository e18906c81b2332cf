"""An avahi of the lab's own on one host: its D-Bus, its daemon, and its tools."""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from support.netlab import Host
    from support.process import LoggedProcess

SUBTYPE = "_ravenna_session._sub._rtsp._tcp"
BUS = """<busconfig><type>system</type><listen>unix:path={}</listen><auth>EXTERNAL</auth>
<policy context="default"><allow user="*"/><allow own="*"/><allow send_destination="*"/><allow eavesdrop="true"/>
</policy></busconfig>
"""
DAEMON = """[server]
host-name={}
use-ipv6=no
allow-interfaces={}
[wide-area]
enable-wide-area=no
"""
#: Where the daemon keeps its PID file is shared by all hosts of the lab, and with this machine's own daemon.
START = (
    "mount -t tmpfs tmpfs /run && mkdir /run/avahi-daemon && "
    "exec avahi-daemon --no-rlimits --no-drop-root --no-chroot -f "
)


class Resolved(NamedTuple):
    """What avahi makes of an instance."""

    name: str
    host: str
    address: str
    port: int


class Avahi:
    """Tools on the host, speaking to its own daemon."""

    def __init__(self, host: Host, directory: Path, environment: dict[str, str]) -> None:
        self.host, self.directory, self.environment = host, directory, environment
        self._count = 0

    def start(self, *command: str) -> LoggedProcess:
        """One of avahi's tools in the background."""
        self._count += 1
        log = self.directory / f"avahi{self._count}.log"
        return self.host.start(command, log, stdout=log.with_suffix(".out"), environment=self.environment)

    def browse(self) -> LoggedProcess:
        """Watch RAVENNA sessions come (``+``), be resolved (``=``) and go (``-``)."""
        return self.start("avahi-browse", "--parsable", "--resolve", SUBTYPE)

    def look(self) -> set[Resolved]:
        """The RAVENNA sessions that are there now."""
        command = self.host.command(["avahi-browse", "--parsable", "--resolve", "--terminate", SUBTYPE])
        done = subprocess.run(command, capture_output=True, text=True, env=self.environment, timeout=30, check=True)
        return _read(done.stdout)


def resolved(browser: LoggedProcess) -> set[Resolved]:
    """All that has been resolved so far, and not gone since; avahi-browse resolves each but once."""
    return _read(browser.output())


def _read(output: str) -> set[Resolved]:
    found: dict[str, Resolved] = {}
    complete, _, _ = output.rpartition("\n")
    for line in complete.splitlines():
        sign, _, _, name, _, _, *rest = line.split(";")
        if sign == "=":
            found[name] = Resolved(plain(name), rest[0], rest[1], int(rest[2]))
        elif sign == "-":
            found.pop(name, None)
    return set(found.values())


def plain(escaped: str) -> str:
    """A label without avahi's escapes: ``\\032`` for a blank, ``\\.`` for a dot."""
    octets = re.sub(
        rb"\\(\d{3}|.)", lambda found: bytes([int(found[1])]) if len(found[1]) > 1 else found[1], escaped.encode()
    )
    return octets.decode()


@contextlib.contextmanager
def avahi(host: Host, directory: Path) -> Iterator[Avahi]:
    """Avahi on a host; ``directory`` must have a short path, as sockets do."""
    bus = directory / "bus"
    (directory / "bus.conf").write_text(BUS.format(bus))
    (directory / "avahi.conf").write_text(DAEMON.format(host.name, host.interface))
    environment = {**os.environ, "DBUS_SYSTEM_BUS_ADDRESS": f"unix:path={bus}", "LC_ALL": "C.UTF-8"}
    dbus = ["dbus-daemon", f"--config-file={directory / 'bus.conf'}", "--nofork", "--print-address=1"]
    daemon = ["sh", "-c", f"{START} {directory / 'avahi.conf'}"]
    with host.start(dbus, directory / "dbus.log", environment=environment) as bus_process:
        bus_process.wait_for("unix:", 10)
        with host.start(daemon, directory / "avahi.log", environment=environment) as process:
            process.wait_for("Server startup complete", 10)
            yield Avahi(host, directory, environment)
