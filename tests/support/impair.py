"""Packet lists and what networks and bad senders do to them: pure, each fault by itself, and as pcap files."""

from __future__ import annotations

import struct
from dataclasses import dataclass, replace
from random import Random
from typing import TYPE_CHECKING

import numpy as np

from aes67_sender.logic.verify.packets import Heard
from aes67_sender.wire.rtp import RtpPacket, encode

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

#: PTP time of the first stamp of a clean stream: no second, no multiple of a packet.
BEGUN_NS = 1_796_212_800_123_456_789
SOURCE = "10.77.0.2"
GROUP = "239.69.7.1"
PORT = 5004


@dataclass(frozen=True, slots=True)
class Clean:
    """A stream as a good sender sends it, received through the kernel of a machine with other work.

    Arrivals are in PTP time: one packet time after the stamp, and some µs more.
    """

    packets: int = 4000
    rate_hz: int = 48_000
    channels: int = 2
    frames: int = 48
    ssrc: int = 0xCAFEBABE
    payload_type: int = 97
    sequence: int = 65_000
    stamp: int | None = None
    jitter_us: float = 20.0
    seed: int = 1
    amplitude: float = 0.125

    def heard(self) -> list[Heard]:
        random = Random(self.seed)
        first = BEGUN_NS * self.rate_hz // 10**9 // self.frames * self.frames
        told = first if self.stamp is None else self.stamp
        return [
            Heard(
                arrival_ns=-(-(first + (number + 1) * self.frames) * 10**9 // self.rate_hz)
                + round(random.expovariate(1 / (self.jitter_us * 1000))),
                packet=RtpPacket(
                    self.payload_type,
                    (self.sequence + number) % 2**16,
                    (told + number * self.frames) % 2**32,
                    self.ssrc,
                    self._payload(number * self.frames),
                ),
                source=SOURCE,
                ttl=32,
                dscp=34,
            )
            for number in range(self.packets)
        ]

    def _payload(self, frame: int) -> bytes:
        at = np.arange(frame, frame + self.frames)
        tone = self.amplitude * np.sin(2 * np.pi * 997 * at / self.rate_hz)
        wide = np.round(tone * (2**23 - 1)).astype(">i4")
        octets = wide.view(np.uint8).reshape(-1, 4)[:, 1:]
        return np.repeat(octets[:, None, :], self.channels, axis=1).tobytes()


def lose(heard: Sequence[Heard], *numbers: int) -> list[Heard]:
    """The network drops these."""
    return [each for number, each in enumerate(heard) if number not in numbers]


def double(heard: Sequence[Heard], *numbers: int) -> list[Heard]:
    """These come twice, the second time 30 µs later."""
    twice = [replace(heard[number], arrival_ns=heard[number].arrival_ns + 30_000) for number in numbers]
    return in_order([*heard, *twice])


def overtake(heard: Sequence[Heard], *numbers: int) -> list[Heard]:
    """These come only after the one behind them."""
    late = {number: replace(heard[number], arrival_ns=heard[number + 1].arrival_ns + 10_000) for number in numbers}
    return in_order([late.get(number, each) for number, each in enumerate(heard)])


def shift(heard: Sequence[Heard], by_ns: int) -> list[Heard]:
    """All come so much later; earlier if negative."""
    return [replace(each, arrival_ns=each.arrival_ns + by_ns) for each in heard]


def drift(heard: Sequence[Heard], ppm: float) -> list[Heard]:
    """The sender's clock runs so much faster than the grandmaster's."""
    begun = heard[0].arrival_ns
    return [replace(each, arrival_ns=each.arrival_ns - round((each.arrival_ns - begun) * ppm / 1e6)) for each in heard]


def stall(heard: Sequence[Heard], at: int, for_ns: int) -> list[Heard]:
    """From packet ``at`` on, all are held back until the stall ends."""
    until = heard[at].arrival_ns + for_ns
    free, made = until, list(heard[:at])
    for each in heard[at:]:
        made.append(replace(each, arrival_ns=max(each.arrival_ns, free)))
        free = max(free, made[-1].arrival_ns) + 2000
    return made


def burst(heard: Sequence[Heard], packets: int) -> list[Heard]:
    """As by a capture in large blocks: always so many together, when the last of them is ready."""
    return [
        replace(
            each,
            arrival_ns=heard[min(number - number % packets + packets, len(heard)) - 1].arrival_ns
            + 3000 * (number % packets),
        )
        for number, each in enumerate(heard)
    ]


def alter(
    heard: Sequence[Heard], *, begin: int = 0, end: int | None = None, every: int = 1, **fields: object
) -> list[Heard]:
    """Other values of RTP fields in every so many packets of a range."""
    rows = set(range(len(heard))[begin:end:every])
    return [
        replace(each, packet=replace(each.packet, **fields)) if number in rows else each  # type: ignore[arg-type]  # fields are named by the test
        for number, each in enumerate(heard)
    ]


def restamp(heard: Sequence[Heard], new: Callable[[int, int], int], begin: int = 0) -> list[Heard]:
    """Another stamp for each packet from ``begin`` on, made of its number and its stamp."""
    return [
        replace(each, packet=replace(each.packet, stamp=new(number, each.packet.stamp) % 2**32))
        if number >= begin
        else each
        for number, each in enumerate(heard)
    ]


def in_order(heard: Sequence[Heard]) -> list[Heard]:
    """By arrival."""
    return sorted(heard, key=lambda each: each.arrival_ns)


def frame_of(heard: Heard, *, group: str = GROUP, port: int = PORT) -> bytes:
    """An Ethernet frame with UDP over IPv4; checksums are left zero."""
    rtp = encode(heard.packet)
    udp = struct.pack("!HHHH", port, port, 8 + len(rtp), 0) + rtp
    addresses = bytes(int(part) for address in (heard.source, group) for part in address.split("."))
    ip = struct.pack("!BBHHHBBH", 0x45, heard.dscp << 2, 20 + len(udp), 0, 0x4000, heard.ttl, 17, 0) + addresses
    return bytes.fromhex("01005e450701 02005e100001 0800") + ip + udp


def write_pcap(path: Path, heard: Sequence[Heard], *, also: Sequence[tuple[str, Heard]] = ()) -> None:
    """A pcap file with stamps in ns, as ``tcpdump --nano`` writes; ``also`` are packets to other groups."""
    with path.open("wb") as file:
        file.write(struct.pack("<IHHiIII", 0xA1B23C4D, 2, 4, 0, 0, 65535, 1))
        for group, each in sorted([*((GROUP, each) for each in heard), *also], key=lambda some: some[1].arrival_ns):
            frame = frame_of(each, group=group)
            file.write(struct.pack("<IIII", *divmod(each.arrival_ns, 10**9), len(frame), len(frame)) + frame)


def write_pcapng(path: Path, heard: Sequence[Heard]) -> None:
    """A pcapng file with stamps in ns, as ``dumpcap`` writes."""
    with path.open("wb") as file:
        file.write(_block(0x0A0D0D0A, struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1)))
        file.write(_block(1, struct.pack("<HHI", 1, 0, 65535) + struct.pack("<HHB3xHH", 9, 1, 9, 0, 0)))
        for each in heard:
            frame = frame_of(each)
            head = struct.pack("<IIIII", 0, each.arrival_ns >> 32, each.arrival_ns & 0xFFFFFFFF, len(frame), len(frame))
            file.write(_block(6, head + frame + bytes(-len(frame) % 4)))


def _block(kind: int, body: bytes) -> bytes:
    length = 12 + len(body)
    return struct.pack("<II", kind, length) + body + struct.pack("<I", length)
