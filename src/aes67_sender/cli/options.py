"""Options that several commands share, and what the error handler must know of them."""

from __future__ import annotations

import logging
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TextIO

import click

from aes67_sender.config.token import TOKEN_VARIABLE
from aes67_sender.errors import MachineError

if TYPE_CHECKING:
    from collections.abc import Callable

#: Where a sender listens if its config does not say otherwise.
SENDER_URL: Final = "http://127.0.0.1:8067"
_LOG_BYTES: Final = 1_000_000
_LEVELS: Final = (logging.WARNING, logging.INFO, logging.DEBUG)


@dataclass
class State:
    """What the error handler must know.

    ``until_interrupted``: Ctrl-C is the command's proper end; so it is as long as none has begun.
    """

    verbose: int = 0
    until_interrupted: bool = True


def _set_verbose(ctx: click.Context, _parameter: click.Parameter, count: int) -> None:
    state = ctx.ensure_object(State)
    state.verbose = max(state.verbose, count)
    configure_log(state.verbose)


def verbose_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """``-v``, not passed to the command."""
    return click.option(
        "-v",
        "--verbose",
        count=True,
        expose_value=False,
        is_eager=True,
        callback=_set_verbose,
        help="Log more to stderr; -vv for everything.",
    )(command)


def config_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """``-c``, passed as ``config_path``."""
    return click.option(
        "-c",
        "--config",
        "config_path",
        type=click.Path(path_type=Path),
        default=Path("aes67-config.json"),
        show_default=True,
        help="Config file.",
    )(command)


#: Passed as ``interface_name``.
interface_option = click.option(
    "--interface", "interface_name", metavar="NAME", help="Network interface; see `aes67-sender interfaces`."
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


def token_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """``--token``, or the environment, passed as ``token``."""
    return click.option(
        "--token",
        envvar=TOKEN_VARIABLE,
        metavar="TOKEN",
        help=f"What it wants to be shown, if anything. Others may see options: {TOKEN_VARIABLE} is safer.",
    )(command)


class _Stderr(logging.StreamHandler[TextIO]):
    """Writes to what ``sys.stderr`` is at that moment: a live display puts itself there, to print above itself."""

    @property
    def stream(self) -> TextIO:
        """The present stderr."""
        return sys.stderr

    @stream.setter
    def stream(self, _stream: TextIO) -> None:
        """The base class sets it once; ignored."""


def log_to_file(path: Path) -> None:
    """Log to a file too, as a service without a journal does; the last megabytes are kept.

    Raises:
        MachineError: it cannot be written.
    """
    from logging.handlers import RotatingFileHandler

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handler = RotatingFileHandler(path, maxBytes=_LOG_BYTES, backupCount=2, encoding="utf-8")
    except OSError as error:
        raise MachineError(f"The log {path} cannot be written: {error.strerror}.", hint="Name another file.") from None
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logging.getLogger().addHandler(handler)


def configure_log(verbose: int) -> None:
    """Log to stderr: warnings, with -v also information, with -vv everything."""
    root = logging.getLogger()
    if not any(isinstance(handler, _Stderr) for handler in root.handlers):
        handler = _Stderr()
        handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s", "%H:%M:%S"))
        root.addHandler(handler)
    root.setLevel(_LEVELS[min(verbose, len(_LEVELS) - 1)])
    # Its debug log tells of every poll.
    logging.getLogger("asyncio").setLevel(logging.WARNING)
