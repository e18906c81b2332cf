"""The installed service under a real systemd, in its sandbox."""

from __future__ import annotations

import contextlib
import json
import sys
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

import pytest

from aes67_sender.service.systemd import CACHE_FOLDER, STATE_FOLDER, SYSTEM_UNIT, UNIT
from support import nspawn
from support.nspawn import Machine
from support.repository import PACKAGE

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [
    pytest.mark.skipif(nspawn.why_unavailable() is not None, reason=str(nspawn.why_unavailable())),
    pytest.mark.timeout(300),
]

CONFIG = {
    "interface": "lo",
    "clock": {"mode": "free-run"},
    "sources": [{"id": "tone", "kind": "tone", "channels": 2}],
    "streams": [{"id": "s1", "address": "239.69.9.1"}, {"id": "s2", "address": "239.69.9.2"}],
}
# The tree that is tested, and a watchdog that does not keep a test waiting.
DROP_IN = f"[Service]\nEnvironment=PYTHONPATH={PACKAGE.parent}\nWatchdogSec=10\n"


class Installed:
    """A machine on which the service is installed."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine

    def program(self, *arguments: str, check: bool = True) -> str:
        command = (sys.executable, "-m", "aes67_sender", *arguments)
        return self.machine.run(*command, check=check, environment={"PYTHONPATH": str(PACKAGE.parent)})

    def snapshot(self) -> dict[str, Any]:
        told: dict[str, Any] = json.loads(self.program("status", "--json"))
        return told

    def patch(self, stream: str, fields: dict[str, Any]) -> dict[str, Any]:
        """Change a stream by REST."""
        address = f"http://127.0.0.1:8067/api/v1/streams/{stream}"
        data = ("--data", json.dumps(fields))
        told: dict[str, Any] = json.loads(self.machine.run("curl", "--silent", "--request", "PATCH", address, *data))
        return told

    def is_active(self) -> bool:
        return self.machine.show(UNIT, "ActiveState") == "active"

    def has_open(self, port: int) -> bool:
        """Whether anybody on the machine has opened a UDP port."""
        return f":{port:04X} " in self.machine.run("cat", "/proc/net/udp")

    def main_pid(self) -> str:
        pid = self.machine.show(UNIT, "MainPID")
        # To signal 0 would mean the group of who signals.
        assert pid != "0", "it does not run"
        return pid

    def engine_pid(self) -> str:
        """Of the one that sends, which is the older one."""
        pid = self.machine.run("pgrep", "--oldest", "--full", "aes67_sender.engine").strip()
        assert int(pid)
        return pid


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    """Booted, or skipped: whether a systemd can be booted in a namespace is the computer's business, not ours."""
    with contextlib.ExitStack() as stack:
        try:
            booted = stack.enter_context(Machine(tmp_path_factory.mktemp("shared")))
        except AssertionError as error:
            pytest.skip(f"no systemd boots here: {error}")
        yield booted


ATTEMPTS: list[Machine] = []


@pytest.fixture(scope="module")
def installed(machine: Machine) -> Installed:
    # Each test would be tried again, and wait for the same anew.
    assert not ATTEMPTS, "it was not installed the first time"
    ATTEMPTS.append(machine)
    (machine.shared / "studio.json").write_text(json.dumps(CONFIG))
    folder = f"/etc/systemd/system/{UNIT}.d"
    machine.run("mkdir", folder)
    machine.run("sh", "-c", f"cat >{folder}/test.conf <<'END'\n{DROP_IN}END\n")
    found = Installed(machine)
    said = found.program("service", "install", "-c", str(machine.shared / "studio.json"))
    assert "run useradd" in said
    machine.until(found.is_active)
    return found


def test_it_is_active_once_its_streams_are_sent_and_says_how_it_is(installed: Installed) -> None:
    told = installed.snapshot()
    assert [stream["state"] for stream in told["streams"]] == ["sending", "sending"]
    assert installed.machine.show(UNIT, "StatusText").startswith("2 of 2 streams sent; clock free-running by free-run")
    said = installed.program("service", "status")
    assert "Service: active (running), enabled" in said
    assert "2 of 2 streams" in said


