"""What is asked of Windows and macOS for the sake of time, with their answers made up."""

from __future__ import annotations

import ctypes
from typing import TYPE_CHECKING, Any

import pytest

from aes67_sender import winapi
from aes67_sender.engine import scheduling
from aes67_sender.engine.transmit import machtime, mmcss

if TYPE_CHECKING:
    from collections.abc import Callable


class Function:
    """A function of a DLL: remembers its arguments, and may be given types."""

    def __init__(self, answer: Any) -> None:
        self.answer = answer
        self.calls: list[tuple[Any, ...]] = []

    def __call__(self, *arguments: Any) -> Any:
        self.calls.append(arguments)
        return self.answer


class Library:
    """A DLL with these functions."""

    def __init__(self, **answers: Any) -> None:
        self.__dict__ |= {name: Function(answer) for name, answer in answers.items()}


@pytest.fixture
def windows(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Gives the DLLs that Windows has."""

    def have(**libraries: Library) -> None:
        def load(name: str) -> Library:
            if name not in libraries:
                raise OSError(f"{name} is not there")
            return libraries[name]

        monkeypatch.setattr(winapi, "load", load)

    return have


def test_the_multimedia_scheduler_takes_the_thread(windows: Callable[..., None]) -> None:
    avrt = Library(AvSetMmThreadCharacteristicsW=5, AvSetMmThreadPriority=1)
    windows(avrt=avrt)
    granted = mmcss.become_realtime()
    assert (granted.granted, granted.hint) == (True, "")
    assert "Pro Audio" in granted.why
    (task, _), *_ = vars(avrt)["AvSetMmThreadCharacteristicsW"].calls
    assert task.value == "Pro Audio"
    assert vars(avrt)["AvSetMmThreadPriority"].calls[0][1] == 2


@pytest.mark.parametrize("there", [True, False])
def test_a_refusal_is_told_and_the_thread_gets_what_is_left(windows: Callable[..., None], *, there: bool) -> None:
    kernel = Library(GetCurrentThread=2, SetThreadPriority=1)
    libraries = {"avrt": Library(AvSetMmThreadCharacteristicsW=None)} if there else {}
    windows(kernel32=kernel, **libraries)
    refused = mmcss.become_realtime()
    assert not refused.granted
    assert refused.why.startswith("Windows refused the multimedia task Pro Audio (")
    assert "MMCSS" in refused.hint
    assert vars(kernel)["SetThreadPriority"].calls[0][1] == 15


def test_the_engine_is_neither_slowed_down_nor_woken_by_the_coarse_tick(windows: Callable[..., None]) -> None:
    timers, kernel = Library(timeBeginPeriod=0), Library(GetCurrentProcess=1, SetProcessInformation=0)
    windows(winmm=timers, kernel32=kernel)
    scheduling.sharpen_timers()
    assert vars(timers)["timeBeginPeriod"].calls == [(1,)]
    _, kind, _, size = vars(kernel)["SetProcessInformation"].calls[0]
    assert (kind, size) == (4, 12)


class Mach:
    """macOS on Apple's own processors."""

    def __init__(self, refusal: int) -> None:
        self.refusal = refusal
        self.policy: tuple[int, ...] = ()

    def mach_timebase_info(self, base: Any) -> int:
        base._obj.ns, base._obj.ticks = 125, 3  # noqa: SLF001  how byref is undone
        return 0

    def mach_thread_self(self) -> int:
        return 771

    def thread_policy_set(self, thread: int, kind: int, policy: Any, words: int) -> int:
        assert (thread, kind, words) == (771, 2, 4)
        self.policy = tuple((ctypes.c_uint32 * 4).from_buffer_copy(policy._obj))  # noqa: SLF001  how byref is undone
        return self.refusal


@pytest.fixture
def no_signals(monkeypatch: pytest.MonkeyPatch) -> None:
    """This thread goes on to get them."""
    monkeypatch.setattr("aes67_sender.engine.transmit.machtime.signal.pthread_sigmask", lambda *_: None)


@pytest.mark.usefixtures("no_signals")
def test_macos_is_asked_for_a_quarter_of_each_millisecond() -> None:
    mach = Mach(0)
    assert machtime.become_realtime(mach).granted
    assert mach.policy == (24_000, 6_000, 12_000, 1)


@pytest.mark.usefixtures("no_signals")
def test_a_refusal_of_macos_is_told() -> None:
    refused = machtime.become_realtime(Mach(46))
    assert not refused.granted
    assert "Mach error 46" in refused.why
