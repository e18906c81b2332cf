"""A machine with a systemd of its own: this one's files under an overlay, in namespaces; nothing of it remains."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self

import psutil

if TYPE_CHECKING:
    from collections.abc import Callable

_POLL_S: Final = 0.1
_BOOTED: Final = frozenset({"running", "degraded"})
#: Where control groups are: of version 2, or of 1 and beside it 2.
_GROUPS: Final = ("/sys/fs/cgroup", "/sys/fs/cgroup/systemd", "/sys/fs/cgroup/unified")
_MOUNT: Final = """
set -e
mount --make-rprivate /
mount -t tmpfs none "$1"
mkdir "$1/upper" "$1/work" "$1/root"
mount -t overlay overlay -o "lowerdir=/,upperdir=$1/upper,workdir=$1/work" "$1/root"
"""
# Each machine in control groups of its own: nspawn gives all of them the same names in the group it is started in.
_BOOT: Final = (
    f"for each in {' '.join(_GROUPS)}; do\n"
    "  if [ -e $each/cgroup.procs ]; then mkdir $each/$3 && echo $$ >$each/$3/cgroup.procs; fi\n"
    "done\n"
    'echo $$ >"$2/pid"\n'
    'exec systemd-nspawn --quiet --register=no --keep-unit --directory="$1/root" --private-network '
    '--link-journal=no --bind="$2" --boot systemd.unit=multi-user.target\n'
)


def why_unavailable() -> str | None:
    if os.geteuid() != 0:
        return "needs root"
    if any(Path(each).is_relative_to("/tmp") for each in (__file__, sys.prefix)):  # noqa: S108  no file is made there
        return "lies in /tmp, of which a machine and a service have their own"
    if missing := [name for name in ("systemd-nspawn", "nsenter", "unshare") if not shutil.which(name)]:
        return f"needs {', '.join(missing)}"
    probe = subprocess.run(
        ["unshare", "--mount", "bash", "-c", _MOUNT, "bash", "/mnt"], capture_output=True, text=True, check=False
    )
    return f"cannot mount here: {probe.stderr.strip().splitlines()[-1]}" if probe.returncode else None


class Machine:
    """Booted; a context manager. It has ``lo`` only, and ``shared`` is the same folder as outside."""

    def __init__(self, shared: Path) -> None:
        self.shared = shared
        self._log = shared / "boot.log"
        self._leader: psutil.Process | None = None
        self._group = f"aes67-{secrets.token_hex(4)}"

    def __enter__(self) -> Self:
        place = self.shared / "machine"
        place.mkdir()
        # Not a child of this process: what runs on the machine is no business of those who look after ours.
        mount = ["setsid", "--fork", "unshare", "--mount", "bash", "-c", _MOUNT + _BOOT]
        with self._log.open("wb") as log:
            subprocess.run(
                [*mount, "bash", str(place), str(self.shared), self._group],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                check=True,
            )
        try:
            self._leader = self._wait_for_leader()
            self.until(
                lambda: self.run("systemctl", "is-system-running", check=False).strip() in {"running", "degraded"}
            )
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._end()

    def run(self, *command: str, check: bool = True, environment: dict[str, str] | None = None) -> str:
        """Run a program inside; its output, both kinds."""
        assert self._leader is not None
        enter = ["nsenter", "--target", str(self._leader.pid), "--all", "--root", "--wd", "--"]
        given = {"PATH": os.environ["PATH"], **(environment or {})}
        done = subprocess.run(
            [*enter, *command],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=60,
            check=False,
            env=given,
        )
        assert not check or done.returncode == 0, f"{command}: {done.returncode}\n{done.stdout}"
        return done.stdout

    def show(self, unit: str, name: str) -> str:
        """A property of a unit."""
        return self.run("systemctl", "show", "--property", name, "--value", unit).strip()

    def until(self, condition: Callable[[], bool], within_s: float = 60) -> None:
        deadline_s = time.monotonic() + within_s
        while not condition():
            assert time.monotonic() < deadline_s, f"not within {within_s} s\n{self._log.read_text(errors='replace')}"
            time.sleep(_POLL_S)

    def _wait_for_leader(self) -> psutil.Process:
        found: list[psutil.Process] = []

        def look() -> bool:
            with contextlib.suppress(OSError, ValueError, psutil.NoSuchProcess):
                children = psutil.Process(self._nspawn_pid()).children(recursive=True)
                found[:] = [child for child in children if child.name() == "systemd"]
            return bool(found)

        self.until(look)
        return found[0]

    def _nspawn_pid(self) -> int:
        return int((self.shared / "pid").read_text())

    def _end(self) -> None:
        # With the first process of the machine's namespace every other one ends, and nspawn, which waits for it.
        if self._leader is not None:
            with contextlib.suppress(psutil.NoSuchProcess):
                self._leader.kill()
        with contextlib.suppress(OSError, ValueError, psutil.NoSuchProcess):
            nspawn = psutil.Process(self._nspawn_pid())
            deadline_s = time.monotonic() + 20
            # Where the first process of all buries nobody, it remains as a zombie.
            while nspawn.status() != psutil.STATUS_ZOMBIE and time.monotonic() < deadline_s:
                time.sleep(_POLL_S)
            nspawn.kill()
        for folder in _GROUPS:
            for group in sorted(Path(folder, self._group).rglob("*/"), reverse=True):
                with contextlib.suppress(OSError):
                    group.rmdir()
            with contextlib.suppress(OSError):
                Path(folder, self._group).rmdir()
