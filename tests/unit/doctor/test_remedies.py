"""Remedies are data for three systems, and docs/doctor.md knows every check."""

from __future__ import annotations

import importlib
import pkgutil
import re

import pytest

from aes67_sender.logic import doctor
from aes67_sender.logic.doctor.findings import SYSTEMS, Remedy
from support.repository import PACKAGE, ROOT

MODULES = [importlib.import_module(f"{doctor.__name__}.{each.name}") for each in pkgutil.iter_modules(doctor.__path__)]
REMEDIES = {
    f"{module.__name__.rpartition('.')[2]}.{name}": value
    for module in MODULES
    for name, value in vars(module).items()
    if isinstance(value, Remedy)
}
PLACES = dict.fromkeys(
    ("name", "address", "path", "registry", "variable", "names", "pinned", "pid", "program", "domain", "wanted",
     "dscp", "priority", "else_"),
    "X",
)  # fmt: skip
#: What belongs to one system, and must not be told on another.
FOREIGN = {
    "linux": ("System Settings", "wf.msc", "netsh", "Device Manager", "powershell"),
    "win32": ("sudo", "apt ", "/etc/", "systemctl", "System Settings,"),
    "darwin": ("apt ", "systemctl", "netsh", "setcap", "/etc/", "wf.msc", "Device Manager"),
}


def test_there_are_remedies() -> None:
    assert len(REMEDIES) > 40


@pytest.mark.parametrize("name", REMEDIES)
def test_a_remedy_is_a_sentence_of_its_system(name: str) -> None:
    for system in SYSTEMS:
        text = REMEDIES[name].on(system, **PLACES)
        assert len(text) > 10
        assert text[0].isupper() or text.startswith(("ptp4l", "macOS"))
        assert not re.search(r"{\w*}|{{|}}", text), text
        generic = REMEDIES[name].linux == REMEDIES[name].win32
        assert generic or [word for word in FOREIGN[system] if word in text] == []


def test_the_three_old_messages_are_answered() -> None:
    for system in SYSTEMS:
        texts = " ".join(remedy.on(system, **PLACES) for remedy in REMEDIES.values())
        for message in ("Failed to initialize PTP subsystem", "PTP clock sync timeout", "PTP not synchronized"):
            assert message in texts


def test_every_check_is_in_the_manual_and_no_other() -> None:
    sources = [*(PACKAGE / "logic" / "doctor").glob("*.py"), *(PACKAGE / "doctor").glob("*.py")]
    text = "\n".join(path.read_text() for path in sources)
    made = set(re.findall(r'(?:Finding\(|_place\(|Check\()\s*"([a-z]+\.[a-z-]+)"', text)) - {"storage.places"}
    manual = (ROOT / "docs" / "doctor.md").read_text()
    assert set(re.findall(r"^\| `([a-z]+\.[a-z-]+)` \|", manual, re.MULTILINE)) == made
