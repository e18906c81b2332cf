"""Values of IEEE 1588 that cannot hold nonsense."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Final

CLOCK_IDENTITY_BYTES: Final = 8


@dataclass(frozen=True, slots=True)
class ClockIdentity:
    """An EUI-64 (IEEE 1588-2008 5.3.4); ``str`` gives ``00-1d-c1-ff-fe-12-34-56``."""

    octets: bytes

    def __post_init__(self) -> None:
        if len(self.octets) != CLOCK_IDENTITY_BYTES:
            raise ValueError(f"a clock identity has 8 octets, not {len(self.octets)}")

    def __str__(self) -> str:
        return self.octets.hex("-")


@dataclass(frozen=True, slots=True)
class PortIdentity:
    """A port of a clock, counted from 1 (IEEE 1588-2008 5.3.5); port 0xffff stands for all of them."""

    clock: ClockIdentity
    port: int

    def encode(self) -> bytes:
        """Ten octets."""
        return struct.pack("!8sH", self.clock.octets, self.port)

    @classmethod
    def decode(cls, octets: bytes) -> PortIdentity:
        """From exactly ten octets."""
        clock, port = struct.unpack("!8sH", octets)
        return cls(ClockIdentity(clock), port)


ALL_PORTS: Final = PortIdentity(ClockIdentity(b"\xff" * CLOCK_IDENTITY_BYTES), 0xFFFF)
