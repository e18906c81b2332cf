"""GStreamer where pip brings it: what to do where there is none, and where it keeps its registry."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from aes67_sender.gst.registry import keep_writable
from aes67_sender.gst.remedy import TOO_NEW, WHEELS, gstreamer_remedy
from support.repository import ROOT


@pytest.mark.parametrize(
    ("system", "machine", "python", "remedy"),
    [
        ("linux", "x86_64", (3, 11), "sudo apt install python3-gi"),
        ("win32", "AMD64", (3, 12), "pip install --force-reinstall aes67-sender"),
        ("darwin", "arm64", (3, 14), "pip install --force-reinstall aes67-sender"),
        ("win32", "AMD64", (3, 15), "for Python 3.15: use Python 3.14 or older"),
        ("darwin", "arm64", (3, 15), "for Python 3.15: use Python 3.14 or older"),
        ("win32", "ARM64", (3, 12), "for Windows on ARM64"),
        ("freebsd14", "amd64", (3, 12), "packages of your system"),
    ],
)
def test_there_is_a_remedy_for_every_computer(system: str, machine: str, python: tuple[int, int], remedy: str) -> None:
    assert remedy in gstreamer_remedy(system, machine, python)


def test_the_wheels_are_those_that_the_remedy_speaks_of() -> None:
    lines = re.findall(r'"(gstreamer-[a-z-]+)==([0-9.]+) ; (.*)"', (ROOT / "pyproject.toml").read_text())
    assert sorted(name for name, _, _ in lines) == [
        f"gstreamer-{part}" for part in ("ext-runtime", "libs", "meta", "plugins", "plugins-libs", "python")
    ]
    assert {version for _, version, _ in lines} == {WHEELS}
    (marker,) = {marker for _, _, marker in lines}
    assert f"python_version < '{TOO_NEW[0]}.{TOO_NEW[1]}'" in marker
    assert "linux" not in marker


def test_a_registry_that_can_be_written_stays(tmp_path: Path) -> None:
    environment = {"GST_REGISTRY_1_0": str(tmp_path / "gstreamer-1.0" / "registry.bin")}
    keep_writable(environment)
    assert environment == {"GST_REGISTRY_1_0": str(tmp_path / "gstreamer-1.0" / "registry.bin")}


def test_a_registry_that_cannot_be_written_moves_to_where_it_can(tmp_path: Path) -> None:
    # A file in the way stops even root.
    (tmp_path / "here").write_text("")
    environment = {"GST_REGISTRY_1_0": str(tmp_path / "here" / "registry.bin")}
    keep_writable(environment)
    moved = Path(environment["GST_REGISTRY_1_0"])
    assert moved.name == "aes67-sender-registry.bin"
    assert moved.parent.is_dir()


def test_linux_keeps_its_own_choice() -> None:
    environment: dict[str, str] = {}
    keep_writable(environment)
    assert environment == {}
