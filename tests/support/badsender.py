"""A scripted sender that does things wrong: ``python -m support.badsender GROUP INTERFACE_ADDRESS "FAULT FAULT"``.

Sends L24/48000/2, 1 ms, stamped with CLOCK_REALTIME, which the lab's grandmaster serves, until it is stopped.
"""

from __future__ import annotations

import socket
import sys
import time

from aes67_sender.wire.rtp import RtpPacket, encode

FRAMES = 48
AHEAD_FRAMES = {"early": 20 * FRAMES, "late": -24 * FRAMES}


def main() -> None:
    group, address, told = sys.argv[1:]
    faults = told.split()
    ahead_frames = sum(AHEAD_FRAMES.get(fault, 0) for fault in faults)
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(address))
    sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 32)
    sock.setsockopt(socket.IPPROTO_IP, socket.IP_TOS, 34 << 2)
    number = time.time_ns() * 48_000 // 10**9 // FRAMES
    print("sending", flush=True)
    while True:
        time.sleep(max(0.0, ((number + 1) * FRAMES / 48_000) - time.time()))
        if not ("lossy" in faults and number % 100 == 0):
            stamp = (number * FRAMES + ahead_frames) % 2**32
            sock.sendto(encode(RtpPacket(97, number % 2**16, stamp, 7, b"\x10\0\1" * FRAMES * 2)), (group, 5004))
        number += 1


if __name__ == "__main__":
    main()
