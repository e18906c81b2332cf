"""linuxptp's ``ptp4l`` as a grandmaster or a follower on a lab host, with software time stamps.

The grandmaster serves CLOCK_REALTIME as it is: PTP time equals this machine's UTC, and it says so (no PTP timescale).
Neither touches the system clock, which all hosts share (``free_running``). A follower that runs free measures, but its
port stays UNCALIBRATED for ever: ptp4l calls it SLAVE only once its servo has locked.
"""

from __future__ import annotations

import contextlib
import re
import subprocess
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from support.netlab import Host
    from support.process import LoggedProcess

# AES67 annex A allows 8 Sync/s and an Announce every second; with two time-outs a master stands within about 3 s.
_CONFIG = """\
[global]
domainNumber {domain}
priority1 {priority1}
free_running 1
freq_est_interval 0
summary_interval -3
time_stamping software
delay_mechanism E2E
network_transport UDPv4
logAnnounceInterval 0
announceReceiptTimeout 2
logSyncInterval -3
logMinDelayReqInterval 0
uds_address {directory}/{name}
message_tag {name}
"""


@contextlib.contextmanager
def grandmaster(
    host: Host, directory: Path, *, domain: int = 0, priority1: int = 1, more: str = "", within_s: float = 15
) -> Iterator[LoggedProcess]:
    """A grandmaster that has taken its role; ``more`` are lines of its configuration.

    Stop it inside the block to see it vanish.
    """
    with _start(host, directory, "master", domain=domain, priority1=priority1, more=more) as process:
        process.wait_for(r"to MASTER on|assuming the grand master role", within_s)
        yield process


@contextlib.contextmanager
def contender(host: Host, directory: Path, *, priority1: int, more: str = "") -> Iterator[LoggedProcess]:
    """A clock that leads or follows, whichever it finds right; ``more`` are lines of its configuration."""
    with _start(host, directory, "contender", domain=0, priority1=priority1, more=more) as process:
        yield process


@contextlib.contextmanager
def follower(
    host: Host, directory: Path, *, domain: int = 0, more: str = "", within_s: float = 30
) -> Iterator[LoggedProcess]:
    """A follower that has chosen its master and measures offset and delay; ``more`` are lines of its configuration.

    Its management socket is ``uds_path(host, directory, "follower")``.
    """
    with start_follower(host, directory, domain=domain, more=more) as process:
        process.wait_for(r"offset .* path delay|rms .* delay", within_s)
        yield process


def start_follower(host: Host, directory: Path, *, domain: int = 0, more: str = "") -> LoggedProcess:
    """A follower that has chosen nobody yet."""
    return _start(host, directory, "follower", domain=domain, priority1=255, more=more)


def uds_path(host: Host, directory: Path, role: str) -> Path:
    """Where a ``ptp4l`` started here has its management socket."""
    return directory / f"{host.name}-{role}"


def offsets(process: LoggedProcess) -> list[tuple[int, int, int]]:
    """What a follower measured, once a second: CLOCK_MONOTONIC, offset from the master, path delay; all in ns."""
    lines = re.findall(r"ptp4l\[(\d+)\.(\d{3})\].*master offset\s+(-?\d+).*path delay\s+(-?\d+)", process.output())
    return [(int(s) * 10**9 + int(ms) * 10**6, int(offset), int(delay)) for s, ms, offset, delay in lines]


def grandmaster_identity(process: LoggedProcess) -> str:
    """The clock identity a grandmaster announces, as ``00-1d-c1-ff-fe-12-34-56``."""
    digits = process.wait_for(r"selected local clock ([0-9a-f]{6}\.[0-9a-f]{4}\.[0-9a-f]{6})", 15)[1].replace(".", "")
    return "-".join(digits[at : at + 2] for at in range(0, 16, 2))


def _version() -> int:
    text = subprocess.run(["ptp4l", "-v"], capture_output=True, text=True, check=True).stdout
    return int(text.strip().lstrip("v").partition(".")[0])


def _start(host: Host, directory: Path, role: str, *, domain: int, priority1: int, more: str = "") -> LoggedProcess:
    name = f"{host.name}-{role}"
    config = directory / f"{name}.cfg"
    text = _CONFIG.format(domain=domain, priority1=priority1, directory=directory, name=name)
    if _version() >= 4:  # older ones have no second, read-only socket
        text += f"uds_ro_address {directory}/{name}-ro\n"
    config.write_text(text + more)
    command = ["ptp4l", "-f", str(config), "-i", host.interface, "-m", "-q"]
    if role == "follower":
        command.append("-s")  # the option has one name in all versions; the setting was renamed
    return host.start(command, directory / f"{name}.log")
