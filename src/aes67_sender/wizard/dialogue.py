"""Asks, judges at once, asks again; then shows what came of it, until it is right."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final, Literal, Protocol

from rich.text import Text

from aes67_sender.ui.parts import sentence as words
from aes67_sender.wizard.ask_sources import ask_sources
from aes67_sender.wizard.check import about, problems_of
from aes67_sender.wizard.clocks import usable_masters
from aes67_sender.wizard.facts import number_or_text, with_answer
from aes67_sender.wizard.plan import build
from aes67_sender.wizard.propose import propose
from aes67_sender.wizard.questions import QUESTIONS, Question
from aes67_sender.wizard.screen import Choice
from aes67_sender.wizard.summary import summary

if TYPE_CHECKING:
    from aes67_sender.model.capture import AudioDevice
    from aes67_sender.model.levels import Reading
    from aes67_sender.wizard.facts import Facts, Given, Heard
    from aes67_sender.wizard.screen import Screen

Ending = Literal["start", "write", "leave"]
_CHANGE: Final = "change"


class Senses(Protocol):
    """What the machine and its network tell meanwhile. Nothing here raises."""

    def listen(self, interface: str) -> None:
        """Listen on this interface from now on."""

    def heard(self) -> Heard:
        """What it has heard so far."""

    def devices(self) -> tuple[AudioDevice, ...]:
        """All sound devices; may take seconds the first time."""

    def why_no_devices(self) -> str:
        """A sentence if they could not be listed."""

    def reading(self, number: int) -> Reading:
        """What the device of this number delivers now; opens all of them at the first call."""


@dataclass(frozen=True, slots=True)
class Occasion:
    """What the wizard is to end with: a file, and sending, unless somebody sends already.

    ``listen_s``: how long to listen before the first answer that depends on it; listening goes on meanwhile.
    """

    file_name: str
    may_start: bool
    listen_s: float


class Dialogue:
    """One run of the wizard. ``given`` are answers that need no question."""

    def __init__(self, facts: Facts, given: Given, screen: Screen, senses: Senses, occasion: Occasion) -> None:
        self.facts = facts
        self.given = given
        self._screen = screen
        self._senses = senses
        self._occasion = occasion

    def run(self) -> tuple[Ending, dict[str, Any]]:
        """Ask everything that is not given; gives what to do, and the config to write.

        Raises:
            KeyboardInterrupt: the user has left.
        """
        for question in QUESTIONS:
            if question.key in self.given or (question.key == "sources" and "channels" in self.given):
                self._after(question)
            else:
                self._ask(question)
        while True:
            data = self._show()
            ending = self._screen.choose("What now?", self._endings(data))
            if ending != _CHANGE:
                return ending, data
            wanted: Question = self._screen.choose(
                "Which answer?", [Choice(question, question.label) for question in QUESTIONS if self._applies(question)]
            )
            self._ask(wanted)

    def _applies(self, question: Question) -> bool:
        return question.applies(self.facts, propose(self.facts, self.given))

    def _show(self) -> dict[str, Any]:
        self._listen_on()
        answers = propose(self.facts, self.given)
        data = build(self.facts, answers)
        self._screen.say(Text(), *summary(self.facts, answers, data), Text())
        for problem in problems_of(self.facts, self.given):
            if problem.severity != "info":
                self._screen.complain(problem)
        return data

    def _endings(self, data: dict[str, Any]) -> list[Choice]:
        may_start, name = self._occasion.may_start, self._occasion.file_name
        change = Choice(_CHANGE, "Change an answer")
        leave = Choice("leave", "Leave without writing")
        if any(problem.severity == "error" for problem in problems_of(self.facts, self.given)):
            return [change, leave]
        existing = self.facts.existing
        if existing is not None and existing.is_kept_by(data):
            return [*([Choice("start", "Start sending")] if may_start else []), change, Choice("leave", "Leave")]
        write = [Choice("write", f"Write {name}")]
        if may_start:
            write.insert(0, Choice("start", f"Write {name} and start sending"))
        return [*write, change, leave]

    def _ask(self, question: Question) -> None:
        if not self._applies(question):
            return
        self._listen_on()
        for sentence in question.before(self.facts, propose(self.facts, self.given)) if question.before else ():
            self._screen.say(*words(sentence, 76, indent="  ", style="dim"))
        if question.key == "sources":
            self._look_for_devices()
            self.given = ask_sources(self.facts, self.given, self._screen, self._senses, question)
        else:
            self.given = self._ask_until_right(question)
        self._after(question)

    def _ask_until_right(self, question: Question) -> Given:
        while True:
            tried, shown = self._answered(question)
            wrong = about(problems_of(self.facts, tried), question.paths)
            if not wrong:
                self._screen.settle(question.title, shown)
                return tried
            self._screen.complain(wrong[0])

    def _answered(self, question: Question) -> tuple[Given, str]:
        """The answers with one more, and that one in words.

        What is only agreed to is not noted: it follows when another answer changes.
        """
        answers = propose(self.facts, self.given)
        if question.choices is not None:
            choices = question.choices(self.facts, answers)
            present = getattr(answers, question.key)
            values = [choice.value for choice in choices]
            answer = self._screen.choose(question.title, choices, values.index(present) if present in values else 0)
            chosen = choices[values.index(answer)]
            given = self.given if answer == present else with_answer(self.given, question.key, answer)
            return given, chosen.short or chosen.label
        proposal = question.proposal(self.facts, answers) if question.proposal else ""
        typed = self._screen.write(question.title, proposal)
        if typed in {"", proposal}:
            return self.given, proposal
        answer = number_or_text(typed) if question.is_number else typed
        return with_answer(self.given, question.key, answer), typed

    def _after(self, question: Question) -> None:
        """What an answer brings about, asked for or given."""
        if question.key == "interface":
            name = propose(self.facts, self.given).interface
            self._senses.listen(name)
            self._screen.wait(self._occasion.listen_s, lambda: heard_words(name, self._senses.heard()))
            self._listen_on()
            self._screen.say(Text.assemble(("✓ ", "green"), heard_words(name, self.facts.heard)))
            for problem in self.facts.heard.problems:
                self._screen.complain(problem)
        elif question.key == "sources":
            self._look_for_devices()

    def _look_for_devices(self) -> None:
        self.facts = replace(self.facts, devices=self._senses.devices())

    def _listen_on(self) -> None:
        self.facts = replace(self.facts, heard=self._senses.heard())


def heard_words(interface: str, heard: Heard) -> str:
    """What was heard, in one line."""
    masters, sessions = len(usable_masters(heard.masters)), len(heard.sessions)
    counted = f"{masters} PTP master{'s' * (masters != 1)}, {sessions} session{'s' * (sessions != 1)}"
    return f"Listening on {interface}: {counted}"
