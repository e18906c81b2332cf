"""PTP version 1 (IEEE 1588-2002), as Dante devices speak it: recognised, named, never taken for version 2."""

from __future__ import annotations

import struct

import pytest

from aes67_sender.errors import WireError
from aes67_sender.wire.ptp import Version1Message, decode, recognise_v1

SYNC, DELAY_REQ, FOLLOW_UP, DELAY_RESP, MANAGEMENT = range(5)
#: What follows the header of 40 octets.
BODY_BYTES = {SYNC: 84, DELAY_REQ: 84, FOLLOW_UP: 12, DELAY_RESP: 20, MANAGEMENT: 20}
EVENT, GENERAL = 1, 2


def version_1(control: int, *, version: int = 1, subdomain: bytes = b"_DFLT") -> bytes:
    kind = EVENT if control in {SYNC, DELAY_REQ} else GENERAL
    header = struct.pack("!HH16sBB6s", version, 1, subdomain, kind, 1, bytes.fromhex("001dc1123456"))
    return header + struct.pack("!HHBxH4x", 1, 94, control, 8) + bytes(BODY_BYTES.get(control, 20))


@pytest.mark.parametrize(("control", "length"), [(SYNC, 124), (DELAY_REQ, 124), (FOLLOW_UP, 52), (DELAY_RESP, 60)])
def test_a_message_of_version_1_is_recognised(control: int, length: int) -> None:
    octets = version_1(control)
    assert len(octets) == length
    assert recognise_v1(octets) == Version1Message("00-1d-c1-12-34-56", "_DFLT", control)


@pytest.mark.parametrize("control", BODY_BYTES)
def test_a_message_of_version_1_is_none_of_version_2(control: int) -> None:
    with pytest.raises(WireError, match="version 1"):
        decode(version_1(control))


@pytest.mark.parametrize(
    "octets",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(version_1(SYNC)[:32], id="cut before its controlField"),
        pytest.param(version_1(SYNC, version=2), id="another version"),
        pytest.param(version_1(5), id="no controlField of version 1"),
        pytest.param(bytes.fromhex("0002002c") + bytes(40), id="a Sync of version 2"),
    ],
)
def test_anything_else_is_not_recognised(octets: bytes) -> None:
    assert recognise_v1(octets) is None


def test_the_header_is_enough_as_far_as_its_control_field() -> None:
    assert recognise_v1(version_1(FOLLOW_UP)[:33]) is not None


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        (b"", ""),
        (b"_ALT1\0junk", "_ALT1"),
        (b"sixteen octets !", "sixteen octets !"),
        (b"\x1b[2J\x07", "\ufffd[2J\ufffd"),
        (b"caf\xe9", "caf\ufffd"),
    ],
)
def test_a_subdomain_can_be_shown_as_it_is(sent: bytes, shown: str) -> None:
    found = recognise_v1(version_1(SYNC, subdomain=sent))
    assert found is not None
    assert found.subdomain == shown
