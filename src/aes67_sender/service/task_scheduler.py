"""Asks the Task Scheduler of Windows for the sender's task by its COM interface.

``schtasks`` would answer in the user's language. Everything but ``read_state`` can be imported everywhere.
"""

from __future__ import annotations

import contextlib
import ctypes
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from aes67_sender import winapi
from aes67_sender.errors import MachineError

if TYPE_CHECKING:
    from collections.abc import Iterator

# taskschd.h: the class, its interface, and the places of methods, after the three of IUnknown and four of IDispatch.
_TASK_SCHEDULER: Final = "{0f87369f-a4e5-4cfc-bd3e-73e6154572dd}"
_TASK_SERVICE: Final = "{2faba4c7-4da9-4013-9697-20cc3fd40f85}"
_RELEASE: Final = 2
_GET_FOLDER: Final = 7
_CONNECT: Final = 10
_GET_TASK: Final = 13
_GET_STATE: Final = 9
_GET_LAST_RESULT: Final = 16

_IN_PROCESS: Final = 1
_NOT_FOUND: Final = frozenset({0x80070002, 0x80070003})
#: TASK_STATE
DISABLED: Final = 1
QUEUED: Final = 2
READY: Final = 3
RUNNING: Final = 4
# Results that tell no failure: success, "is running", "has not run yet", "was ended by a user", and what a process
# has that Windows closes at log-off (Ctrl-C).
_NO_FAILURE: Final = frozenset({0, 0x41301, 0x41303, 0x41306, 0xC000013A})


@dataclass(frozen=True, slots=True)
class TaskFacts:
    """A task as the scheduler knows it: TASK_STATE, and the exit code or HRESULT of its last run."""

    state: int
    last_result: int


def describe(facts: TaskFacts) -> str:
    """The state in words."""
    states = {DISABLED: "disabled", QUEUED: "about to start", READY: "not running", RUNNING: "running"}
    text = states.get(facts.state, "in a state that Windows does not tell")
    if facts.state != RUNNING and facts.last_result not in _NO_FAILURE:
        code = facts.last_result
        text += f"; its last run ended with {code if code < 0x10000 else f'0x{code:08X}'}"  # noqa: PLR2004  HRESULTs are above
    return text


def read_state(name: str) -> TaskFacts | None:
    """The task of that name in the root folder, ``None`` if there is none that this user may see. Windows only.

    Raises:
        MachineError: the Task Scheduler does not answer.
    """
    ole, strings = winapi.load("ole32"), winapi.load("oleaut32")
    strings.SysAllocString.restype = ctypes.c_void_p
    # A thread that has chosen another model already keeps it, and must not undo this.
    initialised = ole.CoInitializeEx(None, 0) >= 0
    try:
        with contextlib.ExitStack() as stack:
            service = stack.enter_context(_created(ole))
            nothing = _Variant()
            _call(service, _CONNECT, nothing, nothing, nothing, nothing)
            folder = stack.enter_context(_got(service, _GET_FOLDER, stack.enter_context(_string(strings, "\\"))))
            try:
                task = stack.enter_context(_got(folder, _GET_TASK, stack.enter_context(_string(strings, name))))
            except _RefusedError as refused:
                if refused.result in _NOT_FOUND:
                    return None
                raise
            state, last_result = ctypes.c_int(), ctypes.c_int32()
            _call(task, _GET_STATE, ctypes.byref(state))
            with contextlib.suppress(_RefusedError):  # none yet
                _call(task, _GET_LAST_RESULT, ctypes.byref(last_result))
            return TaskFacts(state.value, last_result.value & 0xFFFF_FFFF)
    except _RefusedError as refused:
        raise MachineError(
            f"The Task Scheduler of Windows does not answer ({winapi.error_text(refused.result)}).",
            hint="See whether the service `Schedule` runs, in services.msc.",
        ) from None
    finally:
        if initialised:
            ole.CoUninitialize()


class _RefusedError(Exception):
    """An HRESULT that tells a failure."""

    def __init__(self, result: int) -> None:
        super().__init__(f"0x{result:08X}")
        self.result = result


class _Variant(ctypes.Structure):
    """VARIANT; as it is made, VT_EMPTY. 24 octets in 64 bits."""

    _fields_ = (("kind", ctypes.c_uint64), ("value", ctypes.c_uint64 * 2))


def _check(result: int) -> None:
    if result < 0:
        raise _RefusedError(result & 0xFFFF_FFFF)


def _call(interface: Any, place: int, *arguments: Any) -> None:  # noqa: ANN401  ctypes types are untyped
    """Call a method by its place in the interface's table."""
    table = ctypes.cast(interface, ctypes.POINTER(ctypes.POINTER(ctypes.c_void_p)))[0]
    kinds = [type(each) if isinstance(each, _Variant) else ctypes.c_void_p for each in arguments]
    method = ctypes.CFUNCTYPE(ctypes.c_int32, ctypes.c_void_p, *kinds)(table[place] or 0)
    _check(
        method(
            interface,
            *(each if isinstance(each, _Variant) else ctypes.cast(each, ctypes.c_void_p) for each in arguments),
        )
    )


@contextlib.contextmanager
def _owned(interface: Any) -> Iterator[Any]:  # noqa: ANN401  ctypes types are untyped
    try:
        yield interface
    finally:
        _call(interface, _RELEASE)


def _created(ole: Any) -> contextlib.AbstractContextManager[Any]:  # noqa: ANN401  ctypes types are untyped
    class_id, interface_id = (ctypes.create_string_buffer(16) for _ in range(2))
    _check(ole.CLSIDFromString(ctypes.c_wchar_p(_TASK_SCHEDULER), class_id))
    _check(ole.CLSIDFromString(ctypes.c_wchar_p(_TASK_SERVICE), interface_id))
    made = ctypes.c_void_p()
    _check(ole.CoCreateInstance(class_id, None, _IN_PROCESS, interface_id, ctypes.byref(made)))
    return _owned(made)


def _got(interface: Any, place: int, name: Any) -> contextlib.AbstractContextManager[Any]:  # noqa: ANN401  ctypes types are untyped
    """What a method with a name and a place for an interface gives."""
    found = ctypes.c_void_p()
    _call(interface, place, name, ctypes.byref(found))
    return _owned(found)


@contextlib.contextmanager
def _string(strings: Any, text: str) -> Iterator[Any]:  # noqa: ANN401  ctypes types are untyped
    """A BSTR."""
    made = ctypes.c_void_p(strings.SysAllocString(ctypes.c_wchar_p(text)))
    try:
        yield made
    finally:
        strings.SysFreeString(made)
