"""Rules for every file of the repository."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from support.repository import PACKAGE, ROOT, modules, text_files

MAX_LINES = 400
# Folders of the machine something was written on, and hosts of package registries, which mirrors replace.
ELSEWHERE = re.compile(r"(?<![\w.~/-])/(work|root|home|Users)/|\bpypi\.org|pythonhosted|registry\.npmjs")


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", [path for path in text_files() if path.suffix == ".py"], ids=name_of)
def test_a_file_can_be_read_in_one_sitting(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= MAX_LINES


@pytest.mark.parametrize("path", [path for path in text_files() if path != Path(__file__).resolve()], ids=name_of)
def test_a_file_names_nothing_of_one_machine(path: Path) -> None:
    lines = path.read_text().splitlines()
    assert [f"{number}: {line}" for number, line in enumerate(lines, 1) if ELSEWHERE.search(line)] == []


@pytest.mark.parametrize("path", modules(), ids=name_of)
def test_a_module_says_what_it_is_for(path: Path) -> None:
    assert ast.get_docstring(ast.parse(path.read_text()))


def test_the_package_tells_type_checkers_that_it_is_typed() -> None:
    assert (PACKAGE / "py.typed").exists()


def test_every_python_dependency_has_its_reason() -> None:
    listed = (ROOT / "docs" / "dependencies.md").read_text()
    names = re.findall(r'^  "([A-Za-z0-9_-]+)[=><]?', (ROOT / "pyproject.toml").read_text(), re.MULTILINE)
    wanted = names[names.index("numpy") : names.index("types-psutil") + 1]
    assert [name for name in wanted if f"`{name}`" not in listed] == []


def test_every_system_package_has_its_reason() -> None:
    listed = (ROOT / "docs" / "dependencies.md").read_text()
    script = (ROOT / "scripts" / "setup.sh").read_text()
    arrays = re.findall(r"^\w+_packages=\(([^)]*)\)$", script, re.MULTILINE)
    names = [name for array in arrays for line in array.splitlines() for name in line.partition("#")[0].split()]
    assert len(names) > 10
    assert [name for name in names if f"`{name}`" not in listed] == []
