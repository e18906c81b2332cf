"""``doctor``: check this machine and its network, with a remedy for each finding."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import click

from aes67_sender.cli.options import config_option, json_option, verbose_option

if TYPE_CHECKING:
    from pathlib import Path

#: A grandmaster of AES67's profile announces itself every 2 s, and a follower takes some seconds to lock.
_SECONDS: Final = 6.0


@click.command()
@config_option
@click.option("--interface", "interface_name", metavar="NAME", help="Network interface, instead of the config's.")
@click.option(
    "--seconds",
    type=click.FloatRange(min=0.2, max=600),
    default=_SECONDS,
    show_default=True,
    metavar="S",
    help="Listen to the network for so long.",
)
@click.option("--only", metavar="CHECK", multiple=True, help="Only this check, or area; may be given again.")
@json_option
@click.option("--report", is_flag=True, help="Print all facts without names, addresses and folders, to show to others.")
@verbose_option
@click.pass_context
def doctor(  # noqa: PLR0913  click gives every option by itself
    ctx: click.Context,
    config_path: Path,
    interface_name: str | None,
    seconds: float,
    only: tuple[str, ...],
    *,
    as_json: bool,
    report: bool,
) -> int:
    """Check this machine and its network: what is wrong, and what to do about it.

    Exit code 0: nothing that keeps the sender from working; 1: problems. Nothing is changed. As root it sees more.
    """
    from aes67_sender.doctor.checks import CHECKS
    from aes67_sender.doctor.examine import examine, redactor_for
    from aes67_sender.logic.doctor.redact import redact
    from aes67_sender.ui.doctor_view import doctor_lines, encode_findings, report_text

    known = sorted({check.name for check in CHECKS} | {check.name.partition(".")[0] for check in CHECKS})
    if unknown := [name for name in only if not any(check.startswith(name) for check in known)]:
        raise click.UsageError(f"There is no check {unknown[0]!r}. There is {', '.join(known)}.")
    named = ctx.get_parameter_source("config_path") is not click.core.ParameterSource.DEFAULT
    findings, context = examine(
        config_path,
        named=named,
        interface_name=interface_name,
        seconds=seconds,
        only=only,
        tell=lambda what: click.echo(what, err=True),
    )
    shown = redact(findings, redactor_for(context)) if report else findings
    if as_json:
        click.echo(encode_findings(shown))
    elif report:
        from aes67_sender.doctor.software import system_name

        click.echo(report_text(shown, {"system": system_name()}))
    else:
        from rich.console import Console

        console = Console(highlight=False)
        console.print(*doctor_lines(shown, console.width, console.encoding), sep="\n")
    return 1 if any(each.severity == "problem" for each in findings) else 0
