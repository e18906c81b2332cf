"""A program that has UDP ports for itself: ``python -m support.holdport PORT …`` until its standard input ends."""

from __future__ import annotations

import socket
import sys


def main() -> None:
    held = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in sys.argv[1:]]
    for sock, port in zip(held, sys.argv[1:], strict=True):
        sock.bind(("", int(port)))
    print("holding", flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
