"""Finds libjack, and says what its functions take and return."""

from __future__ import annotations

import ctypes
import sys
from typing import Final

from aes67_sender.errors import MachineError

_LIBRARY: Final = {"win32": "libjack64.dll", "darwin": "libjack.0.dylib"}.get(sys.platform, "libjack.so.0")


def load() -> ctypes.CDLL:
    """The library, with the types of all functions that are used.

    Raises:
        MachineError: it is not installed.
    """
    try:
        # winmode 0: JACK's installer puts it into C:\Windows, where Python does not look by default.
        lib = ctypes.CDLL(_LIBRARY, winmode=0)
    except OSError as error:
        remedy = (
            "Install it with: sudo apt install libjack-jackd2-0 jackd2"
            if sys.platform == "linux"
            else "Install JACK 2 from https://jackaudio.org."
        )
        raise MachineError("JACK is not installed on this machine.", hint=remedy) from error
    client, text = ctypes.c_void_p, ctypes.c_char_p
    lib.jack_client_open.restype = client
    lib.jack_client_close.argtypes = [client]
    lib.jack_activate.argtypes = [client]
    lib.jack_get_sample_rate.argtypes = [client]
    lib.jack_get_sample_rate.restype = ctypes.c_uint32
    lib.jack_get_buffer_size.argtypes = [client]
    lib.jack_get_buffer_size.restype = ctypes.c_uint32
    lib.jack_get_ports.argtypes = [client, text, text, ctypes.c_ulong]
    lib.jack_get_ports.restype = ctypes.POINTER(text)
    lib.jack_free.argtypes = [ctypes.c_void_p]
    lib.jack_port_by_name.argtypes = [client, text]
    lib.jack_port_by_name.restype = ctypes.c_void_p
    lib.jack_port_rename.argtypes = [client, ctypes.c_void_p, text]
    lib.jack_connect.argtypes = [client, text, text]
    lib.jack_get_cycle_times.argtypes = [client, *[ctypes.c_void_p] * 4]
    lib.jack_get_time.restype = ctypes.c_uint64
    lib.jack_frames_since_cycle_start.argtypes = [client]
    lib.jack_frames_since_cycle_start.restype = ctypes.c_uint32
    lib.jack_get_xrun_delayed_usecs.argtypes = [client]
    lib.jack_get_xrun_delayed_usecs.restype = ctypes.c_float
    _silence(lib)
    return lib


def _silence(lib: ctypes.CDLL) -> None:
    """Keep libjack off stderr: what it says there, the errors raised here say better.

    It wants ``void f(const char *)``. A C function that only looks at its argument serves; one written in Python
    would take the GIL in JACK's real-time thread.
    """
    quiet = ctypes.cast(ctypes.CDLL("msvcrt" if sys.platform == "win32" else None).strlen, ctypes.c_void_p)
    for setter in (lib.jack_set_error_function, lib.jack_set_info_function):
        setter.argtypes = [ctypes.c_void_p]
        setter.restype = None
        setter(quiet)
