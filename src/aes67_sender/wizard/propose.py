"""An answer to every question that nobody has answered. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from aes67_sender.config.machine import check_interface
from aes67_sender.wizard.addresses import is_group
from aes67_sender.wizard.clocks import propose_domain
from aes67_sender.wizard.facts import Answers, Facts, Given, SourceData
from aes67_sender.wizard.families import FAMILIES, Family, family_of, first_address
from aes67_sender.wizard.sound import TONE, default_source, usual_channels

if TYPE_CHECKING:
    from aes67_sender.config.model import Config

#: Keys of a source that are answers of their own.
_ASKED: Final = frozenset({"id", "channels"})


def propose(facts: Facts, given: Given) -> Answers:
    """What was given, and for the rest what stands in the file or suits what was found.

    With an existing file and nothing given, the answers change nothing in it. A value that was given is never changed,
    right or wrong.
    """
    config = facts.existing.config if facts.existing else None
    interface = given["interface"] if "interface" in given else _interface(facts, config)
    profile = given.get("profile") or (family_of(config) if config else "dante")
    family = FAMILIES[profile]
    moved = config is not None and profile != family_of(config)
    sources = _sources(facts, given)
    return Answers(
        interface=interface,
        profile=profile,
        mode=given.get("mode") or (config.clock.mode if config else "auto"),
        domain=given["domain"] if "domain" in given else _domain(facts, config, family, moved=moved),
        sources=sources,
        channels=_channels(facts, given, sources),
        per_stream=_per_stream(given, config, family, sources),
        base_address=given["base_address"] if "base_address" in given else _base(facts, config, family, interface),
        name=given.get("name", config.name if config else facts.host_name),
    )


def _interface(facts: Facts, config: Config | None) -> str:
    best = facts.best_interface or ""
    if config is None or config.interface is None:
        return best
    usable = not check_interface(config, facts.interfaces)
    return config.interface if usable or not best else best


def _domain(facts: Facts, config: Config | None, family: Family, *, moved: bool) -> int:
    if config is not None and not moved:
        return config.clock.domain
    return propose_domain(facts.heard.masters, family)


def _sources(facts: Facts, given: Given) -> tuple[SourceData, ...] | None:
    existing = facts.existing
    if given.get("sources") is not None:
        return given["sources"]
    if existing is None:
        return (default_source(facts.devices),)
    if not given.get("channels"):
        return None
    # The sources of the file, with other numbers of channels.
    entries = existing.data.get("sources", (TONE,))
    return tuple({key: value for key, value in entry.items() if key not in _ASKED} for entry in entries)


def _channels(facts: Facts, given: Given, sources: tuple[SourceData, ...] | None) -> tuple[int | str, ...]:
    """Numbers beyond those given are proposed: with fewer given than sources, the first ones are meant."""
    told = given.get("channels", ())
    rest = (sources or ())[len(told) :]
    return (*told, *(usual_channels(source, facts) for source in rest))


def _per_stream(
    given: Given, config: Config | None, family: Family, sources: tuple[SourceData, ...] | None
) -> int | str | None:
    if "per_stream" in given and not (given["per_stream"] is None and sources is not None):
        return given["per_stream"]
    if config is None:
        return family.per_stream
    widest = max(len(stream.channels) for stream in config.streams)
    fitting = min(widest, family.most_channels or widest)
    # Otherwise the sources have changed, or streams are too wide for these receivers: they are split anew.
    return None if sources is None and fitting == widest else fitting


def _base(facts: Facts, config: Config | None, family: Family, interface: str) -> str | None:
    if config is not None:
        groups = [stream.address for stream in config.streams if is_group(stream.address)]
        fits = all(group.startswith(f"{family.prefix}.") for group in groups)
        if family_of(config) == family.key or fits:
            return None
    here = facts.interface(interface)
    return first_address(family, here.address if here else None)
