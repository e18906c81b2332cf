"""Errors as people see them: one sentence, one hint, an exit code."""

from __future__ import annotations

import contextlib
import logging
import os
import sys
import traceback
from typing import TYPE_CHECKING

import click

from aes67_sender.errors import ConfigError, SenderError
from aes67_sender.winapi import reader_is_gone

if TYPE_CHECKING:
    from aes67_sender.cli.options import State

_USAGE = 2
_INTERNAL = 4
_INTERRUPTED = 130
_TRACEBACK_FROM = 2


def report_failure(error: BaseException, state: State) -> int:
    """Say on stderr what went wrong; the exit code."""
    code = _report(error, state)
    if code == 0:
        forget_stdout()
    return code


def _report(error: BaseException, state: State) -> int:
    match error:
        case KeyboardInterrupt() | click.Abort():
            return 0 if state.until_interrupted else _INTERRUPTED
        case _ if reader_is_gone(error):
            return 0
        case SystemExit():
            return 0  # This is click's way when the reader of --help has gone; nothing here raises it
        case click.ClickException():
            command = error.ctx.command_path if isinstance(error, click.UsageError) and error.ctx else "aes67-sender"
            _say(error.format_message(), f"See `{command} --help`.")
            return _USAGE
        case ConfigError() if [each.text for each in error.problems] == [str(error)]:
            _say(str(error), error.problems[0].hint)
        case ConfigError() if error.problems:
            from aes67_sender.config.load import render_problems

            _write("\n".join([f"Error: {error}", *render_problems(error)]))
        case SenderError():
            _say(str(error), error.hint)
        case _:
            what = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
            more = "" if state.verbose >= _TRACEBACK_FROM else "Run it again with -vv to see where. "
            _say(f"Internal error: {what}", f"{more}Please report it with that output.")
    if state.verbose >= _TRACEBACK_FROM:
        _write("".join(traceback.format_exception(error)))
    return error.exit_code if isinstance(error, SenderError) else _INTERNAL


def _say(sentence: str, hint: str) -> None:
    _write(f"Error: {sentence}" + (f"\nHint: {hint}" if hint else ""))


def _write(text: str) -> None:
    if sys.stderr is None:
        # pythonw.exe has none; what is logged may go to a file.
        logging.getLogger(__name__).error("%s", text)
        return
    with contextlib.suppress(OSError):
        sys.stderr.write(text.rstrip("\n") + "\n")
        sys.stderr.flush()


def forget_stdout() -> None:
    """Write what is left on stdout; if its reader is gone, see to it that Python does not complain at its exit."""
    if sys.stdout is None:
        return
    try:
        sys.stdout.flush()
    except (OSError, ValueError):
        with contextlib.suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
