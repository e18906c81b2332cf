"""The kinds of sound devices: which element captures each, on which system, and what it needs. Data only."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from aes67_sender.gst.elements import ElementSpec, Value

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aes67_sender.model.capture import DeviceCapture, DeviceKind

_SYSTEM_NAMES: Final = {"linux": "Linux", "win32": "Windows", "darwin": "macOS"}
#: Ring between the driver's thread and ours: what a stalled machine may be late without losing a frame.
_RING_US: Final = 500_000
_PREFERRED_HZ: Final = 48_000
#: Best first. Left to itself, GStreamer takes 16 bits and 44.1 kHz wherever a device offers them.
_FORMATS: Final = ("F32LE", "S32LE", "S24_32LE", "S24LE", "S16LE")


@dataclass(frozen=True, slots=True)
class Kind:
    """``identity``: the property that names the device. ``hardware``: a card, which is never silent while it works."""

    factory: str
    identity: str
    system: str
    remedy: str
    hardware: bool
    properties: Mapping[str, Value] = field(default_factory=dict)
    base_class: bool = True


_WHEEL: Final = "Install it again with: pip install --force-reinstall gstreamer-plugins"


def _apt(package: str) -> str:
    return f"Install it with: sudo apt install {package}"


KINDS: Final[Mapping[DeviceKind, Kind]] = {
    "alsa": Kind("alsasrc", "device", "linux", _apt("gstreamer1.0-alsa"), hardware=True),
    "pulse": Kind("pulsesrc", "device", "linux", _apt("gstreamer1.0-plugins-good"), hardware=False),
    "pipewire": Kind(
        "pipewiresrc",
        "target-object",
        "linux",
        _apt("gstreamer1.0-pipewire"),
        hardware=False,
        properties={"do-timestamp": True},
        base_class=False,
    ),
    "wasapi": Kind("wasapi2src", "device", "win32", _WHEEL, hardware=True, properties={"low-latency": True}),
    "wasapi-loopback": Kind(
        "wasapi2src", "device", "win32", _WHEEL, hardware=False, properties={"loopback": True, "low-latency": True}
    ),
    "asio": Kind("asiosrc", "device-clsid", "win32", _WHEEL, hardware=True),
    "coreaudio": Kind("osxaudiosrc", "device", "darwin", _WHEEL, hardware=True),
}


def system_name(system: str) -> str:
    """How users call what ``sys.platform`` says."""
    return _SYSTEM_NAMES.get(system, system)


def device_element(spec: DeviceCapture, device: Value | None) -> ElementSpec:
    """The element that captures; ``device`` is the value of the property that names it, ``None`` for the default."""
    kind = KINDS[spec.kind]
    properties: dict[str, Value] = dict(kind.properties)
    if kind.base_class:
        properties |= {
            "slave-method": "none",
            "provide-clock": False,
            "buffer-time": _RING_US,
            "latency-time": round(spec.buffer_ms * 1000),
        }
    if spec.kind == "pipewire":
        rate_hz = spec.rate_hz or _PREFERRED_HZ
        latency = f"{round(spec.buffer_ms * rate_hz / 1000)}/{rate_hz}"
        properties["stream-properties"] = f"props,node.latency=(string){latency}"
    if spec.kind == "asio":
        inputs = spec.inputs or range(1, spec.channels + 1)
        properties["input-channels"] = ",".join(str(number - 1) for number in inputs)
    if device is not None:
        properties[kind.identity] = device
    return ElementSpec(kind.factory, properties, spec.kind)


def device_caps(spec: DeviceCapture) -> str:
    """The formats to ask for, best first; a device that knows none of them may give any other."""
    rates = (f",rate={spec.rate_hz}",) if spec.rate_hz is not None else (f",rate={_PREFERRED_HZ}", "")
    channels = f",channels={spec.channels}"
    wanted = [f"audio/x-raw,format={name}{rate}{channels}" for rate in rates for name in _FORMATS]
    return ";".join((*wanted, f"audio/x-raw{rates[-1]}{channels}"))
