"""Instance names with dots in multicast DNS messages (RFC 6763 4.1.1: an instance is one label, dots and all)."""

from __future__ import annotations

from itertools import pairwise
from typing import Final

_HEADER_OCTETS: Final = 12
_POINTER: Final = 0xC0
_LONGEST_LABEL: Final = 63
_MAX_JUMPS: Final = 32
#: ``_rtsp``, ``_tcp`` and ``local``.
_SERVICE_LABELS: Final = 3
#: Record types whose data holds a name, and where in the data it stands (RFC 1035 3.3, RFC 2782, RFC 4034 4).
_NAME_IN_DATA: Final = {5: 0, 12: 0, 33: 6, 47: 0}


class _NoMessage(Exception):  # noqa: N818  never leaves this module
    """What is here is no DNS message, or one whose names cannot be joined in place."""


def join_instance_labels(message: bytes) -> bytes:
    """Make one label of each instance name that was cut at its dots.

    ``zeroconf`` holds names as text with dots between the labels, so it sends ``Studio 1.5._rtsp._tcp.local.`` as five
    labels. Joined, the dot takes the place of a length, and no octet moves. What is no such message comes back as it
    is, and so does one in which another name points into what would be joined.
    """
    joined = bytearray(message)
    pointers: set[int] = set()
    dots: set[int] = set()
    try:
        for offset in _name_offsets(message):
            labels, jumps = _labels(message, offset)
            pointers |= jumps
            if cut := _instance(message, labels):
                end = cut[-1] + 1 + message[cut[-1]]
                joined[cut[0]] = end - cut[0] - 1
                dots |= set(cut[1:])
    except (_NoMessage, IndexError):
        return message
    for dot in dots:
        joined[dot] = ord(".")
    return message if dots & pointers else bytes(joined)


def _instance(message: bytes, labels: list[int]) -> list[int]:
    """Where the labels before ``_service._tcp.local`` stand, if there are several; none for names of another kind.

    Raises:
        _NoMessage: they do not stand side by side, so they cannot be joined in place.
    """
    texts = [message[start + 1 : start + 1 + message[start]].lower() for start in labels]
    *cut, _, _, _ = labels if len(labels) > _SERVICE_LABELS + 1 else [0] * _SERVICE_LABELS
    if not cut or texts[-1] != b"local" or texts[-2] not in {b"_tcp", b"_udp"} or texts[len(cut) - 1] == b"_sub":
        return []
    if any(after != before + 1 + message[before] for before, after in pairwise(cut)):
        raise _NoMessage
    return cut


def _labels(message: bytes, offset: int) -> tuple[list[int], set[int]]:
    """Where the labels of a name stand, and where its pointers lead."""
    labels: list[int] = []
    jumps: set[int] = set()
    while length := message[offset]:
        if length >= _POINTER:
            offset = int.from_bytes(message[offset : offset + 2]) & 0x3FFF
            if offset in jumps or len(jumps) > _MAX_JUMPS:
                raise _NoMessage
            jumps.add(offset)
        elif length <= _LONGEST_LABEL:
            labels.append(offset)
            offset += 1 + length
        else:
            raise _NoMessage
    return labels, jumps


def _after_name(message: bytes, offset: int) -> int:
    while length := message[offset]:
        if length >= _POINTER:
            return offset + 2
        offset += 1 + length
    return offset + 1


def _name_offsets(message: bytes) -> list[int]:
    """Where all names of a message begin."""
    if len(message) < _HEADER_OCTETS:
        raise _NoMessage
    questions, *records = (int.from_bytes(message[at : at + 2]) for at in (4, 6, 8, 10))
    offsets: list[int] = []
    at = _HEADER_OCTETS
    for _ in range(questions):
        offsets.append(at)
        at = _after_name(message, at) + 4
    for _ in range(sum(records)):
        offsets.append(at)
        at = _after_name(message, at)
        kind, length = int.from_bytes(message[at : at + 2]), int.from_bytes(message[at + 8 : at + 10])
        at += 10
        if kind in _NAME_IN_DATA:
            offsets.append(at + _NAME_IN_DATA[kind])
        at += length
    if at != len(message):
        raise _NoMessage
    return offsets
