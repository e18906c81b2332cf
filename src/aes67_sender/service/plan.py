"""What an installation does, step by step, as data: pure functions make it, ``--dry-run`` shows it."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from typing import Final

#: The name of unit, task and user.
NAME: Final = "aes67-sender"
CONFIG_NAME: Final = "aes67-config.json"
#: By this a file is known to be ours.
WRITTEN_BY: Final = "Written by `aes67-sender service install`"


@dataclass(frozen=True, slots=True)
class MakeFolder:
    """A folder, with all that is in it, of one user; ``None`` for whoever installs."""

    path: str
    owner: str | None = None

    def __str__(self) -> str:
        return f"make the folder {self.path}" + (f", for the user {self.owner}" if self.owner else "")


@dataclass(frozen=True, slots=True)
class WriteFile:
    """A text file; what is there already is kept as a backup. ``encoding`` is Python's name."""

    path: str
    text: str
    owner: str | None = None
    encoding: str = "utf-8"

    def __str__(self) -> str:
        owner = f", for the user {self.owner}" if self.owner else ""
        lines = "".join(f"    {line}".rstrip() + "\n" for line in self.text.splitlines())
        return f"write {self.path}{owner}:\n{lines}".rstrip()


@dataclass(frozen=True, slots=True)
class RemoveFile:
    """A file that ``service install`` has written; another one stays."""

    path: str

    def __str__(self) -> str:
        return f"remove {self.path}"


@dataclass(frozen=True, slots=True)
class RemoveFolder:
    """A folder with all that is in it."""

    path: str

    def __str__(self) -> str:
        return f"remove the folder {self.path}"


@dataclass(frozen=True, slots=True)
class Run:
    """A program. What ``may_fail`` is done for good order only."""

    command: tuple[str, ...]
    may_fail: bool = False

    def __str__(self) -> str:
        return f"run {shlex.join(self.command)}" + (" (which may fail)" if self.may_fail else "")


Step = MakeFolder | WriteFile | RemoveFile | RemoveFolder | Run


@dataclass(frozen=True, slots=True)
class Plan:
    """All steps, and what the user should know besides."""

    steps: tuple[Step, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Program:
    """How the sender is started here.

    ``python`` is the interpreter, of a virtual environment or not; ``folders`` are all that it needs to read.
    """

    python: str
    folders: tuple[str, ...] = ()

    def run(self, config: str, *more: str) -> tuple[str, ...]:
        """The command that sends what a config file says."""
        return (self.python, "-m", "aes67_sender", "run", "-c", config, *more)


@dataclass(frozen=True, slots=True)
class ConfigFile:
    """The config to be sent: its text as it is to be written, and what its paths need of a sandbox."""

    text: str
    writable: tuple[str, ...] = ()
    readable: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
