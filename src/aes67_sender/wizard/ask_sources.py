"""Where the sound comes from: asks for one source after the other, and for the channels of each."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final, Protocol, cast

from rich.text import Text

from aes67_sender.wizard.check import about, problems_of
from aes67_sender.wizard.facts import number_or_text, with_answer
from aes67_sender.wizard.files import sound_path
from aes67_sender.wizard.propose import propose
from aes67_sender.wizard.screen import Choice
from aes67_sender.wizard.sound import JACK, TONE, of_device, usual_channels

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aes67_sender.model.capture import AudioDevice
    from aes67_sender.model.levels import Reading
    from aes67_sender.wizard.facts import Facts, Given, SourceData
    from aes67_sender.wizard.questions import Question
    from aes67_sender.wizard.screen import Screen

#: Values of the list that are no source by themselves.
_KEEP: Final = "keep"
_FILE: Final = "file"
_NAME_COLUMNS: Final = 32
_CHANNELS: Final = "How many channels of it"


class Meters(Protocol):
    """What devices deliver."""

    def why_no_devices(self) -> str:
        """A sentence if they could not be listed."""

    def reading(self, number: int) -> Reading:
        """What the device of this number delivers now."""


def ask_sources(facts: Facts, given: Given, screen: Screen, meters: Meters, question: Question) -> Given:
    """The answers with sources and channels, or without both where those of the file are to stay."""
    if why := meters.why_no_devices():
        screen.say(Text(f"  {why}", style="yellow"))
    asked = _Asked(facts, given, screen, question)
    while True:
        source = asked.choose(_choices(facts, meters, first=not asked.sources))
        if source is None:
            return cast("Given", {key: value for key, value in given.items() if key not in {"sources", "channels"}})
        asked.add(source)
        again = Choice(value=True, label="Yes, one more source"), Choice(value=False, label="No, that is all")
        if not screen.choose("Another source?", (again[1], again[0])):
            return asked.given


class _Asked:
    """The sources chosen so far."""

    def __init__(self, facts: Facts, given: Given, screen: Screen, question: Question) -> None:
        self._facts = facts
        self._screen = screen
        self._question = question
        self.given = given
        self.sources: tuple[SourceData, ...] = ()
        self._channels: tuple[int | str, ...] = ()

    def choose(self, choices: Sequence[Choice]) -> SourceData | None:
        """One source that the config allows; ``None`` to keep those of the file."""
        default = 0
        if self._facts.existing is None and not self.sources:
            (proposed, *_) = propose(self._facts, self.given).sources or (TONE,)
            default = next((number for number, each in enumerate(choices) if each.value == proposed), 0)
        title = self._question.title if not self.sources else "Which one?"
        while True:
            chosen: Any = self._screen.choose(title, choices, default)
            label = next(choice.short or choice.label for choice in choices if choice.value == chosen)
            if chosen == _KEEP:
                self._screen.settle(title, label)
                return None
            if chosen == _FILE:
                if file := self._ask_file():
                    return file
                continue
            source: SourceData = dict(chosen)
            if self._right(source, usual_channels(source, self._facts)):
                self._screen.settle(title, label)
                return source

    def _ask_file(self) -> SourceData | None:
        """A file that is there, ``None`` to choose something else. One that comes later can be written by hand."""
        while typed := self._screen.write("Sound file (nothing to go back)", "", is_path=True):
            source: SourceData = {"kind": _FILE, "path": sound_path(typed, self._facts.base_dir)}
            if self._right(source, usual_channels(source, self._facts), strict=True):
                self._screen.settle("Sound file", typed)
                return source
        return None

    def add(self, source: SourceData) -> None:
        """Ask for its channels, and take it."""
        usual = usual_channels(source, self._facts)
        while True:
            typed = self._screen.write(_CHANNELS, str(usual))
            channels = number_or_text(typed) if typed else usual
            if self._right(source, channels):
                self._screen.settle(_CHANNELS, str(channels))
                break
        self.sources, self._channels = (*self.sources, source), (*self._channels, channels)
        self.given = self._with(self.sources, self._channels)

    def _right(self, source: SourceData, channels: int | str, *, strict: bool = False) -> bool:
        tried = self._with((*self.sources, source), (*self._channels, channels))
        wrong = about(problems_of(self._facts, tried), self._question.paths, strict=strict)
        if wrong:
            self._screen.complain(wrong[0])
        return not wrong

    def _with(self, sources: tuple[SourceData, ...], channels: tuple[int | str, ...]) -> Given:
        return with_answer(with_answer(self.given, "sources", sources), "channels", channels)


def _choices(facts: Facts, meters: Meters, *, first: bool) -> list[Choice]:
    found = []
    if first and facts.existing is not None:
        ids = ", ".join(source.id for source in facts.existing.config.sources)
        found.append(Choice(_KEEP, f"As it is: {ids}"))
    numbered = sorted(enumerate(facts.devices), key=lambda each: each[1].monitor)
    found += [
        Choice(
            of_device(device),
            _label(device),
            _about(device),
            partial(meters.reading, number),
            f"{device.name} ({device.kind})",
        )
        for number, device in numbered
    ]
    return [
        *found,
        Choice(dict(JACK), "JACK ports of our own", "The sender offers input ports in JACK; connect them by hand."),
        Choice(_FILE, "Sound file", "Of any format that GStreamer decodes; it is repeated without end."),
        Choice(dict(TONE), "Test tone", "A sine of 1 kHz at -18 dBFS, locked to the media clock."),
    ]


def _label(device: AudioDevice) -> str:
    name = device.name if len(device.name) <= _NAME_COLUMNS else f"{device.name[: _NAME_COLUMNS - 1]}…"
    return f"{name:<{_NAME_COLUMNS}}  {device.kind:<8} {device.channels:>3} ch"


def _about(device: AudioDevice) -> str:
    remarks = (
        f"{device.kind}: {device.identity}",
        "the system's default" if device.default else "",
        "what an output plays" if device.monitor else "",
        ", ".join(f"{rate_hz} Hz" for rate_hz in device.rates_hz),
    )
    return "; ".join(filter(None, remarks))
