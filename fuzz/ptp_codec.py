"""The PTP codec on any octets: it decodes what it can encode again to the same, or raises its one error."""

from __future__ import annotations

from fuzz.messages import EACH_TYPE, FOLLOWER

from aes67_sender.errors import WireError
from aes67_sender.wire import ptp, ptp_management
from aes67_sender.wire.ptp_datasets import ManagementId

SEEDS = (
    *(ptp.encode(message) for message in EACH_TYPE),
    *(ptp_management.encode(ptp_management.Message(ptp_management.Get(each), FOLLOWER, 0, 1)) for each in ManagementId),
    bytes.fromhex("00010001") + b"_DFLT" + bytes(11) + bytes.fromhex("0101001dc1123456000100010000") + bytes(90),
)


def check(octets: bytes) -> None:
    """Raises on anything that must not happen."""
    named = ptp.recognise_v1(octets)
    _check_management(octets)
    try:
        message = ptp.decode(octets)
    except WireError:
        return
    again = ptp.encode(message)
    assert again == octets[: int.from_bytes(octets[2:4])]
    assert ptp.decode(again) == message
    assert named is None, "both versions at once"


def _check_management(octets: bytes) -> None:
    try:
        message = ptp_management.decode(octets)
    except WireError:
        return
    assert ptp_management.decode(ptp_management.encode(message)) == message
