"""What is known and what was answered, as records. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypedDict, cast

if TYPE_CHECKING:
    from aes67_sender.config.model import Config
    from aes67_sender.model.capture import AudioDevice
    from aes67_sender.model.interface import Interface
    from aes67_sender.model.problem import Problem
    from aes67_sender.model.session import DiscoveredSession
    from aes67_sender.model.snapshot import MasterStatus

_DIGITS: Final = re.compile(r"-?[0-9]{1,9}")
#: A source as JSON data, without id and channels.
SourceData = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Heard:
    """What one interface has heard so far. ``problems``: why it may have heard nothing."""

    masters: tuple[MasterStatus, ...] = ()
    sessions: tuple[DiscoveredSession, ...] = ()
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class Existing:
    """The config file as it is: its JSON data as written, and what they mean.

    ``converted``: the Node.js tool had written it; ``notes`` tell what was changed then.
    """

    data: dict[str, Any]
    config: Config
    converted: bool = False
    notes: tuple[Problem, ...] = ()

    def is_kept_by(self, data: dict[str, Any]) -> bool:
        """Whether there is nothing to write."""
        return not self.converted and self.data == data


@dataclass(frozen=True, slots=True)
class Facts:
    """All that proposals are made from.

    ``best_interface`` is the name of the one to take if nobody chooses. ``daemon``: a PTP daemon keeps this computer's
    clock. ``base_dir`` is where relative paths start.
    """

    interfaces: tuple[Interface, ...]
    best_interface: str | None
    host_name: str
    heard: Heard = field(default_factory=Heard)
    devices: tuple[AudioDevice, ...] = ()
    existing: Existing | None = None
    daemon: bool = False
    base_dir: Path = field(default_factory=Path)

    def interface(self, name: str) -> Interface | None:
        """The interface of that name."""
        return next((each for each in self.interfaces if each.name == name), None)


class Given(TypedDict, total=False):
    """What was answered so far, as it was typed: a number that is none stays a text, so that the config can judge it.

    ``sources`` and ``per_stream`` ``None``: as they are in the file.
    """

    interface: str
    profile: str
    mode: str
    domain: int | str
    sources: tuple[SourceData, ...] | None
    channels: tuple[int | str, ...]
    per_stream: int | str | None
    base_address: str
    name: str


def with_answer(given: Given, key: str, answer: object) -> Given:
    """The same with one more answer."""
    return cast("Given", {**given, key: answer})


def number_or_text(typed: str) -> int | str:
    """A number where it is one, in the digits that everybody reads."""
    return int(typed) if _DIGITS.fullmatch(typed) else typed


@dataclass(frozen=True, slots=True)
class Answers:
    """An answer to every question; see ``Given``.

    ``channels`` has one number for each of ``sources``. ``base_address`` ``None``: streams keep their addresses, new
    ones get the next that are free.
    """

    interface: str
    profile: str
    mode: str
    domain: int | str
    sources: tuple[SourceData, ...] | None
    channels: tuple[int | str, ...]
    per_stream: int | str | None
    base_address: str | None
    name: str
