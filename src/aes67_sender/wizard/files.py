"""The config file before and after the questions, and the sound files that it names."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from aes67_sender.config.legacy import convert, is_legacy
from aes67_sender.config.load import config_error, judge
from aes67_sender.config.read import parse_json, read_text
from aes67_sender.errors import ConfigError
from aes67_sender.wizard.facts import Existing

if TYPE_CHECKING:
    from typing import Any


def read_existing(path: Path) -> Existing | None:
    """What stands in a file, that of the Node.js tool converted; ``None`` where there is no file. Writes nothing.

    Raises:
        ConfigError: it cannot be read or used.
    """
    if not path.exists():
        return None
    data, findings = parse_json(read_text(path))
    if findings:
        raise config_error(path.name, findings)
    if not is_legacy(data):
        return Existing(data, judge(data, name=path.name))
    converted: dict[str, Any]
    converted, notes = convert(data)
    errors = [note for note in notes if note.severity == "error"]
    if errors:
        raise ConfigError(f"{path.name} was written by the Node.js tool and cannot be converted.", problems=errors)
    return Existing(converted, judge(converted, name=path.name), converted=True, notes=tuple(notes))


def check_writable(path: Path) -> None:
    """Find out before the first question what would only come out after the last one.

    Raises:
        ConfigError: the file cannot be written there.
    """
    folder = Path(os.path.realpath(path)).parent
    another = "or name another file with -c."
    try:
        is_folder, is_there = path.is_dir(), folder.is_dir()
    except OSError:
        hint = f"Allow it to, {another}"
        raise ConfigError(f"This user may not look into {folder}.", hint=hint) from None
    if not is_there:
        raise ConfigError(f"There is no folder {folder}.", hint=f"Make it, {another}")
    if is_folder:
        raise ConfigError(f"{path} is a folder, not a file.", hint="Give the path of the config file itself.")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise ConfigError(f"This user may not write into {folder}.", hint=f"Allow it to, {another}")


def sound_path(typed: str, base_dir: Path) -> str:
    """How the config is to name a file that was typed here: paths in it start at its own folder, not at this one."""
    path = Path(typed).expanduser()
    if path.is_absolute() or base_dir == Path.cwd() or not path.exists():
        return str(path)
    return str(path.absolute())
