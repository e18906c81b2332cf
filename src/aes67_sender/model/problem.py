"""A finding for the user: what is wrong, where, and what to do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Severity = Literal["info", "warning", "error"]


@dataclass(frozen=True, slots=True)
class Problem:
    """One finding.

    ``code`` is stable and meant for scripts (``config.unknown-key``, ``clock.ptp-ports``, ``source.failed``).
    ``path`` names the place in the config (``streams[0].address``) or the object (``sources.daw``), empty if none.
    """

    code: str
    severity: Severity
    text: str
    hint: str = ""
    path: str = ""
