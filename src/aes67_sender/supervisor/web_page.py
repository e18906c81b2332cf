"""The page itself: files that stand beside this module, read once.

So that a page and the sender it speaks to are of one version, even if the package is updated while it runs.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from fastapi import FastAPI, HTTPException, Request, Response

_FOLDER: Final = Path(__file__).with_name("page")
_INDEX: Final = "index.html"
_KINDS: Final = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}


@dataclass(frozen=True, slots=True)
class _File:
    content: bytes
    kind: str
    tag: str


def read_page() -> dict[str, _File]:
    """The files of the page by name."""
    found = {}
    for path in sorted(_FOLDER.iterdir()):
        if path.suffix in _KINDS:
            content = path.read_bytes()
            tag = f'"{hashlib.sha256(content).hexdigest()[:16]}"'
            found[path.name] = _File(content, _KINDS[path.suffix], tag)
    return found


def add_page(app: FastAPI) -> None:
    """Serve the page at ``/``, and what it loads below ``/ui/``."""
    files = read_page()

    @app.get("/", include_in_schema=False)
    async def get_index(request: Request) -> Response:
        return _answer(files[_INDEX], request)

    @app.get("/ui/{name}", include_in_schema=False)
    async def get_file(name: str, request: Request) -> Response:
        if name not in files or name == _INDEX:
            raise HTTPException(404, f"The page has no file {name!r}.")
        return _answer(files[name], request)


def _answer(file: _File, request: Request) -> Response:
    # Asked about every time: the next version of the sender has the same addresses.
    headers = {"ETag": file.tag, "Cache-Control": "no-cache"}
    if request.headers.get("if-none-match") == file.tag:
        return Response(status_code=304, headers=headers)
    return Response(file.content, media_type=file.kind, headers=headers)
