# What aes67_sender uses of comtypes, which ships no types.
import ctypes
from typing import NamedTuple, TypeVar

_Interface = TypeVar("_Interface", bound=IUnknown)

class BSTR(ctypes.c_wchar_p): ...
class HRESULT(ctypes.c_long): ...

class COMError(Exception):
    hresult: int

class GUID(ctypes.Structure):
    def __init__(self, name: str) -> None: ...

# To ctypes it is a type, by its metaclass.
class IUnknown(ctypes.c_void_p): ...

class _ComMemberSpec(NamedTuple):
    name: str

def COMMETHOD(  # noqa: N802  its name
    idlflags: list[str], restype: type[HRESULT], methodname: str, *argspec: tuple[list[str], type[ctypes._CDataType]]
) -> _ComMemberSpec: ...
def STDMETHOD(restype: type[HRESULT], name: str) -> _ComMemberSpec: ...  # noqa: N802  its name
def CoCreateInstance(clsid: GUID, interface: type[_Interface]) -> _Interface: ...  # noqa: N802  its name
