"""The token: programs show it with every request, browsers once, and then a cookie that was made of it."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import re
from typing import TYPE_CHECKING, Final

from fastapi import FastAPI, HTTPException, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict
from starlette.requests import HTTPConnection

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.types import ASGIApp, Receive, Scope, Send

#: Open to everybody: the page itself, which holds nothing, and where it shows the token.
_OPEN: Final = re.compile(r"/|/ui/[a-z0-9_.-]+|/api/v1/session")
_PURPOSE: Final = b"aes67-sender cookie"
#: So long each wrong token takes; one after the other.
WRONG_S: Final = 0.5
#: So many wrong ones wait at most; more are told so at once.
_MOST_WAITING: Final = 8
#: A year, in seconds.
_KEPT_S: Final = 365 * 24 * 3600
_WANTED: Final = "This sender wants its token."
_WRONG: Final = "This is not the sender's token."
_MANY: Final = "Too many wrong tokens at once. Try again in a moment."


class TokenGiven(BaseModel):
    """The token of the sender."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    token: str


class Doorkeeper:
    """Knows the token, and how long who shows a wrong one has to wait. Lives in the event loop."""

    def __init__(self, token: Callable[[], str | None], wrong_s: float = WRONG_S) -> None:
        """``token`` gives the one that counts now, ``None`` where everybody is let in."""
        self._token = token
        self._wrong_s = wrong_s
        self._turn = asyncio.Lock()
        self._waiting = 0

    @property
    def lets_all_in(self) -> bool:
        """Whether there is no token."""
        return self._token() is None

    def knows(self, shown: str) -> bool:
        """Whether a token is the right one."""
        return _same(shown, self._token() or "") and not self.lets_all_in

    def knows_cookie(self, shown: str) -> bool:
        """Whether a cookie was made of the right token."""
        return _same(shown, self.cookie()) and not self.lets_all_in

    def cookie(self) -> str:
        """What a browser keeps: it opens this door, and does not tell the token."""
        return hmac.new((self._token() or "").encode(), _PURPOSE, hashlib.sha256).hexdigest()

    async def slow_down(self) -> tuple[int, str]:
        """Let who has shown a wrong token wait; the status code and the sentence of the answer."""
        if self._waiting >= _MOST_WAITING:
            return 429, _MANY
        self._waiting += 1
        try:
            async with self._turn:
                await asyncio.sleep(self._wrong_s)
        finally:
            self._waiting -= 1
        return 401, _WRONG


class TokenNeeded:
    """Wraps an application: lets in who shows the token, where there is one."""

    def __init__(self, app: ASGIApp, doorkeeper: Doorkeeper) -> None:
        self._app = app
        self._doorkeeper = doorkeeper

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] == "lifespan" or self._doorkeeper.lets_all_in or _OPEN.fullmatch(scope["path"]):
            await self._app(scope, receive, send)
            return
        refused = await self._refuse(HTTPConnection(scope))
        if refused is None:
            await self._app(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008, "reason": refused[1]})
        else:
            code, sentence = refused
            headers = {"WWW-Authenticate": 'Bearer realm="aes67-sender"'} if code == 401 else {"Retry-After": "5"}  # noqa: PLR2004
            await JSONResponse({"detail": sentence}, code, headers)(scope, receive, send)

    async def _refuse(self, request: HTTPConnection) -> tuple[int, str] | None:
        kind, _, shown = request.headers.get("authorization", "").partition(" ")
        if kind.lower() == "bearer":
            return None if self._doorkeeper.knows(shown.strip()) else await self._doorkeeper.slow_down()
        # Whoever guesses at cookies would guess at 256 bits.
        if self._doorkeeper.knows_cookie(request.cookies.get(cookie_name(request), "")):
            return None
        return 401, _WANTED


def cookie_name(request: HTTPConnection) -> str:
    """One for each port: browsers keep the cookies of all ports of a computer together."""
    return f"aes67_sender_{request.url.port or request.url.scheme}"


def add_session_route(app: FastAPI, doorkeeper: Doorkeeper) -> None:
    """Let browsers show the token once."""

    @app.post(
        "/api/v1/session",
        summary="Show the token once, and get a cookie that stands for it",
        status_code=204,
        responses={401: {"description": "Not the sender's token"}, 429: {"description": "Too many wrong tokens"}},
    )
    async def post_session(given: TokenGiven, request: Request) -> Response:
        answer = Response(status_code=204)
        if doorkeeper.lets_all_in:
            return answer
        if not doorkeeper.knows(given.token):
            raise HTTPException(*await doorkeeper.slow_down())
        answer.set_cookie(
            cookie_name(request),
            doorkeeper.cookie(),
            max_age=_KEPT_S,
            secure=request.url.scheme == "https",
            httponly=True,
            samesite="strict",
        )
        return answer


def _same(shown: str, right: str) -> bool:
    """Whether two texts are the same, found out in the same time whatever they are."""
    return hmac.compare_digest(hashlib.sha256(shown.encode()).digest(), hashlib.sha256(right.encode()).digest())
