"""A JACK client that plays counter content: ``python -m support.jack_player --to PORT ...``; a process of its own.

By ctypes on libjack: it must know the frame it is at, and connect again whenever the ports it plays to come back, which
no player program offers. Ends when the server does, with ``SERVER_GONE``.
"""

from __future__ import annotations

import argparse
import ctypes
import os
import sys
import time
from typing import Any, Final

import numpy as np

from support.content import counter

SERVER_GONE: Final = 3
PLAYING: Final = "player: connected"
_PORT_IS_OUTPUT: Final = 0x2
_NO_START_SERVER: Final = 0x01
_AUDIO: Final = b"32 bit float mono audio"
_PROCESS = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_uint32, ctypes.c_void_p)
_SHUTDOWN = ctypes.CFUNCTYPE(None, ctypes.c_void_p)
_COUNTER_FRAMES: Final = 1 << 16


def _library() -> Any:
    jack = ctypes.CDLL("libjack.so.0")
    for name in (
        "jack_client_open",
        "jack_port_register",
        "jack_port_get_buffer",
        "jack_port_by_name",
        "jack_port_name",
    ):
        getattr(jack, name).restype = ctypes.c_void_p
    jack.jack_port_name.restype = ctypes.c_char_p
    return jack


def _open(jack: Any, name: str, within_s: float) -> ctypes.c_void_p:
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline:
        if client := jack.jack_client_open(name.encode(), _NO_START_SERVER, None):
            return ctypes.c_void_p(client)
        time.sleep(0.1)
    sys.exit(f"no JACK server {os.environ.get('JACK_DEFAULT_SERVER', 'default')!r} within {within_s} s")


def _play(jack: Any, client: ctypes.c_void_p, targets: list[str]) -> None:
    table = np.ascontiguousarray((counter(_COUNTER_FRAMES, len(targets)) / float(1 << 23)).T, np.float32)
    ports = [
        ctypes.c_void_p(jack.jack_port_register(client, f"out_{number}".encode(), _AUDIO, _PORT_IS_OUTPUT, 0))
        for number in range(1, len(targets) + 1)
    ]
    position = 0

    def process(frames: int, _: object) -> int:
        nonlocal position
        chosen = np.arange(position, position + frames) % _COUNTER_FRAMES
        for port, channel in zip(ports, table, strict=True):
            buffer = ctypes.cast(jack.jack_port_get_buffer(port, frames), ctypes.POINTER(ctypes.c_float))
            np.ctypeslib.as_array(buffer, (frames,))[:] = channel[chosen]
        position += frames
        return 0

    # Closing a client of a dead server can block, so the process just ends.
    callbacks = _PROCESS(process), _SHUTDOWN(lambda _: os._exit(SERVER_GONE))
    jack.jack_set_process_callback(client, callbacks[0], None)
    jack.jack_on_shutdown(client, callbacks[1], None)
    jack.jack_activate(client)
    told = False
    while True:
        missing = 0
        for port, target in zip(ports, targets, strict=True):
            if jack.jack_port_connected_to(port, target.encode()):
                continue
            there = jack.jack_port_by_name(client, target.encode())
            missing += not there or jack.jack_connect(client, jack.jack_port_name(port), target.encode()) != 0
        if not missing and not told:
            print(PLAYING, flush=True)
            told = True
        time.sleep(0.1)


def _main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--to", nargs="+", default=[], help="input ports; port n gets channel n of the counter")
    parser.add_argument("--name", default="player")
    parser.add_argument("--within-s", type=float, default=20)
    options = parser.parse_args()
    jack = _library()
    client = _open(jack, options.name, options.within_s)
    if options.to:
        _play(jack, client, options.to)
    jack.jack_client_close(client)


if __name__ == "__main__":
    _main()
