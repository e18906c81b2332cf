"""Single keys from the console of Windows, by ReadConsoleInput. Importable everywhere.

``msvcrt`` would take away the difference between Tab and Shift-Tab, and has to be asked again and again.
"""

from __future__ import annotations

import ctypes
import struct
from typing import TYPE_CHECKING, Any, Final

from aes67_sender import winapi
from aes67_sender.ui.keys import decode

if TYPE_CHECKING:
    from collections.abc import Iterable

# winbase.h, wincontypes.h, winuser.h
_STDIN: Final = -10
_TIMEOUT: Final = 0x102
_WAIT_FAILED: Final = 0xFFFF_FFFF
_KEY_EVENT: Final = 1
_SHIFT: Final = 0x10
_VK_TAB: Final = 0x09
#: Keys that are no characters, as terminals elsewhere write them.
_SEQUENCES: Final = {
    0x21: "\x1b[5~",
    0x22: "\x1b[6~",
    0x23: "\x1b[F",
    0x24: "\x1b[H",
    0x26: "\x1b[A",
    0x28: "\x1b[B",
}
#: INPUT_RECORD, as far as it is a key: event type, whether down, repetitions, key, scan code, UTF-16 unit, state.
_RECORD: Final = struct.Struct("<H2xiHHHHI")
_MOST: Final = 64


def open_console() -> WindowsKeys | None:
    """The keys of the console on standard input; ``None`` where it is none, as with NUL. Windows only."""
    kernel = winapi.load("kernel32")
    kernel.GetStdHandle.restype = ctypes.c_void_p
    kernel.WaitForSingleObject.restype = ctypes.c_uint32
    handle = ctypes.c_void_p(kernel.GetStdHandle(_STDIN))
    record, count = ctypes.create_string_buffer(_RECORD.size), ctypes.c_uint32()
    # To look is not only to see whether it is one: wine listens to the keyboard from then on only.
    if not kernel.PeekConsoleInputW(handle, record, 1, ctypes.byref(count)):
        return None
    return WindowsKeys(kernel, handle)


class WindowsKeys:
    """Reads a console by Windows' functions. Its mode is left alone: Ctrl-C and Ctrl-Break do not come as keys."""

    def __init__(self, kernel: Any, handle: Any) -> None:  # noqa: ANN401  ctypes types are untyped
        self._kernel = kernel
        self._handle = handle
        self._records = ctypes.create_string_buffer(_RECORD.size * _MOST)

    def read(self, timeout_s: float) -> tuple[str, ...]:
        """See ``Keys``. What the mouse does, and keys that are let go, end the waiting too."""
        found = self._kernel.WaitForSingleObject(self._handle, round(timeout_s * 1000))
        if found == _TIMEOUT:
            return ()
        count = ctypes.c_uint32()
        if found == _WAIT_FAILED or not self._kernel.ReadConsoleInputW(
            self._handle, self._records, _MOST, ctypes.byref(count)
        ):
            raise EOFError
        return keys_in(_RECORD.iter_unpack(self._records.raw[: count.value * _RECORD.size]))

    def close(self) -> None:
        """Nothing to give back."""


def keys_in(records: Iterable[tuple[int, ...]]) -> tuple[str, ...]:
    """Names of the keys in input records, as ``_RECORD`` unpacks them."""
    typed = ""
    for event, down, repetitions, key, _, unit, state in records:
        if event == _KEY_EVENT and down:
            back = key == _VK_TAB and state & _SHIFT
            typed += ("\x1b[Z" if back else _SEQUENCES.get(key) or (chr(unit) if unit else "")) * repetitions
    return decode(typed)
