"""``configure``: the wizard, and what a config file may hold."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, get_args

import click

from aes67_sender.cli.options import State, verbose_option
from aes67_sender.model.clock import ClockMode

if TYPE_CHECKING:
    from collections.abc import Callable

_FAMILIES: Final = ("dante", "ravenna", "livewire", "st2110", "generic")
_LISTEN_S: Final = 5.0

ANSWERS: Final = (
    click.option("--interface", metavar="NAME", help="Network interface; see `aes67-sender interfaces`."),
    click.option("--profile", type=click.Choice(_FAMILIES), help="What receives the streams."),
    click.option("--clock", "mode", type=click.Choice(get_args(ClockMode)), help="Who gives the time."),
    click.option("--domain", metavar="N", help="PTP domain, 0 to 127."),
    click.option(
        "--source",
        "sources",
        multiple=True,
        metavar="KIND[:WHICH]",
        help="Where the sound comes from: tone, jack, jack:CLIENT, alsa:DEVICE, file:PATH …; once for each source.",
    ),
    click.option(
        "--channels", multiple=True, metavar="N", help="Channels of the source; once for each, in their order."
    ),
    click.option("--per-stream", metavar="N", help="Channels per stream."),
    click.option("--base-address", metavar="GROUP", help="First multicast address; the next free ones follow."),
    click.option("--name", metavar="NAME", help="Name of this sender, and the beginning of the streams' names."),
)


def _answers(command: Callable[..., Any]) -> Callable[..., Any]:
    for option in reversed(ANSWERS):
        command = option(command)
    return command


@click.command()
@click.option(
    "-c",
    "--config",
    "-o",
    "--output",
    "path",
    type=click.Path(path_type=Path),
    default=Path("aes67-config.json"),
    show_default=True,
    help="File to write; what is in it already is the proposal, and kept as a backup.",
)
@_answers
@click.option("--yes", is_flag=True, help="Ask nothing: take these answers, and proposals for the rest.")
@click.option(
    "--listen",
    "listen_s",
    type=click.FloatRange(min=0),
    default=_LISTEN_S,
    show_default=True,
    metavar="S",
    help="Listen so long for PTP masters and sessions of others.",
)
@click.option("--force", is_flag=True, help="Begin from nothing, whatever is in the file; it is kept as a backup.")
@click.option("--start", is_flag=True, help="With --yes, start sending then.")
@click.option("--schema", is_flag=True, help="Print the JSON schema of the file, for editors, and do nothing else.")
@verbose_option
@click.pass_context
def configure(  # noqa: PLR0913  click gives every option by itself
    ctx: click.Context,
    /,
    path: Path,
    *,
    listen_s: float,
    yes: bool,
    force: bool,
    start: bool,
    schema: bool,
    **answers: Any,  # noqa: ANN401  see ANSWERS
) -> None:
    """Write a config file, by questions; run it again to change one.

    Finds network interfaces, PTP masters and sound devices, and proposes an answer to every question. An answer that is
    given as an option is not asked for.
    """
    if schema:
        from aes67_sender.config.schema import json_schema

        click.echo(json.dumps(json_schema(), indent=2, ensure_ascii=False))
        return
    if start and not yes:
        raise click.UsageError("--start goes with --yes: without it you are asked.")
    from aes67_sender.cli.wizard import ask_and_write, propose_and_write
    from aes67_sender.cli.wizard_input import given_answers

    given = given_answers(answers, path)
    if yes:
        propose_and_write(path, given, force=force, listen_s=listen_s, starts=start)
    else:
        start = ask_and_write(path, given, force=force, listen_s=listen_s)
    if start:
        from aes67_sender.cli.run import run

        # From here on Ctrl-C is the proper end.
        ctx.ensure_object(State).until_interrupted = True
        ctx.invoke(run, config_path=path, duration_s=None, as_json=False, no_web=False)
