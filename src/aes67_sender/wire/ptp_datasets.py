"""The data sets that a PTP management message carries (IEEE 1588-2008 15.5.3), and those of linuxptp's own.

``encode`` fills what a record does not hold with the standard's default; ``decode`` wants at least the fields known
here and raises ``struct.error`` or ``ValueError``, which ``ptp_management`` turns into ``WireError``.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from enum import IntEnum
from typing import ClassVar, Final, Self

from aes67_sender.wire.ptp import Flag
from aes67_sender.wire.ptp_types import ClockIdentity, PortIdentity


class ManagementId(IntEnum):
    """What can be asked (IEEE 1588-2008 table 40; from 0xC000 on linuxptp's own)."""

    DEFAULT_DATA_SET = 0x2000
    CURRENT_DATA_SET = 0x2001
    PARENT_DATA_SET = 0x2002
    TIME_PROPERTIES_DATA_SET = 0x2003
    PORT_DATA_SET = 0x2004
    TIME_STATUS_NP = 0xC000
    PORT_PROPERTIES_NP = 0xC004


class PortState(IntEnum):
    """IEEE 1588-2008 table 8; GRAND_MASTER is linuxptp's."""

    INITIALIZING = 1
    FAULTY = 2
    DISABLED = 3
    LISTENING = 4
    PRE_MASTER = 5
    MASTER = 6
    PASSIVE = 7
    UNCALIBRATED = 8
    SLAVE = 9
    GRAND_MASTER = 10


#: Of the flags of a message, those that the time properties carry too, in the same places (tables 20 and 48).
_TIME_FLAGS: Final = (
    Flag.LEAP_61
    | Flag.LEAP_59
    | Flag.UTC_OFFSET_VALID
    | Flag.PTP_TIMESCALE
    | Flag.TIME_TRACEABLE
    | Flag.FREQUENCY_TRACEABLE
)
_SLAVE_ONLY: Final = 0x02
#: clockAccuracy and offsetScaledLogVariance of a clock that claims nothing.
_UNKNOWN_QUALITY: Final = (0xFE, 0xFFFF)


@dataclass(frozen=True, slots=True)
class DefaultDataSet:
    """The daemon's own clock."""

    ID: ClassVar = ManagementId.DEFAULT_DATA_SET
    _WIRE: ClassVar = struct.Struct("!BxHBBBHB8sBx")

    identity: ClockIdentity
    ports: int
    priority1: int
    priority2: int
    clock_class: int
    domain: int
    slave_only: bool

    def encode(self) -> bytes:
        """20 octets."""
        own = (self.ports, self.priority1, self.clock_class, *_UNKNOWN_QUALITY, self.priority2)
        return self._WIRE.pack(_SLAVE_ONLY if self.slave_only else 0, *own, self.identity.octets, self.domain)

    @classmethod
    def decode(cls, octets: bytes) -> Self:
        """From 20 octets."""
        flags, ports, priority1, clock_class, _, _, priority2, identity, domain = cls._WIRE.unpack_from(octets)
        return cls(ClockIdentity(identity), ports, priority1, priority2, clock_class, domain, bool(flags & _SLAVE_ONLY))


@dataclass(frozen=True, slots=True)
class CurrentDataSet:
    """Distance from the grandmaster: boundary clocks between, and ns (the wire's fractions dropped)."""

    ID: ClassVar = ManagementId.CURRENT_DATA_SET
    _WIRE: ClassVar = struct.Struct("!Hqq")

    steps_removed: int
    offset_ns: int
    path_delay_ns: int

    def encode(self) -> bytes:
        """18 octets."""
        return self._WIRE.pack(self.steps_removed, self.offset_ns << 16, self.path_delay_ns << 16)

    @classmethod
    def decode(cls, octets: bytes) -> Self:
        """From 18 octets."""
        steps, offset, delay = cls._WIRE.unpack_from(octets)
        return cls(steps, offset >> 16, delay >> 16)


@dataclass(frozen=True, slots=True)
class ParentDataSet:
    """The port followed, and the grandmaster behind it; both name the daemon itself when it is the grandmaster."""

    ID: ClassVar = ManagementId.PARENT_DATA_SET
    _WIRE: ClassVar = struct.Struct("!10sBxHIBBBHB8s")
    #: No statistics, and the phase change rate that says "not computed".
    _NO_STATISTICS: ClassVar = (0, 0xFFFF, 0x7FFFFFFF)

    parent: PortIdentity
    grandmaster: ClockIdentity
    priority1: int
    priority2: int
    clock_class: int

    def encode(self) -> bytes:
        """32 octets."""
        master = (self.priority1, self.clock_class, *_UNKNOWN_QUALITY, self.priority2, self.grandmaster.octets)
        return self._WIRE.pack(self.parent.encode(), *self._NO_STATISTICS, *master)

    @classmethod
    def decode(cls, octets: bytes) -> Self:
        """From 32 octets."""
        parent, _, _, _, priority1, clock_class, _, _, priority2, master = cls._WIRE.unpack_from(octets)
        return cls(PortIdentity.decode(parent), ClockIdentity(master), priority1, priority2, clock_class)


@dataclass(frozen=True, slots=True)
class TimeProperties:
    """The grandmaster's time scale. ``utc_offset_s`` is TAI minus UTC as announced, true or not.

    Without ``PTP_TIMESCALE`` in the flags its epoch is arbitrary.
    """

    ID: ClassVar = ManagementId.TIME_PROPERTIES_DATA_SET
    _WIRE: ClassVar = struct.Struct("!hBB")

    utc_offset_s: int
    flags: Flag
    time_source: int

    def encode(self) -> bytes:
        """Four octets."""
        return self._WIRE.pack(self.utc_offset_s, self.flags, self.time_source)

    @classmethod
    def decode(cls, octets: bytes) -> Self:
        """From four octets."""
        utc_offset_s, flags, source = cls._WIRE.unpack_from(octets)
        return cls(utc_offset_s, Flag(flags) & _TIME_FLAGS, source)


@dataclass(frozen=True, slots=True)
class PortDataSet:
    """One port's state."""

    ID: ClassVar = ManagementId.PORT_DATA_SET
    _WIRE: ClassVar = struct.Struct("!10sB15x")

    port: PortIdentity
    state: PortState

    def encode(self) -> bytes:
        """26 octets; intervals are left zero."""
        return self._WIRE.pack(self.port.encode(), self.state)

    @classmethod
    def decode(cls, octets: bytes) -> Self:
        """From 26 octets."""
        port, state = cls._WIRE.unpack_from(octets)
        return cls(PortIdentity.decode(port), PortState(state))


@dataclass(frozen=True, slots=True)
class TimeStatus:
    """linuxptp's newest measurement. ``offset_ns`` is local minus grandmaster, in the daemon's time scale."""

    ID: ClassVar = ManagementId.TIME_STATUS_NP
    _WIRE: ClassVar = struct.Struct("!qqiiH12si8s")
    _NO_RATE: ClassVar = (0, 0, 0, bytes(12))

    offset_ns: int
    ingress_ns: int
    grandmaster_present: bool
    grandmaster: ClockIdentity

    def encode(self) -> bytes:
        """50 octets."""
        master = (self.grandmaster_present, self.grandmaster.octets)
        return self._WIRE.pack(self.offset_ns, self.ingress_ns, *self._NO_RATE, *master)

    @classmethod
    def decode(cls, octets: bytes) -> Self:
        """From 50 octets."""
        offset_ns, ingress_ns, _, _, _, _, present, grandmaster = cls._WIRE.unpack_from(octets)
        return cls(offset_ns, ingress_ns, bool(present), ClockIdentity(grandmaster))


@dataclass(frozen=True, slots=True)
class PortProperties:
    """How linuxptp takes a port's time stamps: 0 software, otherwise hardware (2: legacy), and on which interface."""

    ID: ClassVar = ManagementId.PORT_PROPERTIES_NP
    _WIRE: ClassVar = struct.Struct("!10sBBB")

    port: PortIdentity
    state: PortState
    timestamping: int
    interface: str

    def encode(self) -> bytes:
        """13 octets and the name."""
        name = self.interface.encode()
        return self._WIRE.pack(self.port.encode(), self.state, self.timestamping, len(name)) + name

    @classmethod
    def decode(cls, octets: bytes) -> Self:
        """From 13 octets and the name."""
        port, state, timestamping, length = cls._WIRE.unpack_from(octets)
        name = octets[cls._WIRE.size : cls._WIRE.size + length]
        if len(name) != length:
            raise ValueError("interface name cut short")
        return cls(PortIdentity.decode(port), PortState(state), timestamping, name.decode())


DataSet = DefaultDataSet | CurrentDataSet | ParentDataSet | TimeProperties | PortDataSet | TimeStatus | PortProperties

DATA_SETS: Final[dict[ManagementId, type[DataSet]]] = {
    ManagementId.DEFAULT_DATA_SET: DefaultDataSet,
    ManagementId.CURRENT_DATA_SET: CurrentDataSet,
    ManagementId.PARENT_DATA_SET: ParentDataSet,
    ManagementId.TIME_PROPERTIES_DATA_SET: TimeProperties,
    ManagementId.PORT_DATA_SET: PortDataSet,
    ManagementId.TIME_STATUS_NP: TimeStatus,
    ManagementId.PORT_PROPERTIES_NP: PortProperties,
}
