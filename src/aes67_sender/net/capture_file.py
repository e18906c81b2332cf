"""UDP datagrams from pcap and pcapng files."""

from __future__ import annotations

import struct
from fractions import Fraction
from typing import TYPE_CHECKING, Final

import dpkt

from aes67_sender.errors import ConfigError
from aes67_sender.net.ipv4 import Datagram, udp_in
from aes67_sender.units import NS_PER_S, NS_PER_US

if TYPE_CHECKING:
    from collections.abc import Iterator
    from decimal import Decimal
    from pathlib import Path

_IPV4: Final = 0x0800
_VLANS: Final = frozenset({0x8100, 0x88A8})
_ETHERNET: Final = 1
_RAW: Final = frozenset({12, 101, 228})
_SLL: Final = 113
_SLL2: Final = 276


def read_capture(path: Path) -> Iterator[Datagram]:
    """Every UDP datagram over IPv4 in the file, in its order, with the stamps of who captured it.

    Raises:
        ConfigError: it cannot be read, or is no capture.
    """
    try:
        with path.open("rb") as file:
            reader = dpkt.pcap.UniversalReader(file)
            link = reader.datalink()
            if isinstance(reader, dpkt.pcapng.Reader):
                # It divides by this float, and would lose the nanoseconds.
                reader._divisor = Fraction(reader._divisor)  # noqa: SLF001
            for stamp_s, frame in reader:
                if found := _datagram(frame, link, _ns(stamp_s)):
                    yield found
    except OSError as refused:
        raise ConfigError(f"{path} cannot be read: {refused.strerror or refused}.") from refused
    except (ValueError, dpkt.Error, struct.error) as wrong:
        raise ConfigError(
            f"{path} is no capture, or is damaged: {wrong}.", hint="Give a file in pcap or pcapng format."
        ) from wrong


def _ns(stamp_s: Fraction | Decimal | float) -> int:
    if isinstance(stamp_s, float):
        # Whole µs, which a double still tells apart.
        return round(stamp_s * 1e6) * NS_PER_US
    return round(stamp_s * NS_PER_S)


def _datagram(frame: bytes, link: int, arrival_ns: int) -> Datagram | None:
    mac = ""
    if link == _ETHERNET:
        start, kind = 14, int.from_bytes(frame[12:14])
        mac = frame[6:12].hex(":")
        while kind in _VLANS:
            kind = int.from_bytes(frame[start + 2 : start + 4])
            start += 4
    elif link == _SLL:
        start, kind = 16, int.from_bytes(frame[14:16])
    elif link == _SLL2:
        start, kind = 20, int.from_bytes(frame[0:2])
    elif link in _RAW:
        start, kind = 0, _IPV4
    else:
        raise ConfigError(
            f"Captures of link type {link} cannot be read.", hint="Capture on an Ethernet interface, or on `any`."
        )
    return udp_in(frame[start:], arrival_ns, mac) if kind == _IPV4 else None
