"""launchd: an agent in the session of a macOS user, since CoreAudio gives sound to those who are logged in."""

from __future__ import annotations

import plistlib
from typing import TYPE_CHECKING, Final

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
            "StandardErrorPath": f"{home}/Library/Logs/{NAME}.log",
        }
    ).decode()


def agent_path(home: str) -> str:
    """Where it is."""
    return f"{home.rstrip('/')}/Library/LaunchAgents/{LABEL}.plist"


def install(program: Program, home: str, config_path: str, user_id: int) -> Plan:
    """Write the agent and start it."""
    path = agent_path(home)
    return Plan(
        (
            WriteFile(path, agent(program, config_path, home)),
            Run(("launchctl", "bootout", f"gui/{user_id}/{LABEL}"), may_fail=True),
            Run(("launchctl", "bootstrap", f"gui/{user_id}", path)),
        ),
        (f"It runs while you are logged in, and logs to {home}/Library/Logs/{NAME}.log.",),
    )


def uninstall(home: str, user_id: int) -> Plan:
    """Stop it and remove the agent."""
    return Plan(
        (
            Run(("launchctl", "bootout", f"gui/{user_id}/{LABEL}"), may_fail=True),
            RemoveFile(agent_path(home)),
        )
    )
