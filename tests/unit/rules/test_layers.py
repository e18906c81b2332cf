"""The order of the layers in ``aes67_sender/__init__.py``, as a rule that is checked."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from support.repository import PACKAGE, Import, imports, modules

if TYPE_CHECKING:
    from pathlib import Path

LAYERS = (
    {"errors", "monotonic", "units", "winapi", "console"},
    {"wire"},
    {"model"},
    {"config", "logic"},
    {"gst", "net"},
    {"engine", "supervisor", "doctor", "ui", "verify", "wizard", "service"},
    {"cli", "__main__"},
)
LEVEL = {name: level for level, names in enumerate(LAYERS) for name in names}
#: What only one folder may import.
OWNED = {"gi": "gst", "socket": "net", "zeroconf": "net"}


def part_of(path: Path) -> str:
    """``wire`` for ``wire/sdp.py``, ``units`` for ``units.py``."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def name_of(path: Path) -> str:
    return str(path.relative_to(PACKAGE))


@pytest.mark.parametrize("path", modules(), ids=name_of)
def test_a_module_imports_only_from_its_layer_and_below(path: Path) -> None:
    if path == PACKAGE / "__init__.py":
        assert imports(path) == []
        return
    assert part_of(path) in LEVEL, "belongs to no layer: give it a place in aes67_sender/__init__.py and here"
    assert upward(imports(path), LEVEL[part_of(path)]) == []


def upward(found: list[Import], level: int) -> list[str]:
    """What is imported from above. Types may be named from anywhere: that is no dependency when it runs."""
    own = [item for item in found if item.module.startswith("aes67_sender.") and not item.typing_only]
    parts = [(item, item.module.split(".")[1]) for item in own]
    return [f"line {item.line}: {item.module}" for item, part in parts if LEVEL.get(part, -1) > level]


@pytest.mark.parametrize("path", modules(), ids=name_of)
def test_imports_are_absolute(path: Path) -> None:
    assert [f"line {item.line}" for item in imports(path) if item.module.startswith(".")] == []


@pytest.mark.parametrize(("module", "owner"), OWNED.items())
def test_only_one_folder_imports_what_is_its_own(module: str, owner: str) -> None:
    found = {
        f"{name_of(path)}:{item.line}"
        for path in modules()
        if part_of(path) != owner
        for item in imports(path)
        if item.module.split(".")[0] == module
    }
    assert found == set()


def test_the_rule_finds_what_it_forbids(tmp_path: Path) -> None:
    module = tmp_path / "bad.py"
    module.write_text(
        "from aes67_sender.units import PPM\n"
        "def late():\n    from aes67_sender.engine import main\n"
        "from aes67_sender import cli\n"
        "import aes67_sender.gst.runtime\n"
        "if TYPE_CHECKING:\n    from aes67_sender.cli import main\n"
    )
    below_engine = LEVEL["net"]
    assert upward(imports(module), below_engine) == ["line 3: aes67_sender.engine.main", "line 4: aes67_sender.cli"]
