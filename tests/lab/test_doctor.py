"""``aes67-sender doctor`` on machines and networks with something wrong, and on one with nothing wrong."""

from __future__ import annotations

import json
import re
import shutil
import signal
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from support import patients
from support.jack import JackServer
from support.netlab import open_lab
from support.patients import GROUP, Breakage, Rig, without
from support.ptp4l import grandmaster
from support.ptp_master.client import ptp_master
from support.repository import ROOT
from support.sender import PROGRAM, start_sender

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from support.netlab import Host

#: Enough to hear what comes every second.
LISTEN_S = "1.3"
Findings = list[dict[str, Any]]


@pytest.fixture(scope="module")
def hosts() -> Iterator[dict[str, Host]]:
    with open_lab() as hosts:
        yield hosts


@pytest.fixture
def rig(hosts: dict[str, Host], tmp_path: Path) -> Rig:
    config = {
        "interface": "eth0",
        "sources": [{"id": "tone", "kind": "tone", "channels": 8}],
        "streams": [{"id": "s1", "source": "tone", "address": GROUP}],
        "announce": {"sdp_dir": str(tmp_path)},
    }
    return Rig(hosts["gm"], hosts["tx"], hosts["rx"], tmp_path, config)


def examine(rig: Rig, *options: str, way: patients.Way | None = None) -> tuple[int, Findings]:
    """Exit code and findings of the doctor on the sender's host."""
    path = rig.directory / "doctor.json"
    if rig.config:
        path.write_text(json.dumps(rig.config))
    way = way or patients.Way()
    environment = [f"{key}={value}" for key, value in way.environment.items()]
    command = [*way.wrapped, "env", *environment, PROGRAM, "doctor", "--json", "-c", str(path), *options]
    done = rig.tx.run(*command)
    assert done.returncode in {0, 1}, done.stderr
    findings: Findings = json.loads(done.stdout)
    assert done.returncode == any(each["severity"] == "problem" for each in findings)
    return done.returncode, findings


def only(areas: str) -> list[str]:
    return [word for area in areas.split() for word in ("--only", area)]


@dataclass(frozen=True)
class Situation:
    """What is wrong, which checks to make, and what has to be found: severity, words of text and of remedy."""

    broken: Breakage
    areas: str
    check: str
    severity: str
    text: str
    remedy: str
    needs: tuple[str, ...] = ()


