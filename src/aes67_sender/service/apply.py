"""Carries a plan out."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final, assert_never

from aes67_sender.config.legacy import write_text
from aes67_sender.errors import MachineError
from aes67_sender.service.plan import WRITTEN_BY, MakeFolder, RemoveFile, RemoveFolder, Run, WriteFile

if TYPE_CHECKING:
    from collections.abc import Callable

    from aes67_sender.service.plan import Plan, Step


#: For any program; the sender itself is given ten seconds to end.
_PATIENCE_S: Final = 60.0
#: Of what programs say; those of Windows write in the code page of the console.
_CODING: Final = "oem" if sys.platform == "win32" else "utf-8"


def carry_out(plan: Plan, say: Callable[[str], object]) -> None:
    """Do all steps, and ``say`` each in a line.

    Raises:
        ConfigError: a file cannot be written.
        MachineError: a step fails; those before it are done.
    """
    for step in plan.steps:
        try:
            say(_do(step))
        except OSError as error:
            what = error.filename or str(step).partition("\n")[0]
            raise MachineError(
                f"{what}: {error.strerror or error}.", hint="What was done until then stays; run it again."
            ) from error


def _do(step: Step) -> str:
    match step:
        case MakeFolder(path, owner):
            Path(path).mkdir(parents=True, exist_ok=True)
            _give(path, owner)
            return str(step)
        case WriteFile():
            return _write(step)
        case RemoveFile(path):
            return _remove(Path(path))
        case RemoveFolder(path):
            shutil.rmtree(path, ignore_errors=True)
            return str(step)
        case Run():
            return _run(step)
    assert_never(step)


def _write(step: WriteFile) -> str:
    path = Path(step.path)
    path.parent.mkdir(parents=True, exist_ok=True)
    backup = write_text(path, step.text, expendable=step.text, encoding=step.encoding)
    _give(step.path, step.owner)
    return f"write {path}" + (f"; what was there is kept as {backup.name}" if backup else "")


def _remove(path: Path) -> str:
    try:
        ours = WRITTEN_BY.rstrip("`").encode() in path.read_bytes().replace(b"\0", b"") or path.suffix == ".plist"
    except FileNotFoundError:
        return f"{path} is not there"
    if not ours:
        raise MachineError(
            f"{path} was not written by `aes67-sender service install`.", hint="Look at it, and remove it by hand."
        )
    path.unlink()
    return f"remove {path}"


def _run(step: Run) -> str:
    try:
        # Not into a pipe: what such a program leaves running may hold that open for ever.
        with tempfile.TemporaryFile() as output:
            done = subprocess.run(  # noqa: S603  the plan's own words
                step.command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                timeout=_PATIENCE_S,
                check=False,
            )
            output.seek(0)
            said = output.read().decode(_CODING, "replace").strip().splitlines()
    except subprocess.TimeoutExpired:
        raise MachineError(
            f"`{' '.join(step.command)}` does not come to an end.", hint="What was done until then stays; run it again."
        ) from None
    except FileNotFoundError:
        raise MachineError(
            f"There is no program {step.command[0]}.", hint="`--dry-run` shows what is to be done by hand."
        ) from None
    if done.returncode and not step.may_fail:
        raise MachineError(
            f"`{' '.join(step.command)}` has failed: {said[-1] if said else f'exit code {done.returncode}'}.",
            hint="What was done until then stays; run it again once the reason is gone.",
        )
    return str(step)


def _give(path: str, owner: str | None) -> None:
    """Give a file, or a folder with all that is in it, to a user and the user's group."""
    if owner is None or sys.platform == "win32":
        return
    import pwd  # noqa: PLC0415  not on Windows

    found = pwd.getpwnam(owner)
    for each in (Path(path), *Path(path).rglob("*")):
        os.chown(each, found.pw_uid, found.pw_gid, follow_symlinks=False)
