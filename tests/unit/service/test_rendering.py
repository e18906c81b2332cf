"""What is written for each system, read back by what reads it there."""

from __future__ import annotations

import plistlib
import re
import shutil
import subprocess
from pathlib import Path, PurePosixPath
from xml.etree import ElementTree as ET

import pytest

from aes67_sender.config.load import judge
from aes67_sender.config.read import parse_json
from aes67_sender.service import launchd, systemd, windows
from aes67_sender.service.config import moved_config, service_notes
from aes67_sender.service.plan import ConfigFile, MakeFolder, Plan, Program, RemoveFile, RemoveFolder, Run, WriteFile

PROGRAM = Program("/opt/aes67/.venv/bin/python", ("/opt/aes67/.venv", "/usr"))
CONFIG = ConfigFile("{}")
ANN = str(PurePosixPath("/home", "ann"))
TASK = "{http://schemas.microsoft.com/windows/2004/02/mit/task}"


def sections(unit: str) -> dict[str, dict[str, str]]:
    """The sections of a unit; what is assigned several times is joined by spaces, as systemd adds to its lists."""
    found: dict[str, dict[str, str]] = {}
    section: dict[str, str] = {}
    for line in unit.splitlines():
        if line.startswith("["):
            section = found.setdefault(line.strip("[]"), {})
        elif line and not line.startswith("#"):
            name, _, value = line.partition("=")
            section[name] = f"{section.get(name, '')} {value}".strip()
    return found


def written(plan: Plan) -> dict[str, WriteFile]:
    return {step.path: step for step in plan.steps if isinstance(step, WriteFile)}


def commands(plan: Plan) -> list[str]:
    return [" ".join(step.command) for step in plan.steps if isinstance(step, Run)]


def test_the_unit_of_the_system_is_a_sandbox_that_lets_packets_leave_in_time() -> None:
    service = sections(systemd.system_unit(PROGRAM, "aes67-sender", CONFIG))["Service"]
    for name, value in {
        "Type": "notify",
        "Restart": "always",
        "User": "aes67-sender",
        "SupplementaryGroups": "audio",
        "NoNewPrivileges": "yes",
        "ProtectSystem": "strict",
        "ProtectHome": "yes",
        "PrivateTmp": "yes",
        "StateDirectory": "aes67-sender",
        "CacheDirectory": "aes67-sender",
        # What compiles needs both of memory; what sends in time needs SCHED_FIFO.
        "MemoryDenyWriteExecute": "no",
        "RestrictRealtime": "no",
        "TimeoutStartSec": "infinity",
    }.items():
        assert service[name] == value, name
    assert int(service["WatchdogSec"]) >= 10
    assert int(service["LimitRTPRIO"]) >= 40
    assert set(service["AmbientCapabilities"].split()) == {"CAP_NET_BIND_SERVICE", "CAP_SYS_NICE"}
    assert service["CapabilityBoundingSet"] == service["AmbientCapabilities"]
    assert {"AF_INET", "AF_UNIX"} <= set(service["RestrictAddressFamilies"].split())
    assert "NUMBA_CACHE_DIR=%C/aes67-sender/numba" in service["Environment"]
    assert service["ExecStart"] == (
        "/opt/aes67/.venv/bin/python -m aes67_sender run -c %S/aes67-sender/aes67-config.json"
    )


def test_no_unit_is_ever_given_up() -> None:
    for unit in (
        systemd.system_unit(PROGRAM, "aes67-sender", CONFIG),
        systemd.session_unit(PROGRAM, "/srv/studio.json"),
    ):
        assert sections(unit)["Unit"]["StartLimitIntervalSec"] == "0"
        assert sections(unit)["Service"]["Restart"] == "always"


def test_the_units_say_why_code_may_be_made_and_who_wrote_them() -> None:
    unit = systemd.system_unit(PROGRAM, "aes67-sender", CONFIG)
    lines = unit.splitlines()
    assert "compiled when it starts (numba)" in lines[lines.index("MemoryDenyWriteExecute=no") - 1]
    assert lines[0].startswith("# Written by `aes67-sender service install`")
    session = systemd.session_unit(PROGRAM, f"{ANN}/aes67-config.json")
    assert session.startswith("# Written by `aes67-sender service install --user-session`")


def test_a_program_in_a_home_folder_is_all_that_is_seen_of_it() -> None:
    program = Program(f"{ANN}/x/.venv/bin/python", (f"{ANN}/x/.venv", "/usr", f"{ANN}/x/src"))
    config = ConfigFile("{}", writable=("/srv/sdp",), readable=(f"{ANN}/jingle.wav", "/srv/bed.wav"))
    service = sections(systemd.system_unit(program, "aes67-sender", config))["Service"]
    assert service["ProtectHome"] == "tmpfs"
    assert service["BindReadOnlyPaths"].split() == [
        f"-{ANN}/x/.venv",
        f"-{ANN}/x/src",
        f"-{ANN}/jingle.wav",
    ]
    assert service["ReadWritePaths"] == "-/srv/sdp"


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/srv/a b/python", '"/srv/a b/python" -m'),
        ("/srv/100%/python", "/srv/100%%/python -m"),
        ("/srv/$x/python", "/srv/$$x/python -m"),
        ('/srv/"/python', '"/srv/\\"/python" -m'),
    ],
)
def test_odd_paths_keep_their_meaning(path: str, words: str) -> None:
    unit = systemd.system_unit(Program(path), "aes67-sender", CONFIG)
    assert f"ExecStart={words}" in unit