SITUATIONS = {
    "the interface is down": Situation(
        patients.down, "network.link", "network.link", "problem", "is down", "ip link set eth0 up"
    ),
    "the cable is out": Situation(
        patients.unplugged, "network.link", "network.link", "problem", "no link", "Plug in its cable"
    ),
    "no multicast flag": Situation(
        patients.no_multicast, "network.link", "network.multicast", "problem", "multicast", "multicast on"
    ),
    "an MTU too small for the packets": Situation(
        patients.mtu_900, "network.link", "network.mtu", "problem", "900 bytes.* 1192", "mtu 1500.*fewer channels"
    ),
    "a small MTU": Situation(patients.mtu_1400, "network.link", "network.mtu", "warn", "1400", "mtu 1500"),
    "no address": Situation(
        patients.no_address, "network.link", "network.address", "problem", "no IPv4 address", "nmcli"
    ),
    "an address of its own making": Situation(
        patients.link_local, "network.link", "network.address", "info", r"169\.254\.7\.2", "DHCP"
    ),
    "multicast of others leaves elsewhere": Situation(
        patients.other_route, "network", "network.route", "warn", "by d0, not by eth0", r"224\.0\.0\.0/4 dev eth0"
    ),
    "no route for multicast": Situation(
        patients.no_route, "network.route", "network.route", "info", "no route", r"224\.0\.0\.0/4 dev eth0"
    ),
    "two interfaces in one subnet": Situation(
        patients.same_subnet, "network.link", "network.subnet", "warn", "same subnet", "different subnets"
    ),
    "a VPN owns the default route": Situation(
        patients.tunnel(chosen=False), "network.link", "network.vpn", "warn", "default route goes there", "VPN"
    ),
    "the streams' interface is a VPN": Situation(
        patients.tunnel(chosen=True), "network.link", "network.kind", "problem", "tunnel", "do not pass a VPN"
    ),
    "another program has the PTP ports": Situation(
        patients.held(319, 320), "ports", "ports.ptp", "problem", r"319 and 320 are held by python\S* \(process \d+\)",
        "Stop it.*Failed to initialize PTP subsystem",
    ),
    "another program has the SAP port": Situation(
        patients.held(9875), "ports", "ports.sap", "problem", r"9875 is held by python", "share the port"
    ),
    "another program has the port for REST": Situation(
        patients.listening(8067), "ports", "ports.web", "problem", r"8067, which REST needs, is held by python",
        '"web": {"listen"',
    ),
    "our own grandmaster is on this computer": Situation(
        patients.own_grandmaster, "ptp", "ptp.here", "info", "aes67-sender on this computer is itself", ""
    ),
    "no right to the PTP ports": Situation(
        patients.wrapped(*without("net_bind_service")), "ports", "ports.rights", "problem", "from 1024 on",
        "ip_unprivileged_port_start=319.*setcap.*Failed to initialize PTP subsystem",
    ),
    "ptp4l leads on this computer": Situation(
        patients.daemon_here("auto"), "ptp", "ptp.here", "info", "itself the grandmaster", '"mode": "system"'
    ),
    "ptp4l leads here, where it cannot be heard": Situation(
        patients.daemon_here("builtin"), "ptp", "ptp.here", "problem", "itself the grandmaster", '"mode": "system"'
    ),
    "ptp4l shares the ports": Situation(
        patients.daemon_here("auto"), "ports", "ports.ptp", "info", "shared with ptp4l", "mode system"
    ),
    "the grandmaster is in another domain": Situation(
        patients.master(domain=5), "ptp", "ptp.grandmaster", "problem", "on domain 5", '"domain": 5'
    ),
    "PTP version 1 only": Situation(
        patients.master(silent=True, noise=["ptpv1"]), "ptp", "ptp.grandmaster", "problem", "version 1", "AES67 mode"
    ),
    "PTP by unicast only": Situation(
        patients.unicast_master, "ptp", "ptp.unicast", "warn", "unicast", "multicast.*PTP clock sync timeout"
    ),
    "no grandmaster": Situation(
        patients.healthy, "ptp", "ptp.grandmaster", "problem", "No PTP master", "eth0.*PTP clock sync timeout"
    ),
    "Syncs without Announce": Situation(
        patients.master(muted=["announce"]), "ptp", "ptp.grandmaster", "problem", "no Announce", "320"
    ),
    "Announce without Syncs": Situation(
        patients.master(muted=["sync", "follow_up"]), "ptp", "ptp.lock", "problem", "none of its Syncs",
        "319.*PTP not synchronized",
    ),
    "the system's clock is wrong": Situation(
        patients.master(epoch="tai", jump_s=300, ptp_timescale=True, utc_offset_valid=True), "ptp", "ptp.system-clock",
        "warn", r"5\.0 minutes behind", "timedatectl",
    ),
    "a firewall that lets nothing in": Situation(
        patients.filtered("add chain inet doctor input { type filter hook input priority 0; policy drop; }"),
        "network.firewall ptp", "network.firewall", "problem", "319, 320 and 9875", "ufw allow 319:320/udp", ("nft",),
    ),
    "a rule that takes DSCP off": Situation(
        patients.filtered(
            "add chain inet doctor out { type filter hook postrouting priority 0; }",
            "add rule inet doctor out ip dscp set cs0",
        ),
        "network.dscp", "network.dscp", "warn", "DSCP 0, though 34", "nft list ruleset", ("nft",),
    ),
    "a foreign sender on our address": Situation(
        patients.foreign_sender, "streams", "streams.address", "problem", r"10\.77\.0\.3.*239\.69\.30\.1:5004",
        "address of its own",
    ),
    "no IGMP querier": Situation(
        patients.healthy, "network.igmp", "network.igmp", "info", "No IGMP querier was heard in 1.3 s", "snoops"
    ),
    "IGMP may not be listened to": Situation(
        patients.wrapped(*without("net_raw")), "network.igmp", "network.igmp", "info", "may not listen", "snoops"
    ),
    "a broken config": Situation(
        patients.config(latancy_ms=20), "config", "config.file", "problem", "latancy_ms", "latency_ms"
    ),
    "a source whose file is not there": Situation(
        patients.config(sources=[{"id": "tone", "kind": "file", "path": "no.flac", "channels": 8}]), "config",
        "config.file", "warn", "no.flac", "put the file there",
    ),
    "an interface that does not exist": Situation(
        patients.config(interface="eth7"), "network.link", "network.link", "problem", "'eth7'", "Did you mean 'eth0'"
    ),
    "plug-ins where nobody can read": Situation(
        patients.no_plugins, "software.gstreamer", "software.plugin-path", "problem", "/nonexistent/plug-ins",
        "GST_PLUGIN_SYSTEM_PATH_1_0",
    ),
    "no plug-ins": Situation(
        patients.no_plugins, "software.gstreamer", "software.plugins", "problem", "audioconvert", "gstreamer1.0-plugins"
    ),
    "a missing typelib": Situation(
        patients.no_typelib, "software.gstreamer", "software.typelibs", "problem", "GstNet", "gir1.2-gstreamer-1.0"
    ),
    "no PyGObject": Situation(
        patients.no_binding, "software.gstreamer", "software.gstreamer", "problem", "libgirepository", "python3-gi"
    ),
    "wheels of different versions": Situation(
        patients.mixed_wheels, "software.python", "software.wheels", "warn", r"1\.28\.7 and 1\.28\.8", "pip uninstall"
    ),
    "a PTP helper without rights": Situation(
        patients.helper_without_rights, "software.ptp-helper", "software.ptp-helper", "warn", "may not open",
        "setcap.*Failed to initialize PTP subsystem",
    ),
    "no JACK": Situation(patients.no_jack, "sound.jack", "sound.jack", "problem", "not installed", "libjack"),
    "no JACK server": Situation(
        patients.config(sources=[{"id": "tone", "kind": "jack", "channels": 8, "server_name": "nobody"}]), "sound.jack",
        "sound.jack", "problem", "No JACK server", "qjackctl",
    ),
    "a sound card that is not there": Situation(
        patients.config(sources=[{"id": "tone", "kind": "alsa", "channels": 8}]), "sound.devices", "sound.devices",
        "problem", "no sound card", "Plug it in",
    ),
    "no real-time priority": Situation(
        patients.wrapped(*without("sys_nice"), "prlimit", "--rtprio=0"), "realtime.priority", "realtime.priority",
        "warn", "refuses real-time priority", "limits.d/audio.conf",
    ),
    "a folder that is read-only": Situation(
        patients.read_only, "storage", "storage.sdp", "problem", "cannot write to", "sdp_dir"
    ),
    "a full disk": Situation(patients.full_disk, "storage", "storage.sdp", "problem", r"Only 2\.\d MB", "df -h"),
    "a registry that cannot be written": Situation(
        patients.read_only_registry, "storage", "storage.registry", "warn", "registry", "GST_REGISTRY"
    ),
}  # fmt: skip


