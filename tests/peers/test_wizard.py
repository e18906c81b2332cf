"""The wizard on a machine without a config, in a network with masters and with sessions of others."""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from support.ptp4l import grandmaster, grandmaster_identity
from support.sap_service import start_sap_service
from support.sap_sessions import description
from support.terminal import Terminal

if TYPE_CHECKING:
    from support.netlab import Host

PROGRAM = (sys.executable, "-m", "aes67_sender")
NAME = "aes67-config.json"


def test_from_nothing_to_a_locked_stream_and_a_change_while_it_sends(
    gm: Host, tx: Host, rx: Host, tmp_path: Path
) -> None:
    stage = tmp_path / "stage.sdp"
    # Where the first stream would go.
    stage.write_bytes(description("Stage", origin=rx.address, address="239.69.2.1").encode())
    home = tmp_path / "home"
    home.mkdir()
    with (
        grandmaster(gm, tmp_path) as ours,
        grandmaster(rx, tmp_path, domain=9),
        start_sap_service(rx, tmp_path, stage) as others,
        Terminal(tx.command([*PROGRAM, "configure", "--listen", "12"]), home, within_s=90) as user,
    ):
        others.wait_for("announcing", 20)
        assert "eth1" in user.see("? Which network interface")
        # The wrong one comes first here: it has the default route.
        user.press("down")
        assert " » eth0" in user.see("? Which network interface", " » eth0")
        user.choose("Which network interface")
        heard = user.see("✓ Listening on eth0: 2 PTP masters, 1 session", "? What receives the streams?")
        assert "PTP ports" not in heard
        user.write("What receives the streams?")
        user.see(f"PTP domain 0: {grandmaster_identity(ours)} at {gm.address}, class 248.", "PTP domain 9: ")
        for title in ("Which clock?", "PTP domain"):
            user.write(title)
        assert "JACK ports of our own" in user.see("? Where does the sound come from?")
        user.choose("Where does the sound come from?", "end")
        user.write("How many channels of it", "12")
        user.choose("Another source?")
        user.write("Channels per stream")
        assert "239.69.2.2" in user.see("1 address is in use by sessions of others", "? First multicast address")
        user.write("First multicast address")
        user.write("Name of this sender", "Studio")
        user.see("239.69.2.2:5004", "239.69.2.3:5004", "Studio, on eth0 (10.77.0.2)")
        user.choose("What now?")
        user.see("aes67-sender  Studio", "locked", "sending", gone="starting")

        data = json.loads((home / NAME).read_text())
        assert data["clock"] == {"mode": "auto", "domain": 0}
        assert [stream["address"] for stream in data["streams"]] == ["239.69.2.2", "239.69.2.3"]

        # Its own announcements are not in the way of a second run.
        done = tx.run("sh", "-c", f"cd {home} && {' '.join(PROGRAM)} configure --yes --listen 8 --name Lounge")
        assert done.returncode == 0, done.stderr
        assert "A sender is running; if it uses this file, it takes it up within two seconds." in done.stdout
        changed = json.loads((home / NAME).read_text())
        assert [stream["address"] for stream in changed["streams"]] == ["239.69.2.2", "239.69.2.3"]
        assert [stream["name"] for stream in changed["streams"]] == ["Lounge 1-8", "Lounge 9-12"]
        user.see("Lounge 1-8")
        user.press("ctrl-c")
        assert user.end() == 0


def test_without_permission_for_the_ptp_ports_it_says_so_and_goes_on(tx: Host) -> None:
    nobody = ("setpriv", "--reuid=nobody", "--clear-groups")
    # pytest's own folders are closed to others.
    with tempfile.TemporaryDirectory() as folder:
        command = [
            *nobody,
            *PROGRAM,
            "configure",
            "--yes",
            "--listen",
            "1",
            "--interface",
            "eth0",
            "-c",
            f"{folder}/a.json",
        ]
        closed = tx.run(*command)
        assert closed.returncode == 2
        assert "This user may not look into" in closed.stderr
        Path(folder).chmod(0o777)
        done = tx.run(*command)
        assert done.returncode == 0, done.stderr
        assert "This user may not open UDP ports 319 and 320, which PTP needs." in done.stderr
        assert json.loads(Path(folder, "a.json").read_text())["clock"]["mode"] == "auto"
