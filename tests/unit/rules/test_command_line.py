"""What the README shows can be typed, and asking for help costs nothing."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from aes67_sender.config.load import load_config
from support.repository import ROOT, code_blocks

README = (ROOT / "README.md").read_text()
HEAVY = ("gi", "numba", "numpy", "fastapi", "uvicorn")
IMPORTED = f"""
import sys
from aes67_sender.cli import main
code = main(["--help"])
loaded = [name for name in {HEAVY} if name in sys.modules]
sys.exit(f"loaded: {{loaded}}" if loaded else code)
"""


def shown(program: str) -> list[str]:
    """The command lines of a program in the README's shell blocks, without the program and the comment."""
    lines = [line for block in code_blocks(README, "sh") for line in block.splitlines()]
    found = [re.match(rf"(?:\S*/)?{program}\b *([^#]*)", line.strip()) for line in lines]
    return sorted({match[1].strip() for match in found if match})


def sender(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "aes67_sender", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def test_help_loads_nothing_heavy() -> None:
    done = subprocess.run([sys.executable, "-c", IMPORTED], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert "Commands" in done.stdout


@pytest.mark.parametrize("line", shown("make"))
def test_the_makefile_has_what_the_readme_shows(line: str) -> None:
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert line.split(maxsplit=1)[0] in targets


@pytest.mark.parametrize("line", shown("aes67-sender"))
def test_the_program_has_what_the_readme_shows(line: str) -> None:
    words = line.split()
    done = sender(words[0], "--help")
    assert done.returncode == 0, done.stderr
    options = [word for word in words[1:] if word.startswith("-")]
    assert [option for option in options if not re.search(rf"(?<!\S){re.escape(option)}\b", done.stdout)] == []


def test_the_readme_shows_both_ways_in() -> None:
    assert {"demo", "test"} <= {line.split()[0] for line in shown("make")}
    assert shown("aes67-sender")


@pytest.mark.parametrize("text", code_blocks(README, "json"))
def test_every_config_in_the_readme_is_valid(text: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("readme") / "aes67-config.json"
    path.write_text(text)
    assert load_config(path).streams


def test_the_readme_has_a_config() -> None:
    assert code_blocks(README, "json")
