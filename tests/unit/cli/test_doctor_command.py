"""``aes67-sender doctor`` as a process, on checks that depend on no network."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

VALID = '{"streams": [{"address": "239.69.1.1"}]}'


def doctor(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "aes67_sender", "doctor", "--seconds", "0.2", *options]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize(
    ("text", "options", "code", "severity"),
    [
        (VALID, (), 0, "ok"),
        (None, (), 0, "info"),
        (None, ("-c", "studio.json"), 1, "problem"),
        ("{", (), 1, "problem"),
        ('{"streams": [{"address": "10.0.0.256"}]}', (), 1, "problem"),
    ],
)
def test_the_exit_code_says_whether_there_are_problems(
    tmp_path: Path, text: str | None, options: tuple[str, ...], code: int, severity: str
) -> None:
    if text is not None:
        (tmp_path / "aes67-config.json").write_text(text)
    done = doctor(tmp_path, "--json", "--only", "config", *options)
    assert (done.returncode, {each["severity"] for each in json.loads(done.stdout)}) == (code, {severity})


def test_only_some_checks_can_be_made(tmp_path: Path) -> None:
    done = doctor(tmp_path, "--json", "--only", "storage", "--only", "realtime.priority")
    found = [each["check"] for each in json.loads(done.stdout)]
    assert found == ["realtime.priority", "storage.registry", "storage.config", "storage.sdp"]


def test_a_check_that_does_not_exist_is_told_with_those_that_do(tmp_path: Path) -> None:
    done = doctor(tmp_path, "--only", "hearing")
    assert done.returncode == 2
    assert "'hearing'" in done.stderr
    assert "network.dscp" in done.stderr


def test_json_can_be_made_anonymous_too(tmp_path: Path) -> None:
    done = doctor(tmp_path, "--json", "--report", "--only", "storage.places")
    assert str(tmp_path) not in done.stdout
    assert {each["facts"]["path"].partition("-")[0] for each in json.loads(done.stdout)} <= {"<path"}
