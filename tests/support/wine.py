"""The sender on Windows, as far as wine is one: what ``scripts/windows/setup.sh`` made, run on a lab host."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

from support import netlab
from support.repository import ROOT
from support.sender import Sender

if TYPE_CHECKING:
    from collections.abc import Mapping

    from support.netlab import Host

#: Elsewhere, if it is not to be made anew for each working copy.
FOLDER = Path(os.environ.get("AES67_SENDER_WINDOWS") or ROOT / ".venv-windows")
RUN = FOLDER / "run.sh"
PYTHON = "venv/Scripts/python.exe"
PROGRAM = "venv/Scripts/aes67-sender.exe"
JACK = {"JACK": str(FOLDER / "jack")}


def why_unavailable() -> str | None:
    """Why nothing can be run there, ``None`` where it can."""
    if not (FOLDER / "installed").exists():
        return "needs wine and a Windows Python: make test-windows"
    return netlab.why_unavailable()


def end_all() -> None:
    """End everything that runs in this Windows. The next program begins a new one, in its own network."""
    subprocess.run([str(RUN), "--end"], check=False, timeout=60, capture_output=True)


def command(*arguments: str) -> list[str]:
    """A program of Windows and its arguments; the program by its path within ``FOLDER``."""
    return [str(RUN), str(FOLDER / arguments[0]), *arguments[1:]]


#: Of a terminal that is to be a console.
CONSOLE_TERMINAL = {"columns": 240, "rows": 50}


def console(*arguments: str) -> list[str]:
    """The same for a terminal, which then is a console of Windows, and draws on 80 columns and 24 rows of it.

    wine counts escape sequences as if they took up room on the line: the terminal must be much wider than that.
    """
    return ["env", "COLUMNS=80", "LINES=24", str(RUN), "--console", str(FOLDER / arguments[0]), *arguments[1:]]


def windows_path(path: Path) -> str:
    """How Windows calls a file of this computer."""
    return "Z:" + str(path).replace("/", "\\")


def run(
    host: Host, *arguments: str, environment: Mapping[str, str] | None = None, given: bytes = b"", within_s: float = 120
) -> subprocess.CompletedProcess[str]:
    """Run to the end; both outputs as text, as UTF-8."""
    done = subprocess.run(
        host.command(command(*arguments)),
        input=given,
        capture_output=True,
        timeout=within_s,
        check=False,
        env={**os.environ, **(environment or {})},
    )
    texts = [octets.decode("utf-8").replace("\r\n", "\n") for octets in (done.stdout, done.stderr)]
    return subprocess.CompletedProcess(done.args, done.returncode, *texts)


def start(host: Host, directory: Path, *arguments: str, given: str = os.devnull) -> Sender:
    """Start ``aes67-sender`` with ``--json``; to stop it is to switch that Windows off. ``given``: a file for stdin."""
    words = ["bash", "-c", 'exec "$@" <"$0"', given, *command(PROGRAM, *arguments, "--json")]
    return Sender(host.start(words, directory / "windows.log", stdout=directory / "windows.jsonl"))


def start_sender(host: Host, directory: Path, config: Mapping[str, Any], *, given: str = os.devnull) -> Sender:
    """Write the config and start ``aes67-sender run``."""
    path = directory / "windows.json"
    path.write_text(json.dumps({"version": 1, "interface": host.interface, **config}))
    return start(host, directory, "run", "-c", windows_path(path), "--no-web", given=given)
