"""What sound can be taken from on this machine."""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Final

from aes67_sender.errors import MachineError
from aes67_sender.gst import runtime
from aes67_sender.gst.binding import Gst
from aes67_sender.gst.bounded import bounded
from aes67_sender.gst.devicekinds import KINDS
from aes67_sender.gst.errors import DeviceError, SourceError
from aes67_sender.gst.jack import JackControl
from aes67_sender.model.capture import AudioDevice

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aes67_sender.model.capture import DeviceKind

_TIMEOUT_S: Final = 5.0
_ALSA_CARDS: Final = Path("/proc/asound")


@dataclass(frozen=True, slots=True)
class FoundDevice:
    """A device as a provider lists it. ``value`` is what the element wants in the property that names the device.

    ``kind`` is the element's name where no kind of ours captures with it.
    """

    name: str
    kind: str
    identity: str
    value: str | int | None
    channels: int
    rates_hz: tuple[int, ...] = ()
    default: bool = False
    monitor: bool = False


def list_devices(jack_server: str | None = None) -> tuple[AudioDevice, ...]:
    """JACK clients that give sound, if a server runs, then every audio input GStreamer finds.

    Waits for slow drivers, five seconds for each of the two at most. Any thread.

    Raises:
        MachineError: GStreamer is missing.
    """
    runtime.load()
    jack = bounded(lambda: _jack_devices(jack_server), _TIMEOUT_S)
    return (*(jack or ()), *(_audio_device(found) for found in bounded(find_devices, _TIMEOUT_S) or ()))


def _jack_devices(server_name: str | None) -> tuple[AudioDevice, ...]:
    try:
        control = JackControl("aes67-sender-devices", server_name)
    except (SourceError, MachineError):
        return ()
    try:
        return jack_clients(control.output_ports(), control.rate_hz)
    finally:
        control.close()


def jack_clients(outputs: Sequence[str], rate_hz: int) -> tuple[AudioDevice, ...]:
    """One device per JACK client, of its output ports in JACK's order."""
    counts: dict[str, int] = {}
    for port in outputs:
        client = port.partition(":")[0]
        counts[client] = counts.get(client, 0) + 1
    return tuple(
        AudioDevice(
            f"JACK: {client}",
            "jack",
            client,
            channels,
            (rate_hz,),
            {"kind": "jack", "channels": channels, "connect": [f"{client}:*"]},
        )
        for client, channels in counts.items()
    )


def find_devices(kind: str | None = None) -> tuple[FoundDevice, ...]:
    """What GStreamer's device providers list: of one kind, or all. May take long: drivers are asked."""
    monitor = Gst.DeviceMonitor.new()
    monitor.add_filter("Audio/Source", None)
    # Without start() each provider is asked once, and no thread of it is left.
    found = (_describe(device) for device in monitor.get_devices() or ())
    return tuple(device for device in found if device is not None and kind in (None, device.kind))


def choose_device(wanted: str, found: Sequence[FoundDevice], kind: str) -> FoundDevice | None:
    """The device of that id, else the only one with that in its name; ``None`` for what only ALSA itself may know.

    Raises:
        DeviceError: there is none, or there are several.
    """
    exact = [device for device in found if device.identity == wanted]
    if exact:
        return exact[0]
    named = [device for device in found if wanted.casefold() in device.name.casefold()]
    if len(named) == 1:
        return named[0]
    if len(named) > 1:
        ids = " or ".join(f'"{device.identity}" ({device.name})' for device in named)
        raise DeviceError(
            f'{len(named)} {kind} devices have "{wanted}" in their names.', hint=f"Write {ids}.", retryable=False
        )
    if kind == "alsa":
        return None
    near = get_close_matches(wanted, [name for device in found for name in (device.identity, device.name)], 3, 0.5)
    names = near or [device.identity for device in found]
    there = f" There is {' and '.join(names)}." if names else f" There are no {kind} devices at all now."
    raise DeviceError(f'There is no {kind} device "{wanted}".', hint=f"It is tried again until it is there.{there}")


def _describe(device: Gst.Device) -> FoundDevice | None:
    made = device.create_element(None)
    factory = made.get_factory() if made is not None else None
    if made is None or factory is None:
        return None
    name = factory.get_name() or ""
    properties = device.get_properties()
    kind = _kind_of(name, loopback=_property(made, "loopback") is True)
    channels, rates_hz = _capabilities(device.get_caps())
    value = _property(made, KINDS[kind].identity) if kind is not None else None
    if kind == "pipewire":
        # What it names the device by is another number after each start.
        value = (properties.get_string("node.name") if properties is not None else None) or value
    identity = value
    if kind == "alsa" and isinstance(value, str):
        identity = value = alsa_identity(value)
    elif kind == "coreaudio":
        identity = _property(made, "unique-id") or device.get_display_name()
    is_set = properties is not None and any(
        properties.get_boolean(key) == (True, True) for key in ("is-default", "device.default")
    )
    return FoundDevice(
        name=device.get_display_name() or name,
        kind=kind or name,
        identity=str(identity or ""),
        value=value if isinstance(value, str | int) else None,
        channels=channels,
        rates_hz=rates_hz,
        default=is_set,
        monitor=kind == "wasapi-loopback"
        or (properties is not None and properties.get_string("device.class") == "monitor"),
    )


def _kind_of(factory: str, *, loopback: bool) -> DeviceKind | None:
    if factory == "wasapi2src":
        return "wasapi-loopback" if loopback else "wasapi"
    if factory.startswith("pipewire"):
        # A virtual source is offered as a sink by mistake.
        return "pipewire"
    return next((kind for kind, each in KINDS.items() if each.factory == factory), None)


def alsa_identity(device: str) -> str:
    """``hw:1,0`` as ``hw:CARD=USB,DEV=0``: the numbers of cards depend on which was found first."""
    numbered = re.fullmatch(r"hw:(\d+)(?:,(\d+))?", device)
    if numbered is None:
        return device
    try:
        card = (_ALSA_CARDS / f"card{numbered[1]}" / "id").read_text("ascii").strip()
    except (OSError, UnicodeDecodeError):
        return device
    return f"hw:CARD={card},DEV={numbered[2] or 0}"


def _audio_device(found: FoundDevice) -> AudioDevice:
    known = any(found.kind == kind for kind in KINDS)
    config: dict[str, object] = {"kind": found.kind, "device": found.identity, "channels": found.channels}
    if not known:
        config = {"kind": "gst", "bin": found.kind, "channels": found.channels}
    return AudioDevice(
        found.name,
        found.kind if known else "gst",
        found.identity,
        found.channels,
        found.rates_hz,
        config,
        default=found.default,
        monitor=found.monitor,
    )


def _property(made: Gst.Element, key: str) -> object:
    if not any(known.name == key for known in made.list_properties()):
        return None
    found: object = made.get_property(key)
    return found


def _capabilities(caps: Gst.Caps | None) -> tuple[int, tuple[int, ...]]:
    """Most channels, and those rates that are named one by one; ranges stay unknown."""
    channels, rates_hz = 1, set[int]()
    for index in range(caps.get_size() if caps is not None else 0):
        structure = caps.get_structure(index) if caps is not None else None
        if structure is None:
            continue
        found, count = structure.get_int("channels")
        channels = max(channels, count if found else 2)
        found, rate_hz = structure.get_int("rate")
        if found:
            rates_hz.add(rate_hz)
    return channels, tuple(sorted(rates_hz))
