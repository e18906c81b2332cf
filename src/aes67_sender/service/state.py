"""How the service is, by its manager."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from aes67_sender.config.model import WebSettings
from aes67_sender.errors import MachineError
from aes67_sender.service import launchd, systemd, task_scheduler
from aes67_sender.service.plan import NAME
from aes67_sender.supervisor.client import Door, door_of

if TYPE_CHECKING:
    from collections.abc import Mapping

_PROPERTIES: Final = ("LoadState", "ActiveState", "SubState", "UnitFileState", "StatusText", "NRestarts", "Result")
_TIMEOUT_S: Final = 15


@dataclass(frozen=True, slots=True)
class ServiceState:
    """``installed`` at all, ``running`` now, and the manager's words for it."""

    installed: bool
    running: bool
    text: str


def of_systemd(shown: Mapping[str, str]) -> ServiceState:
    """The state in what ``systemctl show`` says."""
    if shown.get("LoadState") != "loaded":
        return ServiceState(installed=False, running=False, text="not installed")
    words = [f"{shown.get('ActiveState', '?')} ({shown.get('SubState', '?')})", shown.get("UnitFileState", "")]
    if shown.get("NRestarts", "0") not in {"", "0"}:
        words.append(f"{shown['NRestarts']} restarts")
    if shown.get("Result", "success") not in {"", "success"}:
        words.append(f"last result: {shown['Result']}")
    text = ", ".join(filter(None, words))
    if status := shown.get("StatusText"):
        text += f"; {status}"
    return ServiceState(installed=True, running=shown.get("ActiveState") == "active", text=text)


def of_task(task: task_scheduler.TaskFacts | None) -> ServiceState:
    """The state as the Task Scheduler of Windows knows it; ``None``: it knows of no such task."""
    if task is None:
        return ServiceState(installed=False, running=False, text="not installed")
    running = task.state == task_scheduler.RUNNING
    return ServiceState(installed=True, running=running, text=task_scheduler.describe(task))


def parse_properties(text: str) -> dict[str, str]:
    """``Name=value`` lines."""
    return {name: value for name, found, value in (line.partition("=") for line in text.splitlines()) if found}


def ask_manager(*, session: bool) -> ServiceState:
    """Ask the system's service manager.

    Raises:
        MachineError: there is none that can be asked.
    """
    if sys.platform == "win32":
        return of_task(task_scheduler.read_state(NAME))
    if sys.platform == "darwin":
        code, said = _output("launchctl", "list", launchd.LABEL)
        running = code == 0 and '"PID"' in said
        return ServiceState(code == 0, running, "running" if running else "loaded" if code == 0 else "not installed")
    user = ("--user",) if session else ()
    code, said = _output("systemctl", *user, "show", "--property", ",".join(_PROPERTIES), systemd.UNIT)
    if code:
        raise MachineError(
            f"systemctl does not answer: {said.strip() or code}.",
            hint="Is systemd what starts services here? For a user's session, log in as that user.",
        )
    return of_systemd(parse_properties(said))


def door_of_config(config_path: Path) -> Door | None:
    """Where the sender of a config file listens; ``None`` if the file cannot be read."""
    try:
        data = json.loads(config_path.read_text(encoding="utf-8-sig"))
        return door_of(WebSettings.model_validate(data.get("web", {})))
    except (OSError, ValueError, AttributeError):
        return None


def config_of_unit(unit: str) -> Path | None:
    """The config file that a unit's command names."""
    for line in unit.splitlines():
        if line.startswith("ExecStart="):
            words = shlex.split(line.removeprefix("ExecStart="))
            if "-c" in words[:-1]:
                named = words[words.index("-c") + 1].replace("$$", "$")
                return Path(named.replace("%S/", "/var/lib/").replace("%%", "%"))
    return None


def _output(*command: str) -> tuple[int, str]:
    try:
        done = subprocess.run(  # noqa: S603  the caller's own words
            command, capture_output=True, text=True, errors="replace", timeout=_TIMEOUT_S, check=False
        )
    except FileNotFoundError:
        raise MachineError(
            f"There is no {command[0]} here.", hint="This system has another way to start services."
        ) from None
    except subprocess.TimeoutExpired:
        raise MachineError(f"{command[0]} does not answer.", hint="Try again in a moment.") from None
    return done.returncode, done.stdout or done.stderr
