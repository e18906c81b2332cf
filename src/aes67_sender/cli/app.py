"""The program: its list of commands, and the one place where errors become sentences and exit codes."""

from __future__ import annotations

import importlib
import io
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final, NoReturn

import click

from aes67_sender.cli.failures import forget_stdout, report_failure
from aes67_sender.cli.options import State, verbose_option
from aes67_sender.console import show_colours
from aes67_sender.errors import ConfigError
from aes67_sender.winapi import reader_is_gone

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import FrameType

CONFIG_NAME: Final = "aes67-config.json"
#: Command → where it is, and its line in --help, which must not load it.
COMMANDS: Final = {
    "configure": ("aes67_sender.cli.configure:configure", "Write the config file, by questions."),
    "run": ("aes67_sender.cli.run:run", "Send until Ctrl-C."),
    "demo": ("aes67_sender.cli.run:demo", "Send a test tone, without a config file."),
    "status": ("aes67_sender.cli.status:status", "Ask the running sender how it is."),
    "sdp": ("aes67_sender.cli.sdp:sdp", "Print or write the SDP files."),
    "discover": ("aes67_sender.cli.discover:discover", "List the sessions that others announce."),
    "verify": ("aes67_sender.cli.verify:verify", "Receive a stream and judge it."),
    "clock": ("aes67_sender.cli.clock:clock", "Follow the clock only, and show it."),
    "grandmaster": ("aes67_sender.cli.grandmaster:grandmaster", "Be the PTP grandmaster."),
    "doctor": ("aes67_sender.cli.doctor:doctor", "Check this machine and its network."),
    "devices": ("aes67_sender.cli.listing:devices", "List the sound devices."),
    "interfaces": ("aes67_sender.cli.listing:interfaces", "List the network interfaces."),
    "service": ("aes67_sender.cli.service:service", "Let the system start the sender, and keep it running."),
    "import": ("aes67_sender.cli.convert:import_", "Convert the config of the Node.js tool."),
}
#: Those that run until Ctrl-C; ``status`` does so with --watch.
ENDLESS: Final = frozenset({"run", "demo", "status", "discover", "clock", "grandmaster"})


class LazyGroup(click.Group):
    """A group whose commands are imported when they are called."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  click's signature
        """All commands, the important ones first."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import one command."""
        if cmd_name not in COMMANDS:
            return None
        ctx.ensure_object(State).until_interrupted = cmd_name in ENDLESS
        module, _, name = COMMANDS[cmd_name][0].partition(":")
        command: click.Command = getattr(importlib.import_module(module), name)
        return command

    def invoke(self, ctx: click.Context) -> object:
        """End quietly where the reader of our output has gone, as in ``aes67-sender interfaces | head -1``."""
        try:
            result: object = super().invoke(ctx)
            if sys.stdout is not None:  # pythonw.exe has none
                sys.stdout.flush()
        except OSError as error:
            if not reader_is_gone(error):
                raise
            forget_stdout()
            return 0
        return result

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """List the commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in COMMANDS.items()])


@click.group(cls=LazyGroup, invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="aes67-sender", message="%(package)s %(version)s")
@verbose_option
@click.pass_context
def cli(ctx: click.Context) -> None:
    """Send audio as PTP-locked AES67 / ST 2110-30 streams.

    Without a command: `run`, if there is an aes67-config.json here; else you are asked.
    """
    if ctx.invoked_subcommand is not None:
        return
    command = cli.get_command(ctx, "run" if Path(CONFIG_NAME).exists() else _ask_how_to_begin())
    if command is not None:
        ctx.invoke(command)


def _ask_how_to_begin() -> str:
    """The command to go on with where there is no config yet; none for nobody."""
    from aes67_sender.cli.wizard import ask_how_to_begin, has_terminal

    if not has_terminal():
        raise ConfigError(
            f"There is no {CONFIG_NAME} in this folder.",
            hint="Write one with `aes67-sender configure`, or try `aes67-sender demo`, which needs none; the shortest "
            'is {"streams": [{"address": "239.69.1.1"}]}.',
        )
    return ask_how_to_begin(CONFIG_NAME)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the program; its exit code. ``arguments`` default to the process's own."""
    signal.signal(signal.SIGTERM, _interrupt)
    if sys.platform == "win32":
        # Ctrl-Break.
        signal.signal(signal.SIGBREAK, _interrupt)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # µ and … must not be fatal on a terminal that knows ASCII only. What Windows would write into a file or a
            # pipe depends on the country.
            stream.reconfigure(encoding="utf-8" if sys.platform == "win32" else None, errors="replace")
    show_colours()
    state = State()
    try:
        code = cli.main(args=arguments, prog_name="aes67-sender", standalone_mode=False, obj=state)
    except BaseException as error:  # noqa: BLE001  the one place where any error becomes an exit code
        return report_failure(error, state)
    return code if isinstance(code, int) else 0


def _interrupt(_number: int, _frame: FrameType | None) -> NoReturn:
    """SIGTERM and Ctrl-Break are Ctrl-C until a sender's own handlers are in place."""
    raise KeyboardInterrupt
