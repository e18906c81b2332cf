"""``service``: let the system start the sender, and keep it running."""

from __future__ import annotations

import sys
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any

import click

from aes67_sender.cli.options import config_option, json_option, token_option, verbose_option

if TYPE_CHECKING:
    from collections.abc import Callable

    from aes67_sender.model.snapshot import Snapshot
    from aes67_sender.service.plan import Plan
    from aes67_sender.supervisor.client import Door

_USER = "aes67-sender"


def _session_option(command: Callable[..., Any]) -> Callable[..., Any]:
    return click.option(
        "--user-session", "session", is_flag=True, help="One of your own session, for JACK, PipeWire and PulseAudio."
    )(command)


def _dry_run_option(command: Callable[..., Any]) -> Callable[..., Any]:
    return click.option("--dry-run", is_flag=True, help="Only print what would be written and run.")(command)


@click.group()
@verbose_option
def service() -> None:
    """Let the system start the sender, and keep it running."""


@service.command()
@config_option
@click.option("--user", default=_USER, show_default=True, metavar="NAME", help="Whom it runs as; made if needed.")
@_session_option
@_dry_run_option
@verbose_option
def install(config_path: Path, user: str, *, session: bool, dry_run: bool) -> None:
    """Install and start it: systemd on Linux, launchd on macOS, a task at log-on on Windows."""
    plan = _session_plan(config_path) if session or sys.platform != "linux" else _system_plan(config_path, user)
    _carry_out(plan, session=session, dry_run=dry_run)
    if not dry_run:
        click.echo(f"It is being started; `aes67-sender service status{' --user-session' * session}` shows how it is.")


@service.command()
@click.option("--user", default=_USER, show_default=True, metavar="NAME", help="Removed, if the installation made it.")
@_session_option
@_dry_run_option
@verbose_option
def uninstall(user: str, *, session: bool, dry_run: bool) -> None:
    """Stop it and remove what was installed; the config is kept."""
    from aes67_sender.service import launchd, machine, systemd, windows

    home = str(Path.home())
    if sys.platform == "win32":
        plan = windows.uninstall(machine.windows_folder())
    elif sys.platform == "darwin":
        plan = launchd.uninstall(home, _user_id())
    elif session:
        plan = systemd.uninstall_session(home)
    else:
        plan = systemd.uninstall_system(user if machine.is_made_by_us(user) else None)
    _carry_out(plan, session=session, dry_run=dry_run)


@service.command()
@_session_option
@click.option("--url", help="Where the sender listens; its config says so otherwise.")
@token_option
@json_option
@verbose_option
def status(url: str | None, token: str | None, *, session: bool, as_json: bool) -> None:
    """Ask the system and the sender how it is; exit code 0 if it runs."""
    import dataclasses
    import json

    from aes67_sender.cli.options import SENDER_URL
    from aes67_sender.errors import SenderError
    from aes67_sender.service.state import ask_manager
    from aes67_sender.supervisor.client import Door, fetch_snapshot
    from aes67_sender.ui.words import status_line

    state = ask_manager(session=session)
    snapshot: Snapshot | None = None
    try:
        snapshot = fetch_snapshot(Door(url, token) if url else _door(session=session) or Door(SENDER_URL, token))
        line = status_line(snapshot)
    except SenderError as error:
        line = str(error)
    if as_json:
        told = dataclasses.asdict(state) | {"snapshot": dataclasses.asdict(snapshot) if snapshot else None}
        click.echo(json.dumps(told, ensure_ascii=False))
    else:
        click.echo(f"Service: {state.text}\nSender: {line}")
        if state.installed and not state.running:
            click.echo(f"Its log: {_log(session=session)}")
    click.get_current_context().exit(0 if state.running and snapshot is not None else 1)


def _carry_out(plan: Plan, *, session: bool, dry_run: bool) -> None:
    from aes67_sender.service.apply import carry_out
    from aes67_sender.service.machine import check_rights, check_systemd

    if dry_run:
        click.echo("\n".join(str(step) for step in plan.steps))
    else:
        check_rights(session=session or sys.platform != "linux")
        if sys.platform == "linux":
            check_systemd()
        carry_out(plan, click.echo)
    for note in plan.notes:
        click.echo(f"Note: {note}")


def _system_plan(config_path: Path, user: str) -> Plan:
    from aes67_sender.net.interfaces import list_interfaces
    from aes67_sender.service import machine, systemd
    from aes67_sender.service.config import moved_config
    from aes67_sender.supervisor.document import open_document

    given = click.get_current_context().get_parameter_source("config_path") is click.core.ParameterSource.COMMANDLINE
    config = None
    if given or config_path.exists() or not Path(systemd.SYSTEM_CONFIG).exists():
        document, _ = open_document(config_path, list_interfaces())
        config = moved_config(document.data, document.given, config_path.absolute().parent)
    return systemd.install_system(
        machine.this_program(), user, config, user_exists=machine.user_comment(user) is not None
    )


def _session_plan(config_path: Path) -> Plan:
    from aes67_sender.net.interfaces import list_interfaces
    from aes67_sender.service import launchd, machine, systemd, windows
    from aes67_sender.service.config import service_notes
    from aes67_sender.supervisor.document import open_document

    document, _ = open_document(config_path, list_interfaces())
    program, home, path = machine.this_program(), str(Path.home()), str(config_path.absolute())
    notes = service_notes(document.given)
    if sys.platform == "win32":
        return windows.install(program, machine.windows_folder(), path, machine.windows_user(), notes)
    if sys.platform == "darwin":
        return launchd.install(program, home, path, _user_id(), notes)
    return systemd.install_session(program, home, path, notes)


def _door(*, session: bool) -> Door | None:
    """Where the installed sender listens, as far as its files can be read."""
    from aes67_sender.service.state import door_of_config

    try:
        path = _installed_config(session=session)
    except (OSError, ValueError):
        return None
    return None if path is None else door_of_config(Path(path))


def _installed_config(*, session: bool) -> PurePath | None:
    from aes67_sender.service import launchd, machine, systemd, windows
    from aes67_sender.service.state import config_of_unit

    home = str(Path.home())
    if sys.platform == "win32":
        text = Path(windows.task_path(machine.windows_folder())).read_text(encoding="utf-16")
        return windows.config_of_task(text)
    if sys.platform == "darwin":
        return launchd.config_of_agent(Path(launchd.agent_path(home)).read_bytes())
    unit = Path(systemd.session_path(home) if session else systemd.SYSTEM_UNIT)
    return config_of_unit(unit.read_text(encoding="utf-8"))


def _log(*, session: bool) -> str:
    """Where the installed sender says what goes wrong."""
    from aes67_sender.service import launchd, machine, windows

    if sys.platform == "win32":
        return windows.log_path(machine.windows_folder())
    if sys.platform == "darwin":
        return launchd.log_path(str(Path.home()))
    return f"journalctl {'--user ' * session}-u aes67-sender"


def _user_id() -> int:
    import os

    if sys.platform == "win32":
        return 0
    return os.getuid()
