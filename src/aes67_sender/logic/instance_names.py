"""Names of DNS-SD instances (RFC 6763 4.1.1, appendix C and D): one label of at most 63 octets, unlike all others."""

from __future__ import annotations

import re
from itertools import count
from typing import TYPE_CHECKING, Final

from aes67_sender.wire.sdp import clean

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

MAX_OCTETS: Final = 63
#: A dot beside another dot or at an end would be an empty label to some resolvers. This one only looks like a dot.
_DOT_AT_FAULT: Final = re.compile(r"^\.|\.$|\.(?=\.)")
_LEADER: Final = "\N{ONE DOT LEADER}"


def instance_name(wanted: str, number: int = 1) -> str:
    """The name as a label; from the second on with its number: ``Studio (2)``. Cut at 63 octets of UTF-8."""
    suffix = f" ({number})" if number > 1 else ""
    room = MAX_OCTETS - len(suffix.encode())
    text = _DOT_AT_FAULT.sub(_LEADER, clean(wanted)) or "-"
    short = text.encode()[:room].decode("utf-8", "ignore").rstrip()
    # The cut may have left a dot at the end, and the leader needs more room than the dot.
    return (f"{short.rstrip('.')}" if short != text or short.endswith(".") else short) + suffix


def choose_names(wanted: Mapping[str, str], before: Mapping[str, str], foreign: Collection[str]) -> dict[str, str]:
    """A label for each key, as far as possible the one it had ``before``.

    ``wanted`` are the names by key, in order of precedence; ``foreign`` are labels that others on the network have.
    """
    chosen: dict[str, str] = {}
    taken = {name.casefold() for name in foreign}
    kept = {
        key: before[key]
        for key, name in wanted.items()
        if key in before and before[key].casefold() not in taken and _is_of(before[key], name)
    }
    for key, name in [*((key, wanted[key]) for key in kept), *wanted.items()]:
        if key in chosen:
            continue
        candidates = (instance_name(name, number) for number in count(1))
        first = kept.get(key)
        chosen[key] = (
            first if first and _is_free(first, taken) else next(each for each in candidates if _is_free(each, taken))
        )
        taken.add(chosen[key].casefold())
    return {key: chosen[key] for key in wanted}


def _is_of(label: str, name: str) -> bool:
    found = re.search(r" \((\d{1,9})\)$", label)
    return label == instance_name(name) or (found is not None and label == instance_name(name, int(found[1])))


def _is_free(label: str, taken: set[str]) -> bool:
    """Not another's, nor the end of another's behind a dot: DNS compression would point into the middle of a label."""
    folded = label.casefold()
    return not any(folded == other or other.endswith(f".{folded}") or folded.endswith(f".{other}") for other in taken)
