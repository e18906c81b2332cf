"""Clocks of a session: ``a=ts-refclk`` and ``a=mediaclk`` (RFC 7273, errata 4450 and 4548; ST 2110-10 8.2).

``parse`` raises ``ValueError``; ``render`` gives the attribute's value.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from aes67_sender.wire.sdp.fields import whole
from aes67_sender.wire.sdp.lines import shown

#: Beyond the 127 of IEEE 1588-2008 for the profiles of 2019.
_MAX_DOMAIN: Final = 255
_VERSION: Final = r"IEEE[0-9A-Za-z.]{1,12}-[0-9]{4}"
_TRACEABLE: Final = re.compile(rf"(?:({_VERSION}):)?traceable", re.IGNORECASE)
_GRANDMASTER: Final = re.compile(
    rf"({_VERSION}):([0-9A-F]{{2}}(?:-[0-9A-F]{{2}}){{7}})(?::(?:domain-(?:nmbr|name)=)?([!-~]{{1,16}}))?",
    re.IGNORECASE,
)
_MAC: Final = re.compile(r"[0-9A-F]{2}(?:[:-][0-9A-F]{2}){5}", re.IGNORECASE)
_CLOCK_ID: Final = r"(?:id=\S+\s+(?:src:\S+\s+)?)?"
_DIRECT: Final = re.compile(
    rf"{_CLOCK_ID}direct(?:\s*=\s*([0-9]{{1,20}}))?(?:\s+rate=([0-9]{{1,12}})(?:/([0-9]{{1,12}}))?)?", re.IGNORECASE
)
_SENDER: Final = re.compile(rf"{_CLOCK_ID}sender", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class PtpReference:
    """The stream follows this grandmaster, an EUI-64 such as ``00-1d-c1-ff-fe-12-34-56``, in this domain.

    ``domain`` is a name in PTP of 2002, ``None`` where the text leaves it out.
    """

    grandmaster: str
    domain: int | str | None
    version: str = "IEEE1588-2008"

    def render(self) -> str:
        """Upper case: RFC 7273 takes both, the ST 2110 checkers only this."""
        domain = "" if self.domain is None else f":{self.domain}"
        return f"ptp={self.version}:{self.grandmaster.upper()}{domain}"


@dataclass(frozen=True, slots=True)
class PtpTraceable:
    """Any grandmaster that is traceable to TAI; ``version`` is ``None`` in the bare form of early ST 2110."""

    version: str | None = "IEEE1588-2008"

    def render(self) -> str:
        """As RFC 7273 4.3 has it, or the bare form."""
        return "ptp=traceable" if self.version is None else f"ptp={self.version}:traceable"


@dataclass(frozen=True, slots=True)
class NtpReference:
    """NTP by this server, port included if there is one; ``None`` for any server that is traceable."""

    server: str | None

    def render(self) -> str:
        """As RFC 7273 4.2 has it."""
        return f"ntp={self.server or '/traceable/'}"


@dataclass(frozen=True, slots=True)
class LocalMac:
    """The stream follows its sender's own clock (ST 2110-10 8.2); ``None`` where the interface has no MAC."""

    mac: str | None

    def render(self) -> str:
        """``localmac=…`` with dashes, or ``local`` (RFC 7273 4.6)."""
        return f"localmac={self.mac.upper().replace(':', '-')}" if self.mac else "local"


@dataclass(frozen=True, slots=True)
class OtherReference:
    """``gps``, ``gal``, ``glonass``, ``private`` and what may come; the attribute's whole value."""

    value: str

    def render(self) -> str:
        """The value as it was."""
        return self.value


ReferenceClock = PtpReference | PtpTraceable | NtpReference | LocalMac | OtherReference


def parse_reference(value: str) -> ReferenceClock:
    """The clock that ``a=ts-refclk`` names; identities come in lower case."""
    source, _, rest = value.strip().partition("=")
    match source.lower():
        case "ptp":
            return _parse_ptp(rest.strip())
        case "ntp" if rest:
            return NtpReference(None if rest.lower() == "/traceable/" else rest)
        case "localmac":
            if not _MAC.fullmatch(rest):
                raise ValueError(f"no MAC address: {shown(rest)}")
            return LocalMac(rest.lower().replace("-", ":"))
        case "local" if not rest:
            return LocalMac(None)
        case "" | "ntp":
            raise ValueError(f"no clock: {shown(value)}")
        case _:
            return OtherReference(value.strip())


def _parse_ptp(rest: str) -> PtpReference | PtpTraceable:
    if traceable := _TRACEABLE.fullmatch(rest):
        return PtpTraceable(traceable[1])
    found = _GRANDMASTER.fullmatch(rest)
    if not found:
        raise ValueError(f"no PTP clock: {shown(rest)}")
    version, grandmaster, name = found.groups()
    domain = whole(name, "the PTP domain", most=_MAX_DOMAIN) if name and name.isdecimal() else name
    return PtpReference(grandmaster.lower(), domain, version)


@dataclass(frozen=True, slots=True)
class DirectClock:
    """Media time is the reference clock's, and ``offset`` the RTP time stamp at its epoch; ``None`` means 0.

    ``rate`` is times the nominal rate by the book, and the nominal rate itself in some gear.
    """

    offset: int | None = 0
    rate: Fraction | None = None

    def render(self) -> str:
        """As RFC 7273 5.2 has it."""
        offset = "" if self.offset is None else f"={self.offset}"
        rate = "" if self.rate is None else f" rate={self.rate}"
        return f"direct{offset}{rate}"


@dataclass(frozen=True, slots=True)
class SenderClock:
    """Media time is the sender's own (RFC 7273 5.1)."""

    def render(self) -> str:
        """The one word."""
        return "sender"


@dataclass(frozen=True, slots=True)
class OtherClock:
    """A clock that is a stream's, such as ``IEEE1722=…``; the attribute's whole value."""

    value: str

    def render(self) -> str:
        """The value as it was."""
        return self.value


MediaClock = DirectClock | SenderClock | OtherClock


def parse_media_clock(value: str) -> MediaClock:
    """The clock that ``a=mediaclk`` names."""
    value = value.strip()
    if direct := _DIRECT.fullmatch(value):
        offset, numerator, denominator = direct.groups()
        if denominator and not int(denominator):
            raise ValueError(f"no rate: {shown(value)}")
        rate = Fraction(int(numerator), int(denominator or 1)) if numerator else None
        return DirectClock(None if offset is None else int(offset), rate)
    if _SENDER.fullmatch(value):
        return SenderClock()
    if not value or value.lower().startswith("direct"):
        raise ValueError(f"no media clock: {shown(value)}")
    return OtherClock(value)
