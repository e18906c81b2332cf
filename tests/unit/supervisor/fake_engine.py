"""Speaks the engine's side of the protocol and sends nothing. Its behaviour is its first argument.

``realtime_why`` of its reports carries what a test wants to know of it, as JSON.
"""

from __future__ import annotations

import json
import os
import select
import signal
import sys
import time
from dataclasses import replace

from aes67_sender.logic.codec import decode_line, encode_line
from aes67_sender.model.clock import ClockMapping
from aes67_sender.model.levels import LevelWindow
from aes67_sender.model.protocol import Report, SetClock, SetConfig, Start, Stop, StreamReport
from aes67_sender.model.snapshot import ClockStatus, LatenessStatus, SourceStatus

REFUSALS = {"refusing": "There is no room."}
GARBAGE = b"Traceback? no, a library that prints\n\xff\xfe\x00\n{}\n[]\n"
GRANDMASTER = "00-1d-c1-ff-fe-12-34-56"


def report(start: Start, started_s: float, told: dict[str, object], refused: str = "") -> bytes:
    """A report in the mode that was told last."""
    now_ns = time.monotonic_ns()
    mapping = start.mapping or ClockMapping(now_ns, 1_796_212_800_000_000_000, 0.0, 1)
    clock = ClockStatus(
        mode=str(told["mode"]),
        provider="gstreamer",
        state="locked",
        why="Follows the grandmaster.",
        domain=0,
        grandmaster=start.grandmaster or GRANDMASTER,
        steps_removed=0,
        offset_ns=-310,
        path_delay_ns=5200,
        rate_ppm=0.0,
        accuracy_ns=900,
        timestamping="user",
        since_s=round(time.monotonic() - started_s, 1),
        anchors=mapping.anchor,
        monotonic_ns=now_ns,
        media_time_ns=mapping.media_at(now_ns),
    )
    packets = int((time.monotonic() - started_s) * 1000)
    streams = tuple(
        StreamReport(
            id=stream.id,
            sending=True,
            packets=packets,
            missed=0,
            send_errors=0,
            send_error="",
            lateness_us=LatenessStatus(40, 90, 300),
            packet_time_us=1000.0,
            handover=replace(stream, source_port=stream.source_port or 40_000),
            levels=(LevelWindow((-18.0, float("-inf")), (-21.0, float("-inf"))),),
            clipped=(0, 0),
        )
        for stream in start.streams
        if all(each["enabled"] for each in start.config.get("streams", ()) if each["id"] == stream.id)
    )
    sources = (SourceStatus("tone", "tone", "running", "", 0.0, 20.0, 0, 0, (-18.0, -18.0)),)
    return encode_line(
        Report(
            clock,
            mapping,
            sources,
            streams,
            realtime=False,
            realtime_why=json.dumps(told),
            cpu_percent=6.1,
            serial=start.serial,
            refused=refused,
        )
    )


def write(data: bytes) -> None:
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()


def log(line: str) -> None:
    sys.stderr.write(line + "\n")
    sys.stderr.flush()


def tell(behaviour: str, line: bytes) -> None:
    match behaviour:
        case "mute" | "deaf-mute":
            pass
        case "babble":
            write(b"hello\n" * 100)
        case "endless-line":
            write(b"x" * 65536)
        case "flood":
            write(line * 20)
            log("much to say " * 10)
        case _:
            write(line)


def introduction(start: Start, waited_s: float) -> dict[str, object]:
    return {
        "mode": start.config.get("clock", {}).get("mode", "auto"),
        "pid": os.getpid(),
        "waited_s": waited_s,
        "mapping": start.mapping is not None,
        "grandmaster": start.grandmaster,
        "ssrc": [stream.ssrc for stream in start.streams],
        "offsets": [stream.sequence_offset for stream in start.streams],
        "ports": [stream.source_port for stream in start.streams],
        "configs": 0,
        "interface": start.interface,
        "source_address": start.source_address,
    }


def main(behaviour: str) -> int:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    born_s = time.monotonic()
    if behaviour == "crash":
        raise RuntimeError("no such thing")
    log("INFO: the fake engine waits")
    line = sys.stdin.buffer.readline()
    if not line:
        return 0
    start = decode_line(line)
    assert isinstance(start, Start)
    started_s = time.monotonic()
    told = introduction(start, started_s - born_s)
    refused = ""
    if start.stdin_fd is not None:
        told["stdin"] = os.read(start.stdin_fd, 100).decode()
    write(GARBAGE if behaviour == "garbage" else b"")
    while True:
        if behaviour == "hang" and time.monotonic() - started_s > 0.3:
            time.sleep(3600)
        tell(behaviour, report(start, started_s, told, refused))
        ready, _, _ = select.select([sys.stdin], [], [], 0 if behaviour == "flood" else 0.05)
        if ready and behaviour != "deaf-mute":
            line = sys.stdin.buffer.readline()
            match decode_line(line) if line else Stop():
                case Stop() if behaviour != "stubborn":
                    return 0
                case SetClock(mode):
                    told["mode"] = mode
                case SetConfig(config, streams, serial) if behaviour != "ignorant":
                    start = replace(start, config=config, streams=streams, serial=serial)
                    told["configs"] = int(str(told["configs"])) + 1
                    refused = REFUSALS.get(behaviour, "")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
