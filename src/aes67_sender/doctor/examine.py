"""The doctor as one call, and what its report has to hide."""

from __future__ import annotations

import contextlib
import getpass
import platform
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from aes67_sender.config.load import CONFIG_NAME
from aes67_sender.config.token import token_of
from aes67_sender.doctor.checks import CHECKS
from aes67_sender.doctor.context import make_context
from aes67_sender.doctor.runner import run_checks
from aes67_sender.logic.doctor.redact import Redactor

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from aes67_sender.doctor.context import Context
    from aes67_sender.logic.doctor.findings import Finding


def examine(  # noqa: PLR0913  what the command is told
    config_path: Path,
    *,
    named: bool,
    interface_name: str | None,
    seconds: float,
    only: Sequence[str] = (),
    tell: Callable[[str], None] = lambda _: None,
) -> tuple[tuple[Finding, ...], Context]:
    """All checks, or those whose names begin with one of ``only``. Blocks for ``seconds`` and some more.

    ``named``: the user asked for this config file. ``tell`` is told what is being waited for. Raises nothing.
    """
    context = make_context(config_path, named=named, interface_name=interface_name, seconds=seconds)
    checks = [check for check in CHECKS if not only or check.name.startswith(tuple(only))]
    where = f" on {context.interface.name}" if context.interface else ""
    tell(f"Looking and listening{where} for {seconds:g} s …")
    return run_checks(checks, context), context


def redactor_for(context: Context) -> Redactor:
    """Hides this computer's and its user's names, what the config calls things, and private folders."""
    names = {platform.node(): "host", platform.node().partition(".")[0]: "host", context.config.name: "name"}
    names |= {stream.name: "name" for stream in context.config.streams}
    if token := token_of(context.config.web):
        names[token] = "token"
    if context.config_path.name != CONFIG_NAME:
        names[context.config_path.name] = "config"
    with contextlib.suppress(Exception):
        # No user database has this user: as in some containers. It raises whatever it likes.
        names[getpass.getuser()] = "user"
    folders = {Path.home(), Path.cwd(), context.config_path.absolute().parent, Path(sys.prefix), Path(sys.executable)}
    folders.add(Path(sys.executable).resolve())
    system = {Path("/"), Path("/usr"), Path("/usr/bin")}
    return Redactor(names, [str(each) for each in folders - system if not str(each).startswith("/usr/")])
