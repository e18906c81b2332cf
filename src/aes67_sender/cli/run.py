"""``run`` and ``demo``: send."""

from __future__ import annotations

import asyncio
import shlex
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from aes67_sender.cli.options import config_option, interface_option, log_to_file, verbose_option

if TYPE_CHECKING:
    from collections.abc import Callable

    from aes67_sender.supervisor.sender import Sender, Setup


def _sending_options(command: Callable[..., Any]) -> Callable[..., Any]:
    for option in (
        click.option("--no-web", is_flag=True, help="Do without the web page, REST and metrics."),
        click.option(
            "--duration", "duration_s", type=click.FloatRange(min=0), metavar="S", help="Stop after S seconds."
        ),
        click.option("--json", "as_json", is_flag=True, help="Print one snapshot per second, a JSON line each."),
    ):
        command = option(command)
    return verbose_option(command)


@click.command()
@config_option
@click.option("--log", "log_path", type=click.Path(path_type=Path), metavar="FILE", help="Log to a file too.")
@_sending_options
def run(config_path: Path, duration_s: float | None, log_path: Path | None, *, as_json: bool, no_web: bool) -> None:
    """Send what the config file says, until Ctrl-C."""
    from aes67_sender.cli.setup import from_file

    if log_path is not None:
        log_to_file(log_path)
    setup, notes = from_file(config_path, web=not no_web)
    if notes:
        click.echo(f"{config_path} was written by the Node.js tool and has been converted.", err=True)
    for note in notes:
        click.echo(f"  {note.text} {note.hint}", err=True)
    _send(setup, duration_s, as_json=as_json)


@click.command()
@interface_option
@_sending_options
def demo(interface_name: str | None, duration_s: float | None, *, as_json: bool, no_web: bool) -> None:
    """Send a stereo tone of 1 kHz at -18 dBFS, without a config file."""
    from aes67_sender.cli.setup import for_demo

    setup = for_demo(interface_name, web=not no_web)
    if not as_json:
        stream = setup.config.streams[0]
        sdp = _quoted(str(setup.sdp_dir / f"{stream.id}.sdp"))
        click.echo(f"Sending 1 kHz to {stream.address}:{stream.port} on {setup.interface.name}. Listen elsewhere with:")
        click.echo(f"  ffplay -protocol_whitelist file,udp,rtp {sdp}")
    _send(setup, duration_s, as_json=as_json)


def _quoted(path: str) -> str:
    """As the user's shell takes it."""
    return subprocess.list2cmdline([path]) if sys.platform == "win32" else shlex.quote(path)


def _send(setup: Setup, duration_s: float | None, *, as_json: bool) -> None:
    from aes67_sender.cli.desk import DirectDesk
    from aes67_sender.supervisor.sender import Sender
    from aes67_sender.ui.outputs import status_outlet
    from aes67_sender.ui.screen import can_draw

    # What is typed may be meant for a source.
    keys = all(source.kind != "stdin" for source in setup.config.sources)

    async def show(sender: Sender) -> None:
        loop = asyncio.get_running_loop()
        if not as_json and not can_draw() and (page := sender.snapshot().page):
            # Where a picture is drawn, it stands at its head.
            click.echo(f"The page: {page}")
        with status_outlet(as_json=as_json, desk=DirectDesk(sender, loop) if keys else None) as outlet:
            due_s = loop.time()
            while True:
                outlet(sender.snapshot())
                # By the clock and not by the sleep, or "one per second" would drift.
                due_s = max(due_s + outlet.interval_s, loop.time())
                await asyncio.sleep(due_s - loop.time())

    async def main() -> None:
        await Sender(setup).run(show, duration_s)

    asyncio.run(main())
