"""Judges JACK and the access to sound devices."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from aes67_sender.logic.doctor.findings import Finding, Remedy, listed

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from collections.abc import Set as AbstractSet

    from aes67_sender.logic.doctor.findings import Severity, System

_CAPTURING_KINDS: Final = frozenset({"alsa", "wasapi", "asio", "coreaudio"})

JACK_LIBRARY: Final = Remedy(
    linux="Install it: sudo apt install libjack-jackd2-0 jackd2; or, with PipeWire: sudo apt install pipewire-jack.",
    win32="Install JACK 2 (64 bit) from https://jackaudio.org; it puts libjack64.dll into the Windows folder.",
    darwin="Install JACK 2 from https://jackaudio.org. Homebrew's is not found by itself on Apple silicon: set "
    "DYLD_FALLBACK_LIBRARY_PATH=/opt/homebrew/lib.",
)
JACK_SERVER: Final = Remedy(
    linux="Start it, for example with qjackctl or jackd -d alsa, as the same user; the sender connects by itself. "
    "The sender never starts a server.",
    win32="Start it with QjackCtl in the same user session: a service cannot reach it. The sender connects by itself.",
    darwin="Start it with QjackCtl or jackd -d coreaudio, as the same user; the sender connects by itself.",
)
DEVICES: Final = Remedy(
    linux="Let this user use sound: sudo usermod -aG audio $USER, then log in again. A service needs "
    "SupplementaryGroups=audio.",
    win32="Allow it: Settings, Privacy & security, Microphone: let desktop apps access your microphone.",
    darwin="Allow it: System Settings, Privacy & Security, Microphone: switch on the terminal or app that starts the "
    "sender.",
)


@dataclass(frozen=True, slots=True)
class JackFacts:
    """``server``: whether one answers; ``rate_hz`` and ``period_frames`` are its own."""

    library: bool
    server: bool = False
    rate_hz: int = 0
    period_frames: int = 0
    server_name: str = ""


@dataclass(frozen=True, slots=True)
class DeviceFacts:
    """Access to sound devices: how many there are, and which this user may not open; ``None``: not to be told."""

    devices: int | None
    forbidden: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()


def judge_jack(facts: JackFacts, system: System, *, kinds: AbstractSet[str]) -> Iterator[Finding]:
    """``kinds``: of the sources in the config; without one of kind jack, nothing of it is a problem."""
    wanted = "jack" in kinds
    bad: Severity = "problem" if wanted else "info"
    told = {"library": facts.library, "server": facts.server}
    named = f' named "{facts.server_name}"' if facts.server_name else ""
    if not facts.library:
        text = "JACK is not installed" + (", but a source is of kind jack." if wanted else "; no source needs it.")
        yield Finding("sound.jack", bad, text, JACK_LIBRARY.on(system), told)
    elif not facts.server:
        text = f"No JACK server{named} is running" + (", but a source is of kind jack." if wanted else ".")
        yield Finding("sound.jack", bad, text, JACK_SERVER.on(system), told)
    else:
        text = f"A JACK server{named} runs at {facts.rate_hz} Hz, {facts.period_frames} frames a period."
        more = {"rate_hz": facts.rate_hz, "period_frames": facts.period_frames}
        yield Finding("sound.jack", "ok", text, facts={**told, **more})


def judge_devices(facts: DeviceFacts, system: System, *, kinds: AbstractSet[str]) -> Iterator[Finding]:
    """Whether this user may open what it captures from."""
    wanted = bool(_CAPTURING_KINDS & kinds)
    told = {"devices": facts.devices, "forbidden": list(facts.forbidden), "groups": list(facts.groups)}
    if facts.forbidden:
        text = f"This user may not open {_some(facts.forbidden)}."
        yield Finding("sound.devices", "problem" if wanted else "warn", text, DEVICES.on(system), told)
    elif facts.devices is None:
        text = "Whether this user may record sound, the system does not tell."
        yield Finding("sound.devices", "info", text, DEVICES.on(system) if wanted else "", told)
    elif facts.devices == 0:
        text = "There is no sound card" + (", but a source needs one." if wanted else "; no source needs one.")
        hint = "Plug it in; `aes67-sender devices` lists what is there." if wanted else ""
        yield Finding("sound.devices", "problem" if wanted else "info", text, hint, told)
    else:
        yield Finding("sound.devices", "ok", f"This user may open all {facts.devices} sound devices.", facts=told)


def _some(names: Sequence[str], most: int = 3) -> str:
    return listed(names) if len(names) <= most else f"{', '.join(names[:most])} and {len(names) - most} more"
