"""A JACK client that clicks: one sample high, at frames and times it prints. ``python -m support.jack_clicker PORT``.

With ``--tone`` it plays a low tone of -20 dBFS instead, and prints that it is connected.

A process of its own, by ctypes on libjack: the time of a frame is what tests judge by. Every line it prints is a JSON
list: the number of a frame with a click, the CLOCK_MONOTONIC ns at which JACK says that it was, and whether there was
an xrun in the last seconds: JACK's times are wrong by milliseconds then.
"""

from __future__ import annotations

import ctypes
import json
import math
import os
import sys
import time
from typing import Any, Final

import numba
import numpy as np

EVERY_FRAMES: Final = 4_800
#: How long JACK needs to find its time again.
SETTLE_S: Final = 10
_LEVEL: Final = np.array([0.5], np.float32)
CONNECTED: Final = "clicker: connected"
#: A whole number of frames, so that a table does.
TONE_HZ: Final = 480
TONE_LEVEL: Final = 0.1
_PERIOD_FRAMES: Final = 100
_LONGEST_CYCLE: Final = 8_192
_NO_START_SERVER: Final = 0x01
_PORT_IS_OUTPUT: Final = 0x2
_AUDIO: Final = b"32 bit float mono audio"
_SHUTDOWN = ctypes.CFUNCTYPE(None, ctypes.c_void_p)


def _library() -> Any:
    jack = ctypes.CDLL("libjack.so.0")
    for name in ("jack_client_open", "jack_port_register", "jack_port_by_name"):
        getattr(jack, name).restype = ctypes.c_void_p
    jack.jack_port_name.restype = ctypes.c_char_p
    jack.jack_frame_time.restype = ctypes.c_uint32
    for name in ("jack_get_time", "jack_frames_to_time"):
        getattr(jack, name).restype = ctypes.c_uint64
    return jack


def _callbacks(jack: Any, client: int, port: int, xrun: np.ndarray, table: np.ndarray) -> tuple[Any, Any]:
    """Compiled, so that no busy interpreter makes an xrun. ``table`` is the tone, or empty for clicks."""
    size = ctypes.c_size_t
    frame_time = ctypes.CFUNCTYPE(ctypes.c_uint32, size)(("jack_last_frame_time", jack))
    port_buffer = ctypes.CFUNCTYPE(size, size, ctypes.c_uint32)(("jack_port_get_buffer", jack))
    libc = ctypes.CDLL(None)
    fill = ctypes.CFUNCTYPE(size, size, ctypes.c_int, size)(("memset", libc))
    copy = ctypes.CFUNCTYPE(size, size, size, size)(("memcpy", libc))
    level = _LEVEL.ctypes.data
    tone, has_tone = table.ctypes.data, len(table) > 0
    callback = numba.types.int32(numba.types.uint32, numba.types.voidptr)
    flag = ctypes.c_void_p(xrun.ctypes.data)

    @numba.cfunc(callback)
    def process(frames: int, _: Any) -> int:
        first = np.int64(frame_time(client))
        buffer = port_buffer(port, frames)
        if has_tone:
            copy(buffer, tone + 4 * (first % _PERIOD_FRAMES), 4 * frames)
            return 0
        fill(buffer, 0, 4 * frames)
        offset = -first % EVERY_FRAMES
        if offset < frames:
            copy(buffer + 4 * offset, level, 4)
        return 0

    one = np.ones(1, np.int64).ctypes.data

    @numba.cfunc("int32(intp)")
    def note(flag: int) -> int:
        copy(flag, one, 8)
        return 0

    jack.jack_set_process_callback(ctypes.c_void_p(client), ctypes.c_void_p(process.address), None)
    jack.jack_set_xrun_callback(ctypes.c_void_p(client), ctypes.c_void_p(note.address), flag)
    return process, note


def _main(target: str, *, has_tone: bool) -> None:
    turns = np.arange(_LONGEST_CYCLE + _PERIOD_FRAMES if has_tone else 0) / _PERIOD_FRAMES
    table = (TONE_LEVEL * np.sin(2 * np.pi * turns)).astype(np.float32)
    jack = _library()
    number = jack.jack_client_open(b"clicker", _NO_START_SERVER, None)
    client = ctypes.c_void_p(number)
    port_number = jack.jack_port_register(client, b"out", _AUDIO, _PORT_IS_OUTPUT, 0)
    port, xrun = ctypes.c_void_p(port_number), np.zeros(1, np.int64)
    kept = _callbacks(jack, number, port_number, xrun, table), _SHUTDOWN(lambda _: os._exit(0))
    jack.jack_on_shutdown(client, kept[1], None)
    jack.jack_activate(client)
    xrun_s = -math.inf
    told = jack.jack_frame_time(client) // EVERY_FRAMES
    while True:
        there = jack.jack_port_by_name(client, target.encode())
        if there and not jack.jack_port_connected_to(port, target.encode()):
            done = jack.jack_connect(client, jack.jack_port_name(port), target.encode()) == 0
            if done and has_tone:
                print(CONNECTED, flush=True)
        if xrun[0]:
            xrun[0], xrun_s = 0, time.monotonic()
        while not has_tone and told < jack.jack_frame_time(client) // EVERY_FRAMES:
            told += 1
            before_ns = time.monotonic_ns()
            now_us = jack.jack_get_time()
            now_ns = (before_ns + time.monotonic_ns()) // 2
            at_us = jack.jack_frames_to_time(client, ctypes.c_uint32(told * EVERY_FRAMES))
            doubtful = time.monotonic() - xrun_s < SETTLE_S
            print(json.dumps([told * EVERY_FRAMES, now_ns - (now_us - at_us) * 1000, int(doubtful)]), flush=True)
        time.sleep(0.02)


if __name__ == "__main__":
    _main(sys.argv[1], has_tone="--tone" in sys.argv)
