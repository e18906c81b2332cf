"""The config of the Node.js tool as a config of ours. Pure: data in, data and notes out."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from ipaddress import AddressValueError, IPv4Address
from typing import Any, Final

from aes67_sender.config.fields import MAX_NAME, is_name
from aes67_sender.config.findings import path_of, show
from aes67_sender.config.sources import MAX_CHANNELS
from aes67_sender.model.packet import (
    MAX_PAYLOAD_BYTES,
    RATES_HZ,
    PacketFormat,
    longest_fitting_packet_time_us,
)
from aes67_sender.model.problem import Problem, Severity

LEGACY_KEYS: Final = frozenset(
    {
        "deviceMode",
        "audioSource",
        "channelCount",
        "channelNames",
        "channelsPerReceiver",
        "jackClientName",
        "samplingRate",
        "multicastAddress",
        "baseMulticastAddress",
        "networkInterface",
        "multicastIface",
        "ptpDomain",
        "ptpMode",
        "rtpDestinationPort",
        "sessionName",
        "asioDeviceClsid",
        "asioInputChannels",
        "gstreamerDebugLevel",
        "lastUpdated",
    }
)
#: Keys that say nothing a config of ours needs to know.
_DROPPED: Final = ("gstreamerDebugLevel",)
_ASIO_KEYS: Final = ("asioDeviceClsid", "asioInputChannels")
_NUMBERS: Final = re.compile(r"[0-9]{1,4}( *, *[0-9]{1,4})*")
_DIGITS: Final = re.compile(r"[0-9]{1,9}")
_DEFAULT_PORT: Final = 5004
_DEFAULT_CLIENT: Final = "aes67-sender"
_DEFAULT_SESSION: Final = "AES67"
#: AES67 7.3: what every receiver takes in one stream.
_USUAL_CHANNELS_PER_STREAM: Final = 8


def is_legacy(data: object) -> bool:
    """Whether data is the Node.js tool's: it has keys of that tool and no streams."""
    return isinstance(data, dict) and "streams" not in data and not LEGACY_KEYS.isdisjoint(data)


@dataclass(slots=True)
class _Old:
    """The old data, and the notes taken while it is read."""

    data: dict[str, Any]
    notes: list[Problem] = field(default_factory=list)

    def get(self, key: str, default: object) -> Any:  # noqa: ANN401  whatever stands in the file
        """A value; null is none."""
        value = self.data.get(key)
        return default if value is None else value

    def note(self, key: str, text: str, hint: str, severity: Severity = "warning") -> None:
        self.notes.append(Problem("import.note", severity, text, hint, path_of((key,)) if key else ""))

    def whole(self, key: str, default: int, low: int, high: int) -> int:
        """A number; the old tool wrote some of them as texts."""
        value = self.get(key, default)
        number = int(value) if isinstance(value, str) and _DIGITS.fullmatch(value) else value
        if type(number) is int and low <= number <= high:
            return number
        self.note(key, f'"{key}" is {show(value)}, no whole number from {low} to {high}; {default} is taken.', _CHECK)
        return default

    def name(self, key: str, default: str) -> str:
        value = self.get(key, "")
        if value == "":
            return default
        if is_name(value):
            return str(value)
        self.note(key, f'"{key}" is {show(value)}, no name; {show(default)} is taken.', _CHECK)
        return default


_CHECK: Final = "Check it in the new file."


def convert(data: dict[str, Any]) -> tuple[dict[str, Any], list[Problem]]:
    """A config of ours as JSON data, and what was dropped, guessed or changed.

    A note of severity ``error`` means: there is nothing sensible to send, do not use the result.
    """
    old = _Old(data)
    if (role := old.get("deviceMode", "sender")) != "sender":
        text = f'"deviceMode" is {show(role)}, but this program only sends.'
        old.note("deviceMode", text, "Import the file of the sending computer.", "error")
    count = old.whole("channelCount", 2, 1, MAX_CHANNELS)
    session = old.name("sessionName", _DEFAULT_SESSION)[: MAX_NAME - len(" - Stream 256")]
    config = {
        "version": 1,
        "name": session,
        "interface": _interface(old),
        "clock": _clock(old),
        "sources": [_source(old, count)],
        "streams": _streams(old, count, session),
    }
    _tell_dropped(old)
    return config, old.notes


