"""The repository as text, for the tests of its own rules."""

from __future__ import annotations

import ast
import re
import textwrap
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT: Final = Path(__file__).resolve().parents[2]
PACKAGE: Final = ROOT / "src" / "aes67_sender"
TEXT_SUFFIXES: Final = {".py", ".pyi", ".md", ".toml", ".sh", ".json", ".yml", ".sdp", ".html", ".css", ".js", ""}


def modules() -> list[Path]:
    """All modules of the package."""
    return sorted(PACKAGE.rglob("*.py"))


def text_files() -> list[Path]:
    """Every text file a reader of the repository sees; nothing that was built or downloaded."""
    tops = ("src", "tests", "typings", "bench", "fuzz", "docs", "scripts", ".ci", ".github", "examples")
    files = [path for path in ROOT.iterdir() if path.is_file()]
    files += [path for top in tops for path in (ROOT / top).rglob("*") if path.is_file()]
    return sorted(path for path in files if path.suffix in TEXT_SUFFIXES and path.name != ".git")


def pages() -> list[Path]:
    """The pages of the documentation."""
    return sorted((ROOT / "docs").glob("*.md"))


@dataclass(frozen=True, slots=True)
class Import:
    """``typing_only`` imports stand under ``if TYPE_CHECKING`` and are never executed."""

    module: str
    line: int
    typing_only: bool


def imports(path: Path) -> list[Import]:
    """All imports of a module, also those inside functions; ``from a import b`` counts as ``a.b``."""
    return list(_imports(ast.parse(path.read_text()), typing_only=False))


def _imports(node: ast.AST, *, typing_only: bool) -> Iterator[Import]:
    match node:
        case ast.Import(names=names, lineno=line):
            yield from (Import(name.name, line, typing_only) for name in names)
        case ast.ImportFrom(module=module, names=names, level=level, lineno=line):
            origin = "." * level + (module or "")
            yield from (Import(f"{origin}.{name.name}", line, typing_only) for name in names)
        case ast.If(test=ast.Name(id="TYPE_CHECKING"), body=body, orelse=orelse):
            for guarded in body:
                yield from _imports(guarded, typing_only=True)
            for other in orelse:
                yield from _imports(other, typing_only=typing_only)
        case _:
            for child in ast.iter_child_nodes(node):
                yield from _imports(child, typing_only=typing_only)


def code_blocks(markdown: str, language: str) -> list[str]:
    """The fenced blocks of one language, also those in lists; ``language`` is a regular expression."""
    found = re.findall(rf"^( *)```(?:{language})\n(.*?)^\1```", markdown, re.MULTILINE | re.DOTALL)
    return [textwrap.dedent(block) for _, block in found]
