"""Kinds of values in the config file, and the sentences about what is wrong with one.

A sentence here starts with its verb: ``explain`` puts the key in front of it.
"""

from __future__ import annotations

import re
import unicodedata
from ipaddress import AddressValueError, IPv4Address, IPv4Network, IPv6Address
from typing import Annotated, Any, Final, LiteralString

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

from aes67_sender.config.findings import show

FROZEN: Final = ConfigDict(extra="forbid", frozen=True)

#: The control blocks of routers and hosts (RFC 5771 section 4): no router forwards them.
LINK_LOCAL_GROUPS: Final = IPv4Network("224.0.0.0/24")
PTP_GROUPS: Final = frozenset(IPv4Address(f"224.0.1.{last}") for last in (129, 130, 131, 132))
SAP_GROUPS: Final = frozenset({IPv4Address("239.255.255.255"), IPv4Address("224.2.127.254")})
RESERVED_PORTS: Final = {319: "PTP", 320: "PTP", 9875: "SAP announcements"}

MAX_NAME: Final = 100
_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
MIN_TOKEN: Final = 16
_TOKEN: Final = re.compile(rf"[!-~]{{{MIN_TOKEN},{MAX_NAME}}}")
_HOST_NAME: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]{0,252})")
#: Control characters, lone surrogates, line and paragraph separators: all that could break a line of SDP.
_BREAKING: Final = frozenset({"Cc", "Cs", "Zl", "Zp"})
_MAX_PORT: Final = 65535
_MAX_TAI_UTC_S: Final = 255
_MAX_LATENCY_MS: Final = 1000


def refuse(code: LiteralString, text: str, hint: str) -> PydanticCustomError:
    """The error a validator raises: a sentence without its subject, and the remedy."""
    return PydanticCustomError(code, "{text}", {"text": text, "hint": hint})


def is_one_line(text: str) -> bool:
    """Whether a text can stand in one line of SDP (RFC 4566 section 5)."""
    return not any(unicodedata.category(character) in _BREAKING for character in text)


def is_name(value: object) -> bool:
    """Whether a value passes as a name."""
    return isinstance(value, str) and bool(value.strip()) and len(value) <= MAX_NAME and is_one_line(value)


def _check_name(text: str) -> str:
    return _check_line(text, "Remove it: names go into the SDP, which has one line for each.")


def _check_path(text: str) -> str:
    return _check_line(text, 'Write paths with "/", or double each backslash: JSON reads \\n and \\t as codes.')


def _check_line(text: str, hint: str) -> str:
    if not text.strip():
        raise refuse("config.blank", "is blank.", "Write at least one visible character, or leave the key out.")
    if not is_one_line(text):
        raise refuse("config.control-character", "holds a line break or another control character.", hint)
    return text


def _check_id(text: str) -> str:
    if not _ID.fullmatch(text):
        raise refuse(
            "config.id",
            "may hold only letters A to Z, digits, dot, dash and underscore, at most 64 of them.",
            'It becomes a file name and part of a web address: write for example "studio-1".',
        )
    return text


def _check_address(text: str) -> str:
    hint = 'Choose a group in 239.0.0.0/8, for example "239.69.1.1", or the address of one receiver.'
    try:
        address = IPv4Address(text)
    except AddressValueError:
        what = "an IPv6 address; only IPv4 is sent" if _is_ipv6(text) else "no IPv4 address"
        hint = 'Write four numbers from 0 to 255 without leading zeros, for example "239.69.1.1".'
        raise refuse("config.address", f"is {show(text)}: {what}.", hint) from None
    if address in LINK_LOCAL_GROUPS:
        why = "224.0.0.0/24 is kept for routers"
    elif address in PTP_GROUPS:
        why = "PTP uses this group"
    elif address in SAP_GROUPS:
        why = "SAP announcements use this group"
    elif address == IPv4Address("255.255.255.255"):
        why = "broadcast would reach every device of the network"
    elif address.is_reserved:
        why = "240.0.0.0/4 is reserved"
    elif address in IPv4Network("0.0.0.0/8"):
        why = "nobody can receive there"
    else:
        return text
    raise refuse("config.address", f"is {text}: {why}.", hint)


def _is_ipv6(text: str) -> bool:
    try:
        IPv6Address(text)
    except AddressValueError:
        return False
    return True


def _check_port(port: int) -> int:
    if port in RESERVED_PORTS:
        raise refuse(
            "config.port", f"is {port}, the port of {RESERVED_PORTS[port]}.", "Choose 5004, the usual one, or 5006."
        )
    if port % 2:
        raise refuse(
            "config.port",
            f"is {port}, but RTP ports are even: RTCP has the odd one above (RFC 3550 section 11).",
            f"Write {port - 1}; streams with different addresses may share a port.",
        )
    return port


