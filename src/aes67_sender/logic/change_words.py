"""A change of the config in sentences, for who has asked for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from aes67_sender.logic.changes import on_air, session_changes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aes67_sender.config.model import Config, StreamSettings
    from aes67_sender.logic.changes import Changes

NOTHING: Final = "Nothing has changed."
OFF_AIR: Final = "What has changed does not concern what is on the air."


def describe(changes: Changes, old: Config, new: Config) -> tuple[str, ...]:
    """What the changes do, source by source and stream by stream; at least one sentence."""
    if old == new:
        return (NOTHING,)
    sentences = (*_sources(changes, old, new), *_streams(changes, old, new), *_whole(changes, old, new))
    return sentences or (OFF_AIR,)


def _sources(changes: Changes, old: Config, new: Config) -> Iterator[str]:
    before = {source.id: source for source in old.sources}
    for source in new.sources:
        if source.id in changes.start:
            yield f"Source {source.id} is started."
        elif source.id in changes.restart and before[source.id] != source:
            yield f"Source {source.id} is started anew with its new settings."
        elif source.id in changes.restart and old.latency_ms != new.latency_ms:
            yield f"Source {source.id} is started anew with its new latency."
    yield from (f"Source {source} is stopped." for source in changes.stop)


def _streams(changes: Changes, old: Config, new: Config) -> Iterator[str]:
    before, after = on_air(old), on_air(new)
    for stream in after.values():
        if stream.id in changes.add:
            yield f"Stream {stream.id} is sent, to {stream.address}:{stream.port}."
            continue
        was = before[stream.id]
        if stream.id in changes.replace:
            keys = ", ".join(session_changes(was, stream))
            yield f"Stream {stream.id} has ended and begun again, because receivers must take it anew ({keys})."
            continue
        if stream.id in changes.reroute:
            yield f"Stream {stream.id} takes {_channels(stream)} of {stream.source}."
        if stream.id in changes.regain:
            yield _level(was, stream)
        if stream.id in changes.rename:
            named = f'is called "{stream.name}"' if was.name != stream.name else "has other channel names"
            yield f"Stream {stream.id} {named} in its SDP."
    yield from (f"Stream {stream} is no longer sent." for stream in changes.remove)


def _channels(stream: StreamSettings) -> str:
    numbers = ", ".join(str(channel) for channel in stream.channels)
    return f"channel {numbers}" if len(stream.channels) == 1 else f"channels {numbers}"


def _level(was: StreamSettings, now: StreamSettings) -> str:
    if now.mute:
        return f"Stream {now.id} is muted."
    levels = now.gain_db, now.channel_gains_db
    if (was.gain_db, was.channel_gains_db) == levels and was.mute and not now.mute_channels:
        return f"Stream {now.id} is no longer muted."
    muted = ", ".join(str(position) for position in now.mute_channels)
    own = ", ".join(f"{gain:+g}" for gain in now.channel_gains_db)
    return (
        f"Stream {now.id} has a gain of {now.gain_db:+g} dB"
        + (f", and of {own} dB by channel" if own else "")
        + (f"; muted: {muted}." if muted else ".")
    )


def _whole(changes: Changes, old: Config, new: Config) -> Iterator[str]:
    if changes.clock_mode:
        yield f"The clock's mode is {changes.clock_mode}."
    if changes.new_engine:
        paths = ", ".join(changes.new_engine)
        yield f"For {paths} the engine is replaced: all streams pause for a moment and keep SSRC and time stamps."
    if old.announce.sdp_dir != new.announce.sdp_dir:
        yield f"SDP files are written to {new.announce.sdp_dir}."
    if old.announce.sdp_profile != new.announce.sdp_profile:
        yield f"SDP files are written for {new.announce.sdp_profile}."
    if changes.next_run:
        yield f"{' and '.join(changes.next_run)} will count from the next start of the sender on."
