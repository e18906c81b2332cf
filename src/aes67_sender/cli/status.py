"""``status``: ask the running sender."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Final

import click

from aes67_sender.cli.options import SENDER_URL, json_option, token_option, verbose_option

if TYPE_CHECKING:
    from aes67_sender.supervisor.client import Door

#: How often a sender that does not answer is asked again, in seconds.
_AGAIN_S: Final = 1.0


@click.command()
@click.option("--watch", is_flag=True, help="Go on asking until q or Ctrl-C.")
@json_option
@click.option("--url", default=SENDER_URL, show_default=True, help="Where the sender listens.")
@token_option
@verbose_option
def status(url: str, token: str | None, *, watch: bool, as_json: bool) -> None:
    """Ask the running sender how it is."""
    from aes67_sender.logic.codec import encode_snapshot
    from aes67_sender.supervisor.client import Door, fetch_snapshot

    door = Door(url, token)
    snapshot = fetch_snapshot(door)
    if watch:
        _watch(door, as_json=as_json)
        return
    if as_json:
        click.echo(encode_snapshot(snapshot).decode())
        return
    from rich.console import Console

    from aes67_sender.ui.live import render

    console = Console()
    console.print(render(snapshot, console.width))


def _watch(door: Door, *, as_json: bool) -> None:
    """Go on asking. A sender that goes away may come back: that is told, and no end."""
    from aes67_sender.cli.desk import RestDesk
    from aes67_sender.errors import SenderError
    from aes67_sender.supervisor.client import fetch_snapshot
    from aes67_sender.ui.outputs import status_outlet

    leaving = threading.Event()
    with status_outlet(as_json=as_json, desk=RestDesk(door, leaving.set)) as outlet:
        wait_s = 0.0
        while not leaving.wait(wait_s):
            try:
                outlet(fetch_snapshot(door))
            except SenderError as error:
                outlet.lost(f"{error} Asking again …")
                wait_s = _AGAIN_S
            else:
                wait_s = outlet.interval_s
