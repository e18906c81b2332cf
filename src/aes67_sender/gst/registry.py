"""Where GStreamer keeps what it knows of its plugins."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import MutableMapping

_VARIABLE: Final = "GST_REGISTRY_1_0"


def keep_writable(environment: MutableMapping[str, str]) -> None:
    """Move a registry that cannot be written to the temporary folder: every start would take ten seconds longer.

    The wheels set the variable, to a file beside the installation, where a service or another user may not write.
    Linux leaves it unset: GStreamer's own choice is the user's cache.
    """
    named = environment.get(_VARIABLE)
    if not named:
        return
    folder = Path(named).parent
    try:
        folder.mkdir(parents=True, exist_ok=True)
        # Only trying tells on Windows.
        with tempfile.TemporaryFile(dir=folder):
            return
    except OSError:
        environment[_VARIABLE] = str(Path(tempfile.gettempdir()) / f"aes67-sender-{Path(named).name}")
