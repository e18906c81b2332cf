"""Faults of our own that come again many times a second, logged once."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import logging


class Complaints:
    """Logs what is new. One owner."""

    def __init__(self, logger: logging.Logger) -> None:
        self._logger = logger
        self._last = ""

    def note(self, what: str, fault: Exception) -> None:
        """Log a fault with its traceback, unless it is the same as last time."""
        text = f"{what}: {type(fault).__name__}: {fault}"
        if text != self._last:
            self._last = text
            self._logger.error("%s", text, exc_info=fault)
