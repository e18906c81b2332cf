"""Gathers the folders that the sender and GStreamer write to."""

from __future__ import annotations

import os
import platform
import shutil
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from aes67_sender.logic.doctor.storage import PlaceFacts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aes67_sender.doctor.context import Context


def place_facts(context: Context) -> Iterator[PlaceFacts]:
    """The registry, the config and the SDP files."""
    yield _place(
        "storage.registry",
        "where GStreamer keeps its registry",
        registry().parent,
        "GST_REGISTRY=FILE in the environment names another; without it, each start takes seconds longer.",
        needed=False,
    )
    yield _place(
        "storage.config",
        "where the config is and is saved to",
        context.config_path.absolute().parent,
        "Name another config with -c.",
        needed=False,
    )
    yield _place(
        "storage.sdp",
        "where the SDP files go",
        context.config_path.absolute().parent / context.config.announce.sdp_dir,
        'Set "announce": {"sdp_dir": "FOLDER"} in the config.',
    )


def registry() -> Path:
    """GStreamer's registry file, as it finds it itself."""
    named = os.environ.get("GST_REGISTRY_1_0") or os.environ.get("GST_REGISTRY")
    if named:
        return Path(named)
    if sys.platform == "win32":
        cache = os.environ.get("LOCALAPPDATA", "~")
        return Path(cache).expanduser() / "Microsoft" / "Windows" / "INetCache" / "gstreamer-1.0" / "registry.bin"
    cache = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(cache).expanduser() / "gstreamer-1.0" / f"registry.{platform.machine()}.bin"


def _place(check: str, what: str, folder: Path, elsewhere: str, *, needed: bool = True) -> PlaceFacts:
    there = folder
    while not there.exists() and there != there.parent:
        there = there.parent
    try:
        free = shutil.disk_usage(there).free
    except OSError:
        free = None
    return PlaceFacts(check, what, str(there), _is_writable(there), free, elsewhere, needed=needed)


def _is_writable(folder: Path) -> bool:
    """By writing: rights alone do not tell on Windows, nor of network drives."""
    if not folder.is_dir():
        return False
    try:
        with tempfile.TemporaryFile(dir=folder, prefix=".aes67-doctor-"):
            return True
    except OSError:
        return False
