"""Sources to choose from, as JSON data. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from aes67_sender.config.sources import MAX_CHANNELS, SOURCE_MODELS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aes67_sender.config.model import StreamSettings
    from aes67_sender.config.sources import SourceSettings
    from aes67_sender.model.capture import AudioDevice
    from aes67_sender.wizard.facts import Facts, SourceData

TONE: Final[SourceData] = {"kind": "tone"}
#: Ports of our own, which somebody connects by hand.
JACK: Final[SourceData] = {"kind": "jack"}
_USUAL_CHANNELS: Final = 2
#: Some drivers offer hundreds of channels that nobody has wired.
_MOST_PROPOSED: Final = 64
#: What tells two sources of one kind apart; kinds that are not here have nothing.
_IDENTITY: Final = {"file": "path", "gst": "bin", "jack": "connect"}
_DETAIL_KEY: Final = {"file": "path", "gst": "bin", "stdin": "format"}
#: Kinds whose channels stand in the source; of a file, only its own header tells.
_UNCOUNTED: Final = frozenset({"file"})


def of_device(device: AudioDevice) -> SourceData:
    """What to write for a device, without its channels."""
    return {key: value for key, value in device.config.items() if key != "channels"}


def parse_source(text: str) -> SourceData:
    """``KIND`` or ``KIND:WHICH``: a device, a JACK client or port pattern, a file's path.

    Never raises: what is wrong is for the config to judge.
    """
    kind, colon, which = text.partition(":")
    if not colon:
        return {"kind": kind}
    if kind == "jack":
        return {"kind": kind, "connect": [which if ":" in which else f"{which}:*"]}
    return {"kind": kind, _DETAIL_KEY.get(kind, "device"): which}


def same_source(one: SourceData, other: SourceData) -> bool:
    """Whether two mean the same sound, whatever else is set."""
    if one.get("kind") != other.get("kind"):
        return False
    key = _IDENTITY.get(str(one.get("kind")), "device")
    return (one.get(key) or None) == (other.get(key) or None)


def device_for(source: SourceData, devices: Sequence[AudioDevice]) -> AudioDevice | None:
    """The listed device that a source means: by its id, a part of its name, or as the default."""
    found = [each for each in devices if same_source(of_device(each), source)]
    named = source.get("device")
    of_kind = [each for each in devices if each.kind == source.get("kind") and source.get("kind") != "jack"]
    if not found and isinstance(named, str):
        found = [each for each in of_kind if named.casefold() in each.name.casefold()]
    if not found and named is None:
        found = [each for each in of_kind if each.default]
    return found[0] if len(found) == 1 else None


def usual_channels(source: SourceData, facts: Facts) -> int:
    """How many channels to propose: those in the file, else those of the device."""
    if facts.existing is not None:
        for settings in facts.existing.config.sources:
            if same_source(as_written(settings), source):
                return channels_of(settings, facts.existing.config.streams)
    device = device_for(source, facts.devices)
    return max(1, min(device.channels, _MOST_PROPOSED)) if device is not None else _USUAL_CHANNELS


def as_written(settings: SourceSettings) -> SourceData:
    """Settings of a source as JSON data with all its keys."""
    data: dict[str, Any] = settings.model_dump(mode="json")
    return data


def channels_of(settings: SourceSettings, streams: Sequence[StreamSettings]) -> int:
    """Channels of a source; of a file that does not say, those that streams use."""
    if settings.channels is not None:
        return settings.channels
    used = [channel for stream in streams if stream.source == settings.id for channel in stream.channels]
    return max(used, default=_USUAL_CHANNELS)


def says_channels(source: SourceData) -> bool:
    """Whether the number of channels belongs into the source."""
    return source.get("kind") not in _UNCOUNTED


def default_source(devices: Sequence[AudioDevice]) -> SourceData:
    """What to propose on a machine with these devices: an input rather than what an output plays, else a tone."""
    known = [each for each in devices if each.kind in SOURCE_MODELS and each.channels <= MAX_CHANNELS]
    best = min(known, key=lambda each: (each.monitor, each.kind != "jack", not each.default), default=None)
    return of_device(best) if best is not None else dict(TONE)
