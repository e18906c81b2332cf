"""What an installation must know of this machine."""

from __future__ import annotations

import os
import sys
from pathlib import Path, PureWindowsPath
from typing import Final

import aes67_sender
from aes67_sender.errors import MachineError
from aes67_sender.service.plan import Program
from aes67_sender.service.systemd import USER_COMMENT

#: There while systemd is the first process.
_SYSTEMD_RUNS: Final = Path("/run/systemd/system")


def this_program() -> Program:
    """How the running program is started, and what of the disk that takes."""
    # Of a virtual environment, not what it links to: that would not find its packages.
    python = Path(sys.executable).absolute()
    if sys.platform == "win32":
        # Without a window.
        python = python.with_name("pythonw.exe")
    package = Path(aes67_sender.__file__).resolve().parent
    folders = [Path(sys.prefix).absolute(), Path(sys.prefix).resolve(), Path(sys.base_prefix).resolve(), package.parent]
    return Program(str(python), tuple(dict.fromkeys(map(str, folders))))


def user_comment(name: str) -> str | None:
    """What the system knows a user by besides the name; ``None`` if there is no such user."""
    if sys.platform == "win32":
        return None
    import pwd  # noqa: PLC0415  there is none on Windows

    try:
        return pwd.getpwnam(name).pw_gecos
    except KeyError:
        return None


def is_made_by_us(name: str) -> bool:
    """Whether an installation has made this user."""
    comment = user_comment(name)
    return comment is not None and comment.split(",")[0] == USER_COMMENT


def windows_user() -> str:
    """Who is logged in, with the domain or computer before the name."""
    domain, name = os.environ.get("USERDOMAIN", ""), os.environ.get("USERNAME", "")
    return f"{domain}\\{name}" if domain else name


def windows_folder() -> str:
    """A folder of the user's own, for the program's files."""
    local = os.environ.get("LOCALAPPDATA") or str(Path.home() / "AppData" / "Local")
    return str(PureWindowsPath(local) / "aes67-sender")


def check_systemd() -> None:
    """Refuse where systemd does not run.

    Raises:
        MachineError: with what to do instead.
    """
    if not _SYSTEMD_RUNS.is_dir():
        raise MachineError(
            "systemd is not what starts services here.",
            hint="`--dry-run` shows what would be done; start `aes67-sender run` by the means of this system.",
        )


def check_rights(*, session: bool) -> None:
    """Refuse who may not install.

    Raises:
        MachineError: with how to do it.
    """
    if sys.platform == "win32":
        return
    root = os.geteuid() == 0
    if not session and not root:
        raise MachineError(
            "A service of the system can only be installed or removed by root.",
            hint=f"Run it as `sudo {sys.executable} -m aes67_sender service …`, or give --user-session for one of your "
            "own session.",
        )
    if session and root:
        raise MachineError(
            "A user's service is installed by that user, and this is root.",
            hint="Run it as the user who is logged in, without sudo; without --user-session root installs one of the "
            "system.",
        )
