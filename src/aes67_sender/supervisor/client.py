"""Asks a running sender over its REST interface. Standard library only: ``status`` must start fast."""

from __future__ import annotations

import http.client
import json
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from aes67_sender.config.token import TOKEN_VARIABLE, token_of
from aes67_sender.errors import ConfigError, MachineError, WireError
from aes67_sender.logic.codec import decode_clock, decode_snapshot
from aes67_sender.model.problem import Problem

if TYPE_CHECKING:
    from aes67_sender.config.model import WebSettings
    from aes67_sender.model.snapshot import ClockStatus, Snapshot

DEFAULT_URL: Final = "http://127.0.0.1:8067"
#: Answers in which a sender says no in sentences: there is no such thing, it cannot be, not yet.
_REFUSALS: Final = frozenset({404, 422, 503})
#: It wants its token, or another one; or too many have tried wrong ones.
_SHUT: Final = frozenset({401, 429})
#: A snapshot of 256 streams is 200 KB; whatever answers more than this is something else.
_LONGEST_ANSWER_BYTES: Final = 16 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Door:
    """Where a sender listens, and the token that it wants to be shown."""

    url: str
    token: str | None = field(default=None, repr=False)


def door_of(web: WebSettings) -> Door:
    """Where the sender that runs with these settings is reached from this computer."""
    return Door(web.url(), token_of(web))


def fetch_snapshot(url: str | Door = DEFAULT_URL, *, timeout_s: float = 2.0) -> Snapshot:
    """The snapshot of the sender at ``url``; blocks for at most about ``timeout_s``.

    Raises:
        MachineError: nobody answers there, or it wants another token.
        WireError: who answers is no sender.
    """
    return decode_snapshot(_get(url, "/api/v1/snapshot", timeout_s))


def fetch_sdp(url: str | Door, stream_id: str, *, timeout_s: float = 2.0) -> str:
    """The SDP that the sender at ``url`` has for one of its streams.

    Raises:
        MachineError: nobody answers there, or it wants another token.
        WireError: it has no such stream, or no SDP yet.
    """
    return _get(url, f"/api/v1/streams/{quote(stream_id, safe='')}/sdp", timeout_s).decode()


def set_clock_mode(url: str | Door, mode: str, *, timeout_s: float = 2.0) -> ClockStatus:
    """Tell the sender at ``url`` to follow another clock; gives its clock as it is then.

    Raises:
        ConfigError: it knows no such mode.
        MachineError: nobody answers there, or it wants another token.
        WireError: who answers is no sender of this version.
    """
    return decode_clock(_ask(url, "/api/v1/clock", timeout_s, method="PATCH", data={"mode": mode}))


def patch_stream(
    url: str | Door, stream_id: str, fields: dict[str, Any], *, timeout_s: float = 10.0
) -> tuple[str, ...]:
    """Change some fields of a stream of the sender at ``url``; what was done, in sentences.

    Raises:
        ConfigError: it refuses, with every problem, or has no such stream.
        MachineError: nobody answers there, or it wants another token.
        WireError: who answers is no sender of this version.
    """
    path = f"/api/v1/streams/{quote(stream_id, safe='')}"
    answer = _ask(url, path, timeout_s, method="PATCH", data=fields)
    try:
        return tuple(str(sentence) for sentence in json.loads(answer)["applied"])
    except (ValueError, KeyError, TypeError):
        raise WireError(f"{url} answers, but not as an aes67-sender of this version does.") from None


def _get(url: str | Door, path: str, timeout_s: float) -> bytes:
    return _ask(url, path, timeout_s)


def _ask(
    url: str | Door, path: str, timeout_s: float, *, method: str = "GET", data: dict[str, Any] | None = None
) -> bytes:
    door = url if isinstance(url, Door) else Door(url)
    url = door.url if door.url.startswith(("http://", "https://")) else f"http://{door.url}"
    headers = {} if data is None else {"Content-Type": "application/json"}
    if door.token:
        headers["Authorization"] = f"Bearer {door.token}"
    # No proxy: the sender is on this computer, or where the user says it is.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        request = urllib.request.Request(  # noqa: S310  its scheme is checked above
            url.rstrip("/") + path,
            method=method,
            data=None if data is None else json.dumps(data).encode(),
            headers=headers,
        )
        with opener.open(request, timeout=timeout_s) as answer:
            answered: bytes = answer.read(_LONGEST_ANSWER_BYTES)
    except urllib.error.HTTPError as error:
        with error:
            refusal = _refusal(error) if error.code in _REFUSALS else None
        if error.code in _SHUT:
            raise _shut_out(url, error.code, shown=bool(door.token)) from None
        if refusal is not None:
            raise (WireError(str(refusal)) if method == "GET" else refusal) from None
        raise WireError(f"{url} answers, but not as an aes67-sender does ({error.code} {error.reason}).") from None
    except (http.client.HTTPException, ValueError) as error:
        raise WireError(f"{url} answers, but not as an aes67-sender does ({type(error).__name__}).") from None
    except OSError as error:
        reason = getattr(error, "reason", None) or error
        reason = (isinstance(reason, OSError) and reason.strerror) or reason
        raise MachineError(
            f"No aes67-sender answers at {url} ({reason}).",
            hint="Start it with `aes67-sender run` or `aes67-sender demo`; for another address give --url.",
        ) from None
    return answered


def _shut_out(url: str, code: int, *, shown: bool) -> MachineError:
    if code == HTTPStatus.TOO_MANY_REQUESTS:
        return MachineError(
            f"The sender at {url} is being asked with many wrong tokens.", hint="Try again in a moment."
        )
    said = "does not take this token" if shown else "wants its token"
    hint = f'Give the one of its config ("web": {{"token": …}}) with --token or in {TOKEN_VARIABLE}.'
    return MachineError(f"The sender at {url} {said}.", hint=hint)


def _refusal(error: urllib.error.HTTPError) -> ConfigError | None:
    """The sentences in which a sender says no; ``None`` if there are none."""
    try:
        answer = json.loads(error.read(_LONGEST_ANSWER_BYTES))
        if isinstance(detail := answer.get("detail"), str):
            # Only the reason: it knows no such address, as senders of other versions may not.
            return ConfigError(detail) if detail != error.reason else None
        problems = [Problem(**each) for each in answer["problems"]]
    except (OSError, http.client.HTTPException, ValueError, KeyError, TypeError, AttributeError):
        return None
    return ConfigError("The sender refuses it.", problems=problems) if problems else None
