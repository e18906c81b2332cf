"""What is used of taskschd.h, the interfaces of the Task Scheduler. Can be imported on Windows only.

Importing it initialises COM, single-threaded, for the importing thread. Every call raises COMError where it fails.

A method's place in its list is its place in the interface, after those of IDispatch. IDispatch itself would do without
this, but wine's Task Scheduler does not answer it, and ``comtypes.client`` writes files when it is imported.
"""

from __future__ import annotations

from ctypes import POINTER, c_int32
from typing import TYPE_CHECKING

from comtypes import BSTR, COMMETHOD, GUID, HRESULT, STDMETHOD, CoCreateInstance
from comtypes.automation import VARIANT, IDispatch

if TYPE_CHECKING:
    from collections.abc import Callable


class RegisteredTask(IDispatch):
    """IRegisteredTask."""

    State: int
    LastTaskResult: int

    _iid_ = GUID("{9c86f320-dee3-4dd1-b972-a303f26b061e}")
    _methods_ = (
        STDMETHOD(HRESULT, "get_Name"),
        STDMETHOD(HRESULT, "get_Path"),
        COMMETHOD(["propget"], HRESULT, "State", (["out"], POINTER(c_int32))),
        STDMETHOD(HRESULT, "get_Enabled"),
        STDMETHOD(HRESULT, "put_Enabled"),
        STDMETHOD(HRESULT, "Run"),
        STDMETHOD(HRESULT, "RunEx"),
        STDMETHOD(HRESULT, "GetInstances"),
        STDMETHOD(HRESULT, "get_LastRunTime"),
        COMMETHOD(["propget"], HRESULT, "LastTaskResult", (["out"], POINTER(c_int32))),
    )


class TaskFolder(IDispatch):
    """ITaskFolder."""

    GetTask: Callable[[str], RegisteredTask]

    _iid_ = GUID("{8cfac062-a080-4c15-9a88-aa7c2af80dfc}")
    _methods_ = (
        STDMETHOD(HRESULT, "get_Name"),
        STDMETHOD(HRESULT, "get_Path"),
        STDMETHOD(HRESULT, "GetFolder"),
        STDMETHOD(HRESULT, "GetFolders"),
        STDMETHOD(HRESULT, "CreateFolder"),
        STDMETHOD(HRESULT, "DeleteFolder"),
        COMMETHOD([], HRESULT, "GetTask", (["in"], BSTR), (["out"], POINTER(POINTER(RegisteredTask)))),
    )


class TaskService(IDispatch):
    """ITaskService."""

    GetFolder: Callable[[str], TaskFolder]
    Connect: Callable[[VARIANT, VARIANT, VARIANT, VARIANT], None]

    _iid_ = GUID("{2faba4c7-4da9-4013-9697-20cc3fd40f85}")
    _methods_ = (
        COMMETHOD([], HRESULT, "GetFolder", (["in"], BSTR), (["out"], POINTER(POINTER(TaskFolder)))),
        STDMETHOD(HRESULT, "GetRunningTasks"),
        STDMETHOD(HRESULT, "NewTask"),
        COMMETHOD([], HRESULT, "Connect", *[(["in"], VARIANT)] * 4),
    )


def connect() -> TaskService:
    """This computer's Task Scheduler, for this user. Raises COMError, and OSError where there is none."""
    service = CoCreateInstance(GUID("{0f87369f-a4e5-4cfc-bd3e-73e6154572dd}"), TaskService)
    service.Connect(VARIANT.empty, VARIANT.empty, VARIANT.empty, VARIANT.empty)
    return service
