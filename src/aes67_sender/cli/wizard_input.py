"""What the wizard begins with: the options of the command line, the file, the machine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from aes67_sender.config.complete import host_name
from aes67_sender.config.model import ClockSettings
from aes67_sender.errors import ConfigError, MachineError
from aes67_sender.model.problem import Problem
from aes67_sender.net.interfaces import choose_interface, list_interfaces
from aes67_sender.net.ptp4l import is_listening
from aes67_sender.wizard.check import problems_of
from aes67_sender.wizard.facts import Facts, Given, number_or_text, with_answer
from aes67_sender.wizard.files import read_existing, sound_path
from aes67_sender.wizard.sound import parse_source

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from aes67_sender.wizard.facts import Existing

_NUMBERS: Final = frozenset({"domain", "per_stream"})


def given_answers(options: Mapping[str, Any], path: Path) -> Given:
    """The answers among the options of the command line."""
    given = Given()
    for key, value in options.items():
        if value in (None, ()):
            continue
        answer: object = number_or_text(value) if key in _NUMBERS else value
        if key == "sources":
            answer = tuple(_source(text, path) for text in value)
        elif key == "channels":
            answer = tuple(map(number_or_text, value))
        given = with_answer(given, key, answer)
    return given


def _source(text: str, path: Path) -> dict[str, Any]:
    source = parse_source(text)
    if source.get("kind") == "file" and "path" in source:
        source["path"] = sound_path(source["path"], path.absolute().parent)
    return source


def usable_file(path: Path) -> Existing | None:
    """The file that is there, ``None`` without one.

    Raises:
        ConfigError: it cannot be used; says how to do without it.
    """
    try:
        return read_existing(path)
    except ConfigError as error:
        text = "So there is nothing to begin with."
        hint = "Correct the file, or give --force to begin from nothing; what is there is kept as a backup."
        problems = (*error.problems, Problem("wizard.unusable", "error", text, hint))
        raise ConfigError(str(error), problems=problems) from error


def machine_facts(path: Path, existing: Existing | None, given: Given) -> Facts:
    """What is known before anybody has listened.

    Raises:
        MachineError: there is no network interface that can be used, and none is given.
    """
    interfaces = list_interfaces()
    try:
        best = choose_interface(None, interfaces).name
    except MachineError:
        if "interface" not in given:
            raise
        best = None
    socket = existing.config.clock.ptp4l_socket if existing else ClockSettings().ptp4l_socket
    return Facts(
        interfaces,
        best,
        host_name(),
        existing=existing,
        daemon=is_listening(socket),
        base_dir=path.absolute().parent,
    )


def refuse_wrong(facts: Facts, given: Given, path: Path) -> None:
    """See to it that what is given can be right, whatever else is answered.

    Raises:
        ConfigError: with every problem.
    """
    wrong: list[Problem] = [each for each in problems_of(facts, given) if each.severity == "error"]
    if wrong:
        raise ConfigError(f"{path.name} would have {len(wrong)} problem{'s' * (len(wrong) != 1)}.", problems=wrong)
