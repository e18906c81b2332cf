"""Our grandmaster among real PTP daemons: it is followed, it yields, it takes over.

All hosts share one kernel clock, which the grandmaster serves as TAI: a follower that is right sees an offset of
nothing, and its own figures of the path say how well it can see that.
"""

from __future__ import annotations

import re
import signal
import statistics
import subprocess
import time
from typing import TYPE_CHECKING

import pytest

from support import ptp4l
from support.ours import is_master, start_grandmaster, yields
from support.sender import PROGRAM

if TYPE_CHECKING:
    from pathlib import Path

    from support.netlab import Host
    from support.process import LoggedProcess
    from support.sender import Sender

WITHIN_S = 30
#: So many times the path delay may the median offset be: the path is as short as a context switch.
FAR = 5
# What ptp4l has by default: it times out after three of our Announces, one every 2 s.
SLOW_ANNOUNCES = "logAnnounceInterval 1\nannounceReceiptTimeout 3\n"
REPORT = r"master offset +(?P<offset>-?\d+) .* path delay +(?P<delay>-?\d+)"


def identity(sender: Sender) -> str:
    return str(sender.wait_for(is_master, WITHIN_S)["identity"])


def measured(process: LoggedProcess, pattern: str, times: int) -> list[tuple[float, float]]:
    """The last offsets and path delays, once a follower has reported so many; ``pattern`` finds one of them."""
    deadline_s = time.monotonic() + WITHIN_S
    while len(found := list(re.finditer(pattern, process.output()))) < times:
        assert time.monotonic() < deadline_s, process.tail()
        time.sleep(0.2)
    # The first ones are from before the path delay was known.
    return [(float(each["offset"]), float(each["delay"])) for each in found[times // 3 :]]


def is_near(figures: list[tuple[float, float]]) -> bool:
    offset = statistics.median(each[0] for each in figures)
    delay = statistics.median(each[1] for each in figures)
    return delay > 0 and abs(offset) < FAR * delay


def asked(host: Host, directory: Path, *sets: str) -> dict[str, str]:
    """What a follower's management socket tells."""
    path = ptp4l.uds_path(host, directory, "follower")
    text = host.run("pmc", "-u", "-b", "0", "-s", str(path), *(f"GET {each}" for each in sets)).stdout
    return dict(re.findall(r"^\s+([\w.]+)\s+(\S+)\s*$", text, re.MULTILINE))


def test_ptp4l_follows_it(gm: Host, tx: Host, tmp_path: Path) -> None:
    options = ("--priority2", "77", "--clock-class", "200", "--tai-utc-offset", "37")
    with start_grandmaster(gm, tmp_path, *options) as ours:
        name = identity(ours)
        with ptp4l.follower(tx, tmp_path, more=SLOW_ANNOUNCES) as daemon:
            figures = measured(daemon, REPORT, 7)
            told = asked(tx, tmp_path, "PARENT_DATA_SET", "TIME_PROPERTIES_DATA_SET", "CURRENT_DATA_SET")
            status = ours.wait_for(lambda each: each["followers"] == 1)
        assert ours.stop() == 0
    assert is_near(figures), figures
    assert told["grandmasterIdentity"].replace(".", "") == name.replace("-", "")
    assert (told["grandmasterPriority1"], told["grandmasterPriority2"], told["gm.ClockClass"]) == ("128", "77", "200")
    assert (told["currentUtcOffset"], told["currentUtcOffsetValid"], told["ptpTimescale"]) == ("37", "1", "1")
    assert (told["timeTraceable"], told["frequencyTraceable"]) == ("0", "0")
    assert (told["stepsRemoved"], told["timeSource"]) == ("1", "0xa0")
    assert (status["stamps"], status["send_failures"]) == ("kernel", 0)


def test_ptpd_follows_it(gm: Host, tx: Host, tmp_path: Path) -> None:
    command = ["ptpd", "-i", tx.interface, "-s", "-E", "-C", "-V", "-n", "-L"]
    with start_grandmaster(gm, tmp_path, "--tai-utc-offset", "37") as ours:
        name = identity(ours).replace("-", "")
        with tx.start(command, tmp_path / "ptpd.log") as daemon:
            line = rf"slv, {name}\(\w+\)/1, +(?P<delay>0\.\d*[1-9]\d*), +(?P<offset>-?\d+\.\d+)"
            figures = measured(daemon, line, 40)
    assert is_near(figures), figures


def test_it_yields_to_a_better_clock_and_takes_over_when_that_dies(gm: Host, tx: Host, tmp_path: Path) -> None:
    with start_grandmaster(tx, tmp_path) as ours:
        identity(ours)
        for _ in range(2):
            with ptp4l.contender(gm, tmp_path, priority1=1) as better:
                status = ours.wait_for(yields, WITHIN_S)
                assert status["yields_to"] == ptp4l.grandmaster_identity(better)
                assert status["yields_to_address"] == gm.address
                ours.wait_for(lambda each: yields(each) and each["sent"] == {})
                better.kill()
            assert ours.wait_for(is_master, WITHIN_S)["yields_to"] is None
            ours.wait_for(lambda each: is_master(each) and each["sent"].get("Follow_Up", 0) > 1)


def test_a_worse_clock_yields_to_it(gm: Host, tx: Host, tmp_path: Path) -> None:
    with ptp4l.contender(gm, tmp_path, priority1=200, more=SLOW_ANNOUNCES) as worse:
        worse.wait_for("assuming the grand master role", WITHIN_S)
        with start_grandmaster(tx, tmp_path, "--priority1", "1") as ours:
            digits = identity(ours).replace("-", "")
            name = f"{digits[:6]}.{digits[6:10]}.{digits[10:]}"
            worse.wait_for(rf"selected best master clock {name}", WITHIN_S)
            worse.wait_for(r"MASTER to UNCALIBRATED", WITHIN_S)
            seen = len(ours.snapshots())
            time.sleep(4)
            assert {each["state"] for each in ours.snapshots()[seen:]} == {"master"}


def test_a_clock_that_was_stopped_does_not_take_its_own_deafness_for_silence(
    gm: Host, tx: Host, tmp_path: Path
) -> None:
    with ptp4l.grandmaster(gm, tmp_path), start_grandmaster(tx, tmp_path) as ours:
        ours.wait_for(yields, WITHIN_S)
        seen = len(ours.snapshots())
        ours.process.popen.send_signal(signal.SIGSTOP)
        time.sleep(6)  # the better clock's Announces count for 3 s
        ours.process.popen.send_signal(signal.SIGCONT)
        ours.wait_for(lambda _: len(ours.snapshots()) > seen + 3)
        later = ours.snapshots()[seen:]
    assert {each["state"] for each in later} == {"yielding"}
    assert all(each["sent"] == {} for each in later)


PEER_DELAY = ("--peer-delay", "delay_mechanism P2P\n")


@pytest.mark.parametrize(
    ("option", "mechanism"), [("", ""), pytest.param(*PEER_DELAY, marks=pytest.mark.soak)], ids=["end-to-end", "peer"]
)
def test_tshark_finds_nothing_wrong_in_what_a_follower_gets(
    gm: Host, tx: Host, tmp_path: Path, option: str, mechanism: str
) -> None:
    fields = ("ptp.v2.messagetype", "ip.dsfield.dscp", "ip.ttl", "ptp.v2.logmessageperiod", "ptp.v2.sequenceid")
    captured = tmp_path / "ptp.pcapng"
    with start_grandmaster(gm, tmp_path, "--domain", "3", *option.split()) as ours:
        identity(ours)
        with (
            ptp4l.follower(tx, tmp_path, domain=3, more=mechanism + SLOW_ANNOUNCES) as daemon,
            tx.start(["dumpcap", "-q", "-P", "-i", tx.interface, "-w", str(captured)], tmp_path / "dumpcap.log") as tap,
        ):
            tap.wait_for("Capturing on", WITHIN_S)
            figures = measured(daemon, REPORT, 7)
            tap.stop(signal.SIGINT)
    assert is_near(figures), figures
    shown = [part for each in fields for part in ("-e", each)]
    ours_only = f"ip.src=={gm.address} and udp.port in {{319,320}}"
    assert tshark(captured, f"{ours_only} and (_ws.malformed or _ws.expert or not ptp.v2.domainnumber==3)") == ""
    by_type: dict[int, list[tuple[int, ...]]] = {}
    for line in tshark(captured, ours_only, "-T", "fields", *shown).splitlines():
        kind, *numbers = (int(each, 0) for each in line.split("\t"))
        by_type.setdefault(kind, []).append(tuple(numbers))
    sync, follow_up, announce = 0x0, 0x8, 0xB
    answers = {0x3: {127}, 0xA: {127}} if option else {0x9: {0}}
    periods = {kind: {each[2] for each in found} for kind, found in by_type.items()}
    assert periods == {sync: {-3}, follow_up: {-3}, announce: {1}, **answers}
    assert {each[:2] for kind, found in by_type.items() if kind < 8 for each in found} == {(46, 1)}
    for kind in (sync, follow_up, announce):
        numbers = [each[3] for each in by_type[kind]]
        assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    assert len(by_type[sync]) > 8 * len(by_type[announce])


def test_two_kinds_of_followers_do_not_disturb_each_other(gm: Host, tx: Host, rx: Host, tmp_path: Path) -> None:
    with start_grandmaster(gm, tmp_path) as ours:
        identity(ours)
        peers = ptp4l.contender(rx, tmp_path, priority1=255, more=f"delay_mechanism P2P\n{SLOW_ANNOUNCES}")
        with peers as other, ptp4l.follower(tx, tmp_path, more=SLOW_ANNOUNCES) as daemon:
            other.wait_for("to UNCALIBRATED", WITHIN_S)
            time.sleep(3)
            assert "pdelay_req on E2E port" in daemon.output()
            assert "FAULTY" not in daemon.output()


def tshark(captured: Path, what: str, *options: str) -> str:
    """What tshark shows of a capture."""
    command = ["tshark", "-r", str(captured), "-Y", what, *options]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout


def test_each_change_is_said_once_and_a_line_each_second(gm: Host, tx: Host, tmp_path: Path) -> None:
    with ptp4l.grandmaster(gm, tmp_path) as better:
        name = re.escape(ptp4l.grandmaster_identity(better))
        command = [PROGRAM, "grandmaster", "--interface", tx.interface]
        with tx.start(command, tmp_path / "ours.log") as ours:
            ours.wait_for(rf"Yielding to a better clock, {name} at {gm.address}: sending nothing\.\n", WITHIN_S)
            ours.wait_for(r"s  yielding .*\n.*s  yielding .*\n", WITHIN_S)
            assert ours.stop(signal.SIGINT) == 0
            text = ours.output()
    assert [text.count(each) for each in ("Listening", "Yielding", "Master")] == [1, 1, 0]
    assert re.search(
        r"^ +\d+\.\d s  yielding   domain 0  0 followers  0 messages/s  kernel stamps$", text, re.MULTILINE
    )


def test_a_port_that_another_program_has_for_itself_is_one_sentence(tx: Host, tmp_path: Path) -> None:
    taker = (
        "import socket, time; s = socket.socket(2, 2); s.bind(('', 319)); print('taken', flush=True); time.sleep(99)"
    )
    with tx.start(["python3", "-c", taker], tmp_path / "taker.log") as other:
        other.wait_for("taken", WITHIN_S)
        with start_grandmaster(tx, tmp_path) as ours:
            assert ours.process.wait(WITHIN_S) == 3
    assert re.fullmatch(r"Error: [^\n]*319[^\n]*\.\nHint: [^\n]*\n", (tmp_path / "ours.log").read_text())
