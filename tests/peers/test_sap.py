"""Announcements on a real network, as tshark's dissector, ffmpeg and our own list of sessions hear them."""

from __future__ import annotations

import json
import re
import signal
import subprocess
from typing import TYPE_CHECKING

from support.sap_service import start_sap_service
from support.sap_sessions import description
from support.sender import PROGRAM
from support.waiting import wait_until

if TYPE_CHECKING:
    from pathlib import Path

    from support.netlab import Host
    from support.process import LoggedProcess

FIELDS = (
    "ip.src", "ip.dst", "ip.ttl", "sap.flags.v", "sap.flags.a", "sap.flags.t", "sap.flags.e", "sap.flags.c",
    "sap.auth.len", "sap.message_identifier_hash", "sap.originating_source", "sap.payload_type", "sdp.session_name",
)  # fmt: skip


def test_it_is_announced_and_deleted_as_others_read_it(tx: Host, rx: Host, tmp_path: Path) -> None:
    text = description("Stage", origin=tx.address)
    (tmp_path / "s1.sdp").write_bytes(text.encode())
    pcap = tmp_path / "sap.pcap"
    capturing = ("tshark", "-i", rx.interface, "-f", "udp port 9875", "-w", str(pcap))
    listening = ("ffprobe", "-hide_banner", "-v", "verbose", "sap://239.255.255.255:9875")
    with (
        rx.start(capturing, tmp_path / "tshark.log") as tshark,
        rx.start(listening, tmp_path / "ffprobe.log") as ffprobe,
        rx.start(discovering(rx), tmp_path / "discover.log") as discover,
    ):
        tshark.wait_for(r"Capturing on", 20)
        with start_sap_service(tx, tmp_path, tmp_path / "s1.sdp") as service:
            # An independent receiver takes the description as it was given.
            heard = ffprobe.wait_for(r"SDP:\r?\n(v=0[\s\S]*a=mediaclk:direct=0)", 20)
            assert heard[1].splitlines() == text.splitlines()
            ffprobe.kill()
            assert told(discover)[:2] == ("appeared", text)
            wait_until(lambda: len(dissect(pcap)) >= 3)
            assert service.stop(signal.SIGINT) == 0, service.tail()
        wait_until(lambda: told(discover)[0] == "gone")
        assert discover.stop(signal.SIGINT) == 0
        wait_until(lambda: [fields["sap.flags.t"] for fields in dissect(pcap)][-3:] == ["1"] * 3)
        tshark.stop(signal.SIGINT)
    packets = dissect(pcap)
    kinds = [packet.pop("sap.flags.t") for packet in packets]
    assert re.fullmatch("(0{3,})1{3}", "".join(kinds)), kinds
    # All but the type of message is always the same: its own hash, too.
    assert all(packet == packets[0] for packet in packets)
    assert packets[0] == {
        "ip.src": tx.address,
        "ip.dst": "239.255.255.255",
        "ip.ttl": "255",
        "sap.flags.v": "1",
        "sap.flags.a": "0",
        "sap.flags.e": "0",
        "sap.flags.c": "0",
        "sap.auth.len": "0",
        "sap.message_identifier_hash": packets[0]["sap.message_identifier_hash"],
        "sap.originating_source": tx.address,
        "sap.payload_type": "application/sdp",
        "sdp.session_name": "Stage",
    }
    assert int(packets[0]["sap.message_identifier_hash"], 16) > 0
    assert tshark_says(pcap, "-Y", "_ws.malformed || _ws.expert || sdp.invalid") == ""
    # The wrong interface, which has the multicast route, has sent nothing.
    assert tx.counters(tx.decoy).sent_packets == 0


def test_an_interface_that_was_away_is_used_again(tx: Host, rx: Host, tmp_path: Path) -> None:
    (tmp_path / "s1.sdp").write_bytes(description("Stage", origin=tx.address).encode())
    with start_sap_service(tx, tmp_path, tmp_path / "s1.sdp") as service:
        service.wait_for("announcing", 20)
        tx.set_link(up=False)
        service.wait_for("is down|cannot be sent", 20)
        tx.set_link(up=True)
        with rx.start(discovering(rx), tmp_path / "discover.log") as discover:
            assert told(discover)[2] == "Stage"


def discovering(host: Host) -> tuple[str, ...]:
    return (PROGRAM, "discover", "--interface", host.interface, "--watch", "--json")


def told(discover: LoggedProcess) -> tuple[str, str, str]:
    """The last change: its kind, and the text and the name of the session."""
    discover.wait_for(r"\}\n", 20)
    change = json.loads(discover.output().splitlines()[-1])
    return change["kind"], change["session"]["sdp"], change["session"]["name"]


def dissect(pcap: Path) -> list[dict[str, str]]:
    options = [word for name in FIELDS for word in ("-e", name)]
    lines = tshark_says(pcap, "-T", "fields", *options).splitlines()
    return [dict(zip(FIELDS, line.split("\t"), strict=True)) for line in lines]


def tshark_says(pcap: Path, *options: str) -> str:
    done = subprocess.run(["tshark", "-r", str(pcap), *options], capture_output=True, text=True, check=False)
    # A file that is still being written may end in the middle of a packet.
    assert done.returncode == 0 or "cut short" in done.stderr, done.stderr
    return done.stdout
