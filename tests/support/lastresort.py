"""Ends the run when a test hangs where no time-out reaches it.

pytest-timeout interrupts Python code. A call in C that never returns does not notice, and nothing inside the process
can end it but the end of the process. So all stacks are printed and the run ends, soon and with the name of the test,
not at the limit of the whole run and without a word. What is known to hang so has a process of its own: the mark
own_process. pytest can do this too, from 9.0 on, but knows one limit only, not that of a test marked as long.
"""

from __future__ import annotations

import faulthandler
import os
from typing import TYPE_CHECKING, Final

import pytest

if TYPE_CHECKING:
    from collections.abc import Generator

#: What pytest-timeout has, once a test's time is up, to do better.
GRACE_S: Final = 30.0


def limit_s(item: pytest.Item) -> float:
    """The time-out of a test, from its mark, the command line or the settings; 0 when it has none."""
    if mark := item.get_closest_marker("timeout"):
        return float(mark.args[0] if mark.args else mark.kwargs["timeout"] or 0)
    option = item.config.getoption("timeout", None)
    return float(item.config.getini("timeout") or 0) if option is None else float(option)


class LastResort:
    """A plugin; to be made in pytest_configure, when standard error is not captured."""

    def __init__(self) -> None:
        self._stderr = os.dup(2)

    def _arm(self, item: pytest.Item) -> None:
        if limit := limit_s(item):
            faulthandler.dump_traceback_later(limit + GRACE_S, exit=True, file=self._stderr)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, object, object]:
        """Set-up, test and tear-down together have the time of the test, as pytest-timeout counts."""
        self._arm(item)
        try:
            return (yield)
        finally:
            faulthandler.cancel_dump_traceback_later()

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_teardown(self, item: pytest.Item) -> None:
        """Once more, because pytest's own fault handler has called it off if the test failed."""
        self._arm(item)

    def pytest_unconfigure(self) -> None:
        """Leave nothing open."""
        os.close(self._stderr)