def _interface(old: _Old) -> str | None:
    names = [old.name(key, "") for key in ("networkInterface", "multicastIface")]
    chosen = names[0] or names[1]
    if all(names) and names[0] != names[1]:
        text = f'"networkInterface" is {show(names[0])}, "multicastIface" {show(names[1])}; the first is taken.'
        old.note("networkInterface", text, 'Correct "interface" in the new file if the audio left by the other one.')
    return chosen or None


def _clock(old: _Old) -> dict[str, Any]:
    mode = old.get("ptpMode", "slave")
    if mode == "grandmaster":
        text = "The old tool was to be the PTP grandmaster, which this version cannot be; it follows another one."
        old.note("ptpMode", text, 'Run `ptp4l` as the grandmaster on this computer and set "clock" to mode "system".')
    elif mode not in ("slave", "none"):
        text = f'"ptpMode" is {show(mode)}, which is not known; the clock is chosen automatically.'
        old.note("ptpMode", text, _CHECK)
    return {"mode": "free-run" if mode == "none" else "auto", "domain": old.whole("ptpDomain", 0, 0, 127)}


def _source(old: _Old, count: int) -> dict[str, Any]:
    kind = old.get("audioSource", "jack")
    names = _channel_names(old, count)
    if _is_asio(old):
        return _asio_source(old, count)
    if kind != "jack":
        old.note("audioSource", f'"audioSource" is {show(kind)}, which is not known; JACK is taken.', _CHECK)
    source = {
        "id": "jack",
        "kind": "jack",
        "channels": count,
        "client_name": old.name("jackClientName", _DEFAULT_CLIENT),
    }
    return {**source, "channel_names": names} if names else source


def _is_asio(old: _Old) -> bool:
    return bool(old.get("audioSource", "jack") == "asio")


def _asio_source(old: _Old, count: int) -> dict[str, Any]:
    source: dict[str, Any] = {"id": "asio", "kind": "asio", "channels": count}
    device = old.name("asioDeviceClsid", "")
    if device:
        source["device"] = device
    inputs = old.get("asioInputChannels", "")
    if isinstance(inputs, list):
        inputs = ",".join(map(str, inputs))
    if isinstance(inputs, str) and _NUMBERS.fullmatch(inputs):
        # The old tool counts inputs from 0.
        numbers = [int(number) + 1 for number in inputs.split(",")]
        if len(numbers) == count and max(numbers) <= MAX_CHANNELS:
            return {**source, "input_channels": numbers}
    if inputs:
        text = f'"asioInputChannels" is {show(inputs)}, not one input for each of {count}; the first ones are taken.'
        old.note("asioInputChannels", text, _CHECK)
    return source


def _channel_names(old: _Old, count: int) -> list[str]:
    names = old.data.get("channelNames")
    if names is None:
        return []
    if not isinstance(names, list):
        old.note("channelNames", f'"channelNames" is {show(names)}, no list; the channels have no names.', _CHECK)
        return []
    if len(names) > count:
        text = f'"channelNames" has {len(names)} names for {count} channels; the rest is left out.'
        old.note("channelNames", text, _CHECK)
    kept: list[str] = []
    for number, name in enumerate(names[:count], start=1):
        if is_name(name):
            kept.append(name)
            continue
        kept.append(f"Channel {number}")
        if name not in ("", None):
            text = f'Item {number} of "channelNames" is {show(name)}, no name; "Channel {number}" is taken.'
            old.note("channelNames", text, _CHECK)
    return kept


