"""From the answers to the config, as JSON data. What nobody asks about stays as it is. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from aes67_sender.config.complete import free_id
from aes67_sender.wizard.families import FAMILIES, family_of
from aes67_sender.wizard.sound import as_written, same_source, says_channels
from aes67_sender.wizard.streams import streams_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from aes67_sender.config.model import Config
    from aes67_sender.wizard.facts import Answers, Facts
    from aes67_sender.wizard.families import Family

Entry = dict[str, Any]
_DEFAULT_CLIENT: Final = "aes67-sender"


def build(facts: Facts, answers: Answers) -> dict[str, Any]:
    """The config to write; wrong answers are in it as they were given, for the config's own rules to judge."""
    family = FAMILIES[answers.profile]
    if facts.existing is None:
        sources = _sources(answers, [], [])
        return {
            "version": 1,
            "name": answers.name,
            "interface": answers.interface,
            "clock": {"mode": answers.mode, "domain": answers.domain},
            "sources": sources,
            "streams": streams_of(facts, answers, sources),
            "announce": _announce(family),
        }
    return _changed(facts, answers, family, facts.existing.data, facts.existing.config)


def _changed(facts: Facts, answers: Answers, family: Family, old: dict[str, Any], config: Config) -> dict[str, Any]:
    data = dict(old)
    known = config.interface is not None or answers.interface != facts.best_interface
    _put(data, {"name": answers.name} | ({"interface": answers.interface} if known else {}), config.model_dump())
    clock = dict(data.get("clock", {}))
    _put(clock, {"mode": answers.mode, "domain": answers.domain}, config.clock.model_dump())
    if clock:
        data["clock"] = clock
    if answers.sources is not None:
        data["sources"] = _sources(answers, list(old.get("sources", [])), [as_written(each) for each in config.sources])
    data["streams"] = streams_of(facts, answers, data.get("sources", []))
    if family.key != family_of(config):
        data["announce"] = {**old.get("announce", {}), **_announce(family)}
    return data


def _put(data: dict[str, Any], values: Mapping[str, Any], effective: Mapping[str, Any]) -> None:
    """Set what is not so already, by itself or by default."""
    data.update({key: value for key, value in values.items() if effective[key] != value})


def _announce(family: Family) -> Entry:
    return {"sap": True, "ravenna": family.ravenna, "sdp_profile": family.sdp_profile}


def _sources(answers: Answers, old: Sequence[Entry], written: Sequence[Entry]) -> list[Entry]:
    """``old`` are the entries of the file, ``written`` the same with all their keys."""
    entries: list[Entry] = []
    left = list(range(len(old)))
    matched: list[tuple[Entry, dict[str, Any]]] = []
    for source, channels in zip(answers.sources or (), answers.channels, strict=False):
        index = next((index for index in left if same_source(written[index], source)), None)
        kept: Entry = {}
        if index is not None:
            left.remove(index)
            kept = {"id": written[index]["id"], **old[index]}
        matched.append((kept, {**source, **({"channels": channels} if says_channels(source) else {})}))
    taken = {kept["id"] for kept, _ in matched if kept}
    clients = {kept.get("client_name", _DEFAULT_CLIENT) for kept, _ in matched if kept.get("kind") == "jack"}
    for kept, source in matched:
        entry = {**kept, **source}
        if not kept:
            entry = {"id": free_id(str(source["kind"]), taken), **source}
            taken.add(entry["id"])
            if source["kind"] == "jack":
                entry["client_name"] = free_id(_DEFAULT_CLIENT, clients)
                clients.add(entry["client_name"])
        entries.append(entry)
    return entries
