"""A config on this machine: the interface it sends on, and what cannot be done here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from aes67_sender.config.load import anchored
from aes67_sender.config.machine import check_machine
from aes67_sender.errors import ConfigError
from aes67_sender.net.interfaces import choose_interface

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aes67_sender.config.model import Config
    from aes67_sender.model.interface import Interface
    from aes67_sender.model.problem import Problem
    from aes67_sender.supervisor.document import Document


@dataclass(frozen=True, slots=True)
class Fitted:
    """A config with its interface named and its paths absolute; ``interface`` has an address."""

    config: Config
    interface: Interface
    warnings: tuple[Problem, ...]


def fit(document: Document, interfaces: Sequence[Interface], *, present: str | None = None) -> Fitted:
    """What a document means here. Where it names no interface, ``present`` is taken, or else one is chosen.

    Raises:
        ConfigError: it does not fit this computer.
        MachineError: no interface can be used.
    """
    config = anchored(document.given, document.base_dir)
    if config.interface is None:
        config = config.model_copy(update={"interface": choose_interface(present, interfaces).name})
    problems = check_machine(config, interfaces)
    errors = [problem for problem in problems if problem.severity == "error"]
    if errors:
        raise ConfigError(f"{document.name} does not fit this computer.", problems=errors)
    return Fitted(config, choose_interface(config.interface, interfaces), tuple(problems))
