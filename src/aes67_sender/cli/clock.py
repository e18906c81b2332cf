"""``clock``: follow the clock only, or tell the running sender which one to follow."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, Literal, get_args

import click

from aes67_sender.cli.options import SENDER_URL, interface_option, json_option, token_option, verbose_option

if TYPE_CHECKING:
    from collections.abc import Callable

    from aes67_sender.config.model import ClockSettings
    from aes67_sender.model.interface import Interface
    from aes67_sender.supervisor.client import Door
    from aes67_sender.ui.clock_view import ClockView

Mode = Literal["auto", "builtin", "gstreamer", "system", "free-run"]
#: These need no network.
_LOCAL_MODES: Final = frozenset({"system", "free-run"})
#: What makes sense together with --set.
_OF_SET: Final = frozenset({"set_mode", "url", "token", "as_json", "verbose"})


@click.command()
@interface_option
@click.option("--domain", type=click.IntRange(0, 127), default=0, show_default=True, help="PTP domain.")
@click.option(
    "--provider",
    "mode",
    type=click.Choice(get_args(Mode)),
    default="auto",
    show_default=True,
    help="Who gives the time.",
)
@click.option("--seconds", "seconds", type=click.FloatRange(min=0), metavar="S", help="Stop after S seconds.")
@click.option("--watch", is_flag=True, help="Draw figures, a chart of the offset, and all masters that are heard.")
@json_option
@click.option("--set", "set_mode", metavar="MODE", help="Tell the running sender to follow this clock from now on.")
@click.option("--url", default=SENDER_URL, show_default=True, help="Where the sender listens, for --set.")
@token_option
@verbose_option
@click.pass_context
def clock(  # noqa: PLR0913, PLR0917  click gives every option by itself
    ctx: click.Context,
    interface_name: str | None,
    domain: int,
    mode: Mode,
    seconds: float | None,
    set_mode: str | None,
    url: str,
    token: str | None,
    *,
    watch: bool,
    as_json: bool,
) -> None:
    """Follow the clock without sending, and show it once a second until Ctrl-C."""
    _check_together(ctx, set_mode)
    if set_mode is not None:
        from aes67_sender.supervisor.client import Door

        _set_mode(Door(url, token), set_mode, as_json=as_json)
        return
    from aes67_sender.config.model import ClockSettings

    # Nothing is sent, so no time of our own is needed where there is no grandmaster.
    settings = ClockSettings(mode=mode, domain=domain, fallback="wait")
    _follow(settings, _interface(interface_name, mode), seconds, watch=watch, as_json=as_json)


def _check_together(ctx: click.Context, set_mode: str | None) -> None:
    given = {
        parameter.name: parameter.opts[0]
        for parameter in ctx.command.params
        if parameter.name and ctx.get_parameter_source(parameter.name) is click.core.ParameterSource.COMMANDLINE
    }
    if set_mode is None and "url" in given:
        raise click.UsageError("--url goes with --set: without it no sender is asked.")
    if set_mode is not None and (odd := [option for name, option in given.items() if name not in _OF_SET]):
        raise click.UsageError(f"--set tells a running sender its clock; {', '.join(odd)} cannot go with it.")


def _set_mode(door: Door, mode: str, *, as_json: bool) -> None:
    from aes67_sender.logic.codec import encode_clock
    from aes67_sender.supervisor.client import set_clock_mode
    from aes67_sender.ui.words import clock_words

    answer = set_clock_mode(door, mode)
    if as_json:
        click.echo(encode_clock(answer, ()).decode())
        return
    click.echo(f'The sender has been told to use the clock mode "{mode}". Its clock until then: {clock_words(answer)}.')
    click.echo("`aes67-sender status --watch` shows how it changes over, once the other clock has locked.")


def _interface(name: str | None, mode: Mode) -> Interface:
    from aes67_sender.errors import MachineError
    from aes67_sender.net.interfaces import choose_interface, list_interfaces

    interfaces = list_interfaces()
    try:
        return choose_interface(name, interfaces)
    except MachineError:
        loopback = next((each for each in interfaces if each.loopback and each.address), None)
        if name is not None or mode not in _LOCAL_MODES or loopback is None:
            raise
        return loopback


def _follow(
    settings: ClockSettings, interface: Interface, seconds: float | None, *, watch: bool, as_json: bool
) -> None:
    from aes67_sender.engine.clock.keeper import ClockKeeper
    from aes67_sender.engine.clock.providers import Providers
    from aes67_sender.ui.clock_view import ClockView
    from aes67_sender.ui.outputs import clock_screen
    from aes67_sender.ui.screen import can_draw, screen_thread

    if watch and not as_json and not can_draw():
        click.echo("This output is no terminal to draw on: it gets a line per second instead.", err=True)
    keeper = ClockKeeper(settings, Providers(settings, interface), lambda _mapping: None)
    screen = clock_screen(as_json=as_json, watch=watch)
    begun_s = time.monotonic()

    def look() -> ClockView:
        now = datetime.now(UTC).isoformat(timespec="milliseconds")
        return ClockView(now, time.monotonic() - begun_s, interface.name, keeper.status(), keeper.problems())

    try:
        keeper.start()
        with screen_thread(screen) as offer:
            _every(screen.interval_s, seconds, lambda: offer(look()))
    finally:
        keeper.stop()


def _every(interval_s: float, seconds: float | None, act: Callable[[], None]) -> None:
    """Act every ``interval_s``, not at once: a clock needs a moment to say anything. Blocks for ``seconds``."""
    begun_s = time.monotonic()
    due_s = interval_s
    while seconds is None or due_s <= seconds:
        time.sleep(max(0.0, begun_s + due_s - time.monotonic()))
        act()
        # By the clock and not by the sleep, or "one per second" would drift; what a stall missed is not made up for.
        due_s = max(due_s + interval_s, time.monotonic() - begun_s)
    time.sleep(max(0.0, begun_s + (seconds or 0.0) - time.monotonic()))
