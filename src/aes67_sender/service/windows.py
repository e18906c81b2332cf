"""Windows: a task that starts at log-on, since JACK and sound devices belong to the user's session."""

from __future__ import annotations

import re
import subprocess
from pathlib import PureWindowsPath
from typing import TYPE_CHECKING, Final
from xml.etree import ElementTree as ET

from aes67_sender.service.plan import NAME, WRITTEN_BY, Plan, RemoveFile, Run, WriteFile

if TYPE_CHECKING:
    from aes67_sender.service.plan import Program

#: https://learn.microsoft.com/windows/win32/taskschd/task-scheduler-schema
_NAMESPACE: Final = "http://schemas.microsoft.com/windows/2004/02/mit/task"
#: In what ``subprocess.list2cmdline`` makes of the arguments; no path holds a quotation mark.
_CONFIG_ARGUMENT: Final = re.compile(r' -c (?:"([^"]*)"|(\S+)) --log ')
#: How often a task that failed is started again; the schema's largest number.
_RESTARTS: Final = 999


def task(program: Program, config_path: str, user: str, log_path: str) -> str:
    """The task as XML; ``user`` has the domain or computer before the name."""
    root = ET.Element("Task", {"version": "1.2", "xmlns": _NAMESPACE})
    _fill(root, "RegistrationInfo", Description=f"AES67 / ST 2110-30 sender. {WRITTEN_BY}.")
    _fill(ET.SubElement(root, "Triggers"), "LogonTrigger", Enabled="true", UserId=user)
    principal = _fill(
        ET.SubElement(root, "Principals"),
        "Principal",
        UserId=user,
        LogonType="InteractiveToken",
        RunLevel="LeastPrivilege",
    )
    principal.set("id", "Author")
    settings = _fill(
        root,
        "Settings",
        MultipleInstancesPolicy="IgnoreNew",
        DisallowStartIfOnBatteries="false",
        StopIfGoingOnBatteries="false",
        StartWhenAvailable="true",
        # No limit: the default would end it after three days.
        ExecutionTimeLimit="PT0S",
        # As an ordinary program; tasks are below that otherwise.
        Priority="4",
    )
    _fill(settings, "RestartOnFailure", Interval="PT1M", Count=str(_RESTARTS))
    command, *arguments = program.run(config_path, "--log", log_path)
    actions = ET.SubElement(root, "Actions", {"Context": "Author"})
    _fill(
        actions,
        "Exec",
        Command=command,
        Arguments=subprocess.list2cmdline(arguments),
        WorkingDirectory=config_path.rpartition("\\")[0],
    )
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-16"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def install(program: Program, folder: str, config_path: str, user: str, notes: tuple[str, ...] = ()) -> Plan:
    """Register the task and start it; ``folder`` is the user's own, for the task's text and the log."""
    path, own_log = task_path(folder), log_path(folder)
    return Plan(
        (
            # schtasks reads UTF-16 only.
            WriteFile(path, task(program, config_path, user, own_log), encoding="utf-16"),
            Run(("schtasks", "/Create", "/TN", NAME, "/XML", path, "/F")),
            Run(("schtasks", "/Run", "/TN", NAME)),
        ),
        (*notes, f"It runs while you are logged in, and logs to {own_log}."),
    )


def uninstall(folder: str) -> Plan:
    """Stop the task and forget it."""
    return Plan(
        (
            Run(("schtasks", "/End", "/TN", NAME), may_fail=True),
            Run(("schtasks", "/Delete", "/TN", NAME, "/F"), may_fail=True),
            RemoveFile(task_path(folder)),
        )
    )


def task_path(folder: str) -> str:
    """Where the task's text is, in the user's own folder."""
    return f"{folder}\\{NAME}-task.xml"


def log_path(folder: str) -> str:
    """Where the sender logs to that the task starts."""
    return f"{folder}\\{NAME}.log"


def config_of_task(text: str) -> PureWindowsPath | None:
    """The config file that a task's command names; ``None`` if it is no task of ours."""
    try:
        root = ET.fromstring(text.partition("\n")[2])  # noqa: S314  the user's own file
    except ET.ParseError:
        return None
    arguments = root.findtext(f".//{{{_NAMESPACE}}}Arguments") or ""
    found = _CONFIG_ARGUMENT.search(arguments)
    return PureWindowsPath(found[1] or found[2]) if found else None


def _fill(parent: ET.Element, tag: str, **texts: str) -> ET.Element:
    element = ET.SubElement(parent, tag)
    for name, text in texts.items():
        ET.SubElement(element, name).text = text
    return element
