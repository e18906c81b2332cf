"""Records to JSON and back: the lines that supervisor and engine exchange, and the snapshot for everybody else."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Final

from pydantic import ConfigDict, Discriminator, TypeAdapter, ValidationError

from aes67_sender.errors import WireError
from aes67_sender.model.problem import Problem
from aes67_sender.model.protocol import Report, SetClock, SetConfig, Start, Stop
from aes67_sender.model.snapshot import ClockStatus, Snapshot

if TYPE_CHECKING:
    from collections.abc import Sequence

Message = Start | SetClock | SetConfig | Stop | Report

# "constants": silence has a peak of -inf dBFS and must survive. RFC 8259 knows no infinity, but both ends are ours.
_ADAPTER: Final[TypeAdapter[Message]] = TypeAdapter(
    Annotated[Message, Discriminator("type")], config=ConfigDict(ser_json_inf_nan="constants")
)
_SNAPSHOT: Final = TypeAdapter(Snapshot)
_CLOCK: Final = TypeAdapter(ClockStatus)
_PROBLEMS: Final[TypeAdapter[tuple[Problem, ...]]] = TypeAdapter(tuple[Problem, ...])


def encode_line(message: Message) -> bytes:
    """One message as one line of UTF-8 JSON, its newline included."""
    return _ADAPTER.dump_json(message) + b"\n"


def decode_line(line: bytes) -> Message:
    """The message in one line, with or without its newline.

    Raises:
        WireError: the line is not one whole message. Nothing else is raised, whatever the bytes.
    """
    try:
        return _ADAPTER.validate_json(line)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise WireError(f"Not a message between supervisor and engine: {place}: {first['msg']}.") from None


def encode_snapshot(snapshot: Snapshot) -> bytes:
    """A snapshot as UTF-8 JSON in one line, without newline."""
    return _SNAPSHOT.dump_json(snapshot)


def decode_snapshot(data: bytes) -> Snapshot:
    """The snapshot in some JSON.

    Raises:
        WireError: it is no snapshot of this version.
    """
    try:
        return _SNAPSHOT.validate_json(data)
    except ValidationError:
        raise WireError("The answer is no snapshot of an aes67-sender of this version.") from None


def encode_clock(clock: ClockStatus, problems: Sequence[Problem]) -> bytes:
    """The clock as in a snapshot, and its ``problems``, as UTF-8 JSON in one line, without newline."""
    data = _CLOCK.dump_python(clock, mode="json") | {
        "problems": _PROBLEMS.dump_python(tuple(problems), mode="json"),
    }
    return json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode()


def decode_clock(data: bytes) -> ClockStatus:
    """The clock in some JSON.

    Raises:
        WireError: it is no clock's status of this version.
    """
    try:
        return _CLOCK.validate_json(data)
    except ValidationError:
        raise WireError("The answer is no clock of an aes67-sender of this version.") from None
