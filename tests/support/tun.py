"""A tunnel as a VPN program makes one: ``python -m support.tun NAME`` holds it until its standard input ends."""

from __future__ import annotations

import fcntl
import os
import struct
import sys

_TUNSETIFF = 0x400454CA
_IFF_TUN, _IFF_NO_PI = 0x0001, 0x1000


def main() -> None:
    descriptor = os.open("/dev/net/tun", os.O_RDWR)
    fcntl.ioctl(descriptor, _TUNSETIFF, struct.pack("=16sH22x", sys.argv[1].encode(), _IFF_TUN | _IFF_NO_PI))
    print("open", flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