def test_there_are_many_situations() -> None:
    assert len(SITUATIONS) >= 25


@pytest.mark.parametrize("name", SITUATIONS)
def test_what_is_wrong_is_named_with_its_remedy(rig: Rig, name: str) -> None:
    situation = SITUATIONS[name]
    if missing := [tool for tool in situation.needs if shutil.which(tool) is None]:
        pytest.skip(f"needs {missing[0]}")
    with situation.broken(rig) as way:
        _, findings = examine(rig, "--seconds", LISTEN_S, *only(situation.areas), way=way)
    found = [each for each in findings if each["check"] == situation.check]
    fitting = [
        each
        for each in found
        if each["severity"] == situation.severity
        and re.search(situation.text, each["text"])
        and re.search(situation.remedy, each["hint"])
    ]
    assert fitting, json.dumps(findings, indent=1)


def test_a_healthy_machine_has_nothing_of_all_that(rig: Rig, tmp_path: Path) -> None:
    with grandmaster(rig.gm, tmp_path), patients.querier(rig):
        code, findings = examine(rig, "--seconds", "6")
    # Whoever shares this machine's processor decides how exactly it wakes.
    wrong = [each for each in findings if each["severity"] in {"warn", "problem"} and each["check"] != "realtime.timer"]
    assert wrong == []
    assert code == 0
    fine = {each["check"] for each in findings if each["severity"] == "ok"}
    possible = [each for each in SITUATIONS.values() if all(map(shutil.which, each.needs))]
    expected = {each.check for each in possible} - {
        # These speak only of what is wrong, or of what this machine does not have.
        "network.subnet", "network.vpn", "network.kind", "network.address", "ptp.here", "ptp.unicast", "sound.jack",
        "sound.devices", "software.plugin-path", "software.plugins", "software.typelibs", "software.wheels",
    }  # fmt: skip
    assert expected <= fine


