"""The user's config as a service needs it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from aes67_sender.config.legacy import render_config
from aes67_sender.service.plan import ConfigFile
from aes67_sender.service.systemd import STATE_FOLDER

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from aes67_sender.config.model import Config

#: Kinds of source that belong to the session of whoever is logged in.
_OF_SESSION = frozenset({"jack", "pulse", "pipewire", "coreaudio", "wasapi", "wasapi-loopback", "asio"})


def moved_config(data: Mapping[str, Any], given: Config, base_dir: Path) -> ConfigFile:
    """A config file as it is to stand in another folder: relative paths of sound files go on meaning the same.

    ``data`` is the JSON data, ``given`` the config in it, ``base_dir`` the folder it stands in. ``sdp_dir`` stays as it
    is written: relative, it is a folder beside the new file.
    """
    paths = {source.id: os.path.normpath(base_dir / source.path) for source in given.sources if source.kind == "file"}
    sources = [
        {**source, "path": paths[known.id]} if known.id in paths else source
        for source, known in zip(data.get("sources", []), given.sources, strict=False)
    ]
    sdp_dir = Path(given.announce.sdp_dir)
    outside = sdp_dir.is_absolute() and not sdp_dir.is_relative_to(STATE_FOLDER)
    return ConfigFile(
        render_config({**data, **({"sources": sources} if sources else {})}),
        writable=(str(sdp_dir),) if outside else (),
        readable=tuple(paths.values()),
        notes=(*service_notes(given), *session_notes(given)),
    )


def service_notes(config: Config) -> tuple[str, ...]:
    """What no service can do of a config."""
    stdin = [source.id for source in config.sources if source.kind == "stdin"]
    return tuple(f"Source {each} reads standard input, which is empty for a service." for each in stdin)


def session_notes(config: Config) -> tuple[str, ...]:
    """What a service of the system cannot do of a config."""
    found = [source.id for source in config.sources if source.kind in _OF_SESSION]
    if not found:
        return ()
    text = (
        f"{', '.join(found)}: JACK, PipeWire and PulseAudio run in the session of a user and do not let others in. If "
        "yours does, install with --user-session instead."
    )
    return (text,)
