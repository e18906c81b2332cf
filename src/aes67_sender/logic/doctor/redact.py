"""Takes out of findings what tells who and where somebody is, so that they can be shown to everybody."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from ipaddress import AddressValueError, IPv4Address, IPv6Address
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from aes67_sender.logic.doctor.findings import Finding

_IPV4: Final = re.compile(r"(?<![\d.])\d{1,3}(?:\.\d{1,3}){3}(?![\d.]*\d)")
_IPV6: Final = re.compile(r"(?<![\w:])[0-9a-fA-F]{0,4}(?::[0-9a-fA-F]{0,4}){2,7}(?:%\w+)?(?![\w:])")
#: MACs and clock identities, with either separator, and as linuxptp writes them.
_EUI: Final = re.compile(r"\b([0-9a-fA-F]{2}([:-])[0-9a-fA-F]{2}\2[0-9a-fA-F]{2})(?:\2[0-9a-fA-F]{2}){3,5}\b")
_EUI_DOTTED: Final = re.compile(r"\b([0-9a-fA-F]{6})\.[0-9a-fA-F]{4}\.[0-9a-fA-F]{6}\b")
#: Interfaces that are named after their MAC.
_NAMED_BY_MAC: Final = re.compile(r"\b(en|wl|ww)x[0-9a-fA-F]{12}\b")
#: What is behind the first slash ends at a blank or a quote; what has blanks is known as a secret.
_PATH: Final = re.compile(
    r"(?<![\w/.<>~-])(?:/(?!/)[^\s\"'`,;:()\[\]<>]+|[A-Za-z]:\\[^\s\"'`,;()\[\]<>]+|\\\\[^\s\"',;]+)"
)
#: The same on every computer: these say nothing, and remedies name them.
_PUBLIC_PATHS: Final = re.compile(
    r"/(etc|proc|sys|dev|bin|sbin|opt/homebrew|usr|var/run/ptp4l|run/ptp4l)(/|$)|/(udp|tcp)$|[A-Za-z]:\\Windows\\",
    re.IGNORECASE,
)
#: Addresses that are the same for everybody.
_PUBLIC: Final = frozenset(
    {
        "0.0.0.0",  # noqa: S104  an address to keep, not to bind
        "127.0.0.1",
        "255.255.255.255",
        "224.0.1.129",
        "224.0.0.107",
        "224.0.0.0",
        "224.0.0.1",
        "239.255.255.255",
        "239.69.1.1",
    }
)
#: Names of users and computers that name nobody.
_NOBODY: Final = frozenset(
    {"root", "user", "admin", "administrator", "nobody", "audio", "localhost", "home", "pi", "sender"}
)
_SHORTEST_NAME: Final = 3


class Redactor:
    """Replaces the same by the same, so that it can still be told apart: ``<address-1>``, ``<path-2>``."""

    def __init__(self, names: Mapping[str, str], paths: Iterable[str]) -> None:
        """``names``: what to hide → what kind of thing it is (``host``, ``user``). ``paths``: folders to hide."""
        kept = {name: kind for name, kind in names.items() if _is_telling(name)}
        # The longest first, or a part of it would be taken out of the whole.
        self._names = sorted(kept.items(), key=lambda each: -len(each[0]))
        self._paths = sorted({path.rstrip("/\\") for path in paths if len(path) > 1}, key=len, reverse=True)
        self._given: dict[str, dict[str, str]] = {}

    def finding(self, finding: Finding) -> Finding:
        """The same finding, for everybody's eyes."""
        return replace(
            finding,
            text=self.text(finding.text),
            hint=self.text(finding.hint),
            facts={key: self._fact(value) for key, value in finding.facts.items()},
        )

    def text(self, text: str) -> str:
        """One text."""
        for path in self._paths:
            pattern = re.escape(path) + r"(?![\w.-])[^\s\"'`,;:()\[\]<>]*"
            text = re.sub(pattern, lambda found: self._instead("path", found[0]), text)
        text = _PATH.sub(self._path, text)
        for name, kind in self._names:
            text = re.sub(rf"(?<![\w-]){re.escape(name)}(?![\w-])", f"<{kind}>", text, flags=re.IGNORECASE)
        text = _EUI.sub(r"\1\2…", text)
        text = _EUI_DOTTED.sub(r"\1…", text)
        text = _NAMED_BY_MAC.sub(r"\1x…", text)
        text = _IPV4.sub(self._ipv4, text)
        return _IPV6.sub(self._ipv6, text)

    def _fact(self, value: object) -> object:
        match value:
            case str():
                return self.text(value)
            case list() | tuple():
                return [self._fact(each) for each in value]
            case Mapping():
                return {self.text(str(key)): self._fact(each) for key, each in value.items()}
            case _:
                return value

    def _path(self, found: re.Match[str]) -> str:
        path = found[0].rstrip(".")
        if _PUBLIC_PATHS.search(path):
            return found[0]
        return self._instead("path", path) + found[0][len(path) :]

    def _ipv4(self, found: re.Match[str]) -> str:
        try:
            address = IPv4Address(found[0])
        except AddressValueError:
            return found[0]
        if found[0] in _PUBLIC:
            return found[0]
        return self._instead("group" if address.is_multicast else "address", found[0])

    def _ipv6(self, found: re.Match[str]) -> str:
        try:
            IPv6Address(found[0].partition("%")[0])
        except AddressValueError:
            return found[0]
        return self._instead("address", found[0])

    def _instead(self, kind: str, what: str) -> str:
        given = self._given.setdefault(kind, {})
        return given.setdefault(what, f"<{kind}-{len(given) + 1}>")


def _is_telling(name: str) -> bool:
    return len(name) >= _SHORTEST_NAME and name.casefold() not in _NOBODY


def redact(findings: Sequence[Finding], redactor: Redactor) -> tuple[Finding, ...]:
    """All of them."""
    return tuple(redactor.finding(each) for each in findings)
