"""Families of receivers, and what suits each. Data only.

Sources: Audinate's pages on AES67 mode (port, prefix, channels, DSCP), Telos' on Livewire channels, SMPTE ST 2110-30
level A, and the session descriptions of devices of each family.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from ipaddress import AddressValueError, IPv4Address, IPv4Network
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aes67_sender.config.model import Config, SdpProfile

#: AES67 7.3: what every receiver takes.
_USUAL_CHANNELS: Final = 8
_PORT: Final = 5004
_PACKET_TIME_US: Final = 1000
_LIVEWIRE: Final = IPv4Network("239.192.0.0/17")
#: Livewire channels from here on are hardly ever in use; there is no directory by which to see it.
_LIVEWIRE_FIRST_BLOCK: Final = 64


@dataclass(frozen=True, slots=True)
class Family:
    """Receivers that want the same.

    ``prefix`` are the first two numbers of the groups to propose. ``most_channels`` is what one stream may have,
    ``None`` for as many as fit a packet. ``fields`` are set in each stream. ``note`` is what must be done at the
    receivers.
    """

    key: str
    title: str
    about: str
    sdp_profile: SdpProfile
    prefix: str
    domain: int
    note: str
    ravenna: bool = False
    per_stream: int = _USUAL_CHANNELS
    most_channels: int | None = None
    fields: Mapping[str, Any] = field(default_factory=dict)

    @property
    def stream_fields(self) -> dict[str, Any]:
        """What each stream gets, in the order of the file."""
        return {"port": _PORT, "packet_time_us": _PACKET_TIME_US, "dscp": 34, **self.fields}


FAMILIES: Final[Mapping[str, Family]] = {
    family.key: family
    for family in (
        Family(
            "dante",
            "Dante (AES67 mode)",
            "48 kHz, 24 bits, 1 ms, 8 channels at most, groups 239.69.x.x, announced by SAP",
            "dante",
            "239.69",
            0,
            "In Dante Controller, switch AES67 mode on and leave its prefix at 239.69; then connect as usual.",
            most_channels=8,
            # Dante's switches are set up for its own classes: audio is EF there.
            fields={"encoding": "L24", "rate": 48_000, "dscp": 46},
        ),
        Family(
            "ravenna",
            "RAVENNA / Merging / Lawo",
            "1 ms packets, announced by mDNS with RTSP and by SAP",
            "ravenna",
            "239.100",
            0,
            "The streams appear in the devices' lists of sources by themselves.",
            ravenna=True,
        ),
        Family(
            "livewire",
            "Livewire+ (Axia, Telos)",
            "stereo streams on Livewire channels, 1 ms packets; groups 239.192.x.x",
            "generic",
            "239.192",
            0,
            "Give the node the group and port, or the SDP file, as an AES67 stream. No directory tells which Livewire "
            "channels are in use: look the numbers up in your plan.",
            per_stream=2,
            most_channels=8,
            fields={"encoding": "L24", "rate": 48_000},
        ),
        Family(
            "st2110",
            "ST 2110-30",
            "level A: 48 kHz, 1 ms, 8 channels; PTP domain often 127",
            "st2110",
            "239.110",
            127,
            "Load the SDP files into the broadcast controller: this version does not register with NMOS.",
        ),
        Family(
            "generic",
            "Other AES67 devices and players",
            "plain AES67, announced by SAP and mDNS",
            "generic",
            "239.69",
            0,
            "Devices that list SAP or RAVENNA sessions find the streams; give others the SDP files.",
            ravenna=True,
        ),
    )
}


def family_of(config: Config) -> str:
    """The key of the family that a config is for."""
    profile = config.announce.sdp_profile
    if profile == "generic" and config.streams and livewire_channel(config.streams[0].address) is not None:
        return "livewire"
    return profile


def first_address(family: Family, own_address: str | None) -> str:
    """The first group to propose: in a block of 256 that follows our address, so that two senders seldom meet."""
    last = int(IPv4Address(own_address or "0.0.0.1")) & 0xFF
    if family.key == "livewire":
        last = _LIVEWIRE_FIRST_BLOCK + last % _LIVEWIRE_FIRST_BLOCK
    return f"{family.prefix}.{last}.1"


def livewire_channel(address: str) -> int | None:
    """The Livewire channel whose group this is; ``None`` for other addresses."""
    try:
        group = IPv4Address(address)
    except AddressValueError:
        return None
    number = int(group) - int(_LIVEWIRE.network_address)
    return number if group in _LIVEWIRE and number else None
