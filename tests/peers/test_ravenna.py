"""RAVENNA announcements, as programs that nobody here wrote find, fetch and play them."""

from __future__ import annotations

import json
import re
import signal
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from support import ravenna_peer
from support.avahi import Resolved, avahi, resolved

if TYPE_CHECKING:
    from collections.abc import Callable

    from support.netlab import Host
    from support.process import LoggedProcess

WITHIN_S = 15
DOTTED = "Studio 1.5 · Übung; A/B"
SENT = (
    "audiotestsrc is-live=true wave=square volume=0.5 ! audio/x-raw,format=S24BE,rate=48000,channels=2 ! "
    "rtpL24pay pt=97 max-ptime=1000000 ! udpsink host=239.69.8.1 port=5004 multicast-iface=eth0 ttl-mc=4 sync=true"
)
#: Announces the name ``Mix`` as the host of the second argument does, without having asked.
RIVAL = """
import socket, sys
from zeroconf import DNSOutgoing, DNSService
out = DNSOutgoing(0x8400)
out.add_answer_at_time(DNSService("Mix._rtsp._tcp.local.", 33, 0x8001, 120, 0, 0, 1, sys.argv[2]), 0)
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sending:
    sending.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(sys.argv[1]))
    sending.bind((sys.argv[1], 5353))
    for packet in out.packets():
        sending.sendto(packet, ("224.0.0.251", 5353))
"""


def peer(host: Host, tmp_path: Path, *, what: str = "announce") -> LoggedProcess:
    command = [sys.executable, str(Path(ravenna_peer.__file__)), what, host.interface]
    log = tmp_path / f"{what}-{host.name}.log"
    return host.start(command, log, stdout=log.with_suffix(".out"), commanded=True)


def tell(process: LoggedProcess, **sessions: str) -> None:
    process.write(json.dumps(sessions) + "\n")


def last(process: LoggedProcess) -> Any:
    lines = process.output().splitlines()
    return json.loads(lines[-1]) if lines else None


def wait_until(condition: Callable[[], object], within_s: float, explain: Callable[[], str]) -> None:
    deadline_s = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline_s, explain()
        time.sleep(0.05)


def until(browser: LoggedProcess, expected: set[Resolved]) -> None:
    wait_until(lambda: resolved(browser) == expected, WITHIN_S, lambda: f"{resolved(browser)}\n{browser.tail()}")


@pytest.fixture
def host_name(tx: Host) -> str:
    return f"aes67-{tx.mac().replace(':', '')}.local"


def test_avahi_sees_sessions_come_change_and_go(tx: Host, rx: Host, tmp_path: Path, host_name: str) -> None:
    before = tx.counters("eth1").sent_packets
    capture = tmp_path / "mdns.pcap"
    with (
        rx.start(
            ["tshark", "-q", "-i", "eth0", "-f", "udp port 5353", "-w", str(capture)], tmp_path / "tshark.log"
        ) as tshark,
        avahi(rx, tmp_path) as there,
        there.browse() as browser,
        peer(tx, tmp_path) as ours,
    ):
        tshark.wait_for("Capturing", WITHIN_S)
        tell(ours, s1=DOTTED, s2="Plain", s3="Plain")
        at = (host_name, tx.address, 8554)
        until(browser, {Resolved(DOTTED, *at), Resolved("Plain", *at), Resolved("Plain (2)", *at)})
        tell(ours, s1=DOTTED, s2="Renamed")
        until(browser, {Resolved(DOTTED, *at), Resolved("Renamed", *at)})
        assert ours.stop() == 0
        until(browser, set())
        tshark.stop(signal.SIGINT)
    assert tx.counters("eth1").sent_packets == before
    read = ["tshark", "-r", str(capture), "-Y", f"ip.src == {tx.address}", "-T", "fields"]
    read += ["-e", "ip.ttl", "-e", "dns.a", "-e", "_ws.malformed", "-e", "_ws.expert.severity"]
    lines = [line.split("\t") for line in tx.run(*read).stdout.splitlines()]
    assert len(lines) > 3
    assert {(ttl, malformed) for ttl, _, malformed, _ in lines} == {("255", "")}
    assert {address for _, addresses, *_ in lines for address in addresses.split(",") if address} == {tx.address}


def test_a_name_that_another_device_has_gets_a_number(tx: Host, rx: Host, tmp_path: Path, host_name: str) -> None:
    with (
        avahi(rx, tmp_path) as there,
        there.start("avahi-publish", "-s", "--subtype", "_ravenna_session._sub._rtsp._tcp", "Mix", "_rtsp._tcp", "1"),
        there.browse() as browser,
        peer(tx, tmp_path) as ours,
    ):
        other = Resolved("Mix", "rx.local", rx.address, 1)
        until(browser, {other})
        tell(ours, s1="Mix")
        until(browser, {other, Resolved("Mix (2)", host_name, tx.address, 8554)})
        assert last(ours)["names"] == {"s1": "Mix (2)"}


