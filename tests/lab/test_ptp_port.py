"""The PTP port on real interfaces: whose stamps, which way, and what it survives.

All hosts share the monotonic clock, so stamps of one host can be held against another's.
"""

from __future__ import annotations

import json
import re
import socket
import struct
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest

from support.process import POLL_S
from support.ptp4l import follower, grandmaster
from support.ptp_peer import ANNOUNCE, FOLLOW_UP, SYNC, look_alike, peer_command, report_of, start_peer
from support.receiver import start_capture

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from support.netlab import Host
    from support.process import LoggedProcess

#: The two clocks behind a stamp are known to each other within this; not a limit of timing.
ROUNDING_NS = 2_000
RAW_FRAMES = """
import socket, sys
with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as wire:
    wire.bind((sys.argv[1], 0))
    for _ in range(5):
        wire.send(bytes.fromhex(sys.argv[2]))
"""
HOLD_PORT = """
import socket, time
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as held:
    held.bind(("", 320))
    print("held", flush=True)
    time.sleep(60)
"""
NOBODY = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"]


def arrivals(report: dict[str, Any], kind: int | None = None) -> list[dict[str, Any]]:
    came = [each for each in report["records"] if not each["departure"]]
    return [each for each in came if kind is None or bytes.fromhex(each["octets"])[0] & 15 == kind]


def departures(report: dict[str, Any]) -> list[dict[str, Any]]:
    return [each for each in report["records"] if each["departure"]]


def kinds(records: list[dict[str, Any]]) -> set[str]:
    return {each["kind"] for each in records}


def spins(report: dict[str, Any]) -> bool:
    """Each send and each record ends a wait once or twice; a socket that is always ready does so without end."""
    return bool(report["calls"] > 4 * (len(report["sent"]) + len(report["records"])))


def wait_until(condition: Callable[[], bool], within_s: float = 20) -> None:
    deadline_s = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline_s
        time.sleep(POLL_S)


def test_the_kernel_stamps_what_leaves_and_what_arrives(tx: Host, rx: Host, tmp_path: Path) -> None:
    with (
        start_peer(rx, tmp_path, "--seconds", "4", name="rx") as receiver,
        start_peer(tx, tmp_path, "--event-every", "0.02", "--general-every", "0.05", "--seconds", "2") as sender,
    ):
        here, there = report_of(sender), report_of(receiver)
    sent = {each["octets"]: each for each in here["sent"]}
    left = {each["octets"]: each for each in departures(here)}
    assert (here["kind"], there["kind"], here["send_failures"]) == ("kernel", "kernel", 0)
    assert here["problems"] == ["ptp.hardware-stamps"]  # a veth has no clock
    assert left.keys() == {each["octets"] for each in here["sent"] if each["event"] and each["taken"]}
    assert {each["octets"] for each in arrivals(there)} == sent.keys()
    for each in departures(here):
        assert each["kind"] == "kernel"
        assert sent[each["octets"]]["before_ns"] - ROUNDING_NS <= each["stamp_ns"] <= each["returned_ns"]
    for each in arrivals(there):
        of_sender = sent[each["octets"]]
        earliest_ns = left[each["octets"]]["stamp_ns"] if of_sender["event"] else of_sender["before_ns"]
        assert (each["kind"], each["source"], each["event"]) == ("kernel", tx.address, of_sender["event"])
        assert earliest_ns - ROUNDING_NS <= each["stamp_ns"] <= each["returned_ns"]
    for records in (departures(here), arrivals(there)):
        stamps = [each["stamp_ns"] for each in records]
        assert stamps == sorted(stamps)
    assert arrivals(here) == []  # not our own
    assert not spins(here)


@pytest.mark.parametrize(
    ("options", "destination"),
    [((), "224.0.1.129"), (("--peer",), "224.0.0.107"), (("--to", "10.77.0.3"), "10.77.0.3")],
)
def test_messages_leave_by_the_chosen_interface_marked_and_near(
    tx: Host, rx: Host, tmp_path: Path, options: tuple[str, ...], destination: str
) -> None:
    # 0x80 is a Sync of another transport, and RTP to the capture.
    every = ("--event-every", "0.05", "--general-every", "0.05", "--first-octet", "128", "--seconds", "1")
    with start_capture(rx, tmp_path, seconds=20, ports=(319, 320)) as capture:
        with start_peer(tx, tmp_path, *every, *options) as sender:
            report = report_of(sender)
        seen = capture.stop()
    assert len(seen) == len(report["sent"])
    assert seen.destinations() == {(destination, 319), (destination, 320)}
    assert set(seen.source.tolist()) == {tx.address}
    assert set(seen.source_mac.tolist()) == {tx.mac()}
    assert set(seen.dscp.tolist()) == {46}
    assert set(seen.ttl.tolist()) == ({1} if destination.startswith("224.") else {64})
    assert tx.decoy is not None
    assert tx.counters(tx.decoy).sent_packets == 0


def frame(to_mac: str, source: str, destination: str) -> str:
    """Ethernet, IPv4 and UDP to the event port, without a UDP checksum; as hex."""
    octets = look_alike(SYNC, 7)
    udp = struct.pack("!HHHH", 319, 319, 8 + len(octets), 0) + octets
    addresses = socket.inet_aton(source) + socket.inet_aton(destination)
    header = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(udp), 0, 0, 1, 17, 0) + addresses
    total = sum(struct.unpack("!10H", header))
    checksum = 0xFFFF & ~((total & 0xFFFF) + (total >> 16))
    ip = header[:10] + struct.pack("!H", checksum) + header[12:]
    return (bytes.fromhex(to_mac.replace(":", "")) + b"\x02\0\0\0\0\1\x08\0" + ip + udp).hex()


