"""``discover``: the sessions that others announce on the network."""

from __future__ import annotations

import asyncio
import contextlib
import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Final

import click

from aes67_sender.cli.options import interface_option, json_option, verbose_option

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from rich.table import Table

    from aes67_sender.model.interface import Interface
    from aes67_sender.model.session import DiscoveredSession, SessionChange
    from aes67_sender.supervisor.discovery import Discovery

#: Most devices announce every 30 s.
_SECONDS: Final = 35.0
_LOOK_EVERY_S: Final = 0.25
#: Where no terminal tells its width, nothing is cut.
_WIDTH_OF_A_FILE: Final = 250
_MARKS: Final = {"appeared": "+", "changed": "~", "gone": "-"}

Sessions = tuple["DiscoveredSession", ...]


@click.command()
@interface_option
@click.option(
    "--seconds", type=click.FloatRange(min=0), metavar="S", help=f"Listen so long; {_SECONDS:g} without --watch."
)
@click.option("--watch", is_flag=True, help="Tell what appears, changes and goes, until Ctrl-C.")
@json_option
@verbose_option
def discover(interface_name: str | None, seconds: float | None, *, watch: bool, as_json: bool) -> None:
    """List the sessions that are announced by SAP and RAVENNA (mDNS); Ctrl-C shows what was heard until then."""
    from aes67_sender.logic.discovered import changes
    from aes67_sender.net.interfaces import choose_interface, list_interfaces
    from aes67_sender.supervisor.discovery import Discovery

    interface = choose_interface(interface_name, list_interfaces())
    discovery = Discovery(interface)
    heard: Sessions = ()

    def look(now: Sessions) -> None:
        nonlocal heard
        for change in changes(heard, now) if watch else ():
            click.echo(json.dumps(asdict(change), ensure_ascii=False) if as_json else _line(change))
        heard = now

    if seconds is None and not watch:
        seconds = _SECONDS
    with contextlib.suppress(KeyboardInterrupt):
        if not as_json:
            until = "" if seconds is None else f" for {seconds:g} s"
            click.echo(f"Listening on {_named(interface)}{until}; Ctrl-C ends it.", err=True)
        asyncio.run(_listen(discovery, look, seconds))
    for problem in discovery.problems():
        click.echo(f"{problem.severity}: {problem.text} {problem.hint}", err=True)
    if not watch:
        _show(heard, interface, as_json=as_json)


async def _listen(discovery: Discovery, look: Callable[[Sessions], None], seconds: float | None) -> None:
    loop = asyncio.get_running_loop()
    begun_s = loop.time()
    running = asyncio.create_task(discovery.run())
    try:
        while not running.done() and (seconds is None or loop.time() - begun_s < seconds):
            left_s = _LOOK_EVERY_S if seconds is None else begun_s + seconds - loop.time()
            await asyncio.sleep(max(0.0, min(_LOOK_EVERY_S, left_s)))
            look(discovery.sessions())
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


def _show(sessions: Sequence[DiscoveredSession], interface: Interface, *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps([asdict(session) for session in sessions], indent=2, ensure_ascii=False))
        return
    if not sessions:
        click.echo(f"No session was heard on {_named(interface)}.")
        click.echo(
            "Is that the audio network's interface? `aes67-sender interfaces` lists them. Is SAP on in the devices "
            "(Dante: AES67 mode)? Does a firewall block UDP port 9875, or a switch with IGMP snooping and no querier "
            "the group 239.255.255.255? Some devices announce only every 5 minutes: try --seconds 400."
        )
        return
    from rich.console import Console

    console = Console()
    if not console.is_terminal:
        console = Console(width=_WIDTH_OF_A_FILE)
    console.print(_table(sessions))


def _table(sessions: Sequence[DiscoveredSession]) -> Table:
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="bold")
    for head in ("NAME", "ADDRESS", "FORMAT", "PACKET", "CLOCK", "FROM", "BY", "HEARD"):
        table.add_column(head, no_wrap=head != "NAME", overflow="fold" if head == "NAME" else "ellipsis")
    for each in sessions:
        packet = "-" if each.packet_time_ms is None else f"{each.packet_time_ms:g} ms"
        cells = (each.name or "-", _where(each), each.format or "-", packet, _clock(each), each.origin)
        by = "+".join(each.sources)
        # Text: a session's name must not be taken for markup.
        table.add_row(*(Text(cell) for cell in (*cells, by, f"{each.age_s:.0f} s ago")))
    return table


def _line(change: SessionChange) -> str:
    session = change.session
    details = (_where(session), session.format, f"from {session.origin}")
    return f"{_MARKS[change.kind]} {session.name or '-'}  {'  '.join(filter(None, details))}"


def _where(session: DiscoveredSession) -> str:
    return f"{session.address}:{session.port}" if session.address else "-"


def _clock(session: DiscoveredSession) -> str:
    return session.clock.removeprefix("ptp=IEEE1588-2008:") or "-"


def _named(interface: Interface) -> str:
    return f"{interface.name} ({interface.address})"
