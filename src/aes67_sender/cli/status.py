"""``status``: ask the running sender."""

from __future__ import annotations

import time

import click

from aes67_sender.cli.options import SENDER_URL, json_option, verbose_option


@click.command()
@click.option("--watch", is_flag=True, help="Go on asking until Ctrl-C.")
@json_option
@click.option("--url", default=SENDER_URL, show_default=True, help="Where the sender listens.")
@verbose_option
def status(url: str, *, watch: bool, as_json: bool) -> None:
    """Ask the running sender how it is."""
    from aes67_sender.logic.codec import encode_snapshot
    from aes67_sender.supervisor.client import fetch_snapshot
    from aes67_sender.ui.outputs import status_screen

    if watch:
        screen = status_screen(as_json=as_json)
        try:
            while True:
                screen.show(fetch_snapshot(url))
                time.sleep(screen.interval_s)
        finally:
            screen.close()
    snapshot = fetch_snapshot(url)
    if as_json:
        click.echo(encode_snapshot(snapshot).decode())
        return
    from rich.console import Console

    from aes67_sender.ui.live import render

    console = Console()
    console.print(render(snapshot, console.width))
