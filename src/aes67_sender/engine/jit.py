"""numba's compiler behind one typed name.

``NUMBA_DISABLE_JIT=1`` makes every function plain Python, so that tests can step through the packet path.
"""

from __future__ import annotations

import hashlib
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, TypeVar, cast, overload

import numba

if TYPE_CHECKING:
    from collections.abc import Callable

F = TypeVar("F", bound="Callable[..., object]")
#: What the compiler may assume about floats: that the order of a sum does not matter (``reassoc``), that a product
#: needs no rounding before it is added (``contract``). Not that there is no NaN or infinity.
FloatRule = Literal["reassoc", "contract"]
#: The packages with compiled code.
COMPILED: Final = ("resample", "transmit")


def _cache_folder() -> Path | None:
    """Where compiled code is kept between runs, ``None`` where nothing can be written.

    numba looks at the age of a function's own file only, but a loop contains code of its neighbours too: a folder
    named after the contents of all of them can hold nothing stale.
    """
    here = Path(__file__).parent
    sources = [source for package in COMPILED for source in sorted((here / package).glob("*.py"))]
    contents = b"".join(source.read_bytes() for source in sources)
    name = f"compiled-{hashlib.sha256(contents).hexdigest()[:12]}"
    users = os.environ.get("LOCALAPPDATA") if sys.platform == "win32" else os.environ.get("XDG_CACHE_HOME")
    own = Path(users or "~/.cache") / "aes67-sender"
    # A service names a folder; there may be compiled code beside the sources, but not of its user's.
    wanted = [Path(named)] if (named := os.environ.get("NUMBA_CACHE_DIR")) else []
    for parent in (*wanted, here / "__pycache__", own):
        try:
            folder = parent.expanduser() / name
            folder.mkdir(parents=True, exist_ok=True)
        except (OSError, RuntimeError):
            continue
        if os.access(folder, os.W_OK):
            return folder
    return None


CACHE_FOLDER = _cache_folder()
if CACHE_FOLDER:
    _settings: Any = numba.config
    _settings.CACHE_DIR = str(CACHE_FOLDER)


@overload
def nogil(function: F) -> F: ...
@overload
def nogil(*, fastmath: tuple[FloatRule, ...]) -> Callable[[F], F]: ...
def nogil(function: F | None = None, *, fastmath: tuple[FloatRule, ...] = ()) -> F | Callable[[F], F]:
    """Compile to machine code that runs without the GIL; the result is kept on disk where that is possible.

    ``error_model="numpy"`` leaves out the checks for division by zero, which would raise, and so need Python.
    """
    kept = CACHE_FOLDER is not None
    compiler = numba.njit(nogil=True, cache=kept, error_model="numpy", fastmath=set(fastmath))
    decorate = cast("Callable[[F], F]", compiler)
    return decorate if function is None else decorate(function)
