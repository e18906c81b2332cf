"""A master that speaks by unicast only: ``python -m support.ptp_unicast FROM TO``.

Sends Announce and Sync to one address, flagged as unicast (IEEE 1588-2008 table 20), until it is stopped.
"""

from __future__ import annotations

import itertools
import socket
import sys
import time

from support.ptp_master import messages
from support.ptp_master.messages import EVENT_PORT, GENERAL_PORT, Header, announce_body, encode, timestamp

SOURCE = bytes.fromhex("020000fffe7a20010001")


def main() -> None:
    here, there = sys.argv[1:]
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind((here, 0))
    body = announce_body(
        utc_offset_s=37, priority1=1, clock_class=6, priority2=128, grandmaster=SOURCE[:8], steps_removed=0
    )
    print("sending", flush=True)
    for number in itertools.count():
        sync = Header(messages.SYNC, 0, SOURCE, number, flags=messages.UNICAST, log_interval=-3)
        sock.sendto(encode(sync, timestamp(time.time_ns())), (there, EVENT_PORT))
        if number % 8 == 0:
            announce = Header(messages.ANNOUNCE, 0, SOURCE, number, flags=messages.UNICAST)
            sock.sendto(encode(announce, body), (there, GENERAL_PORT))
        time.sleep(0.125)


if __name__ == "__main__":
    main()
