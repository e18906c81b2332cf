"""Windows marks packets with a DSCP only through its QoS service (qwave.dll, "qWAVE"), or by an administrator's policy.

``IP_TOS`` is taken and ignored there.
"""

from __future__ import annotations

import ctypes
from typing import Any, Final

from aes67_sender import winapi

# qos2.h
_TRAFFIC_AUDIO_VIDEO: Final = 3
_NON_ADAPTIVE_FLOW: Final = 2
_SET_OUTGOING_DSCP: Final = 2
_VERSION_1: Final = 1
_ERROR_ACCESS_DENIED: Final = 5
#: What the traffic type stands for where no other value may be chosen: CS5.
AUDIO_VIDEO_DSCP: Final = 40


class DscpMarks:
    """Marks what sockets send, destination by destination. ``why`` tells, as a sentence, if packets carry another DSCP.

    One thread. Nothing raises. Close it before the sockets.
    """

    def __init__(self, dscp: int, library: Any = None) -> None:  # noqa: ANN401  ctypes types are untyped
        """``dscp`` is 1 … 63; ``library`` is the system's qwave.dll if not given."""
        self.why = ""
        self.dscp = dscp
        self._handle = ctypes.c_void_p()
        self._flows: set[tuple[int, bytes]] = set()
        try:
            self._library = library or winapi.load("qwave")
        except OSError:
            self.why = "This Windows has no QoS service (qWAVE): packets carry DSCP 0."
            return
        # struct QOS_VERSION: two 16-bit words.
        version = ctypes.c_uint32(_VERSION_1)
        if not self._library.QOSCreateHandle(ctypes.byref(version), ctypes.byref(self._handle)):
            self.why = f"Windows' QoS service (qWAVE) does not run{_because()}: packets carry DSCP 0."
            self._handle = ctypes.c_void_p()

    def add(self, descriptor: int, destination: bytes) -> None:
        """Let all that a socket sends to a ``sockaddr`` be marked; a second time for the same does nothing."""
        key = descriptor, destination
        if not self._handle.value or key in self._flows:
            return
        flow, address = ctypes.c_uint32(0), ctypes.create_string_buffer(destination, len(destination))
        added = self._library.QOSAddSocketToFlow(
            self._handle,
            ctypes.c_size_t(descriptor),
            address,
            _TRAFFIC_AUDIO_VIDEO,
            _NON_ADAPTIVE_FLOW,
            ctypes.byref(flow),
        )
        if not added:
            self.why = f"Windows' QoS service (qWAVE) refused the stream{_because()}: packets carry DSCP 0."
            return
        self._flows.add(key)
        value = ctypes.c_uint32(self.dscp)
        size = ctypes.sizeof(value)
        if not self._library.QOSSetFlow(self._handle, flow, _SET_OUTGOING_DSCP, size, ctypes.byref(value), 0, None):
            self.why = f"{self._refusal()}: packets are sent as audio and video, DSCP {AUDIO_VIDEO_DSCP}."

    def _refusal(self) -> str:
        if winapi.last_error() == _ERROR_ACCESS_DENIED:
            return f"Windows lets only administrators choose DSCP {self.dscp}"
        return f"Windows refused DSCP {self.dscp}{_because()}"

    def close(self) -> None:
        """Mark nothing any more; safe to call twice."""
        handle, self._handle = self._handle, ctypes.c_void_p()
        if handle.value:
            self._library.QOSCloseHandle(handle)


def policy_hint(name: str, ports: tuple[int, int], dscp: int) -> str:
    """How an administrator has packets to these ports, first and last, marked for good."""
    return (
        f'Allow it once, in PowerShell as administrator: `New-NetQosPolicy -Name "{name}" -IPProtocolMatchCondition'
        f" UDP -IPDstPortStartMatchCondition {ports[0]} -IPDstPortEndMatchCondition {ports[1]} -DSCPAction {dscp}`."
    )


def _because() -> str:
    number = winapi.last_error()
    return f" (error {number}: {winapi.error_text(number)})" if number else ""
