"""Judges the streams in a capture file."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING, Final

from aes67_sender.errors import ConfigError
from aes67_sender.logic.verify.clock import ClockFacts
from aes67_sender.net.capture_file import read_capture
from aes67_sender.verify.intake import Intake

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from aes67_sender.logic.verify.expectation import Expectation
    from aes67_sender.logic.verify.verifier import Verification
    from aes67_sender.net.ipv4 import Datagram

_BATCH: Final = 512
_MOST_STREAMS: Final = 256
_CLOCK: Final = ClockFacts(why="a capture does not say how its stamps relate to PTP time.")
_LOST: Final = None


def verify_capture(path: Path, expected: Sequence[Expectation] = ()) -> tuple[Verification, ...]:
    """The described streams, or without ``expected`` every stream of L16 or L24 that is in the file.

    Raises:
        ConfigError: it is no capture, or has no such stream.
    """
    intakes = {(each.address, each.port): Intake(each) for each in expected}
    datagrams = read_capture(path)
    while batch := list(islice(datagrams, _BATCH)):
        for key, some in _by_stream(batch):
            if not expected and len(intakes) < _MOST_STREAMS:
                intakes.setdefault(key, Intake(None))
            if key in intakes:
                intakes[key].take(some)
    found = [
        replace(judged, address=address, port=port)
        for (address, port), intake in sorted(intakes.items())
        if (judged := intake.finish(_CLOCK, _LOST, "The capture has no packet to this address and port."))
    ]
    if not found:
        raise ConfigError(f"{path} has no stream of L16 or L24.", hint="Give the SDP as well, if you have it.")
    return tuple(found)


def _by_stream(batch: list[Datagram]) -> Iterator[tuple[tuple[str, int], list[Datagram]]]:
    grouped: dict[tuple[str, int], list[Datagram]] = {}
    for each in batch:
        grouped.setdefault((each.destination, each.port), []).append(each)
    yield from grouped.items()
