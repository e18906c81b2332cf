"""Asks the Task Scheduler of Windows for the sender's task by its COM interface.

``schtasks`` would answer in the user's language. Everything but ``read_state`` can be imported everywhere.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import Final

from aes67_sender import winapi
from aes67_sender.errors import MachineError

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
    """The task of that name in the root folder, ``None`` if there is none that this user may see.

    Windows only. Always on the same thread, which has not chosen a model of COM itself: the first call does.

    Raises:
        MachineError: the Task Scheduler does not answer.
    """
    from comtypes import COMError  # noqa: PLC0415  cannot be imported elsewhere

    from aes67_sender.service import taskschd  # noqa: PLC0415  likewise

    try:
        folder = taskschd.connect().GetFolder("\\")
        try:
            task = folder.GetTask(name)
        except COMError as refused:
            if refused.hresult & 0xFFFF_FFFF in _NOT_FOUND:
                return None
            raise
        last_result = 0
        with contextlib.suppress(COMError):  # none yet
            last_result = task.LastTaskResult
        return TaskFacts(task.State, last_result & 0xFFFF_FFFF)
    except (COMError, OSError) as refused:
        reason = winapi.error_text(refused.hresult) if isinstance(refused, COMError) else refused.strerror
        raise MachineError(
            f"The Task Scheduler of Windows does not answer ({reason}).",
            hint="See whether the service `Schedule` runs, in services.msc.",
        ) from None
