"""The wizard on this machine: finds out, asks or proposes, writes the file."""

from __future__ import annotations

import contextlib
import logging
import shlex
import sys
import textwrap
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, Literal

import click

from aes67_sender.cli.wizard_input import machine_facts, refuse_wrong, usable_file
from aes67_sender.config.legacy import write_config
from aes67_sender.config.load import CONFIG_NAME
from aes67_sender.config.model import WebSettings
from aes67_sender.errors import ConfigError, SenderError
from aes67_sender.supervisor.client import door_of, fetch_snapshot
from aes67_sender.ui.screen import can_draw
from aes67_sender.wizard.check import problems_of
from aes67_sender.wizard.families import FAMILIES
from aes67_sender.wizard.files import check_writable, read_existing
from aes67_sender.wizard.plan import build
from aes67_sender.wizard.propose import propose
from aes67_sender.wizard.senses import MachineSenses

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from aes67_sender.supervisor.client import Door
    from aes67_sender.wizard.facts import Existing, Given
    from aes67_sender.wizard.screen import Screen

Beginning = Literal["configure", "demo", "leave"]
_WIDTH: Final = 80
_HINT: Final = (
    "Answer by options, and have proposals for the rest taken: "
    "`aes67-sender configure --yes --profile dante --source jack:system`."
)


def has_terminal() -> bool:
    """Whether somebody can be asked."""
    return sys.stdin.isatty() and can_draw()


def ask_how_to_begin(config_name: str) -> Beginning:
    """What to do where there is no config yet. Needs a terminal."""
    from aes67_sender.wizard.screen import Choice
    from aes67_sender.wizard.terminal import Terminal

    chosen: Beginning = Terminal().choose(
        f"There is no {config_name} in this folder. What now?",
        [
            Choice("configure", "Set up a sender", "A few questions; the answers go into the file. Ends with sending."),
            Choice("demo", "Send a test tone, to try it", "Without a file; the same as `aes67-sender demo`."),
            Choice("leave", "Leave"),
        ],
    )
    return chosen


def ask_and_write(path: Path, given: Given, *, force: bool, listen_s: float) -> bool:
    """The wizard; whether to start sending now.

    Raises:
        ConfigError: nobody can be asked, an option is wrong, or the file cannot be used or written.
        MachineError: there is no network interface.
        Abort: the user has left; nothing was written.
    """
    if not has_terminal():
        raise ConfigError("The wizard asks questions, and there is no terminal to ask them in.", hint=_HINT)
    from aes67_sender.wizard.dialogue import Dialogue, Occasion
    from aes67_sender.wizard.terminal import Terminal

    check_writable(path)
    screen = Terminal()
    with _telling_who_leaves():
        existing = _existing_or_none(path, screen, force=force)
        with _quiet(), MachineSenses(_door(existing)) as senses:
            # While the first questions are answered.
            senses.look()
            facts = machine_facts(path, existing, given)
            refuse_wrong(facts, given, path)
            screen.say(*_head(path, existing))
            occasion = Occasion(path.name, may_start=not _is_sending(_door(existing)), listen_s=listen_s)
            dialogue = Dialogue(facts, given, screen, senses, occasion)
            ending, data = dialogue.run()
    if ending == "leave":
        click.echo("Nothing was written.")
        return False
    starts = ending == "start"
    _write(path, data, existing, propose(dialogue.facts, dialogue.given).profile, starts=starts)
    return starts


def propose_and_write(path: Path, given: Given, *, force: bool, listen_s: float, starts: bool) -> None:
    """The wizard without questions: what is not given is proposed.

    Raises:
        ConfigError: an option is wrong, or the file cannot be used or written.
        MachineError: there is no network interface.
        Abort: the user has left; nothing was written.
    """
    check_writable(path)
    existing = None if force else usable_file(path)
    from rich.console import Console

    from aes67_sender.wizard.summary import summary

    with _telling_who_leaves(), _quiet(), MachineSenses(_door(existing)) as senses:
        senses.look()
        facts = machine_facts(path, existing, given)
        refuse_wrong(facts, given, path)
        interface = propose(facts, given).interface
        click.echo(f"Listening on {interface} for {listen_s:g} s.", err=True)
        senses.listen(interface)
        time.sleep(listen_s)
        facts = replace(facts, heard=senses.heard(), devices=senses.devices())
    refuse_wrong(facts, given, path)
    answers = propose(facts, given)
    data = build(facts, answers)
    console = Console(highlight=False)
    console.print(*summary(facts, answers, data), sep="\n")
    for problem in (*facts.heard.problems, *problems_of(facts, given)):
        if problem.severity != "info":
            click.echo(f"{problem.severity}: {problem.text} {problem.hint}".rstrip(), err=True)
    _write(path, data, existing, answers.profile, starts=starts)


@contextlib.contextmanager
def _telling_who_leaves() -> Iterator[None]:
    try:
        yield
    except (KeyboardInterrupt, EOFError):
        click.echo("Left: nothing was written.", err=True)
        # For click, KeyboardInterrupt would be worth an empty line.
        raise click.Abort from None


def _existing_or_none(path: Path, screen: Screen, *, force: bool) -> Existing | None:
    from aes67_sender.wizard.screen import Choice

    try:
        return None if force else read_existing(path)
    except ConfigError as error:
        click.echo(f"{error}", err=True)
        for problem in error.problems:
            screen.complain(problem)
    begin = Choice(value=True, label="Begin from nothing; what is there is kept as a backup")
    if not screen.choose(
        f"{path.name} cannot be used. What now?", [begin, Choice(value=False, label="Leave it as it is")]
    ):
        raise KeyboardInterrupt
    return None


def _head(path: Path, existing: Existing | None) -> Iterator[str]:
    yield ""
    if existing is None:
        yield f"The answers go into {path}. Ctrl-C leaves, and writes nothing."
    else:
        yield f"{path} is there: it is the proposal."
        yield "What is not asked for is kept. Ctrl-C leaves, and changes nothing."
    if existing is not None and existing.converted:
        yield "The Node.js tool wrote it; it is converted."
    for note in existing.notes if existing else ():
        yield f"  {note.text} {note.hint}".rstrip()
    yield ""


def _write(path: Path, data: dict[str, Any], existing: Existing | None, profile: str, *, starts: bool) -> None:
    if existing is not None and existing.is_kept_by(data):
        click.echo(f"{path} is right as it is.")
        return
    backup = write_config(path, data)
    click.echo(f"Wrote {path}.")
    if backup is not None:
        click.echo(f"What was there is kept as {backup.name}.")
    click.echo(textwrap.fill(FAMILIES[profile].note, _WIDTH))
    if starts:
        click.echo()
    elif _is_sending(_door(existing)):
        click.echo("A sender is running; if it uses this file, it takes it up within two seconds.")
    else:
        option = "" if str(path) == CONFIG_NAME else f" -c {shlex.quote(str(path))}"
        click.echo(f"Send with `aes67-sender run{option}`.")


def _door(existing: Existing | None) -> Door:
    return door_of(existing.config.web if existing else WebSettings())


def _is_sending(door: Door) -> bool:
    try:
        fetch_snapshot(door, timeout_s=1.0)
    except SenderError:
        return False
    return True


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Warnings of what listens in the background would spoil the questions; what matters of them is told there."""
    before = logging.root.manager.disable
    if logging.root.level >= logging.WARNING:
        logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(before)
