"""What a PTP port hands up and takes down. All stamps are on the monotonic clock, whatever clock took them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from aes67_sender.wire.ptp import Message

#: Who takes the stamps: the interface itself, the kernel when the packet passes it, or this program.
StampKind = Literal["hardware", "kernel", "user-space"]


@dataclass(frozen=True, slots=True)
class Arrival:
    """A datagram that came. ``source`` is the sender's IPv4 address; ``event``: it came to port 319."""

    octets: bytes
    stamp_ns: int
    source: str
    event: bool
    kind: StampKind


@dataclass(frozen=True, slots=True)
class Departure:
    """An event message of our own that has left, and when."""

    octets: bytes
    stamp_ns: int
    kind: StampKind


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message to send: to the group, to the peer's group (``peer``), or to one IPv4 address (``to``)."""

    message: Message
    peer: bool = False
    to: str | None = None
