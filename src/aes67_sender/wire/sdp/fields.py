"""The fields of ``o=``, ``c=`` and ``m=`` lines (RFC 8866 5.2, 5.7, 5.14). ``parse`` raises ``ValueError``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Final

from aes67_sender.wire.sdp.lines import shown

MAX_PORT: Final = 65_535
MAX_TTL: Final = 255
#: Addresses that one ``c=`` line may stand for, and ports that one ``m=`` line may.
MAX_COUNT: Final = 255
_ADDRESS: Final = re.compile(r"[0-9A-Za-z.:%_-]{1,255}")
_DOTTED: Final = re.compile(r"[0-9.]+|.*:.*")
_ORIGIN_FIELDS: Final = 6
_CONNECTION_FIELDS: Final = 3
_MEDIA_FIELDS: Final = 4


@dataclass(frozen=True, slots=True)
class Origin:
    """Who made the session. All but ``version`` name it; a name with blanks is not by the book, but seen."""

    session_id: int
    version: int
    address: str
    username: str = "-"
    network: str = "IN"
    family: str = "IP4"

    @classmethod
    def parse(cls, value: str) -> Origin:
        """From the value of an ``o=`` line."""
        parts = value.rsplit(maxsplit=_ORIGIN_FIELDS - 1)
        if len(parts) != _ORIGIN_FIELDS:
            raise ValueError(f"o= has {len(parts)} fields, not {_ORIGIN_FIELDS}")
        username, session_id, version, network, family, address = parts
        number, revision = whole(session_id, "the session id", digits=39), whole(version, "the version", digits=39)
        return cls(number, revision, _address(address), username, network, family)

    def render(self) -> str:
        """The value of an ``o=`` line."""
        return f"{self.username} {self.session_id} {self.version} {self.network} {self.family} {self.address}"


@dataclass(frozen=True, slots=True)
class Connection:
    """Where packets go. ``ttl`` is ``None`` for unicast, IPv6, and gear that leaves it out."""

    address: str
    ttl: int | None = None
    count: int = 1
    network: str = "IN"
    family: str = "IP4"

    @property
    def addresses(self) -> tuple[str, ...]:
        """All ``count`` addresses, one after the other; a host name stands for itself."""
        if not _DOTTED.fullmatch(self.address):
            return (self.address,)
        first = ip_address(self.address)
        return (self.address, *(str(first + offset) for offset in range(1, self.count)))

    @classmethod
    def parse(cls, value: str) -> Connection:
        """From the value of a ``c=`` line."""
        parts = value.split()
        if len(parts) != _CONNECTION_FIELDS:
            raise ValueError(f"c= has {len(parts)} fields, not {_CONNECTION_FIELDS}")
        network, family, where = parts
        address, *numbers = where.split("/")
        ttl = whole(numbers.pop(0), "the TTL", most=MAX_TTL) if numbers and family.upper() != "IP6" else None
        count = whole(numbers.pop(0), "the count of addresses", most=MAX_COUNT) if numbers else 1
        if numbers or count < 1:
            raise ValueError(f"no address with TTL and count: {shown(where)}")
        connection = cls(_address(address), ttl, count, network, family)
        if _DOTTED.fullmatch(address):
            _ = ip_address(address) + (count - 1)  # the last one must exist, too
        return connection

    def render(self) -> str:
        """The value of a ``c=`` line."""
        ttl = "" if self.ttl is None else f"/{self.ttl}"
        count = "" if self.count == 1 else f"/{self.count}"
        return f"{self.network} {self.family} {self.address}{ttl}{count}"


@dataclass(frozen=True, slots=True)
class MediaField:
    """What kind of media goes to which port. ``formats`` are payload types where ``protocol`` is RTP's."""

    kind: str
    port: int
    protocol: str
    formats: tuple[str, ...]
    port_count: int = 1

    @classmethod
    def parse(cls, value: str) -> MediaField:
        """From the value of an ``m=`` line."""
        kind, where, protocol, *formats = value.split() if len(value.split()) >= _MEDIA_FIELDS else ("",) * 3
        if not formats:
            raise ValueError("m= needs media, port, protocol and format")
        port, slash, count = where.partition("/")
        ports = whole(count, "the count of ports", most=MAX_COUNT) if slash else 1
        return cls(kind, whole(port, "the port", most=MAX_PORT), protocol, tuple(formats), max(ports, 1))

    def render(self) -> str:
        """The value of an ``m=`` line."""
        port = f"{self.port}" if self.port_count == 1 else f"{self.port}/{self.port_count}"
        return f"{self.kind} {port} {self.protocol} {' '.join(self.formats)}"


def whole(text: str, what: str, *, most: int | None = None, digits: int = 20) -> int:
    """A number without sign, not above ``most``, of so many digits at most."""
    if not re.fullmatch(rf"[0-9]{{1,{digits}}}", text):
        raise ValueError(f"{what} is no number: {shown(text)}")
    number = int(text)
    if most is not None and number > most:
        raise ValueError(f"{what} is above {most}: {shown(text)}")
    return number


def _address(text: str) -> str:
    """An IP address or a host name."""
    if not _ADDRESS.fullmatch(text):
        raise ValueError(f"no address: {shown(text)}")
    if _DOTTED.fullmatch(text):
        ip_address(text)
    return text
