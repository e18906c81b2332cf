import ctypes
from typing import ClassVar

from comtypes import IUnknown

class IDispatch(IUnknown): ...

class VARIANT(ctypes.Structure):
    empty: ClassVar[VARIANT]
