"""The SDP files of a running sender."""

from __future__ import annotations

import logging
import math
import os
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

from aes67_sender.logic.session import ClockReference, Origin, SdpBook
from aes67_sender.model.problem import Problem

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aes67_sender.config.model import Config
    from aes67_sender.logic.session import Session
    from aes67_sender.model.interface import Interface
    from aes67_sender.model.protocol import Report

_log = logging.getLogger(__name__)
#: A file that could not be written is tried again after so many seconds.
_RETRY_S: Final = 5.0


class SdpFiles:
    """Keeps one ``<stream id>.sdp`` per enabled stream true to clock and config. The files outlive the sender."""

    def __init__(self, config: Config, interface: Interface, folder: Path) -> None:
        self._use(config, interface, folder)
        self._book = SdpBook()
        self._report: Report | None = None
        self._pending: dict[str, Session] = {}
        self._refused: dict[str, str] = {}
        self._tried_s = -math.inf

    def _use(self, config: Config, interface: Interface, folder: Path) -> None:
        self._streams = [stream for stream in config.streams if stream.enabled]
        self._domain = config.clock.domain
        self._origin = Origin(interface.address or "", interface.mac, config.announce.sdp_profile)
        self._folder = folder

    def change(self, config: Config, interface: Interface, folder: Path) -> None:
        """Go by another config from now on: files of streams that are not sent any more go, changed ones follow."""
        before, old_folder = self._book.sessions, self._folder
        self._use(config, interface, folder)
        if folder != old_folder:
            self._pending |= before
        for stream_id in before.keys() - {stream.id for stream in self._streams if folder == old_folder}:
            _remove(old_folder / f"{stream_id}.sdp")
        for stream_id in before.keys() - {stream.id for stream in self._streams}:
            self._pending.pop(stream_id, None)
            self._refused.pop(stream_id, None)
        self._tried_s = -math.inf
        if self._report is not None:
            self.follow(self._report)

    def follow(self, report: Report) -> None:
        """Write what the report changes. Before the clock has a first time there is nothing to say."""
        self._report = report
        clock = report.clock
        match clock.state:
            case "locked" | "holdover":
                grandmaster = clock.grandmaster
            case "free-running":
                grandmaster = None
            case "listening" | "locking":
                return
        if report.mapping is None:
            return
        changed = self._book.update(
            self._streams,
            self._origin,
            ClockReference(grandmaster, self._domain, report.mapping.anchor),
            unix_s=time.time(),
        )
        self._pending |= {session.stream_id: session for session in changed}
        if changed or (self._pending and time.monotonic() - self._tried_s > _RETRY_S):
            self._write_pending()

    def _write_pending(self) -> None:
        self._tried_s = time.monotonic()
        for stream_id, session in list(self._pending.items()):
            path = self._folder / f"{stream_id}.sdp"
            try:
                write_atomically(path, session.text)
            except OSError as error:
                why = f"{path}: {error.strerror or error}"
                if self._refused.get(stream_id) != why:
                    _log.warning("The SDP file cannot be written: %s", why)
                self._refused[stream_id] = why
            else:
                del self._pending[stream_id]
                self._refused.pop(stream_id, None)
                _log.info("Wrote %s, version %d", path, session.revision)

    def text(self, stream_id: str) -> str | None:
        """The SDP of a stream, ``None`` before the first."""
        session = self._book.sessions.get(stream_id)
        return session.text if session else None

    @property
    def sessions(self) -> Mapping[str, Session]:
        """The sessions that are sent, by stream id; none before the clock is known."""
        return self._book.sessions

    def versions(self) -> dict[str, int]:
        """By stream id: 1 for the first text of this run, one more with each change."""
        return {stream_id: session.revision for stream_id, session in self._book.sessions.items()}

    def problems(self) -> tuple[Problem, ...]:
        """What keeps the files from being written."""
        hint = 'Choose another folder with "sdp_dir" in "announce"; until then take the SDP from `aes67-sender sdp`.'
        return tuple(
            Problem("sdp.not-written", "warning", f"An SDP file cannot be written: {why}.", hint, "announce")
            for why in self._refused.values()
        )


def _remove(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        _log.warning("The SDP file cannot be removed: %s: %s", path, error.strerror or error)
    else:
        _log.info("Removed %s", path)


def write_atomically(path: Path, text: str) -> None:
    """Write a file so that a reader sees the old text or the new one, whole; makes its folder.

    Raises:
        OSError: it cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(text.encode())
        # mkstemp lets nobody else read; an SDP is for everybody.
        temporary.chmod(0o644)
        temporary.replace(path)
    except BaseException:
        temporary.unlink()
        raise
