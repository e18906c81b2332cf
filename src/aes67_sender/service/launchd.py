"""launchd: an agent in the session of a macOS user, since CoreAudio gives sound to those who are logged in."""

from __future__ import annotations

import plistlib
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Final
from xml.parsers.expat import ExpatError

from aes67_sender.service.plan import NAME, Plan, RemoveFile, Run, WriteFile

if TYPE_CHECKING:
    from aes67_sender.service.plan import Program

#: launchd wants the name of a domain turned round.
LABEL: Final = f"local.{NAME}"


def agent(program: Program, config_path: str, home: str) -> str:
    """The property list; started at log-in, and again within seconds whatever ended it."""
    return plistlib.dumps(
        {
            "Label": LABEL,
            "ProgramArguments": list(program.run(config_path)),
            "WorkingDirectory": config_path.rpartition("/")[0] or "/",
            "RunAtLoad": True,
            "KeepAlive": True,
            "ThrottleInterval": 5,
            # Others are throttled: packets would leave late.
            "ProcessType": "Interactive",
            "StandardOutPath": "/dev/null",
            "StandardErrorPath": log_path(home),
        }
    ).decode()


def agent_path(home: str) -> str:
    """Where it is."""
    return f"{home.rstrip('/')}/Library/LaunchAgents/{LABEL}.plist"


def log_path(home: str) -> str:
    """Where the sender's warnings go."""
    return f"{home.rstrip('/')}/Library/Logs/{NAME}.log"


def config_of_agent(octets: bytes) -> PurePosixPath | None:
    """The config file that an agent's command names; ``None`` if it is no agent of ours."""
    try:
        words = plistlib.loads(octets)["ProgramArguments"]
    except (ValueError, LookupError, ExpatError):
        return None
    return PurePosixPath(words[words.index("-c") + 1]) if "-c" in words[:-1] else None


def install(program: Program, home: str, config_path: str, user_id: int, notes: tuple[str, ...] = ()) -> Plan:
    """Write the agent and start it."""
    path = agent_path(home)
    return Plan(
        (
            WriteFile(path, agent(program, config_path, home)),
            Run(("launchctl", "bootout", f"gui/{user_id}/{LABEL}"), may_fail=True),
            Run(("launchctl", "bootstrap", f"gui/{user_id}", path)),
        ),
        (*notes, f"It runs while you are logged in, and logs to {log_path(home)}."),
    )


def uninstall(home: str, user_id: int) -> Plan:
    """Stop it and remove the agent."""
    return Plan(
        (
            Run(("launchctl", "bootout", f"gui/{user_id}/{LABEL}"), may_fail=True),
            RemoveFile(agent_path(home)),
        )
    )
