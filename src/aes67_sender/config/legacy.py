"""Importing the Node.js tool's file, and writing config files without ever losing one."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aes67_sender.config.findings import show, show_path
from aes67_sender.config.load import CONFIG_NAME, LEGACY_CODE, config_error, load_config, parse_data
from aes67_sender.config.nodejs import convert, is_legacy
from aes67_sender.config.read import parse_json, read_text
from aes67_sender.errors import ConfigError
from aes67_sender.model.problem import Problem

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aes67_sender.config.model import Config
    from aes67_sender.model.interface import Interface

__all__ = ["convert", "import_legacy", "is_legacy", "load_or_import", "render_config", "write_config", "write_text"]


def import_legacy(old: Path, out: Path) -> list[Problem]:
    """Convert the file ``old`` into ``out``, which may be the same; what was there before is kept as a backup.

    Returns:
        What was dropped, guessed or changed, and where the backup is.

    Raises:
        ConfigError: ``old`` cannot be read, is not the Node.js tool's, or cannot be used; nothing is written then.
    """
    data, findings = parse_json(read_text(old))
    if findings:
        raise config_error(old.name, findings)
    if not is_legacy(data):
        hint = "Give the aes67-config.json of the Node.js tool; files of this program need no import."
        raise ConfigError(f"{show(old.name)[1:-1]} was not written by the Node.js tool.", hint=hint)
    config, notes = convert(data)
    errors = [note for note in notes if note.severity == "error"]
    if errors:
        raise ConfigError(f"{show(old.name)[1:-1]} cannot be imported.", problems=errors)
    parse_data(config, base_dir=out.absolute().parent, name=f"The import of {old.name}")
    backup = write_config(out, config)
    if backup:
        text = f"The file that was there is kept as {show(backup.name)}."
        notes.append(Problem("import.backup", "info", text, "Delete it when all is well."))
    return notes


def load_or_import(path: Path, interfaces: Sequence[Interface] | None = None) -> tuple[Config, list[Problem]]:
    """``load_config``; a file of the Node.js tool is converted in its place first, with a backup.

    Raises:
        ConfigError: as ``load_config`` and ``import_legacy``.
    """
    try:
        return load_config(path, interfaces), []
    except ConfigError as error:
        if all(problem.code != LEGACY_CODE for problem in error.problems):
            raise
    notes = import_legacy(path, path)
    return load_config(path, interfaces), notes


def render_config(data: dict[str, Any]) -> str:
    """JSON data as it stands in a file."""
    return json.dumps(data, indent=2, ensure_ascii=False) + "\n"


def write_config(path: Path, data: dict[str, Any], *, expendable: str | None = None) -> Path | None:
    """Write JSON data as ``write_text`` writes text."""
    return write_text(path, render_config(data), expendable=expendable)


def write_text(path: Path, text: str, *, expendable: str | None = None, encoding: str = "utf-8") -> Path | None:
    """Write a file so that it is at every instant either the old or the new one.

    No backup is made of a file that holds the text ``expendable``.

    Returns:
        The backup of what was there: ``<name>.bak``, ``<name>.bak-2`` …; ``None`` if there was nothing to keep.

    Raises:
        ConfigError: the file cannot be written; what was there is unharmed.
    """
    # Through a symbolic link the file it points at is meant, not the link.
    target = Path(os.path.realpath(path))
    content = text.encode(encoding)
    temporary = target.with_name(f".{target.name}.{secrets.token_hex(4)}.tmp")
    try:
        backup = _back_up(target, None if expendable is None else expendable.encode(encoding))
        try:
            _write_new(temporary, content)
            if target.exists():
                temporary.chmod(target.stat().st_mode & 0o777)
            temporary.replace(target)
        finally:
            temporary.unlink(missing_ok=True)
        _sync_folder(target.parent)
    except OSError as error:
        name = target.name or CONFIG_NAME
        hint = f"Check that this user may write to {show_path(target.parent)} and that the disk is not full."
        raise ConfigError(f"{name} cannot be written: {error.strerror or error}.", hint=hint) from error
    return backup


def _back_up(target: Path, expendable: bytes | None) -> Path | None:
    if target.is_fifo():
        # Whoever opens one waits for its writer, perhaps for ever.
        raise OSError(errno.EINVAL, "It is a pipe, not a file")
    try:
        content = target.read_bytes()
    except FileNotFoundError:
        return None
    if content == expendable:
        return None
    number = 1
    while True:
        suffix = ".bak" if number == 1 else f".bak-{number}"
        backup = target.with_name(target.name + suffix)
        try:
            _write_new(backup, content)
        except FileExistsError:
            number += 1
        else:
            return backup


def _write_new(path: Path, content: bytes) -> None:
    file = path.open("xb")
    try:
        with file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
    except OSError:
        # Half a backup is none, and each further attempt would leave another.
        path.unlink(missing_ok=True)
        raise


def _sync_folder(folder: Path) -> None:
    """Make the new name durable; Windows has no such call and needs none."""
    if os.name != "posix":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        # Some network file systems refuse it; the file itself is safe by then.
        with contextlib.suppress(OSError):
            os.fsync(descriptor)
    finally:
        os.close(descriptor)
