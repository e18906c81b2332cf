"""Defaults that depend on other values of the same file. Nothing is judged here: wrong data passes unchanged."""

from __future__ import annotations

import platform
from typing import Any, Final

from aes67_sender.config.fields import is_name

#: AES67 7.3: every receiver takes up to eight channels.
DEFAULT_CHANNELS: Final = 8
#: What a source has when it does not say; a file tells only when it is opened.
_USUAL_CHANNELS: Final = 2


def host_name() -> str:
    """The computer's name without its domain."""
    name = platform.node().partition(".")[0]
    return name if is_name(name) else "aes67-sender"


def free_id(wanted: str, taken: set[str]) -> str:
    """``wanted``, or the first of ``wanted-2``, ``wanted-3`` … that is not taken."""
    number, candidate = 1, wanted
    while candidate in taken:
        number += 1
        candidate = f"{wanted}-{number}"
    return candidate


def complete(data: Any) -> Any:  # noqa: ANN401  JSON data of any shape
    """JSON data with names, ids, sources and channels filled in where they were left out; ``data`` is not changed."""
    if not isinstance(data, dict):
        return data
    # Editors find the JSON schema by this key; it means nothing to the sender.
    filled = {key: value for key, value in data.items() if key != "$schema"}
    sources = filled.get("sources", [{"kind": "tone"}])
    if isinstance(sources, list | tuple):
        filled["sources"] = sources = _with_ids(sources, lambda _, source: str(source.get("kind", "source")))
    if isinstance(filled.get("streams"), list | tuple):
        streams = _with_ids(filled["streams"], lambda number, _: f"s{number}")
        name = filled["name"] if is_name(filled.get("name")) else host_name()
        filled["streams"] = [
            _complete_stream(stream, number, name[:64], sources) if isinstance(stream, dict) else stream
            for number, stream in enumerate(streams, start=1)
        ]
    return filled


def _with_ids(entries: Any, wanted: Any) -> list[Any]:  # noqa: ANN401
    taken = {entry["id"] for entry in entries if isinstance(entry, dict) and isinstance(entry.get("id"), str)}
    named: list[Any] = []
    for number, entry in enumerate(entries, start=1):
        if isinstance(entry, dict) and "id" not in entry:
            new_id = free_id(wanted(number, entry), taken)
            taken.add(new_id)
            named.append({"id": new_id, **entry})
        else:
            named.append(entry)
    return named


def _complete_stream(stream: dict[str, Any], number: int, name: str, sources: Any) -> dict[str, Any]:  # noqa: ANN401
    known = [source for source in sources if isinstance(source, dict)] if isinstance(sources, list) else []
    filled = {"name": f"{name} - Stream {number}", **stream}
    filled.setdefault("source", known[0]["id"] if known and is_name(known[0]["id"]) else "tone")
    if "channels" not in filled:
        of_source = next((source for source in known if source["id"] == filled["source"]), {})
        count = of_source.get("channels", _USUAL_CHANNELS)
        count = count if type(count) is int and count > 0 else _USUAL_CHANNELS
        filled["channels"] = list(range(1, min(count, DEFAULT_CHANNELS) + 1))
    return filled
