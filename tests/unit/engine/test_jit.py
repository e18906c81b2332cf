from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import aes67_sender

CODE = "from aes67_sender.engine import jit; print(jit.CACHE_FOLDER)"


def cache_folder(package: Path, home: Path) -> str:
    environment = {**os.environ, "PYTHONPATH": str(package.parent), "XDG_CACHE_HOME": str(home)}
    run = subprocess.run([sys.executable, "-c", CODE], env=environment, capture_output=True, text=True, check=True)
    return run.stdout.strip()


def copy_package(tmp_path: Path) -> Path:
    package = tmp_path / "site" / "aes67_sender"
    shutil.copytree(Path(aes67_sender.__file__).parent, package, ignore=shutil.ignore_patterns("__pycache__"))
    return package


@pytest.mark.parametrize("part", ["transmit/packing.py", "resample/kernel.py"])
def test_a_change_of_any_part_that_is_compiled_is_compiled_anew(tmp_path: Path, part: str) -> None:
    package = copy_package(tmp_path)
    before = cache_folder(package, tmp_path)
    with (package / "engine" / part).open("a") as source:
        source.write("# changed\n")
    after = cache_folder(package, tmp_path)
    assert before != after
    assert str(package) in before


def test_without_a_folder_in_the_package_the_users_cache_is_used_and_without_that_none(tmp_path: Path) -> None:
    package = copy_package(tmp_path)
    shutil.rmtree(package / "engine" / "__pycache__", ignore_errors=True)
    # A file in the way stops even root.
    (package / "engine" / "__pycache__").write_text("")
    assert cache_folder(package, tmp_path / "home").startswith(str(tmp_path / "home"))
    (tmp_path / "blocked").write_text("")
    assert cache_folder(package, tmp_path / "blocked") == "None"


def test_a_folder_that_is_asked_for_comes_before_any_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = copy_package(tmp_path)
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / "asked"))
    assert cache_folder(package, tmp_path / "home").startswith(str(tmp_path / "asked" / "compiled-"))