def test_the_unit_of_a_session_has_no_sandbox_that_would_take_its_privileges() -> None:
    service = sections(systemd.session_unit(PROGRAM, f"{ANN}/studio.json"))["Service"]
    assert service["ExecStart"].endswith(f"run -c {ANN}/studio.json")
    assert (service["Type"], service["Restart"]) == ("notify", "always")
    for name in ("User", "NoNewPrivileges", "ProtectHome", "AmbientCapabilities", "CapabilityBoundingSet"):
        assert name not in service, name


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="needs systemd-analyze")
@pytest.mark.parametrize("scope", ["--system", "--user"])
def test_systemd_itself_has_nothing_to_say_against_the_units(tmp_path: Path, scope: str) -> None:
    program = Program("/bin/true", (ANN,))
    unit = (
        systemd.system_unit(program, "root", ConfigFile("{}", writable=("/srv/sdp",)))
        if scope == "--system"
        else systemd.session_unit(program, f"{tmp_path}/studio.json")
    )
    path = tmp_path / systemd.UNIT
    path.write_text(unit)
    done = subprocess.run(
        ["systemd-analyze", "verify", scope, "--man=no", str(path)],
        capture_output=True,
        text=True,
        check=False,
        env={"XDG_RUNTIME_DIR": str(tmp_path), "PATH": "/usr/bin:/bin", "HOME": str(tmp_path)},
    )
    ours = [line for line in done.stderr.splitlines() if systemd.UNIT in line]
    assert (done.returncode, ours) == (0, []), done.stderr


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="needs systemd-analyze")
def test_systemd_rates_the_sandbox_as_good(tmp_path: Path) -> None:
    path = tmp_path / systemd.UNIT
    path.write_text(systemd.system_unit(PROGRAM, "aes67-sender", CONFIG))
    command = ["systemd-analyze", "security", "--offline=true", "--no-pager", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if "unrecognized option" in done.stderr:
        pytest.skip("this systemd-analyze rates no unit that is not loaded")
    rating = re.search(r"exposure level for .*: ([\d.]+)", done.stdout)
    assert rating, done.stdout + done.stderr
    # Of 10; a unit without any of it has 9.6.
    assert float(rating[1]) < 4


def test_installing_makes_user_folder_config_and_unit_and_does_not_wait() -> None:
    plan = systemd.install_system(PROGRAM, "aes67-sender", CONFIG, user_exists=False)
    assert commands(plan)[0].startswith("useradd --system ")
    assert "--groups audio" in commands(plan)[0]
    assert commands(plan)[-3:] == [
        "systemctl daemon-reload",
        "systemctl enable aes67-sender.service",
        "systemctl restart --no-block aes67-sender.service",
    ]
    files = written(plan)
    assert files["/var/lib/aes67-sender/aes67-config.json"].owner == "aes67-sender"
    assert files["/etc/systemd/system/aes67-sender.service"].owner is None
    assert list(plan.steps).index(MakeFolder("/var/lib/aes67-sender", "aes67-sender")) < list(plan.steps).index(
        files["/var/lib/aes67-sender/aes67-config.json"]
    )


def test_a_user_and_a_config_that_are_there_are_left_alone() -> None:
    plan = systemd.install_system(PROGRAM, "ann", None, user_exists=True)
    assert not any("useradd" in command for command in commands(plan))
    assert list(written(plan)) == ["/etc/systemd/system/aes67-sender.service"]
    assert "User=ann" in written(plan)["/etc/systemd/system/aes67-sender.service"].text


def test_uninstalling_keeps_the_config_and_users_of_others() -> None:
    ours, others = systemd.uninstall_system("aes67-sender"), systemd.uninstall_system(None)
    assert commands(ours)[-1] == "userdel aes67-sender"
    assert not any("userdel" in command for command in commands(others))
    for plan in (ours, others):
        assert RemoveFile("/etc/systemd/system/aes67-sender.service") in plan.steps
        assert RemoveFolder("/var/cache/aes67-sender") in plan.steps
        assert RemoveFolder("/var/lib/aes67-sender") not in plan.steps
        assert any("is kept" in note for note in plan.notes)


def test_a_session_is_installed_by_its_user_alone() -> None:
    plan = systemd.install_session(PROGRAM, ANN, f"{ANN}/studio.json")
    assert list(written(plan)) == [f"{ANN}/.config/systemd/user/aes67-sender.service"]
    assert all(command.startswith("systemctl --user ") for command in commands(plan))
    gone = systemd.uninstall_session(ANN)
    assert RemoveFile(f"{ANN}/.config/systemd/user/aes67-sender.service") in gone.steps


def test_launchd_reads_the_agent_and_keeps_it_alive() -> None:
    plan = launchd.install(PROGRAM, "/Volumes/ann", "/Volumes/ann/my config.json", 501)
    (path, file), *_ = written(plan).items()
    agent = plistlib.loads(file.text.encode())
    assert path.endswith(f"/Library/LaunchAgents/{agent['Label']}.plist")
    assert agent["ProgramArguments"] == [*PROGRAM.run("/Volumes/ann/my config.json")]
    assert agent["KeepAlive"] is True
    assert agent["RunAtLoad"] is True
    assert agent["ProcessType"] == "Interactive"
    assert agent["StandardErrorPath"].endswith("/Library/Logs/aes67-sender.log")
    assert commands(plan)[-1] == f"launchctl bootstrap gui/501 {path}"
    assert RemoveFile(path) in launchd.uninstall("/Volumes/ann", 501).steps


def test_the_windows_task_starts_at_log_on_and_again_after_a_failure() -> None:
    program = Program(r"C:\Program Files\Python\pythonw.exe")
    plan = windows.install(program, r"C:\Users\ann\AppData\Local\aes67-sender", r"D:\On Air\studio.json", r"PC\ann")
    (path, file), *_ = written(plan).items()
    # As schtasks reads it: UTF-16 with a byte order mark.
    root = ET.fromstring(file.text.encode(file.encoding))  # noqa: S314  our own text
    assert root.tag == f"{TASK}Task"

    def text(way: str) -> str | None:
        return root.findtext("/".join(TASK + tag for tag in way.split("/")))

    assert text("Triggers/LogonTrigger/UserId") == r"PC\ann"
    assert text("Principals/Principal/LogonType") == "InteractiveToken"
    assert text("Settings/RestartOnFailure/Interval") == "PT1M"
    assert int(text("Settings/RestartOnFailure/Count") or 0) > 100
    assert text("Settings/ExecutionTimeLimit") == "PT0S"
    assert text("Settings/StopIfGoingOnBatteries") == "false"
    assert text("Actions/Exec/Command") == program.python
    arguments = text("Actions/Exec/Arguments") or ""
    assert r'-c "D:\On Air\studio.json" --log C:\Users\ann' in arguments
    assert text("Actions/Exec/WorkingDirectory") == r"D:\On Air"
    assert commands(plan)[0] == f"schtasks /Create /TN aes67-sender /XML {path} /F"
    assert "schtasks /Delete /TN aes67-sender /F" in commands(windows.uninstall("x"))


def test_the_elements_of_the_task_stand_in_the_order_of_its_schema() -> None:
    text = windows.task(PROGRAM, "c", "u", "l")
    root = ET.fromstring(text.partition("\n")[2])  # noqa: S314  our own text
    assert [child.tag.removeprefix(TASK) for child in root] == [
        "RegistrationInfo",
        "Triggers",
        "Principals",
        "Settings",
        "Actions",
    ]


def moved(text: str, folder: str = ANN) -> ConfigFile:
    data, findings = parse_json(text)
    assert not findings
    return moved_config(data, judge(data, name="test"), Path(folder))


def test_a_config_goes_on_meaning_the_same_in_another_folder() -> None:
    config = moved(
        '{"sources": [{"id": "a", "kind": "file", "path": "x/jingle.flac"}, {"id": "b", "kind": "tone"}],'
        ' "streams": [{"address": "239.69.1.1"}], "announce": {"sdp_dir": "sdp-files"}}'
    )
    data, _ = parse_json(config.text)
    assert data["sources"][0]["path"] == f"{ANN}/x/jingle.flac"
    assert data["sources"][1] == {"id": "b", "kind": "tone"}
    assert data["announce"] == {"sdp_dir": "sdp-files"}
    assert config.readable == (f"{ANN}/x/jingle.flac",)
    assert (config.writable, config.notes) == ((), ())


def test_a_folder_for_sdp_files_elsewhere_is_opened_in_the_sandbox() -> None:
    config = moved('{"streams": [{"address": "239.69.1.1"}], "announce": {"sdp_dir": "/srv/sdp"}}')
    assert config.writable == ("/srv/sdp",)


def test_sources_that_a_service_cannot_have_are_told() -> None:
    (note,) = moved('{"sources": [{"id": "daw", "kind": "jack"}], "streams": [{"address": "239.69.1.1"}]}').notes
    assert "daw" in note
    assert "--user-session" in note
    data, _ = parse_json(
        '{"sources": [{"id": "in", "kind": "stdin", "channels": 2}], "streams": [{"address": "239.69.1.1"}]}'
    )
    assert "standard input" in service_notes(judge(data, name="test"))[0]


def test_a_dry_run_shows_every_step_with_all_of_its_text() -> None:
    plan = systemd.install_system(PROGRAM, "aes67-sender", CONFIG, user_exists=False)
    shown = "\n".join(map(str, plan.steps))
    for line in systemd.system_unit(PROGRAM, "aes67-sender", CONFIG).splitlines():
        assert line in shown
    assert "run systemctl daemon-reload" in shown
