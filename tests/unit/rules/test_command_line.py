"""What README and documentation show can be typed, and asking for help costs nothing."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from typing import TYPE_CHECKING

import click
import pytest

from aes67_sender.cli.app import cli
from aes67_sender.cli.options import State
from aes67_sender.config.load import load_config
from support.repository import ROOT, code_blocks, pages

if TYPE_CHECKING:
    from pathlib import Path

README = (ROOT / "README.md").read_text()
SHOWN_IN = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *pages()]
HEAVY = ("gi", "numba", "numpy", "fastapi", "uvicorn", "prometheus_client")
IMPORTED = f"""
import sys
from aes67_sender.cli import main
code = main(["--help"])
loaded = [name for name in {HEAVY} if name in sys.modules]
sys.exit(f"loaded: {{loaded}}" if loaded else code)
"""


def lines_of(markdown: str) -> list[str]:
    """What a reader may type: the lines of shell blocks, and commands within sentences."""
    blocks = code_blocks(markdown, "sh|console|powershell|bash")
    return [line.strip() for block in blocks for line in block.splitlines()] + re.findall(
        r"(?<!`)`([^`\n]+)`", markdown
    )


def shown(program: str) -> list[str]:
    """The command lines of a program, without the program itself, comments, and what else follows in the shell."""
    lines = [line.replace("\\", "/") for path in SHOWN_IN for line in lines_of(path.read_text())]
    found = [re.fullmatch(rf"(?:sudo )?(?:\S*/)?{program}(?: +(.*))?", line) for line in lines]
    return sorted({re.split(r"(?:^| +)[#|>&]", match[1] or "")[0] for match in found if match})


def parse(line: str) -> None:
    """Have a command line parsed as the program does, up to where files would be looked at; raises what click does."""
    words = shlex.split(line)
    command: click.Command = cli
    context = click.Context(cli, info_name="aes67-sender", obj=State())
    while isinstance(command, click.Group):
        _, words, _ = command.make_parser(context).parse_args(words)
        if not words:
            return
        name, *words = words
        inner = command.get_command(context, name)
        if inner is None:
            raise click.UsageError(f"There is no command {name!r}.")
        command, context = inner, click.Context(inner, info_name=name, parent=context)
    given, rest, _ = command.make_parser(context).parse_args(words)
    arguments = [each for each in command.params if isinstance(each, click.Argument)]
    if rest and not arguments:
        raise click.UsageError(f"{command.name} takes no {rest[0]!r}.")
    for parameter in command.params:
        if parameter.name in given and isinstance(parameter.type, click.Choice | click.IntRange | click.FloatRange):
            parameter.type_cast_value(context, given[parameter.name])


def test_help_loads_nothing_heavy() -> None:
    done = subprocess.run([sys.executable, "-c", IMPORTED], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert "Commands" in done.stdout


@pytest.mark.parametrize("line", shown("make"))
def test_the_makefile_has_what_is_shown(line: str) -> None:
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert not line or line.split(maxsplit=1)[0] in targets


@pytest.mark.parametrize("line", shown("aes67-sender"))
def test_the_program_has_what_is_shown(line: str) -> None:
    parse(line.replace("COMMAND ", ""))


@pytest.mark.parametrize(
    "line",
    ["sent", "run --no-such-option", "clock --provider sundial", "status --domain 0", "devices all", "demo --json=1"],
)
def test_what_the_program_does_not_have_is_found(line: str) -> None:
    with pytest.raises(click.UsageError):
        parse(line)


def test_the_readme_shows_both_ways_in() -> None:
    lines = lines_of(README)
    assert {"make demo", "make test"} <= {line.partition("#")[0].strip() for line in lines}
    assert any("aes67-sender run" in line for line in lines)


@pytest.mark.parametrize("path", SHOWN_IN, ids=lambda path: path.name)
def test_every_config_that_is_shown_is_valid(path: Path, tmp_path: Path) -> None:
    for number, text in enumerate(code_blocks(path.read_text(), "json")):
        # A part of a config is judged with the shortest that it can be a part of.
        whole = {"streams": [{"address": "239.69.1.1"}]} | json.loads(text)
        config = tmp_path / f"{number}.json"
        config.write_text(json.dumps(whole))
        assert load_config(config).streams


def test_the_readme_has_a_config() -> None:
    assert code_blocks(README, "json")