def _streams(old: _Old, count: int, session: str) -> list[dict[str, Any]]:
    per_stream = old.whole("channelsPerReceiver", min(count, _USUAL_CHANNELS_PER_STREAM), 1, MAX_CHANNELS)
    number_of_streams = -(-count // per_stream)
    rate = _rate(old)
    packet_time_us = _packet_time_us(old, rate, min(count, per_stream))
    port = _port(old, number_of_streams)
    addresses = _addresses(old, number_of_streams)
    names = _channel_names(_Old(old.data), count)
    streams = []
    for index in range(number_of_streams):
        first = index * per_stream
        last = min(first + per_stream, count)
        streams.append(
            {
                "id": f"stream{index + 1}",
                "name": f"{session} - Stream {index + 1}",
                "source": "asio" if _is_asio(old) else "jack",
                "channels": list(range(first + 1, last + 1)),
                "channel_names": names[first:last],
                "address": addresses[index],
                "port": port,
                "encoding": "L24",
                "rate": rate,
                "packet_time_us": packet_time_us,
            }
        )
    return streams


def _rate(old: _Old) -> int:
    rate = old.whole("samplingRate", 48_000, 1, 1_000_000)
    if rate in RATES_HZ:
        return rate
    text = f'"samplingRate" is {rate}, which AES67 does not have; 48000 is taken and the sound converted.'
    old.note("samplingRate", text, "Nothing needs to be done if your receivers take 48 kHz.")
    return 48_000


def _packet_time_us(old: _Old, rate: int, channels: int) -> int:
    packet = PacketFormat("L24", rate, channels, 1000)
    if packet.payload_bytes <= MAX_PAYLOAD_BYTES:
        return 1000
    longest_us = longest_fitting_packet_time_us(packet, MAX_PAYLOAD_BYTES)
    text = f"{channels} channels in packets of 1 ms are more than one Ethernet frame holds"
    if longest_us is None:
        hint = 'Set "channelsPerReceiver" to 8 in the old file and import it again.'
        old.note("channelsPerReceiver", f"{text}, and no packet time is short enough.", hint, "error")
        return 125
    hint = "Receivers that take 1 ms only need streams of 8 channels or fewer."
    old.note("channelsPerReceiver", f"{text}; the packet time is now {longest_us} µs.", hint)
    return longest_us


def _port(old: _Old, streams: int) -> int:
    """One port for all: the old tool counted it up, over odd ones that RTP leaves to RTCP and Dante does not take."""
    port = old.whole("rtpDestinationPort", _DEFAULT_PORT, 1, 65534)
    even = port - port % 2 or _DEFAULT_PORT
    if even != port:
        old.note("rtpDestinationPort", f"The port was {port}; RTP ports are even, so it is {even} now.", _RECEIVERS)
    if streams > 1:
        text = (
            f"The old tool counted the port up with each stream; now all use {even}, each with an address of its own."
        )
        old.note("rtpDestinationPort", text, _RECEIVERS)
    return even


_RECEIVERS: Final = "Receivers that read the SDP follow by themselves; set others by hand."


def _addresses(old: _Old, count: int) -> list[str]:
    key = "baseMulticastAddress" if old.data.get("baseMulticastAddress") else "multicastAddress"
    value = old.data.get(key)
    hint = 'Write for example "239.69.1.1" into the old file and import it again.'
    try:
        first = IPv4Address(value) if isinstance(value, str) else None
    except AddressValueError:
        first = None
    if first is None or int(first) + count > int(IPv4Address("255.255.255.255")):
        what = f"is {show(value)}, no IPv4 address" if key in old.data else "is missing"
        old.note(key, f'"{key}" {what}: nobody knows where to send.', hint, "error")
        return ["239.69.1.1"] * count
    if int(first) % 256 + count > 256:  # noqa: PLR2004  numbers in an octet
        text = f"From {first} on there are fewer than {count} last numbers; the streams go on in the next network."
        old.note(key, text, _RECEIVERS)
    return [str(first + index) for index in range(count)]


def _tell_dropped(old: _Old) -> None:
    for key in _DROPPED if _is_asio(old) else (*_DROPPED, *_ASIO_KEYS):
        if key in old.data:
            old.note(key, f'"{key}" has no counterpart and is left out.', "Nothing needs to be done.", "info")
    for key in sorted(set(old.data) - LEGACY_KEYS):
        old.note(key, f"{show(key)} is not a key of the old tool and is left out.", _CHECK, "info")
