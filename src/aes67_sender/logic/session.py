"""The SDP sessions of a running sender: stable ids, and versions that grow with every change."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, Protocol

from aes67_sender.model.packet import PacketFormat
from aes67_sender.wire.sdp import LocalMac, OwnStream, PtpReference, SdpProfile, compose, render

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from aes67_sender.model.packet import Encoding

#: Seconds from the NTP epoch (1900) to the Unix epoch.
_NTP_UNIX_S: Final = 2_208_988_800


class StreamLike(Protocol):
    """What a session needs to know of a stream's settings."""

    @property
    def id(self) -> str:
        """Unique within the config, stable over restarts."""

    @property
    def name(self) -> str:
        """For people."""

    @property
    def address(self) -> str:
        """Destination, IPv4."""

    @property
    def port(self) -> int:
        """Destination UDP port."""

    @property
    def encoding(self) -> Encoding:
        """``L24`` or ``L16``."""

    @property
    def rate(self) -> int:
        """Sampling rate in Hz."""

    @property
    def packet_time_us(self) -> int:
        """Nominal packet time in µs."""

    @property
    def payload_type(self) -> int:
        """96 … 127."""

    @property
    def ttl(self) -> int:
        """Of multicast packets."""

    @property
    def channels(self) -> Sequence[int]:
        """The source's channels, in the stream's order."""

    @property
    def channel_names(self) -> Sequence[str]:
        """May be shorter than ``channels``."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Who sends: the interface's IPv4 address and MAC, the receivers' family, a line about the sender for people."""

    address: str
    mac: str | None
    profile: SdpProfile
    information: str = ""


@dataclass(frozen=True, slots=True)
class Session:
    """One stream's session. ``revision`` counts 1, 2, 3 … within this run, for the status; ``o=`` has its own."""

    stream_id: str
    revision: int
    description: OwnStream

    @property
    def text(self) -> str:
        """The SDP, lines ended by CRLF."""
        return render(compose(self.description))


@dataclass(frozen=True, slots=True)
class ClockReference:
    """What the media clock follows now, ``None`` for nothing; ``epoch`` changes when media time is stepped."""

    grandmaster: str | None
    domain: int
    epoch: int = 1


def describe(stream: StreamLike, origin: Origin, clock: ClockReference, *, version: int) -> OwnStream:
    """Describe a stream; without a grandmaster it says so and never names one that does not rule (AES67 8.2)."""
    followed = clock.grandmaster
    return OwnStream(
        session_id=session_id(origin.address, stream),
        version=version,
        name=stream.name,
        origin_address=origin.address,
        destination=stream.address,
        port=stream.port,
        ttl=stream.ttl,
        payload_type=stream.payload_type,
        packet=PacketFormat(stream.encoding, stream.rate, len(stream.channels), stream.packet_time_us),
        refclk=LocalMac(origin.mac) if followed is None else PtpReference(followed, clock.domain),
        mediaclk_offset=None if followed is None else 0,
        profile=origin.profile,
        channel_names=tuple(stream.channel_names),
        information=origin.information,
    )


def session_id(origin_address: str, stream: StreamLike) -> int:
    """A number from 1 to 2³²-1 that is the same after every restart and differs from stream to stream.

    The destination counts too: two senders on one computer may both call a stream ``s1``.
    """
    digest = hashlib.sha256(f"{origin_address}\n{stream.id}\n{stream.address}:{stream.port}".encode()).digest()
    return int.from_bytes(digest[:4]) or 1


def ntp_seconds(unix_s: float) -> int:
    """An NTP time stamp's seconds: what RFC 4566 5.2 recommends for versions; grows over restarts by itself."""
    return int(unix_s) + _NTP_UNIX_S


class SdpBook:
    """The sessions of all streams. Not thread-safe; one owner."""

    def __init__(self) -> None:
        self._sessions: dict[str, Session] = {}
        #: A stream that comes back must not have a version that it had before with another text.
        self._ended: dict[str, Session] = {}
        self._epoch = 0

    @property
    def sessions(self) -> Mapping[str, Session]:
        """By stream id, in the order of the last update."""
        return self._sessions

    def update(
        self, streams: Iterable[StreamLike], origin: Origin, clock: ClockReference, *, unix_s: float
    ) -> list[Session]:
        """Fold in the state of now; returns the sessions that are new or have changed, with their new versions.

        A new epoch changes every session: receivers must take it anew. ``unix_s`` is wall time; should it have stepped
        back, versions grow all the same. Streams no longer given have no session; given again, they count on.
        """
        before, self._sessions = self._sessions, {}
        stepped, self._epoch = clock.epoch != self._epoch, clock.epoch
        changed = []
        for stream in streams:
            old = before.pop(stream.id, None) or self._ended.get(stream.id)
            version = old.description.version if old else 0
            now = describe(stream, origin, clock, version=version)
            if old and old.description == now and not stepped and stream.id not in self._ended:
                self._sessions[stream.id] = old
                continue
            new = Session(
                stream_id=stream.id,
                revision=old.revision + 1 if old else 1,
                description=replace(now, version=max(version + 1, ntp_seconds(unix_s))),
            )
            self._sessions[stream.id] = new
            self._ended.pop(stream.id, None)
            changed.append(new)
        self._ended |= before
        return changed
