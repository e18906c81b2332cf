"""Multicast addresses for streams: free ones, and never those that others have announced. Pure."""

from __future__ import annotations

from ipaddress import IPv4Address
from typing import TYPE_CHECKING, Final

from pydantic import TypeAdapter, ValidationError

from aes67_sender.config.fields import PTP_GROUPS, SAP_GROUPS, Address
from aes67_sender.logic.discovered import free_address

if TYPE_CHECKING:
    from collections.abc import Collection

    from aes67_sender.model.session import DiscoveredSession
    from aes67_sender.wizard.facts import Facts

_RULES: Final[TypeAdapter[str]] = TypeAdapter(Address)
_RESERVED: Final = frozenset(str(group) for group in PTP_GROUPS | SAP_GROUPS)


def is_allowed(address: str) -> bool:
    """Whether a config may hold the address."""
    try:
        _RULES.validate_python(address)
    except ValidationError:
        return False
    return True


def is_group(address: str) -> bool:
    """Whether it is a multicast address that a config may hold."""
    return is_allowed(address) and IPv4Address(address).is_multicast


def taken_by(facts: Facts, interface: str) -> dict[str, DiscoveredSession]:
    """Addresses that others send to, and who does. What this computer itself announces of the file is not theirs."""
    here = facts.interface(interface)
    own_address = here.address if here else None
    streams = facts.existing.config.streams if facts.existing else ()
    ours = {(stream.address, stream.port) for stream in streams}
    return {
        place.address: session
        for session in facts.heard.sessions
        for place in session.destinations
        if session.origin != own_address or (place.address, place.port) not in ours
    }


def next_free(base: str, taken: Collection[str]) -> str:
    """The first free group from ``base`` on, within its /16; ``base`` itself where there is none."""
    refused = {*taken, *_RESERVED}
    while (found := free_address(base, refused)) is not None:
        if is_allowed(found):
            return found
        refused.add(found)
    return base
