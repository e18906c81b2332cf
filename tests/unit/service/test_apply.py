from __future__ import annotations

import os
import pwd
import sys
import time
from typing import TYPE_CHECKING

import pytest

from aes67_sender.errors import ConfigError, MachineError
from aes67_sender.service import launchd, windows
from aes67_sender.service.apply import carry_out
from aes67_sender.service.plan import (
    WRITTEN_BY,
    ConfigFile,
    MakeFolder,
    Plan,
    Program,
    RemoveFile,
    RemoveFolder,
    Run,
    Step,
    WriteFile,
)
from aes67_sender.service.state import config_of_unit, door_of_config, of_systemd, of_task, parse_properties
from aes67_sender.service.systemd import session_unit, system_unit
from aes67_sender.service.task_scheduler import TaskFacts
from aes67_sender.supervisor.client import Door

if TYPE_CHECKING:
    from pathlib import Path

OURS = f"# {WRITTEN_BY}; more\n"
ME = pwd.getpwuid(os.getuid()).pw_name


def done(*steps: Step) -> list[str]:
    said: list[str] = []
    carry_out(Plan(steps), said.append)
    return said


def test_a_file_that_was_there_is_kept_and_one_that_is_the_same_is_not(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "unit"
    assert done(WriteFile(str(path), "one\n", ME)) == [f"write {path}"]
    assert done(WriteFile(str(path), "one\n")) == [f"write {path}"]
    assert done(WriteFile(str(path), "two\n")) == [f"write {path}; what was there is kept as unit.bak"]
    assert path.read_text() == "two\n"
    assert (tmp_path / "deep" / "unit.bak").read_text() == "one\n"


def test_a_file_in_utf_16_has_its_mark(tmp_path: Path) -> None:
    done(WriteFile(str(tmp_path / "task"), "ä", encoding="utf-16"))
    assert (tmp_path / "task").read_bytes() == "ä".encode("utf-16")


def test_only_what_was_written_by_an_installation_is_removed(tmp_path: Path) -> None:
    ours, theirs = tmp_path / "ours", tmp_path / "theirs"
    ours.write_text(OURS)
    theirs.write_text("[Unit]\n")
    (tmp_path / "task.xml").write_text(f"<Description>{WRITTEN_BY}.</Description>", encoding="utf-16")
    done(RemoveFile(str(ours)), RemoveFile(str(tmp_path / "task.xml")))
    assert not ours.exists()
    assert done(RemoveFile(str(ours))) == [f"{ours} is not there"]
    with pytest.raises(MachineError, match="was not written by") as refused:
        done(RemoveFile(str(theirs)))
    assert "by hand" in refused.value.hint
    assert theirs.exists()


def test_folders_come_with_an_owner_and_go_with_all_that_is_in_them(tmp_path: Path) -> None:
    folder = tmp_path / "a" / "b"
    done(MakeFolder(str(folder), ME), MakeFolder(str(folder)))
    (folder / "file").touch()
    done(RemoveFolder(str(folder)), RemoveFolder(str(folder)))
    assert not folder.exists()


def test_a_step_that_fails_says_what_the_program_said_and_ends_it(tmp_path: Path) -> None:
    fails = Run((sys.executable, "-c", "import sys; sys.exit('no such unit')"))
    with pytest.raises(MachineError, match=r"has failed: no such unit\.") as failed:
        done(fails, WriteFile(str(tmp_path / "never"), ""))
    assert failed.value.exit_code == 3
    assert not (tmp_path / "never").exists()
    assert done(Run(fails.command, may_fail=True))
    with pytest.raises(MachineError, match="There is no program"):
        done(Run(("no-such-program-here",)))


def test_a_file_that_cannot_be_written_is_an_error_in_words(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises((MachineError, ConfigError)) as failed:
        done(WriteFile(str(tmp_path / "file" / "unit"), ""))
    assert failed.value.hint


@pytest.mark.parametrize(
    ("text", "installed", "running", "said"),
    [
        ("LoadState=not-found\nActiveState=inactive\n", False, False, "not installed"),
        (
            "LoadState=loaded\nActiveState=active\nSubState=running\nUnitFileState=enabled\nStatusText=2 of 2; a = b\n",
            True,
            True,
            "active (running), enabled; 2 of 2; a = b",
        ),
        (
            "LoadState=loaded\nActiveState=activating\nSubState=auto-restart\nNRestarts=3\nResult=watchdog\n",
            True,
            False,
            "activating (auto-restart), 3 restarts, last result: watchdog",
        ),
        ("", False, False, "not installed"),
    ],
)
def test_what_systemctl_shows_becomes_a_line(text: str, installed: bool, running: bool, said: str) -> None:
    state = of_systemd(parse_properties(text))
    assert (state.installed, state.running, state.text) == (installed, running, said)


def test_what_a_program_leaves_running_is_not_waited_for() -> None:
    begun_s = time.monotonic()
    done(Run(("sh", "-c", "sleep 20 & echo done")))
    assert time.monotonic() - begun_s < 15


@pytest.mark.parametrize(
    ("task", "installed", "running", "said"),
    [
        (None, False, False, "not installed"),
        (TaskFacts(4, 0x41301), True, True, "running"),
        (TaskFacts(3, 0), True, False, "not running"),
        (TaskFacts(3, 0x41303), True, False, "not running"),
        (TaskFacts(3, 2), True, False, "not running; its last run ended with 2"),
        (TaskFacts(3, 0x80070002), True, False, "not running; its last run ended with 0x80070002"),
        (TaskFacts(2, 0x41303), True, False, "about to start"),
        (TaskFacts(1, 1), True, False, "disabled; its last run ended with 1"),
        (TaskFacts(0, 0), True, False, "in a state that Windows does not tell"),
    ],
)
def test_what_the_task_scheduler_knows_becomes_a_line_in_any_language(
    task: TaskFacts | None, installed: bool, running: bool, said: str
) -> None:
    state = of_task(task)
    assert (state.installed, state.running, state.text) == (installed, running, said)


@pytest.mark.parametrize("config", ["C:\\studio.json", "C:\\Users\\Jürgen Groß\\On Air\\aes67-config.json"])
def test_the_config_of_a_windows_task_is_found_in_it(config: str) -> None:
    program = Program("C:\\Program Files\\Python\\pythonw.exe")
    text = windows.task(program, config, "PC\\Jürgen", "C:\\Users\\Jürgen Groß\\aes67-sender.log")
    assert str(windows.config_of_task(text)) == config
    assert windows.config_of_task("<?xml?>\n<Task/>") is None
    assert windows.config_of_task("not a task") is None


def test_the_config_of_an_agent_of_launchd_is_found_in_it() -> None:
    agent = launchd.agent(Program("/opt/a b/python"), "/Volumes/ann/my config.json", "/Volumes/ann")
    assert str(launchd.config_of_agent(agent.encode())) == "/Volumes/ann/my config.json"
    for other in (b"", b"<plist", b"<plist><dict/></plist>"):
        assert launchd.config_of_agent(other) is None


def test_a_config_from_an_editor_that_marks_utf_8_tells_where_it_listens(tmp_path: Path) -> None:
    path = tmp_path / "notepad.json"
    path.write_text('{"web": {"listen": "127.0.0.1:9000"}}', encoding="utf-8-sig")
    assert door_of_config(path) == Door("http://127.0.0.1:9000")


def test_where_the_sender_listens_is_found_by_its_unit_and_its_config(tmp_path: Path) -> None:
    program = Program("/opt/a b/python")
    assert str(config_of_unit(system_unit(program, "x", ConfigFile("")))) == "/var/lib/aes67-sender/aes67-config.json"
    odd = tmp_path / "my $5 100% config.json"
    odd.write_text('{"web": {"listen": "127.0.0.1:9000"}}')
    assert config_of_unit(session_unit(program, str(odd))) == odd
    assert door_of_config(odd) == Door("http://127.0.0.1:9000")
    assert config_of_unit("[Unit]\n") is None
    odd.write_text("[]")
    assert door_of_config(odd) is None
    assert door_of_config(tmp_path / "none") is None
