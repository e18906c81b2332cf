"""The one root of all errors this package raises on purpose."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aes67_sender.model.problem import Problem


class SenderError(Exception):
    """A failure with a sentence for the user and a remedy.

    ``str(error)`` is the sentence; ``hint`` the remedy; ``exit_code`` what the command line ends with
    (2 wrong usage or config, 3 the machine lacks something, 4 internal).
    """

    exit_code = 4

    def __init__(self, sentence: str, *, hint: str = "") -> None:
        super().__init__(sentence)
        self.hint = hint


class ConfigError(SenderError):
    """The configuration cannot be used; carries every problem found, not only the first."""

    exit_code = 2

    def __init__(self, sentence: str, *, problems: Sequence[Problem] = (), hint: str = "") -> None:
        super().__init__(sentence, hint=hint)
        self.problems = tuple(problems)


class MachineError(SenderError):
    """This machine lacks something that was asked for: a package, a plugin, an interface, a port."""

    exit_code = 3


class WireError(SenderError):
    """Bytes or text from the network that cannot be decoded."""
