"""Makes the checks side by side. What one of them does, hang or raise, is a finding of its own and harms no other."""

from __future__ import annotations

import logging
import threading
import time
import traceback
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from aes67_sender.doctor.child import ChildError
from aes67_sender.errors import SenderError
from aes67_sender.logic.doctor.findings import Finding

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from aes67_sender.doctor.context import Context

logger = logging.getLogger(__name__)
_REPORT: Final = "Run it again with -vv, and report it with that output. The other checks are not affected."


@dataclass(frozen=True, slots=True)
class Check:
    """Something to look at. ``name`` is that of its findings, or their common beginning.

    ``examine`` gathers facts and judges them; it runs in a thread of its own. ``limit_s`` is beyond the time that is
    listened for.
    """

    name: str
    examine: Callable[[Context], Iterable[Finding]]
    limit_s: float = 10.0


class _Running:
    """A check in its thread, which is left behind if it hangs: neither a time-out nor Ctrl-C waits for it."""

    def __init__(self, check: Check, context: Context) -> None:
        self._check = check
        self._context = context
        self._limit_s = context.seconds + check.limit_s
        self._until_s = time.monotonic() + self._limit_s
        self._found: Sequence[Finding] | None = None
        self._thread = threading.Thread(target=self._run, name=f"doctor-{check.name}", daemon=True)
        self._thread.start()

    def wait(self) -> Sequence[Finding]:
        """Its findings, when it is done or its time is up."""
        self._thread.join(max(0.0, self._until_s - time.monotonic()))
        found = self._found
        if found is None:
            return (_failed(self._check, f"This check did not end within {self._limit_s:g} s.", "hung"),)
        return found

    def _run(self) -> None:
        self._found = _guarded(self._check, self._context)


def run_checks(checks: Sequence[Check], context: Context) -> tuple[Finding, ...]:
    """All findings, in the order of the checks. Blocks until the last is done, or its time is up."""
    running = [_Running(check, context) for check in checks]
    return tuple(finding for each in running for finding in each.wait())


def _guarded(check: Check, context: Context) -> Sequence[Finding]:
    try:
        return tuple(check.examine(context))
    except ChildError as error:
        return (_failed(check, f"This check failed: {error}", type(error).__name__),)
    except SenderError as error:
        return (Finding(check.name, "problem", str(error), error.hint),)
    except Exception as error:
        logger.debug("check %s failed", check.name, exc_info=True)
        place = traceback.extract_tb(error.__traceback__)[-1]
        what = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
        text = f"This check failed itself: {what}"
        return (_failed(check, text, f"{type(error).__name__} in {place.name}, line {place.lineno}"),)


def _failed(check: Check, text: str, where: str) -> Finding:
    return Finding(check.name, "problem", text, _REPORT, {"failed": where})
