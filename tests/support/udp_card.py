"""A sound card that is none: sends a tone by UDP to a bin that receives it, at a pace and with faults of its own.

``python -m support.udp_card PORT`` on the sender's host; a JSON object per line on its standard input changes how it
behaves. A live source for GStreamer, stamped when it arrives, as virtual cards are.
"""

from __future__ import annotations

import json
import socket
import sys
import threading
import time
from typing import TYPE_CHECKING, Any, Final

import numpy as np

if TYPE_CHECKING:
    from support.netlab import Host
    from support.process import LoggedProcess

PORT: Final = 6_000
RATE_HZ: Final = 48_000
TONE_HZ: Final = 440.0
LEVEL: Final = 0.1
#: One datagram; a burst has several.
DATAGRAM_FRAMES: Final = 240
#: For the config: a bin that hears the card.
BIN: Final = (
    f'udpsrc address=127.0.0.1 port={PORT} caps="audio/x-raw,format=F32LE,layout=interleaved,rate={RATE_HZ},channels=1"'
)


class UdpCard:
    """A running card, as tests drive it."""

    def __init__(self, process: LoggedProcess) -> None:
        self._process = process

    def set(self, **behaviour: Any) -> None:
        """``ppm``, ``burst_frames``; ``lose_s`` once: so much sound is captured but never sent."""
        self._process.write(json.dumps(behaviour) + "\n")

    def stop(self) -> None:
        self._process.kill()


def start_udp_card(host: Host, directory: Any, environment: dict[str, str]) -> UdpCard:
    """Start one on the sender's host."""
    command = [sys.executable, "-m", "support.udp_card"]
    return UdpCard(host.start(command, directory / "card.log", environment=environment, commanded=True))


def _main() -> None:
    settings: dict[str, float] = {"ppm": 0.0, "burst_frames": 960, "lose_s": 0.0}

    def listen() -> None:
        for line in sys.stdin:
            settings.update(json.loads(line))

    threading.Thread(target=listen, daemon=True).start()
    outlet = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    frame, due_s = 0, time.monotonic()
    while True:
        if lost_s := settings["lose_s"]:
            settings["lose_s"] = 0.0
            frame += round(lost_s * RATE_HZ)
            due_s += lost_s
        count = int(settings["burst_frames"])
        due_s += count / RATE_HZ / (1 + settings["ppm"] * 1e-6)
        time.sleep(max(due_s - time.monotonic(), 0))
        turns = TONE_HZ / RATE_HZ * np.arange(frame, frame + count)
        sound = (LEVEL * np.sin(2 * np.pi * turns)).astype("<f4")
        for at in range(0, count, DATAGRAM_FRAMES):
            outlet.sendto(sound[at : at + DATAGRAM_FRAMES].tobytes(), ("127.0.0.1", PORT))
        frame += count


if __name__ == "__main__":
    _main()
