"""Why there is no PTP time yet: sentences for the user, the same whoever listens."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


def here(interface: str, domain: int) -> str:
    """``on eth0, domain 0``."""
    return f"on {interface}, domain {domain}"


def nobody(interface: str, domain: int) -> str:
    """Silence."""
    return (
        f"No PTP master is heard {here(interface, domain)}: it may be on another interface, send to unicast addresses "
        "only, or be held off by a firewall."
    )


def other_domains(domains: Iterable[int], domain: int) -> str:
    """Masters are heard, but elsewhere."""
    which = " and ".join(str(each) for each in sorted(set(domains)))
    return f"A master is on domain {which}, this sender listens on domain {domain}."


def version_1_only(interface: str) -> str:
    """Native Dante."""
    return (
        f"Only PTP version 1 is heard on {interface}, which Dante devices speak among themselves: switch on AES67 mode "
        "in a Dante device that can be the grandmaster, so that it sends version 2 too."
    )


def unannounced(interface: str, domain: int) -> str:
    """Half of the messages are missing."""
    return (
        f"Syncs are heard {here(interface, domain)}, but no Announce of the master that sends them: a firewall may "
        "hold off UDP port 320."
    )


def silent(master: str, interface: str, domain: int) -> str:
    """A master that is gone."""
    return f"Nothing is heard from {master} {here(interface, domain)} any more; the media clock runs on."


def jumped(master: str, interface: str, domain: int) -> str:
    """A master with another time than a moment ago."""
    return f"The time of {master} {here(interface, domain)} jumped and is settling."
