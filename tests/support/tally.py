"""One line that says how all tests went, also when they ran in parts: ``python -m support.tally FILE`` adds them up."""

from __future__ import annotations

import json
import os
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import pytest

#: A file to which each part adds its counts as a line, instead of saying them.
VARIABLE: Final = "AES67_TEST_TALLY"
_OUTCOMES: Final = ("passed", "failed", "skipped")
_AGAIN: Final = "again"


class Tally:
    """A plugin that counts outcomes, and says them in the last line of the run."""

    def __init__(self) -> None:
        self.outcomes: dict[str, str] = {}
        self.run_again: set[str] = set()
        # Not for the runs of pytest that tests start.
        self._path = os.environ.pop(VARIABLE, None)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """A test that passed and then failed in its tear-down has failed; one that is run again counts once."""
        outcome = str(report.outcome)  # the plug-in's word is not among those that pytest declares
        if outcome == "rerun":
            self.run_again.add(report.nodeid)
            self.outcomes.pop(report.nodeid, None)
        elif report.failed or report.skipped or report.when == "call":
            self.outcomes[report.nodeid] = report.outcome

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """A file that cannot be imported has failed; one that skips itself is skipped."""
        if report.failed or report.skipped:
            self.outcomes[report.nodeid] = report.outcome

    def pytest_unconfigure(self) -> None:
        """After pytest's own summary."""
        counts = Counter(self.outcomes.values())
        counts[_AGAIN] = sum(self.outcomes.get(name) == "passed" for name in self.run_again)
        if self._path:
            with Path(self._path).open("a") as file:
                file.write(json.dumps(counts) + "\n")
        else:
            print(in_words(counts))


def in_words(counts: Counter[str]) -> str:
    """``4910 passed, 0 failed, 3 skipped``, and how many did not pass at the first try."""
    said = [f"{counts[name]} {name}" for name in _OUTCOMES]
    if counts[_AGAIN]:
        said.append(f"{counts[_AGAIN]} of the passed not at the first try")
    return ", ".join(said)


def total(path: Path) -> Counter[str]:
    """The counts of all parts."""
    return sum((Counter(json.loads(line)) for line in path.read_text().splitlines()), Counter())


if __name__ == "__main__":
    print(in_words(total(Path(sys.argv[1]))))
