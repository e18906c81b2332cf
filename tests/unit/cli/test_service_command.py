"""``service`` as a process; nothing is installed here."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

PROGRAM = (sys.executable, "-m", "aes67_sender")
CONFIG = {"interface": "lo", "streams": [{"id": "s1", "address": "239.69.1.1"}]}
#: Whoever is not root; where the tests are run by root, another user.
NOBODY = ("setpriv", "--reuid=65534", "--clear-groups") if os.geteuid() == 0 else ()


def call(*arguments: str, cwd: Path, before: tuple[str, ...] = ()) -> subprocess.CompletedProcess[str]:
    command = [*before, *PROGRAM, "service", *arguments]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=60, check=False)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "aes67-config.json").write_text(json.dumps(CONFIG))
    return tmp_path


def test_a_dry_run_shows_unit_config_and_commands_and_changes_nothing(folder: Path) -> None:
    done = call("install", "--dry-run", cwd=folder)
    assert done.returncode == 0, done.stderr
    for expected in (
        "/var/lib/aes67-sender/aes67-config.json, for the user aes67-sender:",
        '"address": "239.69.1.1"',
        f"ExecStart={sys.executable} -m aes67_sender run -c %S/aes67-sender/aes67-config.json",
        "run systemctl enable aes67-sender.service",
    ):
        assert expected in done.stdout
    assert [path.name for path in folder.iterdir()] == ["aes67-config.json"]


def test_a_dry_run_of_a_session_names_the_config_where_it_is(folder: Path) -> None:
    done = call("install", "--dry-run", "--user-session", cwd=folder)
    assert done.returncode == 0, done.stderr
    assert f"run -c {folder}/aes67-config.json" in done.stdout
    assert "run systemctl --user enable aes67-sender.service" in done.stdout
    assert "loginctl enable-linger" in done.stdout


@pytest.mark.parametrize("text", ['{"streams": []}', "{", '{"streams": [{"address": "1.2.3"}]}'])
def test_a_config_that_cannot_be_sent_is_not_installed(folder: Path, text: str) -> None:
    (folder / "aes67-config.json").write_text(text)
    done = call("install", "--dry-run", cwd=folder)
    assert done.returncode == 2
    assert "aes67-config.json" in done.stderr
    assert done.stdout == ""


def test_without_a_config_it_is_said_how_to_get_one(tmp_path: Path) -> None:
    done = call("install", "--dry-run", "-c", "none.json", cwd=tmp_path)
    assert done.returncode == 2
    assert "none.json" in done.stderr


@pytest.mark.parametrize("command", ["install", "uninstall"])
def test_who_is_not_root_is_told_what_to_do(folder: Path, command: str) -> None:
    if NOBODY and subprocess.run([*NOBODY, "test", "-x", sys.executable], check=False).returncode:
        pytest.skip("the program is in a folder that is closed to others")
    # The test's own folder is closed to others.
    with tempfile.TemporaryDirectory() as open_folder:
        Path(open_folder).chmod(0o755)
        shutil.copy(folder / "aes67-config.json", open_folder)
        done = call(command, cwd=Path(open_folder), before=NOBODY)
    assert done.returncode == 3, done.stderr
    assert "can only be installed or removed by root" in done.stderr
    assert "sudo" in done.stderr
    assert "--user-session" in done.stderr


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
def test_root_is_told_that_sessions_belong_to_users(folder: Path) -> None:
    done = call("install", "--user-session", cwd=folder)
    assert done.returncode == 3
    assert "installed by that user" in done.stderr


@pytest.mark.skipif(os.geteuid() != 0 or Path("/run/systemd/system").exists(), reason="needs root without systemd")
def test_without_systemd_nothing_is_written_and_it_is_said(folder: Path) -> None:
    done = call("install", cwd=folder)
    assert done.returncode == 3
    assert "systemd is not what starts services here" in done.stderr
    assert "--dry-run" in done.stderr
    assert not Path("/etc/systemd/system/aes67-sender.service").exists()


def test_a_log_file_gets_what_is_told(folder: Path) -> None:
    log = folder / "logs" / "sender.log"
    fake = str(Path(__file__).with_name("with_fake_engine.py"))
    command = [sys.executable, fake, "run", "-v", "--no-web", "--duration", "2", "--log", str(log)]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert "Wrote" in log.read_text()
    blocked = [*command[:-1], str(folder / "aes67-config.json" / "log")]
    done = subprocess.run(blocked, cwd=folder, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 3
    assert "cannot be written" in done.stderr


def test_a_program_without_standard_streams_sends_and_logs_its_end(folder: Path) -> None:
    fake = str(Path(__file__).with_name("with_fake_engine.py"))
    # As pythonw.exe starts one.
    script = (
        "import sys, runpy; sys.stdin = sys.stdout = sys.stderr = None; sys.argv = sys.argv[1:];"
        "runpy.run_path(sys.argv[0], run_name='__main__')"
    )
    log = folder / "sender.log"
    for config, code in (("aes67-config.json", 0), ("none.json", 2)):
        run = ("run", "--no-web", "--duration", "1", "--log", str(log), "-c", config)
        done = subprocess.run([sys.executable, "-c", script, fake, *run], cwd=folder, timeout=60, check=False)
        assert done.returncode == code
    assert "none.json" in log.read_text()