def test_sessions_are_found_fetched_and_played(tx: Host, rx: Host, tmp_path: Path) -> None:
    url = f"rtsp://{tx.address}:8554/by-name/Mix%20%C3%9C"
    capture = tmp_path / "rtsp.pcap"
    with (
        peer(tx, tmp_path) as ours,
        peer(rx, tmp_path, what="find") as finder,
        tx.start(["gst-launch-1.0", "-q", *SENT.split()], tmp_path / "rtp.log"),
        rx.start(
            ["tshark", "-q", "-i", "eth0", "-f", "tcp port 8554", "-w", str(capture)], tmp_path / "tshark.log"
        ) as tshark,
    ):
        tell(ours, s1="Mix Ü", s2="Studio 1.5")
        ours.wait_for(r'"port": 8554', WITHIN_S)
        tshark.wait_for("Capturing", WITHIN_S)
        there = [tx.address, "239.69.8.1", 5004, "L24/48000/2"]
        wait_until(
            lambda: sorted(last(finder) or []) == [["Mix Ü", *there], ["Studio 1.5", *there]], WITHIN_S, finder.tail
        )
        sdp = rx.run("curl", "-sS", "--fail", f"http://{tx.address}:8554/sdp/s1").stdout
        assert "s=Mix Ü\n" in sdp.replace("\r\n", "\n")
        assert rx.run("curl", "-sS", "--fail", f"http://{tx.address}:8554/sdp/s9").returncode == 22
        sound = tmp_path / "ffmpeg.raw"
        player = rx.run("ffmpeg", "-y", "-loglevel", "warning", "-i", url, "-t", "0.5", "-f", "s24be", str(sound))
        assert is_square_wave(sound), player.stderr
        sound = tmp_path / "gst.raw"
        play = ["gst-launch-1.0", "-e", "rtspsrc", f"location={url}", "multicast-iface=eth0", "!", "rtpL24depay", "!"]
        with rx.start([*play, "filesink", f"location={sound}"], tmp_path / "gst.log") as gst:
            wait_until(lambda: is_square_wave(sound), WITHIN_S, gst.tail)
            gst.stop(signal.SIGINT)
        tshark.stop(signal.SIGINT)
    read = tx.run(
        "tshark", "-r", str(capture), "-Y", "rtsp", "-T", "fields", "-e", "rtsp.method", "-e", "_ws.malformed"
    )
    methods = {line.partition("\t")[0] for line in read.stdout.splitlines()}
    assert {"DESCRIBE", "SETUP", "PLAY"} <= methods
    assert not [line for line in read.stdout.splitlines() if line.partition("\t")[2]]


def is_square_wave(sound: Path) -> bool:
    """Whether there is a tenth of a second of the sender's sound: half of full scale, up or down."""
    octets = sound.read_bytes() if sound.exists() else b""
    return len(octets) > 28_800 and bool(re.search(rb"(?:\x3f\xff.){50}|(?:\x40\x00\x00){50}", octets, re.DOTALL))


def test_who_must_give_up_a_name_is_settled_by_the_greater_record(tx: Host, rx: Host, tmp_path: Path) -> None:
    with peer(tx, tmp_path) as ours:
        tell(ours, s1="Mix")
        ours.wait_for("8554", WITHIN_S)
        # Time to ask whether the name is free, and to announce it.
        time.sleep(1.2)
        assert rx.run(sys.executable, "-c", RIVAL, rx.address, "aaaa.local.").returncode == 0
        time.sleep(0.5)
        assert last(ours)["names"] == {"s1": "Mix"}
        assert rx.run(sys.executable, "-c", RIVAL, rx.address, "zzzz.local.").returncode == 0
        wait_until(lambda: last(ours)["names"] == {"s1": "Mix (2)"}, WITHIN_S, ours.tail)


def test_announcements_return_with_the_link_and_follow_the_address(
    tx: Host, rx: Host, tmp_path: Path, host_name: str
) -> None:
    moved = "10.77.0.99"
    with avahi(rx, tmp_path) as there, peer(tx, tmp_path) as ours:
        tell(ours, s1="Mix")
        wait_until(lambda: there.look() == {Resolved("Mix", host_name, tx.address, 8554)}, WITHIN_S, ours.tail)
        tx.set_link(up=False)
        time.sleep(1.2)
        tx.run("ip", "address", "flush", "dev", "eth0")
        tx.run("ip", "address", "add", f"{moved}/24", "dev", "eth0")
        tx.set_link(up=True)
        wait_until(lambda: there.look() == {Resolved("Mix", host_name, moved, 8554)}, WITHIN_S, ours.tail)
        assert rx.run("curl", "-sS", "--fail", f"http://{moved}:8554/sdp/s1").returncode == 0
