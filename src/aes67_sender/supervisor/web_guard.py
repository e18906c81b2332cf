"""Who is answered at all: those who name this computer as they may, and no page of another site.

Without this, a web page anywhere could read the status through the visitor's browser (DNS rebinding), or change the
config: a browser names the page's origin with every PUT and PATCH and with every WebSocket.
"""

from __future__ import annotations

import platform
import re
from ipaddress import AddressValueError, IPv6Address
from typing import TYPE_CHECKING, Final

from fastapi import Response

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from aes67_sender.config.model import WebSettings

Headers = list[tuple[bytes, bytes]]

#: Any port: an SSH tunnel ends on one of its own.
_HOST: Final = re.compile(r"(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9.-]+)(?::\d{1,5})?")
_LOCAL: Final = frozenset({"127.0.0.1", "localhost", "[::1]"})
#: What a page of another site loads; a person who follows a link there asks for a document.
_ELSEWHERE: Final = frozenset({b"cross-site", b"same-site"})
_POLICY_VIOLATION: Final = 1008
_HEADERS: Final[Headers] = [
    (
        b"content-security-policy",
        b"default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'",
    ),
    (b"x-frame-options", b"DENY"),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
]


class Guard:
    """Wraps an application. ``web`` gives the settings as they are now."""

    def __init__(self, app: ASGIApp, web: Callable[[], WebSettings]) -> None:
        self._app = app
        self._web = web

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": [*message.get("headers", ()), *_HEADERS]}
            await send(message)

        refusal = ""
        if scope["type"] in {"http", "websocket"}:
            refusal = refuse(scope["headers"], names_of(self._web(), scope.get("server")))
        if not refusal:
            await self._app(scope, receive, send_guarded)
        elif scope["type"] == "http":
            await Response(refusal + "\n", status_code=403, media_type="text/plain")(scope, receive, send_guarded)
        else:
            await send({"type": "websocket.close", "code": _POLICY_VIOLATION, "reason": refusal})


def names_of(web: WebSettings, server: Iterable[object] | None) -> frozenset[str]:
    """The hosts that a request may name, in lower case; ``server`` is where its connection came in.

    An address is no danger: only names can be made to point elsewhere.
    """
    here = next(iter(server), None) if server else None
    names = {*_LOCAL, _in_url(web.host), *web.names}
    if isinstance(here, str):
        names.add(_in_url(here))
    if not web.local_only and (own := platform.node().lower()):
        names |= {own, own.partition(".")[0], f"{own.partition('.')[0]}.local"}
    return frozenset(names)


def refuse(headers: Headers, names: frozenset[str]) -> str:
    """Why a request with these headers is refused; empty if it is welcome."""
    hosts = [value.decode("latin-1").lower() for name, value in headers if name == b"host"]
    found = _HOST.fullmatch(hosts[0]) if len(hosts) == 1 else None
    if found is None or found[1] not in names:
        return (
            "Ask for 127.0.0.1 or localhost, or for an address of this computer on which the sender listens. "
            'Other names go into "names" of "web" in the config.'
        )
    welcome = {f"http://{hosts[0]}", f"https://{hosts[0]}"}
    if any(name == b"origin" and value.decode("latin-1").lower() not in welcome for name, value in headers):
        return "Pages of other origins are not answered."
    fetched = {name: value for name, value in headers if name.startswith(b"sec-fetch-")}
    if fetched.get(b"sec-fetch-site") in _ELSEWHERE and fetched.get(b"sec-fetch-dest") != b"document":
        return "Pages of other sites are not answered."
    return ""


def _in_url(host: str) -> str:
    """An address as it stands in a URL; an IPv4 address may come in the clothes of IPv6."""
    try:
        address = IPv6Address(host.partition("%")[0])
    except AddressValueError:
        return host.lower()
    return str(address.ipv4_mapped) if address.ipv4_mapped else f"[{address.compressed}]"