def test_it_sends_as_a_user_of_its_own_with_two_capabilities_and_real_time_priority(installed: Installed) -> None:
    process = f"/proc/{installed.main_pid()}"
    assert installed.machine.run("stat", "--format", "%U", process).strip() == "aes67-sender"
    status = dict(line.split(":\t", 1) for line in installed.machine.run("cat", f"{process}/status").splitlines())
    bind_service, sys_nice = 1 << 10, 1 << 23
    assert int(status["CapEff"], 16) == int(status["CapBnd"], 16) == bind_service | sys_nice
    assert (status["NoNewPrivs"].strip(), status["Seccomp"].strip()) == ("1", "2")
    engine = installed.snapshot()["engine"]
    assert (engine["realtime"], engine["realtime_why"]) == (True, "SCHED_FIFO priority 40")


def test_its_own_ptp_follower_opens_its_ports(installed: Installed) -> None:
    installed.program("clock", "--set", "builtin")
    # It listens beside the clock in use, which goes on until there is a grandmaster.
    installed.machine.until(lambda: installed.has_open(319) and installed.has_open(320))
    assert installed.snapshot()["clock"]["mode"] == "builtin"
    assert [each for each in installed.snapshot()["problems"] if "port" in each["code"]] == []
    installed.program("clock", "--set", "free-run")


def test_config_and_sdp_files_are_written_by_it_and_compiled_code_is_kept(installed: Installed) -> None:
    told = installed.patch("s1", {"gain_db": -6})
    assert f"{STATE_FOLDER}/aes67-config.json" in told["applied"][1]
    kept = json.loads(installed.machine.run("cat", f"{STATE_FOLDER}/aes67-config.json"))
    assert kept["streams"][0]["gain_db"] == -6
    assert installed.machine.run("ls", f"{STATE_FOLDER}/sdp-files").split() == ["s1.sdp", "s2.sdp"]
    assert ".nbc" in installed.machine.run("find", f"{CACHE_FOLDER}/numba")


def test_the_rest_of_the_disk_and_other_peoples_homes_are_closed_to_it(installed: Installed) -> None:
    inside = ("nsenter", "--target", installed.main_pid(), "--mount")
    for place in ("/usr", "/etc", "/var/lib"):
        said = installed.machine.run(*inside, "touch", f"{place}/by-the-sender", check=False)
        assert "Read-only file system" in said, place
    assert installed.machine.run(*inside, "ls", "/home").split() == []


def test_an_engine_that_hangs_is_replaced_by_the_sender_and_the_service_stays(installed: Installed) -> None:
    main, engine = installed.main_pid(), installed.engine_pid()
    installed.machine.run("kill", "-STOP", engine)
    installed.machine.until(lambda: installed.snapshot()["engine"]["restarts"] == 1)
    installed.machine.until(lambda: installed.snapshot()["state"] == "sending")
    assert installed.main_pid() == main
    assert installed.is_active()


def test_a_sender_that_hangs_is_replaced_by_systemd(installed: Installed) -> None:
    restarts = int(installed.machine.show(UNIT, "NRestarts"))
    installed.machine.run("kill", "-STOP", installed.main_pid())
    installed.machine.until(lambda: int(installed.machine.show(UNIT, "NRestarts")) > restarts)
    installed.machine.until(installed.is_active)
    assert "Watchdog timeout" in installed.machine.run("journalctl", "--no-pager", "--unit", UNIT)
    assert installed.snapshot()["state"] == "sending"


def test_a_sender_that_is_killed_comes_back(installed: Installed) -> None:
    before = installed.main_pid()
    installed.machine.run("kill", "-KILL", before)
    installed.machine.until(lambda: installed.is_active() and installed.machine.show(UNIT, "MainPID") != before)


