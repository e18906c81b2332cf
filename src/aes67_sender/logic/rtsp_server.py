"""One RTSP connection as its server sees it: octets in, octets out, no input or output of its own.

Serves what RAVENNA devices ask for: DESCRIBE by name or by id, and ANNOUNCE to those who stay when a session changes.
SETUP, PLAY and TEARDOWN agree to the multicast that is sent anyway, so that players can open the URL. Plain HTTP gets
``/sdp/<id>``.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from aes67_sender.errors import WireError
from aes67_sender.wire.rtsp import Decoder, Request, Response, RtspError, encode
from aes67_sender.wire.rtsp_url import by_name, path_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from aes67_sender.wire.rtsp import Headers

_SDP_TYPE: Final = "application/sdp"
_METHODS: Final = ("OPTIONS", "DESCRIBE", "SETUP", "PLAY", "TEARDOWN", "GET_PARAMETER")
#: Known to RFC 2326, but nothing that can be done to what everybody hears.
_REFUSED: Final = frozenset({"PAUSE", "RECORD", "ANNOUNCE", "REDIRECT", "SET_PARAMETER"})
#: A player that says nothing for so long may be forgotten; nothing is: its session costs nothing.
_TIMEOUT_S: Final = 60
_MAX_SESSIONS: Final = 16
_REASONS: Final = {
    200: "OK",
    400: "Bad Request",
    404: "Not Found",
    405: "Method Not Allowed",
    406: "Not Acceptable",
    408: "Request Time-out",
    451: "Parameter Not Understood",
    453: "Not Enough Bandwidth",
    454: "Session Not Found",
    455: "Method Not Valid In This State",
    461: "Unsupported Transport",
    501: "Not Implemented",
    505: "Version Not Supported",
    551: "Option Not Supported",
}

_HTTP_HEADERS: Final[dict[int, Headers]] = {
    200: (("Content-Type", _SDP_TYPE),),
    405: (("Allow", "GET, HEAD"),),
}


@dataclass(frozen=True, slots=True)
class Offer:
    """A session that can be asked for. ``names``: as announced by mDNS, then others it answers to."""

    stream_id: str
    names: tuple[str, ...]
    sdp: str
    source: str
    destination: str
    port: int
    ttl: int


class Catalogue:
    """What is offered now. ``address`` and ``port`` are where, for URLs of our own."""

    def __init__(self, offers: Iterable[Offer] = (), *, address: str = "", port: int = 0) -> None:
        self.offers = tuple(offers)
        self.authority = f"{address}:{port}"
        self._by_id = {offer.stream_id: offer for offer in self.offers}
        self._by_name: dict[str, Offer] = {}
        # A name that is announced belongs to who announces it, whatever others are called.
        for rank in range(max((len(offer.names) for offer in self.offers), default=0)):
            for offer in self.offers:
                for name in offer.names[rank : rank + 1]:
                    self._by_name.setdefault(name, offer)

    def find(self, path: str, *, http: bool = False) -> Offer | None:
        """What stands at a decoded path."""
        _, kind, *rest = [*path.split("/", 2), "", ""]
        match kind:
            case "sdp" if http:
                return self._by_id.get(rest[0])
            case "by-id" if not http:
                return self._by_id.get(rest[0])
            case "by-name" if not http:
                return self._by_name.get(rest[0])
        return None


@dataclass(frozen=True, slots=True)
class Reply:
    """What to send, and whether to close after that."""

    octets: bytes = b""
    close: bool = False


TIMED_OUT: Final = Reply(encode(Response(408, _REASONS[408], (("Connection", "close"),))), close=True)


@dataclass(slots=True)
class RtspConnection:
    """The state of one connection. ``catalogue`` gives what is offered at the moment it is called."""

    catalogue: Callable[[], Catalogue]
    new_session: Callable[[], str] = lambda: secrets.token_hex(8)
    #: Ids of the streams that were described here: whoever asked is told of changes.
    described: set[str] = field(default_factory=set)
    _decoder: Decoder = field(default_factory=Decoder)
    _sessions: dict[str, str] = field(default_factory=dict)
    _cseq: int = 0

    @property
    def has_part(self) -> bool:
        """Whether a request has begun and not ended."""
        return self._decoder.has_part

    def receive(self, octets: bytes) -> Reply:
        """The answers to all that is complete now. Never raises, whatever comes."""
        try:
            messages = self._decoder.feed(octets)
        except RtspError:
            return Reply(encode(Response(400, _REASONS[400], (("Connection", "close"),))), close=True)
        answers = bytearray()
        for message in messages:
            # Answers to our ANNOUNCE need no attention.
            if isinstance(message, Request):
                reply = self._http(message) if message.version.startswith("HTTP/") else self._rtsp(message)
                answers += reply.octets
                if reply.close:
                    return Reply(bytes(answers), close=True)
        return Reply(bytes(answers))

    def announce(self, offer: Offer) -> bytes:
        """Tell of a session that has changed (RFC 2326 10.3); nothing to those who never asked for it."""
        if offer.stream_id not in self.described:
            return b""
        self._cseq += 1
        headers = (("CSeq", str(self._cseq)), ("Content-Type", _SDP_TYPE))
        url = f"rtsp://{self.catalogue().authority}{by_name(offer.names[0])}"
        return encode(Request("ANNOUNCE", url, headers, offer.sdp.encode()))

    def _rtsp(self, request: Request) -> Reply:
        cseq = request.header("CSeq")
        status, headers, body = self._answer(request, cseq)
        first = () if cseq is None else (("CSeq", cseq),)
        last = ("Connection", "close")
        wants_end = (request.header("Connection") or "").lower() == "close"
        close = status in {400, 505} or wants_end
        return Reply(
            encode(Response(status, _REASONS[status], (*first, *headers, *((last,) if close else ())), body)),
            close=close,
        )

    def _answer(self, request: Request, cseq: str | None) -> tuple[int, Headers, bytes]:
        if request.version != "RTSP/1.0":
            return 505, (), b""
        if cseq is None or not cseq.isascii() or not cseq.isdecimal():
            return 400, (), b""
        if (required := request.header("Require")) is not None:
            return 551, (("Unsupported", required),), b""
        if request.method not in _METHODS:
            return (405 if request.method in _REFUSED else 501), (("Allow", ", ".join(_METHODS)),), b""
        try:
            return self._known(request, path_of(request.url))
        except WireError:
            return 400, (), b""

    def _known(self, request: Request, path: str) -> tuple[int, Headers, bytes]:
        match request.method:
            case "OPTIONS":
                return 200, (("Public", ", ".join(_METHODS)),), b""
            case "DESCRIBE":
                return self._describe(request, path)
            case "SETUP":
                return self._setup(request, path)
            case "GET_PARAMETER" if request.header("Session") is None:
                return (451 if request.body else 200), (), b""
        return self._in_session(request)

    def _describe(self, request: Request, path: str) -> tuple[int, Headers, bytes]:
        offer = self.catalogue().find(path)
        if offer is None:
            return 404, (), b""
        if not _accepts_sdp(request.header("Accept")):
            return 406, (), b""
        self.described.add(offer.stream_id)
        base = request.url if "://" in request.url else f"rtsp://{self.catalogue().authority}{request.url}"
        headers = (("Content-Base", f"{base.rstrip('/')}/"), ("Content-Type", _SDP_TYPE))
        return 200, headers, offer.sdp.encode()

    def _setup(self, request: Request, path: str) -> tuple[int, Headers, bytes]:
        offer = self.catalogue().find(path)
        if offer is None:
            return 404, (), b""
        transport = _choose_transport(request.header("Transport") or "", offer)
        if transport is None:
            return 461, (), b""
        session = _session_id(request)
        if session is None:
            if len(self._sessions) >= _MAX_SESSIONS:
                return 453, (), b""
            session = self.new_session()
        elif session not in self._sessions:
            return 454, (), b""
        self._sessions[session] = offer.stream_id
        return 200, (("Transport", transport), ("Session", f"{session};timeout={_TIMEOUT_S}")), b""

    def _in_session(self, request: Request) -> tuple[int, Headers, bytes]:
        session = _session_id(request)
        if session is None:
            return 455, (), b""
        if session not in self._sessions:
            return 454, (), b""
        match request.method:
            case "TEARDOWN":
                del self._sessions[session]
                return 200, (), b""
            case "PLAY":
                return 200, (("Session", session), ("Range", "npt=now-")), b""
        return (451 if request.body else 200), (("Session", session),), b""

    def _http(self, request: Request) -> Reply:
        status, body = self._http_answer(request)
        kind: Headers = _HTTP_HEADERS.get(status, ())
        shown = b"" if request.method == "HEAD" else body
        headers = (*kind, ("Connection", "close"))
        return Reply(encode(Response(status, _REASONS[status], headers, shown, "HTTP/1.1")), close=True)

    def _http_answer(self, request: Request) -> tuple[int, bytes]:
        if not request.version.startswith("HTTP/1."):
            return 505, b""
        if request.method not in {"GET", "HEAD"}:
            return 405, b""
        try:
            offer = self.catalogue().find(path_of(request.url), http=True)
        except WireError:
            return 400, b""
        return (404, b"") if offer is None else (200, offer.sdp.encode())


def _accepts_sdp(accept: str | None) -> bool:
    if not accept:
        return True
    kinds = {part.partition(";")[0].strip().lower() for part in accept.split(",")}
    return not kinds.isdisjoint({_SDP_TYPE, "application/*", "*/*"})


def _session_id(request: Request) -> str | None:
    given = request.header("Session")
    return None if given is None else given.partition(";")[0].strip()


def _choose_transport(wanted: str, offer: Offer) -> str | None:
    """The first way asked for that is ours: by multicast, which ``RTP/AVP`` alone means too (RFC 2326 12.39)."""
    for way in wanted.split(","):
        protocol, *parameters = (part.strip() for part in way.split(";"))
        names = {parameter.partition("=")[0].lower() for parameter in parameters}
        if protocol.upper() in {"RTP/AVP", "RTP/AVP/UDP"} and names.isdisjoint({"unicast", "interleaved"}):
            ports = f"{offer.port}-{offer.port + 1}"
            place = f"destination={offer.destination};source={offer.source};port={ports};ttl={offer.ttl}"
            return f"{protocol};multicast;{place}"
    return None
