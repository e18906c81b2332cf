"""The part of the REST interface that reads and changes the config."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final

from fastapi import FastAPI, HTTPException, Request, Response
from fastapi.responses import JSONResponse

from aes67_sender.config.load import config_error
from aes67_sender.config.read import MAX_FILE_BYTES, decode, parse_json
from aes67_sender.errors import ConfigError, SenderError
from aes67_sender.model.problem import Problem

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from aes67_sender.supervisor.live_config import LiveConfig


def _body(description: str) -> dict[str, Any]:
    """How a request with a JSON object looks in the OpenAPI description."""
    content = {"application/json": {"schema": {"type": "object"}}}
    return {"requestBody": {"description": description, "required": True, "content": content}}


#: How the answers look there.
_CHANGED: Final[dict[int | str, dict[str, Any]]] = {
    200: {"description": "Done; `applied` says what, in sentences"},
    413: {"description": "Longer than 1 MB"},
    422: {"description": "Nothing was changed; `problems` says why, each with its path and remedy"},
}


def add_config_routes(app: FastAPI, live: LiveConfig) -> None:
    """Let an application read and change a config."""

    @app.get("/api/v1/config", summary="The config in use")
    async def get_config() -> dict[str, Any]:
        return live.data()

    @app.put(
        "/api/v1/config",
        summary="Send another config",
        openapi_extra=_body("A whole config, as in its file"),
        responses=_CHANGED,
    )
    async def put_config(request: Request) -> Response:
        async def change(data: Any) -> dict[str, Any]:  # noqa: ANN401  any JSON data
            return {"applied": await live.put(data), "config": live.data()}

        return await _changed(request, change)

    @app.patch(
        "/api/v1/streams/{stream_id}",
        summary="Change fields of a stream",
        openapi_extra=_body("The keys of the stream to change, and their values, as in the config"),
        responses={**_CHANGED, 404: {"description": "No such stream"}},
    )
    async def patch_stream(stream_id: str, request: Request) -> Response:
        missing = HTTPException(404, f"There is no stream {stream_id!r}.")

        async def change(patch: Any) -> dict[str, Any]:  # noqa: ANN401  any JSON data
            try:
                applied, stream = await live.patch_stream(stream_id, patch)
            except KeyError:
                # Another request has removed it while this one waited for its turn.
                raise missing from None
            return {"applied": applied, "stream": stream}

        if stream_id not in {stream["id"] for stream in live.data()["streams"]}:
            raise missing
        return await _changed(request, change)


async def _changed(request: Request, change: Callable[[Any], Awaitable[dict[str, Any]]]) -> JSONResponse:
    """Do what the body of a request asks for, or say everything that is wrong with it."""
    try:
        return JSONResponse(await change(await _json(request)))
    except SenderError as error:
        found = error.problems if isinstance(error, ConfigError) else ()
        problems = found or (Problem("request", "error", str(error), error.hint),)
        code = 413 if isinstance(error, _TooLargeError) else 422
        return JSONResponse({"problems": [asdict(problem) for problem in problems]}, code)


class _TooLargeError(ConfigError):
    """The body of a request is longer than a config can be."""


async def _json(request: Request) -> Any:  # noqa: ANN401  any JSON data
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_FILE_BYTES:
            raise _TooLargeError("The request is larger than 1 MB.", hint="A config has a few kB.")
    data, findings = parse_json(decode(bytes(body), "The request"))
    if findings:
        raise config_error("The request", findings)
    return data