def test_what_comes_by_another_interface_is_not_heard(tx: Host, tmp_path: Path) -> None:
    with start_peer(tx, tmp_path, "--seconds", "2") as peer:
        for port, mac, net in ((f"{tx.name}-decoy", tx.mac(tx.decoy), "10.78.0"), (tx.name, tx.mac(), "10.77.0")):
            wire = ["ip", "netns", "exec", tx.switch, sys.executable, "-c", RAW_FRAMES, port]
            subprocess.run([*wire, frame(mac, f"{net}.99", f"{net}.2")], check=True, timeout=30)
        report = report_of(peer)
    assert [each["source"] for each in arrivals(report)] == ["10.77.0.99"] * 5


def test_it_lives_beside_ptp4l_and_both_hear_the_grandmaster(gm: Host, tx: Host, tmp_path: Path) -> None:
    with (
        grandmaster(gm, tmp_path),
        start_peer(tx, tmp_path, "--seconds", "60", name="first"),
        follower(tx, tmp_path) as daemon,
        start_peer(tx, tmp_path, "--seconds", "3", name="second") as second,
    ):
        before = daemon.output().count("master offset")
        report = report_of(second)
        wait_until(lambda: daemon.output().count("master offset") > before + 3)
    for kind in (SYNC, FOLLOW_UP, ANNOUNCE):
        assert kinds(arrivals(report, kind)) == {"kernel"}
        assert {each["source"] for each in arrivals(report, kind)} == {gm.address}
        assert {each["event"] for each in arrivals(report, kind)} == {kind == SYNC}


def cut_and_mend(host: Host) -> None:
    host.set_link(up=False)
    time.sleep(1.5)
    host.set_link(up=True)


def pull_the_cable(host: Host) -> None:
    host.unplug()
    time.sleep(1.5)
    host.plug()


def lose_and_get_address(host: Host) -> None:
    for verb in ("delete", "add"):
        host.run("ip", "address", verb, f"{host.address}/24", "dev", host.interface)
        time.sleep(1.5)


def unplug_and_plug_in_another(host: Host) -> None:
    """As a USB interface: the new one has another number, and is in no group."""
    host.run("ip", "link", "delete", host.interface)
    time.sleep(1.5)
    pair = ["link", "add", "name", host.name, "type", "veth", "peer", "name", host.interface, "netns", host.namespace]
    for words in (pair, ["link", "set", "dev", host.name, "master", "br0", "up"]):
        subprocess.run(["ip", "-n", host.switch, *words], check=True)
    host.run("ip", "address", "add", f"{host.address}/24", "dev", host.interface)
    host.run("ip", "link", "set", host.interface, "up")


@pytest.mark.parametrize("accident", [cut_and_mend, pull_the_cable, lose_and_get_address, unplug_and_plug_in_another])
def test_it_survives_the_loss_of_its_interface(
    tx: Host, rx: Host, tmp_path: Path, accident: Callable[[Host], None]
) -> None:
    often = ("--event-every", "0.05", "--seconds")
    with (
        start_peer(tx, tmp_path, *often, "8", name="tx") as ours,
        start_peer(rx, tmp_path, *often, "8", name="rx") as other,
    ):
        time.sleep(0.5)
        accident(tx)
        mended_ns = time.monotonic_ns()
        here, there = report_of(ours), report_of(other)
    for report in (here, there):
        late = [each for each in arrivals(report) if each["stamp_ns"] > mended_ns]
        assert len(late) > 20
        assert kinds(late) == {"kernel"}
    assert kinds(departures(here)) == {"kernel"}
    assert departures(here)[-1]["stamp_ns"] > mended_ns
    assert (here["kind"], here["problems"]) == ("kernel", ["ptp.hardware-stamps"])
    assert not spins(here)


def refusal(process: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    assert process.returncode == 3, process.stderr
    told: dict[str, Any] = json.loads(process.stdout)
    return told


def test_a_user_without_the_right_is_told_how_to_get_it(tx: Host) -> None:
    told = refusal(tx.run(*NOBODY, *peer_command()))
    assert told["error"] == "PortsForbiddenError"
    assert told["sentence"] == "This user may not open UDP ports 319 and 320, which PTP needs."
    remedy = re.search(r"`sudo (sysctl .*?)`", told["hint"])
    assert remedy
    tx.run(*remedy[1].split())
    done = tx.run(*NOBODY, *peer_command("--seconds", "1", "--event-every", "0.1"))
    report = json.loads(done.stdout.splitlines()[-1])
    assert report["kind"] == "kernel"
    assert kinds(departures(report)) == {"kernel"}


def test_a_program_that_does_not_share_the_port_is_named(tx: Host, tmp_path: Path) -> None:
    with holding(tx, tmp_path):
        told = refusal(tx.run(*peer_command()))
    assert (told["error"], told["sentence"]) == (
        "PortsTakenError",
        "Another PTP program holds UDP port 320 for itself.",
    )


def holding(host: Host, directory: Path) -> LoggedProcess:
    process = host.start([sys.executable, "-c", HOLD_PORT], directory / "holder.log")
    process.wait_for("held", 20)
    return process


def test_an_interface_without_address_has_no_ptp(tx: Host) -> None:
    tx.run("ip", "address", "flush", "dev", tx.interface)
    told = refusal(tx.run(*peer_command()))
    assert (told["error"], told["sentence"]) == ("MachineError", "Interface eth0 has no IPv4 address, so no PTP.")