def test_what_a_running_sender_says_is_taken_over(rig: Rig, tmp_path: Path) -> None:
    rig.config["sources"] = [{"id": "tone", "kind": "jack", "channels": 8, "server_name": "nobody"}]
    with start_sender(rig.tx, tmp_path, rig.config, arguments=()) as sender:
        sender.wait_for(lambda snapshot: "source.failed" in [each["code"] for each in snapshot["problems"]], 40)
        _, findings = examine(rig, "--seconds", "0.3", *only("sender ports streams"))
    by_check = {each["check"]: each for each in findings}
    assert by_check["sender.status"]["facts"]["streams"] == 1
    problems = [each for each in findings if each["check"] == "sender.problem"]
    assert "source.failed" in [each["facts"]["code"] for each in problems]
    # What it holds, it may hold; what it sends, it may send.
    assert {by_check[port]["severity"] for port in ("ports.ptp", "ports.sap", "ports.web")} <= {"ok", "info"}
    assert by_check["streams.address"]["severity"] == "ok"


def test_a_jack_server_is_told_with_its_figures(rig: Rig, tmp_path: Path) -> None:
    rig.config["sources"] = [{"id": "tone", "kind": "jack", "channels": 8}]
    with JackServer(tmp_path) as server:
        way = patients.Way(environment={key: server.environment[key] for key in ("JACK_DEFAULT_SERVER",)})
        _, findings = examine(rig, *only("sound.jack"), way=way)
    assert [(each["severity"], each["facts"]["period_frames"]) for each in findings] == [("ok", 256)]


def test_what_is_wrong_in_one_check_hides_no_other(rig: Rig) -> None:
    rig.config = {}
    spoilt = (
        "import os, sys\n"
        f"os.environ['PYTHONPATH'] = {str(ROOT / 'tests')!r}\n"
        "from aes67_sender.cli import main\n"
        "from aes67_sender.doctor import rights, software, checks\n"
        "def spoilt(*_): raise ZeroDivisionError('spoilt by the test')\n"
        "rights.priority_facts = spoilt\n"
        "software.gstreamer_facts = lambda: checks.ask('support.crash', within_s=20)\n"
        "sys.exit(main(sys.argv[1:]))\n"
    )
    done = rig.tx.run(sys.executable, "-c", spoilt, "doctor", "--json", "--seconds", "0.3")
    assert done.returncode == 1, done.stderr
    by_check = {each["check"]: each for each in json.loads(done.stdout)}
    failed = by_check["realtime.priority"]
    assert "This check failed itself: ZeroDivisionError: spoilt by the test" in failed["text"]
    assert "report it" in failed["hint"]
    assert "ended by signal 11" in by_check["software.gstreamer"]["text"]
    others = {"software.python", "network.link", "ports.ptp", "ptp.grandmaster", "realtime.timer", "storage.sdp"}
    assert others <= set(by_check)


def test_the_report_tells_nothing_of_who_and_where(rig: Rig, tmp_path: Path) -> None:
    hidden = tmp_path / "home" / "jane-doe"
    hidden.mkdir(parents=True)
    (hidden / "janes studio.json").write_text(
        json.dumps({**rig.config, "name": "Radio Jane", "announce": {"sdp_dir": "out"}})
    )
    with ptp_master(rig.gm, tmp_path):
        jane = ("env", f"HOME={hidden}", "USER=janed", "LOGNAME=janed")
        path = str(hidden / "janes studio.json")
        done = rig.tx.run(*jane, PROGRAM, "doctor", "--report", "--seconds", LISTEN_S, "-c", path)
    assert "[PTP]" in done.stdout
    for told in ("jane", "janed", "10.77.0.", GROUP, str(tmp_path), rig.tx.mac(), rig.gm.mac()):
        assert told not in done.stdout, told
    # The same is called the same, so that it can be told apart.
    address = re.search(r"Interface eth0 \((<address-\d+>)\)", done.stdout)
    assert address
    assert f'"address": "{address[1]}"' in done.stdout


def test_ctrl_c_ends_it_at_once(rig: Rig, tmp_path: Path) -> None:
    (tmp_path / "doctor.json").write_text(json.dumps(rig.config))
    command = [PROGRAM, "doctor", "-c", str(tmp_path / "doctor.json"), "--seconds", "600"]
    with rig.tx.start(command, tmp_path / "doctor.log") as process:
        process.wait_for("Looking and listening", 20)
        assert process.stop(signal.SIGINT) == 130
    assert "Traceback" not in process.output()


def test_a_file_gets_plain_lines_of_80_columns(rig: Rig) -> None:
    (rig.directory / "doctor.json").write_text(json.dumps(rig.config))
    done = rig.tx.run(PROGRAM, "doctor", "-c", str(rig.directory / "doctor.json"), "--seconds", "0.3")
    assert "\x1b" not in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 80
    assert re.fullmatch(r"(\d+ problems?, )?(\d+ warnings?, )?\d+ in order\.", done.stdout.splitlines()[-1])
