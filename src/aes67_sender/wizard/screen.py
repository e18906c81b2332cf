"""How questions are put, whoever answers them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from rich.console import RenderableType

    from aes67_sender.model.levels import Reading
    from aes67_sender.model.problem import Problem


@dataclass(frozen=True, slots=True)
class Choice:
    """One of several answers.

    ``about`` is shown while it is pointed at, ``meter`` moves beside it, and ``short`` stands for the label once it is
    chosen.
    """

    value: Any
    label: str
    about: str = ""
    meter: Callable[[], Reading] | None = None
    short: str = ""


class Screen(Protocol):
    """Where questions are asked. Everything raises KeyboardInterrupt when the user wants to leave."""

    def say(self, *what: RenderableType) -> None:
        """Show something."""

    def complain(self, problem: Problem) -> None:
        """A sentence about a wrong answer, and its remedy."""

    def choose(self, title: str, choices: Sequence[Choice], default: int = 0) -> Any:  # noqa: ANN401  any value
        """Have one chosen; gives its value. Nothing of it stays to be seen."""

    def write(self, title: str, proposal: str, *, is_path: bool = False) -> str:
        """Have a line written; empty for the proposal. Nothing of it stays to be seen."""

    def settle(self, title: str, answer: str) -> None:
        """Show an answer that was found right."""

    def wait(self, seconds: float, line: Callable[[], str]) -> None:
        """Show a line that changes, for so long."""
