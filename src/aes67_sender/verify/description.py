"""From where an SDP is to what it lets a receiver expect."""

from __future__ import annotations

import asyncio
import http.client
import sys
import urllib.error
import urllib.request
from ipaddress import IPv4Address
from pathlib import Path
from typing import TYPE_CHECKING, Final

from aes67_sender.errors import ConfigError, MachineError, WireError
from aes67_sender.logic.verify.expectation import Expectation
from aes67_sender.net.rtsp_client import DescribeError, describe
from aes67_sender.wire.sdp import LocalMac, PtpReference, PtpTraceable, decode

if TYPE_CHECKING:
    from aes67_sender.logic.verify.expectation import ReferenceKind
    from aes67_sender.model.packet import Encoding
    from aes67_sender.wire.sdp import AudioStream, Leg, SessionDescription

_LONGEST_BYTES: Final = 256 * 1024
_ENCODINGS: Final[dict[str, Encoding]] = {"L24": "L24", "L16": "L16"}


def read_sdp(where: str, *, timeout_s: float = 5.0) -> bytes:
    """The text of an SDP: a file, ``-`` for standard input, or an http, https or rtsp URL. Blocks.

    Raises:
        ConfigError: the file cannot be read.
        MachineError: nobody answers at the URL.
    """
    scheme = where.partition("://")[0].lower() if "://" in where else ""
    if where == "-":
        return sys.stdin.buffer.read(_LONGEST_BYTES)
    if scheme == "rtsp":
        return _ask(where, timeout_s)
    if scheme in {"http", "https"}:
        return _fetch(where, timeout_s)
    if scheme:
        raise ConfigError(f"An SDP cannot be fetched by {scheme}.", hint="Give a file, or an http, https or rtsp URL.")
    try:
        with Path(where).open("rb") as file:
            return file.read(_LONGEST_BYTES)
    except OSError as refused:
        raise ConfigError(f"{where} cannot be read: {refused.strerror or refused}.") from refused


def expectations_of(text: bytes | str, name: str) -> tuple[Expectation, ...]:
    """What each stream of audio in an SDP, or leg of one, is said to be; ``name`` says in errors where it is from.

    Raises:
        ConfigError: it is no SDP, or has no stream of L16 or L24 over IPv4.
    """
    try:
        session = decode(text)
    except WireError as wrong:
        raise ConfigError(f"{name} is no session description: {wrong}") from wrong
    legs: dict[tuple[str, int], Expectation] = {}
    for stream in session.audio_streams():
        if stream.encoding.upper() not in _ENCODINGS:
            continue
        # Copies from several sources to one address are received as one.
        for leg in (each for each in stream.legs if _is_ipv4(each.address)):
            legs.setdefault((leg.address, leg.port), _expectation(session, stream, leg))
    if not legs:
        remarks = " ".join(str(each) for each in session.remarks()[:3])
        raise ConfigError(f"{name} describes no stream of L16 or L24 over IPv4. {remarks}".rstrip())
    return tuple(legs.values())


def _ask(url: str, timeout_s: float) -> bytes:
    try:
        return asyncio.run(describe(url, within_s=timeout_s))
    except DescribeError as error:
        raise MachineError(str(error), hint="See that the device and its URL are right.") from error


def _expectation(session: SessionDescription, stream: AudioStream, leg: Leg) -> Expectation:
    kind: ReferenceKind = "none"
    grandmaster = domain = None
    match stream.reference_clock:
        case PtpReference(identity, told):
            kind, grandmaster = "ptp", identity
            domain = told if isinstance(told, int) else None
        case PtpTraceable():
            kind = "traceable"
        case LocalMac():
            kind = "local"
        case _:
            pass
    time_ms = stream.packet_time_ms
    frames = None if time_ms is None else round(time_ms * stream.rate_hz / 1000) or None
    told_frames = stream.frames_per_packet
    return Expectation(
        name=session.name,
        address=leg.address,
        port=leg.port,
        encoding=_ENCODINGS[stream.encoding.upper()],
        rate_hz=stream.rate_hz,
        channels=stream.channels,
        payload_type=stream.payload_type,
        frames=frames,
        framecount=told_frames,
        ttl=leg.ttl,
        origin=session.origin.address if _is_ipv4(session.origin.address) else None,
        sources=tuple(each for each in leg.sources if _is_ipv4(each)),
        reference=kind,
        grandmaster=grandmaster,
        domain=domain if domain is not None else stream.clock_domain,
        mediaclk_offset=stream.media_clock_offset if stream.media_clock else 0,
        mediaclk_told=stream.media_clock is not None,
    )


def _is_ipv4(address: str) -> bool:
    try:
        IPv4Address(address)
    except ValueError:
        return False
    return True


def _fetch(url: str, timeout_s: float) -> bytes:
    try:
        with urllib.request.urlopen(url, timeout=timeout_s) as answer:  # noqa: S310  its scheme was checked
            text: bytes = answer.read(_LONGEST_BYTES)
    except urllib.error.HTTPError as answered:
        answered.close()
        raise _no_sdp(url, f"{answered.code} {answered.reason}") from None
    except urllib.error.URLError as refused:
        raise _no_sdp(url, refused.reason) from None
    except (OSError, ValueError, http.client.HTTPException) as refused:
        raise _no_sdp(url, refused) from None
    return text


def _no_sdp(url: str, reason: object) -> MachineError:
    return MachineError(f"{url} gives no SDP: {reason}.", hint="See that the device and its URL are right.")
