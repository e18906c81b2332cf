"""The streams of a config: which channels go where. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from aes67_sender.config.fields import MAX_NAME, is_name
from aes67_sender.config.model import StreamSettings
from aes67_sender.config.sources import MAX_CHANNELS
from aes67_sender.model.packet import PacketFormat, longest_fitting_packet_time_us, max_payload_bytes
from aes67_sender.wizard.addresses import is_group, next_free, taken_by
from aes67_sender.wizard.families import FAMILIES, family_of, first_address
from aes67_sender.wizard.sound import channels_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from aes67_sender.config.model import Config
    from aes67_sender.wizard.facts import Answers, Facts

Entry = dict[str, Any]


@dataclass(slots=True)
class _Slot:
    """A stream in the making: what it carries, and its entry in the file, empty if it is ``new``."""

    source: str
    channels: tuple[int, ...]
    entry: Entry
    new: bool = False


def streams_of(facts: Facts, answers: Answers, sources: Sequence[Entry]) -> list[Entry]:
    """The entries of ``streams``; those of the file that carry the same channels as before keep all their keys.

    ``sources`` are the entries of the new config. Wrong answers are in the result as they were given.
    """
    config = facts.existing.config if facts.existing else None
    old = facts.existing.data.get("streams", []) if facts.existing else []
    family = FAMILIES[answers.profile]
    if config is not None and answers.per_stream is None:
        slots = [
            _Slot(stream.source, stream.channels, dict(entry))
            for entry, stream in zip(old, config.streams, strict=True)
        ]
    else:
        slots = [_slot(source, channels, old, config) for source, channels in _cuts(answers, sources, config)]
    _name(slots, answers.name, config)
    moved = config is None or family.key != family_of(config)
    for slot in slots:
        if moved or slot.new:
            slot.entry.update(family.stream_fields)
            _fit_packet(slot, facts, answers.interface)
    _address(slots, facts, answers)
    return [_in_order(slot.entry) if slot.new else slot.entry for slot in slots]


def _cuts(answers: Answers, sources: Sequence[Entry], config: Config | None) -> Iterator[tuple[str, tuple[int, ...]]]:
    """Source and channels of each stream. A number that is wrong counts as 1: it is judged elsewhere."""
    if answers.sources is None and config is not None:
        counts = {each.id: channels_of(each, config.streams) for each in config.sources}
    else:
        told = zip(sources, answers.channels, strict=False)
        counts = {entry["id"]: _countable(channels) for entry, channels in told}
    size = _countable(answers.per_stream)
    for source, count in counts.items():
        for first in range(1, count + 1, size):
            yield source, tuple(range(first, min(first + size, count + 1)))


def _countable(number: int | str | None) -> int:
    return number if isinstance(number, int) and 1 <= number <= MAX_CHANNELS else 1


def _slot(source: str, channels: tuple[int, ...], old: Sequence[Entry], config: Config | None) -> _Slot:
    for entry, stream in zip(old, config.streams if config else (), strict=True):
        if (stream.source, stream.channels) == (source, channels):
            # What was left out meant something by its place in the list.
            spelled_out = {"id": stream.id, "name": stream.name, "source": source, "channels": list(channels)}
            return _Slot(source, channels, {**spelled_out, **entry})
    return _Slot(source, channels, {"source": source, "channels": list(channels)}, new=True)


def _name(slots: Sequence[_Slot], name: str, config: Config | None) -> None:
    """Ids and names for new streams; names that were made from the sender's old name follow its new one."""
    several = len({slot.source for slot in slots}) > 1
    taken = {slot.entry["id"] for slot in slots if "id" in slot.entry}
    number = 1
    for slot in slots:
        if slot.new:
            while f"s{number}" in taken:
                number += 1
            taken.add(f"s{number}")
            slot.entry["id"] = f"s{number}"
            slot.entry["name"] = _proposed_name(name, slot, several=several)
        elif config is not None and slot.entry.get("name") == _proposed_name(config.name, slot, several=several):
            slot.entry["name"] = _proposed_name(name, slot, several=several)


def _proposed_name(name: str, slot: _Slot, *, several: bool) -> str:
    first, last = slot.channels[0], slot.channels[-1]
    numbers = str(first) if first == last else f"{first}-{last}"
    end = f" {slot.source} {numbers}" if several else f" {numbers}"
    # A name that is none is judged where it stands.
    return (name.strip() if is_name(name) else "-")[: MAX_NAME - len(end)] + end


def _fit_packet(slot: _Slot, facts: Facts, interface: str) -> None:
    """The longest packet time, up to the usual one, that the interface can carry."""
    here, entry = facts.interface(interface), slot.entry
    limit_bytes = max_payload_bytes(here.mtu_bytes if here else 1500)
    packet = PacketFormat(
        entry.get("encoding", "L24"), entry.get("rate", 48_000), len(slot.channels), entry["packet_time_us"]
    )
    if packet.payload_bytes > limit_bytes:
        entry["packet_time_us"] = longest_fitting_packet_time_us(packet, limit_bytes) or packet.packet_time_us


def _address(slots: Sequence[_Slot], facts: Facts, answers: Answers) -> None:
    """Give every stream that needs one a group that nobody else uses, in order from the base on."""
    taken = set(taken_by(facts, answers.interface))
    here = facts.interface(answers.interface)
    usual = first_address(FAMILIES[answers.profile], here.address if here else None)
    streams = facts.existing.config.streams if facts.existing else ()
    groups = [stream.address for stream in streams if is_group(stream.address)]
    base = answers.base_address
    start = base if base is not None else (groups or [usual])[0]
    moving = [slot for slot in slots if _moves(slot, base, taken)]
    used = {slot.entry["address"] for slot in slots if slot not in moving}
    for index, slot in enumerate(moving):
        if index == 0 and not is_group(start):
            # A wrong first address is left to the config's rules.
            slot.entry["address"], start = start, usual
        else:
            slot.entry["address"] = start = next_free(start, taken | used)
        used.add(slot.entry["address"])


def _moves(slot: _Slot, base: str | None, taken: set[str]) -> bool:
    """Whether a stream gets another address: it has none, others use it, or another base is wanted."""
    address = slot.entry.get("address")
    return address is None or address in taken or (base is not None and is_group(address))


def _in_order(entry: Entry) -> Entry:
    return {key: entry[key] for key in StreamSettings.model_fields if key in entry}
