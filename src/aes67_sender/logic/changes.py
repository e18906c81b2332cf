"""What has to be done, and no more, to get from one config to another while streams are on the air."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aes67_sender.config.model import Config, StreamSettings
    from aes67_sender.config.sources import SourceSettings

#: Settings of a stream that its packets or their receivers depend on: a change means to end it and to begin anew.
SESSION_KEYS: Final = (
    "address",
    "port",
    "encoding",
    "rate",
    "packet_time_us",
    "payload_type",
    "ttl",
    "dscp",
    "multicast_loop",
    "ssrc",
)
#: Kinds that several programs, or two runs of one source, can have at the same time.
_SHARED: Final = frozenset({"tone", "silence", "file", "pulse", "pipewire", "wasapi-loopback"})
#: Kinds whose sound does not depend on the latency: nobody waits for it.
_WITHOUT_LATENCY: Final = frozenset({"tone", "silence", "file", "stdin"})


@dataclass(frozen=True, slots=True)
class Use:
    """What the enabled streams want of a source: ``channels`` by rate in Hz; none at all where no stream takes it."""

    source: SourceSettings
    channels: Mapping[int, int]


@dataclass(frozen=True, slots=True)
class Changes:
    """What to do, by the ids of sources and streams, each in the order of the config.

    Sources: ``refeed`` need other rings than before, ``restart`` are started anew. One that no stream takes any longer
    goes on, for it may be wanted again soon. Streams: ``replace`` end and
    begin again, since receivers must take them anew; ``reroute``, ``regain`` and ``rename`` go on with the same SSRC.
    ``new_engine`` and ``next_run`` are paths of settings that count only in a new engine, or in the next run.
    """

    start: tuple[str, ...] = ()
    stop: tuple[str, ...] = ()
    restart: tuple[str, ...] = ()
    refeed: tuple[str, ...] = ()
    add: tuple[str, ...] = ()
    remove: tuple[str, ...] = ()
    replace: tuple[str, ...] = ()
    reroute: tuple[str, ...] = ()
    regain: tuple[str, ...] = ()
    rename: tuple[str, ...] = ()
    clock_mode: str | None = None
    new_engine: tuple[str, ...] = ()
    next_run: tuple[str, ...] = ()


def uses(config: Config) -> dict[str, Use]:
    """What is wanted of every source, by its id."""
    wanted: dict[str, dict[int, int]] = {source.id: {} for source in config.sources}
    own = {source.id: source.channels for source in config.sources}
    for stream in on_air(config).values():
        channels = own[stream.source]
        rates = wanted[stream.source]
        rates[stream.rate] = max(rates.get(stream.rate, 0), max(stream.channels) if channels is None else channels)
    return {source.id: Use(source, wanted[source.id]) for source in config.sources}


def on_air(config: Config) -> dict[str, StreamSettings]:
    """The enabled streams by id."""
    return {stream.id: stream for stream in config.streams if stream.enabled}


def holds(source: SourceSettings) -> tuple[object, ...] | None:
    """What of the machine nobody else can have while this source runs; ``None`` if nothing."""
    if source.kind in _SHARED:
        return None
    if source.kind == "jack":
        return source.kind, source.server_name, source.client_name
    # Of a bin nobody knows what it opens: its two runs are kept apart, at least.
    return source.kind, getattr(source, "device", source.id)


def session_changes(old: StreamSettings, new: StreamSettings) -> tuple[str, ...]:
    """The settings for which a stream has to end and begin again."""
    changed = tuple(key for key in SESSION_KEYS if getattr(old, key) != getattr(new, key))
    return changed + (("channels",) if len(old.channels) != len(new.channels) else ())


def changes(old: Config, new: Config) -> Changes:
    """What to do to send ``new`` where ``old`` is sent."""
    before, after = on_air(old), on_air(new)
    lasting = [id_ for id_ in after if id_ in before]
    replaced = [id_ for id_ in lasting if session_changes(before[id_], after[id_])]
    going_on = [(before[id_], after[id_]) for id_ in lasting if id_ not in replaced]
    was, will = uses(old), uses(new)
    restart = tuple(id_ for id_, use in will.items() if id_ in was and _must_restart(was[id_], use, old, new))
    return Changes(
        start=tuple(id_ for id_ in will if id_ not in was),
        stop=tuple(id_ for id_ in was if id_ not in will),
        restart=restart,
        refeed=tuple(
            id_
            for id_, use in will.items()
            if id_ in was and id_ not in restart and use.channels and use.channels != was[id_].channels
        ),
        add=tuple(id_ for id_ in after if id_ not in before),
        remove=tuple(id_ for id_ in before if id_ not in after),
        replace=tuple(replaced),
        reroute=tuple(b.id for a, b in going_on if (a.source, a.channels) != (b.source, b.channels)),
        regain=tuple(b.id for a, b in going_on if a.gains != b.gains),
        rename=tuple(b.id for a, b in going_on if (a.name, a.channel_names) != (b.name, b.channel_names)),
        clock_mode=new.clock.mode if new.clock.mode != old.clock.mode else None,
        new_engine=tuple(_new_engine(old, new)),
        next_run=tuple(
            path
            for path, before_, after_ in (
                ("secondary_interface", old.secondary_interface, new.secondary_interface),
                ("web.listen", old.web.listen, new.web.listen),
            )
            if before_ != after_
        ),
    )


def _must_restart(was: Use, will: Use, old: Config, new: Config) -> bool:
    other_latency = old.latency_ms != new.latency_ms and will.source.kind not in _WITHOUT_LATENCY
    return was.source != will.source or other_latency


def _new_engine(old: Config, new: Config) -> list[str]:
    paths = ["interface"] if old.interface != new.interface else []
    settings = type(new.clock).model_fields
    return paths + [
        f"clock.{key}" for key in settings if key != "mode" and getattr(old.clock, key) != getattr(new.clock, key)
    ]
