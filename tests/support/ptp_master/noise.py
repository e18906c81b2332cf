"""Datagrams on the PTP ports that are no business of a follower, and must not move its clock."""

from __future__ import annotations

import struct
from dataclasses import replace
from typing import TYPE_CHECKING

from support.ptp_master import messages
from support.ptp_master.messages import Header, encode, timestamp

if TYPE_CHECKING:
    import random

    from support.ptp_master.settings import Noise, Settings

#: A time nobody serves here: who takes it is found out.
_WRONG_NS = 4_000_000_000_000_000_000
_VERSION_1_DEVICE = bytes.fromhex("001dc1123456")


def noise(kind: Noise, settings: Settings, dice: random.Random) -> tuple[bool, bytes]:
    """Whether it is for the event port, and a datagram."""
    sync = Header(messages.SYNC, settings.domain, settings.port, dice.randrange(65536), log_interval=-3)
    match kind:
        case "garbage":
            return dice.random() < 0.5, _garbage(sync, dice)
        case "ptpv1":
            return dice.random() < 0.5, _version_1(dice)
        case "other-domain":
            return True, encode(replace(sync, domain=(settings.domain + 1) % 128), timestamp(_WRONG_NS))
        case "gptp":
            # 802.1AS, whose majorSdoId is 1, is another protocol over the same messages.
            return True, encode(replace(sync, sdo=1), timestamp(_WRONG_NS))
        case "alternate-master":
            # IEEE 1588-2008, 17.4: not for who does not use the option.
            return True, encode(replace(sync, flags=messages.ALTERNATE_MASTER), timestamp(_WRONG_NS))


def _garbage(sync: Header, dice: random.Random) -> bytes:
    """Random octets, and messages of the right master that are broken."""
    whole = encode(sync, timestamp(_WRONG_NS))
    broken = (
        b"",
        dice.randbytes(1),
        dice.randbytes(dice.randrange(2, 200)),
        dice.randbytes(1400),
        whole[: dice.randrange(1, len(whole))],
        # A length that is longer than the datagram; one that is shorter than the message.
        whole[:2] + struct.pack("!H", 400) + whole[4:],
        whole[:2] + struct.pack("!H", 36) + whole[4:],
        # Nanoseconds beyond a second.
        whole[:40] + b"\xff\xff\xff\xff",
        # Kinds that do not exist.
        encode(replace(sync, kind=dice.choice((4, 5, 6, 7, 0xE, 0xF))), timestamp(_WRONG_NS)),
        # An Announce without its end.
        encode(replace(sync, kind=messages.ANNOUNCE), bytes(dice.randrange(30))),
        # A Follow_Up and a Delay_Resp of nothing.
        encode(replace(sync, kind=messages.FOLLOW_UP, sequence=sync.sequence ^ 0x8000), b""),
        encode(replace(sync, kind=messages.DELAY_RESP), timestamp(_WRONG_NS) + dice.randbytes(10)),
    )
    return dice.choice(broken)


def _version_1(dice: random.Random) -> bytes:
    """As Dante devices send it beside version 2, on the same ports: a Sync of PTP version 1."""
    subdomain = b"_DFLT".ljust(16, b"\x00")
    head = struct.pack("!HH16sBB6sHHBxH", 1, 1, subdomain, 1, 1, _VERSION_1_DEVICE, 1, dice.randrange(65536), 0, 8)
    return head.ljust(124, b"\x00")
