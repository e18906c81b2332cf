"""The console of Windows, with its answers made up."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from aes67_sender import console, winapi


class Kernel:
    """kernel32: standard input and output are a console, standard error is a pipe."""

    def __init__(self) -> None:
        self.modes = {110: 7, 111: 3}
        self.handlers: list[Any] = []

    def _answer(self, number: int) -> int | None:
        return {-10: 110, -11: 111}.get(number)

    @property
    def GetStdHandle(self) -> Any:  # noqa: N802  Windows' names
        class Handles:
            restype: Any = None

            def __call__(_, number: int) -> int | None:  # noqa: N805
                return self._answer(number)

        return Handles()

    def GetConsoleMode(self, handle: Any, mode: Any) -> int:  # noqa: N802
        mode._obj.value = self.modes[handle.value]  # noqa: SLF001  how byref is undone
        return 1

    def SetConsoleMode(self, handle: Any, mode: int) -> int:  # noqa: N802
        self.modes[handle.value] = mode
        return 1

    def SetConsoleCtrlHandler(self, handler: Any, add: int) -> int:  # noqa: N802
        if add:
            self.handlers.append(handler)
        else:
            self.handlers.remove(handler)
        return 1


@pytest.fixture
def kernel(monkeypatch: pytest.MonkeyPatch) -> Kernel:
    kernel = Kernel()
    monkeypatch.setattr(winapi, "ON_WINDOWS", True)
    monkeypatch.setattr(winapi, "load", lambda _name: kernel)
    return kernel


def test_output_is_let_obey_escape_sequences_and_input_is_left_alone(kernel: Kernel) -> None:
    console.show_colours()
    assert kernel.modes == {110: 7, 111: 3 | 4}


def test_what_another_program_did_to_the_console_is_undone(kernel: Kernel) -> None:
    with console.modes_kept():
        kernel.modes = {110: 0, 111: 0}
    assert kernel.modes == {110: 7, 111: 3}


def test_closing_the_window_stops_and_waits_and_ctrl_c_is_left_to_python(kernel: Kernel) -> None:
    stopped = threading.Event()
    with console.closing(stopped.set):
        (handler,) = kernel.handlers
        assert handler(0) == 0
        assert handler(1) == 0
        assert not stopped.is_set()
    assert kernel.handlers == []
    assert console.on_event(stopped.set, patience_s=0.01)(2) == 1
    assert stopped.is_set()


def test_a_loop_that_is_closed_by_then_is_no_error() -> None:
    def gone() -> None:
        raise RuntimeError("Event loop is closed")

    assert console.on_event(gone, patience_s=0)(6) == 1


def test_elsewhere_nothing_is_touched(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(winapi, "load", lambda _name: pytest.fail("this is no Windows"))
    console.show_colours()
    with console.modes_kept(), console.closing(lambda: None):
        pass


def test_a_reader_that_has_gone_is_known_by_what_each_system_says(monkeypatch: pytest.MonkeyPatch) -> None:
    invalid = OSError(22, "Invalid argument")
    assert winapi.reader_is_gone(BrokenPipeError())
    assert not winapi.reader_is_gone(invalid)
    assert not winapi.reader_is_gone(ValueError())
    monkeypatch.setattr(winapi, "ON_WINDOWS", True)
    assert winapi.reader_is_gone(invalid)


def test_errors_have_a_text_without_full_stop_and_capital() -> None:
    assert winapi.error_text(101) == "network is unreachable"
    assert winapi.last_error() == 0