def test_a_program_in_a_closed_home_is_started_and_all_that_is_seen_of_it(installed: Installed) -> None:
    machine, copy = installed.machine, str(PurePosixPath("/root", "aes67", "src"))
    machine.run("sh", "-c", f"mkdir -p {copy}; cp -r {PACKAGE} {copy}; cd /root; chmod 700 .; touch secret")
    drop_in = f"/etc/systemd/system/{UNIT}.d/z.conf"
    machine.run("sh", "-c", f"echo '[Service]\\nEnvironment=PYTHONPATH={copy}' >{drop_in}")
    command = (sys.executable, "-m", "aes67_sender", "service", "install", "-c", f"{machine.shared}/studio.json")
    machine.run(*command, environment={"PYTHONPATH": copy})
    machine.until(installed.is_active)
    assert f"BindReadOnlyPaths=-{copy}" in machine.run("cat", SYSTEM_UNIT)
    inside = ("nsenter", "--target", installed.main_pid(), "--mount")
    assert machine.run(*inside, "ls", "/root").split() == ["aes67"]
    assert copy in machine.run("cat", f"/proc/{installed.main_pid()}/environ")
    machine.run("rm", drop_in)


def test_a_user_has_one_of_ones_own_in_the_session(installed: Installed) -> None:
    machine, home = installed.machine, str(PurePosixPath("/home", "ann"))
    machine.run("useradd", "--create-home", "ann")
    session = f"/run/user/{machine.run('id', '-u', 'ann').strip()}"
    machine.run("loginctl", "enable-linger", "ann")
    machine.until(lambda: "private" in machine.run("ls", f"{session}/systemd", check=False))
    own = {**CONFIG, "web": {"listen": "127.0.0.1:8068"}}
    machine.run("sh", "-c", f"echo '{json.dumps(own)}' >{home}/studio.json; chown ann {home}/studio.json")

    def as_ann(*command: str, check: bool = True) -> str:
        environment = {"XDG_RUNTIME_DIR": session, "PYTHONPATH": str(PACKAGE.parent), "HOME": home}
        return machine.run("runuser", "-u", "ann", "--", *command, check=check, environment=environment)

    if as_ann("sh", "-c", f"test -x {sys.executable} && test -r {PACKAGE} || echo closed"):
        pytest.skip("the program is in a folder that is closed to others")
    program = (sys.executable, "-m", "aes67_sender", "service")
    as_ann("systemctl", "--user", "set-environment", f"PYTHONPATH={PACKAGE.parent}")
    said = as_ann(*program, "install", "--user-session", "-c", f"{home}/studio.json")
    assert "enable-linger" in said
    machine.until(lambda: as_ann("systemctl", "--user", "is-active", UNIT, check=False).strip() == "active")
    status = as_ann(*program, "status", "--user-session")
    assert "Service: active (running), enabled; 2 of 2 streams sent" in status
    assert "Sender: " in status
    refused = as_ann(*program, "install", check=False)
    assert "can only be installed or removed by root" in refused
    as_ann(*program, "uninstall", "--user-session")
    assert as_ann("systemctl", "--user", "is-active", UNIT, check=False).strip() == "inactive"
    assert "studio.json" in machine.run("ls", home)


def test_what_was_installed_goes_and_the_config_stays(installed: Installed) -> None:
    # Another installation finds the user, and keeps the config that was changed meanwhile as a backup.
    installed.patch("s1", {"gain_db": -3})
    again = installed.program("service", "install", "-c", str(installed.machine.shared / "studio.json"))
    assert "useradd" not in again
    assert "what was there is kept as aes67-config.json.bak" in again
    installed.machine.until(installed.is_active)
    said = installed.program("service", "uninstall")
    assert "is kept" in said
    gone = installed.machine.run("ls", SYSTEM_UNIT, CACHE_FOLDER, check=False)
    assert gone.count("No such file") == 2
    assert "no such user" in installed.machine.run("id", "aes67-sender", check=False)
    assert "aes67-config.json" in installed.machine.run("ls", STATE_FOLDER)
    assert installed.machine.run("pgrep", "--full", "aes67_sender.engine", check=False) == ""
    status = installed.program("service", "status", check=False)
    assert "Service: not installed" in status
    assert "No aes67-sender answers" in status
