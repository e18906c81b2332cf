"""Sessions of the network: streams that somebody announces, by whatever means."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

SessionSource = Literal["sap", "mdns"]
ChangeKind = Literal["appeared", "changed", "gone"]


@dataclass(frozen=True, slots=True)
class Destination:
    """Where a medium's packets go; ``address`` without TTL."""

    address: str
    port: int


@dataclass(frozen=True, slots=True)
class DiscoveredSession:
    """A session as somebody announces it.

    ``identity`` is what its ``o=`` says without the version: the same for as long as the session lives (RFC 4566 5.2).
    ``version`` grows with every change. ``origin`` is the address of who announces. ``address`` and ``port`` are where
    the packets of the first medium go, ``destinations`` those of all (two with ST 2022-7). ``format`` is like
    ``L24/48000/2``; ``clock`` is what ``a=ts-refclk`` names, like ``ptp=IEEE1588-2008:00-1D-C1-FF-FE-12-34-56:0``. What
    the description does not say is empty or ``None``. ``age_s`` counts from the last announcement. ``ours``: this very
    sender announces it.
    """

    identity: str
    version: int
    name: str
    origin: str
    address: str
    port: int | None
    destinations: tuple[Destination, ...]
    format: str
    packet_time_ms: float | None
    clock: str
    sources: tuple[SessionSource, ...]
    age_s: float
    ours: bool
    sdp: str


@dataclass(frozen=True, slots=True)
class SessionChange:
    """What became of a session; one that is ``gone`` is told as it was."""

    kind: ChangeKind
    session: DiscoveredSession
