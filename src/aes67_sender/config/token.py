"""The token by which the web page and REST let people in: from the config, or else from the environment."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aes67_sender.config.model import WebSettings

TOKEN_VARIABLE: Final = "AES67_SENDER_TOKEN"  # noqa: S105  its name, not the token


def token_of(web: WebSettings, environment: Mapping[str, str] = os.environ) -> str | None:
    """The token that is to be shown; ``None`` if there is none and everybody on this computer is let in."""
    token: str | None = web.token
    return token or environment.get(TOKEN_VARIABLE) or None
