"""RTSP and HTTP URLs, and the paths by which RAVENNA devices ask: ``/by-name/<session name>``, ``/by-id/<id>``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote, unquote_to_bytes

from aes67_sender.errors import WireError

#: RFC 2326 3.2.
DEFAULT_PORT: Final = 554
_HIGHEST_PORT: Final = 65535
_ABSOLUTE: Final = re.compile(r"(?i:rtspu?|https?)://([^/?#]*)([^?#]*)")
_AUTHORITY: Final = re.compile(r"(?:[^@]*@)?(?P<host>\[[0-9A-Fa-f:.%]+\]|[^:@\[\]\s]+)(?::(?P<port>[0-9]{1,5})?)?")


@dataclass(frozen=True, slots=True)
class RtspUrl:
    """Where to ask for what; ``path`` is percent-encoded and begins with a slash, as it stands in the URL."""

    host: str
    port: int
    path: str

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"rtsp://{host}:{self.port}{self.path}"


def parse_url(text: str) -> RtspUrl:
    """The parts of an ``rtsp://`` URL.

    Raises:
        WireError: it is none, or names no host.
    """
    found = _ABSOLUTE.match(text)
    authority = _AUTHORITY.fullmatch(found[1]) if found and text[:4].lower() == "rtsp" else None
    if found is None or authority is None:
        raise WireError(f"{text!r} is no RTSP URL.")
    port = int(authority["port"] or DEFAULT_PORT)
    if not 0 < port <= _HIGHEST_PORT:
        raise WireError(f"{text!r} has no such port.")
    return RtspUrl(authority["host"].strip("[]"), port, quote(found[2] or "/", safe="/%~:@!$&'()*+,;="))


def path_of(url: str) -> str:
    """The path of a request's URL, absolute or a path alone, decoded, without slashes at its end; ``*`` as it is.

    Blanks and other characters that should have been encoded are taken as they are: devices differ.

    Raises:
        WireError: it is neither, or no UTF-8.
    """
    found = _ABSOLUTE.match(url)
    path = found[2] if found else re.split(r"[?#]", url, maxsplit=1)[0]
    if not found and path != "*" and not path.startswith("/"):
        raise WireError(f"{url!r} is no URL.")
    try:
        decoded = unquote_to_bytes(path.rstrip("/").encode("utf-8", "surrogateescape")).decode("utf-8")
    except UnicodeDecodeError:
        raise WireError(f"{url!r} is no UTF-8.") from None
    return decoded or "/"


def by_name(name: str) -> str:
    """The path of a session by its name, percent-encoded."""
    return f"/by-name/{quote(name, safe='')}"
