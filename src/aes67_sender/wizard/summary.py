"""What is going to be written, as a picture of at most 80 columns."""

from __future__ import annotations

from itertools import zip_longest
from typing import TYPE_CHECKING, Any, Final

from rich.table import Table
from rich.text import Text

from aes67_sender.config.findings import listed, path_of
from aes67_sender.config.load import judge
from aes67_sender.errors import ConfigError
from aes67_sender.wizard.families import FAMILIES, livewire_channel

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import RenderableType

    from aes67_sender.config.findings import Loc
    from aes67_sender.config.model import Config, StreamSettings
    from aes67_sender.config.sources import SourceSettings
    from aes67_sender.wizard.facts import Answers, Facts

_WIDTH: Final = 79
_MOST_STREAMS: Final = 12
_MOST_CHANGES: Final = 6
_IDENTITY: Final = ("device", "path", "bin")


def summary(facts: Facts, answers: Answers, data: dict[str, Any]) -> list[RenderableType]:
    """Sender, clock, sources and streams; and what is changed in a file that was there. Nothing for a wrong config."""
    try:
        config = judge(data)
    except ConfigError:
        return []
    parts: list[RenderableType] = [_overview(facts, answers, config), Text(), _streams(config)]
    if len(config.streams) > _MOST_STREAMS:
        parts.append(Text(f"… and {len(config.streams) - _MOST_STREAMS} more streams", style="dim"))
    if facts.existing is not None:
        changed = list(changes(facts.existing.data, data))
        more = len(changed) - _MOST_CHANGES
        shown = [*changed[:_MOST_CHANGES], *([f"{more} more"] if more > 0 else [])]
        parts += [Text(), Text(f"Changes {listed(shown, 'and')}." if changed else "Nothing in the file changes.")]
    return parts


def changes(old: Any, new: Any, at: Loc = ()) -> Iterator[str]:  # noqa: ANN401  JSON data of any shape
    """The paths at which two configs differ."""
    if isinstance(old, dict) and isinstance(new, dict):
        for key in (*new, *(key for key in old if key not in new)):
            yield from changes(old.get(key), new.get(key), (*at, key))
    elif _is_list_of_entries(old) and _is_list_of_entries(new):
        for number, (one, other) in enumerate(zip_longest(old, new)):
            yield from changes(one, other, (*at, number))
    elif old != new:
        yield path_of(at)


def _is_list_of_entries(data: object) -> bool:
    return isinstance(data, list) and all(isinstance(entry, dict) for entry in data)


def _overview(facts: Facts, answers: Answers, config: Config) -> Table:
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    here = facts.interface(answers.interface)
    where = f"{answers.interface} ({here.address})" if here and here.address else answers.interface
    ways = [way for way, on in (("SAP", config.announce.sap), ("mDNS and RTSP", config.announce.ravenna)) if on]
    announced = f"announced by {listed(ways, 'and')}" if ways else "not announced"
    domain = "" if config.clock.mode == "free-run" else f", PTP domain {config.clock.domain}"
    rows = [
        ("Sender", f"{config.name}, on {where}"),
        ("Receivers", f"{FAMILIES[answers.profile].title}; {announced}"),
        ("Clock", f"{config.clock.mode}{domain}"),
        *(("Source" if not number else "", _source(each)) for number, each in enumerate(config.sources)),
    ]
    for title, text in rows:
        table.add_row(title, Text(text))
    return table


def _source(source: SourceSettings) -> str:
    which = next((value for key in _IDENTITY if (value := getattr(source, key, None))), None)
    if source.kind == "jack":
        which = ", ".join(source.connect) or "to be connected by hand"
    count = "" if source.channels is None else f", {source.channels} channel{'s' * (source.channels != 1)}"
    named = source.kind if source.id == source.kind else f"{source.id}: {source.kind}"
    about = "" if which is None else f" {which}"
    return f"{named}{about}{count}"


def _streams(config: Config) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim", width=_WIDTH, pad_edge=False)
    table.add_column("Stream", ratio=1, no_wrap=True, overflow="ellipsis")
    table.add_column("From", no_wrap=True, overflow="ellipsis", max_width=22)
    table.add_column("To", no_wrap=True)
    table.add_column("Packets", no_wrap=True)
    for stream in config.streams[:_MOST_STREAMS]:
        packet = stream.packet_format
        packets = f"{packet.channels} ch {packet.encoding} {packet.packet_time_us / 1000:g} ms"
        cells = (stream.name, f"{stream.source} {_ranges(stream.channels)}", _destination(stream, config), packets)
        # Text: a name must not be taken for markup.
        table.add_row(*map(Text, cells))
    return table


def _destination(stream: StreamSettings, config: Config) -> str:
    channel = livewire_channel(stream.address) if config.announce.sdp_profile == "generic" else None
    return f"{stream.address}:{stream.port}" + (f" (Livewire {channel})" if channel else "")


def _ranges(channels: tuple[int, ...]) -> str:
    """``1-8, 12`` of ascending neighbours; others one by one."""
    runs: list[list[int]] = []
    for channel in channels:
        if runs and channel == runs[-1][-1] + 1:
            runs[-1].append(channel)
        else:
            runs.append([channel])
    return ",".join(str(run[0]) if len(run) == 1 else f"{run[0]}-{run[-1]}" for run in runs)
