"""Windows' own functions by ctypes: how a DLL is opened, and what its errors mean. Importable everywhere.

On 64-bit Windows there is one calling convention, so ``CDLL`` serves, which other systems have too.
"""

from __future__ import annotations

import ctypes
import errno
import os
import sys
from typing import Any, Final

ON_WINDOWS: Final = bool(sys.platform == "win32")


def load(name: str) -> Any:  # noqa: ANN401  ctypes types are untyped
    """A DLL of Windows. Raises OSError where there is none: not every Windows has all of them."""
    return ctypes.CDLL(name, use_last_error=True)


def last_error() -> int:
    """GetLastError after the last call into a DLL that ``load`` gave, in this thread."""
    number = 0
    if sys.platform == "win32":
        number = ctypes.get_last_error()
    return number


def reader_is_gone(error: BaseException) -> bool:
    """Whether what was written went into a pipe that nobody reads any more; Windows may call that "invalid"."""
    if isinstance(error, BrokenPipeError):
        return True
    return ON_WINDOWS and isinstance(error, OSError) and error.errno == errno.EINVAL


def error_text(number: int) -> str:
    """What an error number of Windows (elsewhere: errno) means, as part of a sentence."""
    if sys.platform == "win32":
        text = ctypes.FormatError(number)
    else:
        text = os.strerror(number)
    return text.rstrip(". ").lower()
