"""Checks are made side by side, and what one does harms no other."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from aes67_sender.doctor.child import ChildError, ask
from aes67_sender.doctor.context import make_context
from aes67_sender.doctor.runner import Check, run_checks
from aes67_sender.errors import MachineError
from aes67_sender.logic.doctor.findings import Finding
from support.patients import TESTS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from aes67_sender.doctor.context import Context


@pytest.fixture
def context(tmp_path: Path) -> Context:
    return make_context(tmp_path / "none.json", named=False, interface_name="lo", seconds=0.2)


def fine(_context: Context) -> Iterator[Finding]:
    yield Finding("a.fine", "ok", "Fine.")


def test_what_a_check_raises_is_its_finding_and_the_others_go_on(context: Context) -> None:
    def broken(_context: Context) -> Iterator[Finding]:
        yield Finding("a.half", "ok", "Half.")
        raise ZeroDivisionError("by zero")

    def refused(_context: Context) -> list[Finding]:
        raise MachineError("There is no such thing.", hint="Buy one.")

    checks = [Check("a.broken", broken), Check("a.refused", refused), Check("a.fine", fine)]
    failed, machine, good = run_checks(checks, context)
    assert (failed.check, failed.severity) == ("a.broken", "problem")
    assert failed.text == "This check failed itself: ZeroDivisionError: by zero"
    assert failed.facts["failed"] == f"ZeroDivisionError in broken, line {broken.__code__.co_firstlineno + 2}"
    assert (machine.text, machine.hint) == ("There is no such thing.", "Buy one.")
    assert good.text == "Fine."


def test_a_check_that_hangs_is_left_behind(context: Context) -> None:
    freed = threading.Event()

    def hangs(_context: Context) -> Iterator[Finding]:
        freed.wait(60)
        yield from ()

    try:
        late, good = run_checks([Check("a.late", hangs, limit_s=0.1), Check("a.fine", fine)], context)
    finally:
        freed.set()
    assert (late.check, late.severity, "did not end within 0.3 s" in late.text) == ("a.late", "problem", True)
    assert good.check == "a.fine"


def test_checks_run_side_by_side(context: Context) -> None:
    met = threading.Barrier(3, timeout=30)

    def meets(_context: Context) -> Iterator[Finding]:
        met.wait()
        yield from ()

    assert run_checks([Check(f"a.{number}", meets, limit_s=40) for number in range(3)], context) == ()


def test_nothing_to_check_is_nothing_found(context: Context) -> None:
    assert run_checks([], context) == ()


def test_a_process_answers_by_a_line_of_its_own() -> None:
    assert len(ask("aes67_sender.doctor.wakeups", within_s=60)["late_ns"]) == 400


def test_a_process_that_has_answered_need_not_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(TESTS), prepend=":")
    assert ask("support.lingers", within_s=60) == {"answer": 42}


@pytest.mark.parametrize(
    ("module", "within_s", "text"),
    [
        ("support.crash", 60, "ended by signal 11"),
        ("no_such_module", 60, "ended with code 1. .*No module named no_such_module"),
        ("aes67_sender.doctor.wakeups", 0.01, "did not answer within 0.01 s"),
        ("this", 60, "ended with code 0"),
    ],
)
def test_a_process_without_an_answer_is_an_error(
    module: str, within_s: float, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(TESTS), prepend=":")
    with pytest.raises(ChildError, match=text):
        ask(module, within_s=within_s)