def _check_listen(text: str) -> str:
    host, colon, port = text.rpartition(":")
    if not (colon and host and port.isascii() and port.isdigit() and int(port[:6]) <= _MAX_PORT):
        raise refuse(
            "config.listen", "must be an address and a port, joined by a colon.", 'Write for example "127.0.0.1:8067".'
        )
    if host.lower() != "localhost" and _ip_address(host) is None:
        raise refuse(
            "config.listen",
            f"is on {show(host)}, which is no address of a computer.",
            'Write "127.0.0.1:8067", or "0.0.0.0:8067" with a token for all addresses of this computer.',
        )
    return text


def is_loopback(host: str) -> bool:
    """Whether only this computer can reach what listens there; IPv6 addresses in brackets or not."""
    address = _ip_address(host) or _ip_address(f"[{host}]")
    return host.lower() == "localhost" or (address is not None and address.is_loopback)


def _ip_address(host: str) -> IPv4Address | IPv6Address | None:
    """The address in the host of a URL, where IPv6 stands in brackets."""
    try:
        return IPv6Address(host[1:-1]) if host.startswith("[") and host.endswith("]") else IPv4Address(host)
    except AddressValueError:
        return None


def _check_token(value: Any) -> Any:  # noqa: ANN401  whatever stands in the file
    # No sentence about it shows it.
    if value is None or is_token(value):
        return value
    raise refuse(
        "config.token",
        f"must be a text of {MIN_TOKEN} to {MAX_NAME} letters, digits and signs, without blanks.",
        "Take one that nobody guesses: `openssl rand -hex 16` makes one.",
    )


def is_token(value: object) -> bool:
    """Whether a value can be a token: it goes into a header of HTTP."""
    return isinstance(value, str) and bool(_TOKEN.fullmatch(value))


def _check_host_name(text: str) -> str:
    if not _HOST_NAME.fullmatch(text):
        raise refuse(
            "config.host-name",
            "may hold only letters A to Z, digits, dots and dashes.",
            'Write the name as browsers show it, without port: "studio.example".',
        )
    return text.lower()


def _check_tai_utc(value: Any) -> Any:  # noqa: ANN401  whatever stands in the file
    if value == "auto" or (type(value) is int and 0 <= value <= _MAX_TAI_UTC_S):
        return value
    raise refuse(
        "config.tai-utc-offset",
        f'must be "auto" or whole seconds from 0 to {_MAX_TAI_UTC_S}.',
        'Write 37, which has been right since 2017, or "auto" to take the system\'s own figure.',
    )


def _check_latency(value: Any) -> Any:  # noqa: ANN401  whatever stands in the file
    if value == "auto" or (type(value) is int and 1 <= value <= _MAX_LATENCY_MS):
        return value
    raise refuse(
        "config.latency",
        f'is {show(value)}, but must be whole milliseconds from 1 to {_MAX_LATENCY_MS}, or "auto".',
        'Write 20, or "auto" to have the shortest one found that this computer can keep.',
    )


Whole = Annotated[int, Field(strict=True)]
Number = Annotated[float, Field(strict=True, allow_inf_nan=False)]
Flag = Annotated[bool, Field(strict=True)]
#: A text in one line, as names in the SDP must be.
Name = Annotated[str, Field(strict=True, min_length=1, max_length=MAX_NAME), AfterValidator(_check_name)]
#: A path, a device or a description of a bin.
LongText = Annotated[str, Field(strict=True, min_length=1, max_length=4000), AfterValidator(_check_path)]
Id = Annotated[
    str,
    Field(strict=True),
    AfterValidator(_check_id),
    WithJsonSchema({"type": "string", "pattern": f"^{_ID.pattern}$"}),
]
Address = Annotated[str, Field(strict=True), AfterValidator(_check_address)]
Port = Annotated[int, Field(strict=True, ge=1, le=_MAX_PORT), AfterValidator(_check_port)]
Listen = Annotated[str, Field(strict=True), AfterValidator(_check_listen)]
#: What programs and browsers show to be let in; no sentence shows it.
Token = Annotated[
    Any,
    BeforeValidator(_check_token),
    WithJsonSchema({"anyOf": [{"type": "string", "minLength": MIN_TOKEN}, {"type": "null"}]}),
]
HostName = Annotated[str, Field(strict=True), AfterValidator(_check_host_name)]
TaiUtcOffset = Annotated[
    Any,
    BeforeValidator(_check_tai_utc),
    WithJsonSchema({"anyOf": [{"const": "auto"}, {"type": "integer", "minimum": 0, "maximum": _MAX_TAI_UTC_S}]}),
]
LatencyMs = Annotated[
    Any,
    BeforeValidator(_check_latency),
    WithJsonSchema({"anyOf": [{"const": "auto"}, {"type": "integer", "minimum": 1, "maximum": _MAX_LATENCY_MS}]}),
]
