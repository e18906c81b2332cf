"""Asks an RTSP server for a session description."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from aes67_sender.errors import SenderError, WireError
from aes67_sender.wire.rtsp import Decoder, Request, Response, encode
from aes67_sender.wire.rtsp_url import RtspUrl, parse_url

if TYPE_CHECKING:
    from asyncio import StreamReader, StreamWriter

_SDP_TYPE: Final = "application/sdp"
_PIECE_OCTETS: Final = 16384
_OK: Final = 200
_MOVED: Final = frozenset({301, 302})


class DescribeError(SenderError):
    """A session description could not be had from its RTSP server."""


async def describe(url: str | RtspUrl, *, within_s: float = 5.0, local_address: str | None = None) -> bytes:
    """The SDP at an ``rtsp://`` URL (RFC 2326 10.2), as it came; follows one redirection.

    ``local_address`` is the address of the interface to ask from.

    Raises:
        DescribeError: there is none, not in time, or the URL is none.
    """
    try:
        async with asyncio.timeout(within_s):
            answer = await _ask(_parsed(url), local_address)
            if answer.status in _MOVED and (elsewhere := answer.header("Location")):
                answer = await _ask(_parsed(elsewhere), local_address)
    except TimeoutError:
        raise DescribeError(f"{url} did not answer within {within_s:g} s.") from None
    except (OSError, WireError) as error:
        raise DescribeError(f"{url} cannot be asked: {error}") from error
    if answer.status != _OK:
        raise DescribeError(f"{url} answers {answer.status} {answer.reason}.")
    kind = (answer.header("Content-Type") or _SDP_TYPE).partition(";")[0].strip().lower()
    if kind != _SDP_TYPE or not answer.body:
        raise DescribeError(f"{url} answers without a session description.")
    return answer.body


def _parsed(url: str | RtspUrl) -> RtspUrl:
    return url if isinstance(url, RtspUrl) else parse_url(url)


async def _ask(url: RtspUrl, local_address: str | None) -> Response:
    local = None if local_address is None else (local_address, 0)
    reader, writer = await asyncio.open_connection(url.host, url.port, local_addr=local)
    try:
        return await _exchange(url, reader, writer)
    finally:
        writer.transport.abort()


async def _exchange(url: RtspUrl, reader: StreamReader, writer: StreamWriter) -> Response:
    headers = (("CSeq", "1"), ("Accept", _SDP_TYPE), ("User-Agent", "aes67-sender"))
    writer.write(encode(Request("DESCRIBE", str(url), headers)))
    decoder = Decoder()
    while octets := await reader.read(_PIECE_OCTETS):
        for message in decoder.feed(octets):
            # Servers may ask things of us in between; one answer is ours.
            if isinstance(message, Response) and (message.header("CSeq") or "1") == "1":
                return message
    raise WireError("it closed the connection without an answer.")
