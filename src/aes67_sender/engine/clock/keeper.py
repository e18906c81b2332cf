"""The thread that reads the clock provider, disciplines the media clock, and publishes it."""

from __future__ import annotations

import logging
import threading
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from aes67_sender.engine.clock.complaints import Complaints
from aes67_sender.engine.clock.freerun import FreeRunProvider
from aes67_sender.engine.clock.report import ClockHistory, clock_problems, clock_status
from aes67_sender.errors import MachineError
from aes67_sender.logic.clock_choice import Chooser, Settle, Standing, Try, Way, ways
from aes67_sender.logic.discipline import DisciplineSettings
from aes67_sender.logic.media_clock import MediaClock
from aes67_sender.model.clock import ClockReading
from aes67_sender.model.problem import Problem
from aes67_sender.monotonic import monotonic_ns

if TYPE_CHECKING:
    from collections.abc import Callable

    from aes67_sender.config.model import ClockSettings
    from aes67_sender.engine.clock.providers import Providers
    from aes67_sender.logic.provider import ClockProvider
    from aes67_sender.model.clock import ClockMapping
    from aes67_sender.model.snapshot import ClockStatus

logger = logging.getLogger(__name__)

POLL_S: Final = 0.05
JOIN_TIMEOUT_S: Final = 0.2
#: Why a provider is in use that the mode does not name.
_UNTIL: Final = "It goes on until another clock has locked."


class _InUse:
    """A provider at work, why it was chosen, and how long it has been in its state."""

    def __init__(self, provider: ClockProvider, why: str) -> None:
        self.provider = provider
        self.why = why
        self.reading = ClockReading("listening", why)
        self.begun_ns = self.since_ns = monotonic_ns()
        self._complaints = Complaints(logger)

    def poll(self) -> ClockReading:
        try:
            reading = self.provider.poll()
        except Exception as fault:  # noqa: BLE001  the media clock goes on, whatever a provider does
            self._complaints.note(f'the clock provider "{self.provider.name}" failed unexpectedly', fault)
            reading = ClockReading("listening", f'The clock provider "{self.provider.name}" has failed: {fault}.')
        if reading.state != self.reading.state:
            self.since_ns = monotonic_ns()
        self.reading = reading
        return reading

    def close(self) -> None:
        try:
            self.provider.close()
        except Exception as fault:  # noqa: BLE001  the others are to be closed too
            self._complaints.note(f'the clock provider "{self.provider.name}" did not close', fault)


class ClockKeeper:
    """One media clock for the whole engine. All but ``start`` and ``stop`` may be called from any thread."""

    def __init__(
        self,
        settings: ClockSettings,
        providers: Providers,
        publish: Callable[[ClockMapping], None],
        *,
        mapping: ClockMapping | None = None,
        grandmaster: str | None = None,
    ) -> None:
        """``mapping`` and ``grandmaster`` are those of an engine before this one."""
        self._settings = settings
        self._mode: str = settings.mode
        self._publish = publish
        self._providers = providers
        self._chooser = Chooser()
        self._clock = MediaClock(
            monotonic_ns(),
            FreeRunProvider(settings.tai_utc_offset).poll if settings.fallback == "free-run" else None,
            mapping=mapping,
            grandmaster=grandmaster,
            settings=DisciplineSettings(slew_limit_ppm=settings.slew_limit_ppm),
        )
        self._active: _InUse | None = None
        self._trial: _InUse | None = None
        self._refused: tuple[Problem, ...] = ()
        self._history = ClockHistory()
        self._chosen_mode: str = settings.mode
        self._complaints = Complaints(logger)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="clock", daemon=True)
        if mapping:
            publish(mapping)

    def start(self) -> None:
        """Begin to follow."""
        self._thread.start()

    def stop(self) -> None:
        """Leave the last mapping in force and release the providers."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(JOIN_TIMEOUT_S)

    def set_mode(self, mode: str) -> None:
        """Follow another clock from now on; the one in use goes on until the other has locked."""
        self._mode = mode

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                self._tick()
            except Exception as fault:  # noqa: BLE001  without this thread the media clock would run away for ever
                self._complaints.note("the clock failed unexpectedly", fault)
            self._stop.wait(POLL_S)
        for each in (self._active, self._trial):
            if each is not None:
                each.close()
        self._providers.close()

    def _tick(self) -> None:
        self._choose(monotonic_ns())
        if self._active is None:
            return
        reading = self._active.poll()
        mapping = self._clock.observe(monotonic_ns(), reading)
        if mapping:
            self._publish(mapping)
        self._history.note(self._clock, self._active.provider.name)

    # --- which provider ----------------------------------------------------------------------------------------

    def _choose(self, now_ns: int) -> None:
        mode = self._mode
        if mode != self._chosen_mode:
            # Whoever asks for a clock means now, whatever came of it before.
            self._chosen_mode, self._chooser, self._refused = mode, Chooser(), ()
            if self._active is not None:
                # Until the ways of the new mode say better: it may be none of them.
                self._active.why = _UNTIL
        found = ways(mode, self._providers.facts(now_ns))
        if self._active is None:
            self._begin(found)
            return
        trial = None
        if self._trial is not None:
            self._trial.poll()
            trial = Standing(self._trial.provider.name, self._trial.reading.state, self._trial.begun_ns)
        active = Standing(self._active.provider.name, self._active.reading.state, self._active.since_ns)
        match self._chooser.decide(now_ns, found, active, trial):
            case Try(way):
                self._trial = self._make(way)
                if self._trial is None:
                    self._chooser.give_up(way.provider, now_ns)
            case Settle(taken) if self._trial is not None:
                given_up = self._active if taken else self._trial
                if taken:
                    self._active = self._trial
                    self._clock.change_provider(now_ns)
                self._trial = None
                given_up.close()
            case _:
                named = next((way.why for way in found if way.provider == active.provider), None)
                self._active.why = named or self._active.why

    def _begin(self, found: tuple[Way, ...]) -> None:
        """The first provider is in use at once: there is nothing else to go by."""
        for way in found:
            if made := self._make(way):
                self._active = made
                return
        # A sender never ends for want of a clock.
        why = "The clock that is asked for cannot be used."
        self._active = _InUse(self._providers.make("free-run", self.handover), why)

    def _make(self, way: Way) -> _InUse | None:
        try:
            made = _InUse(self._providers.make(way.provider, self.handover), way.why)
        except Exception as refused:  # noqa: BLE001  there are others, or the one in use
            if not isinstance(refused, MachineError):
                self._complaints.note(f'the clock provider "{way.provider}" cannot be made', refused)
            if self._chosen_mode != "auto":
                text = f"The clock that is asked for cannot be used: {refused}"
                self._refused = (Problem("clock.unusable", "error", text, getattr(refused, "hint", "")),)
            return None
        self._refused = ()
        return made

    # --- what others see ---------------------------------------------------------------------------------------

    @property
    def handover(self) -> ClockMapping | None:
        """What another engine or provider goes on with: the rate without what now corrects the phase."""
        mapping = self._clock.discipline.mapping
        return replace(mapping, rate_ppm=self._clock.discipline.rate_ppm) if mapping else None

    def status(self) -> ClockStatus:
        """The media clock at this instant."""
        active, node = self._active, self._providers.node
        status = clock_status(
            self._mode,
            self._settings.domain,
            self._clock,
            active.reading if active else ClockReading("listening", "The clock is starting."),
        )
        seen, sent = node.rates() if node else ({}, {})
        masters = tuple(
            replace(each, followed=each.domain == status.domain and each.grandmaster == status.grandmaster)
            for each in (node.masters() if node else ())
        )
        return replace(
            status,
            provider=active.provider.name if active else "",
            choice=active.why if active else "",
            masters=masters,
            messages_seen=seen,
            messages_sent=sent,
            last_change=self._history.last,
        )

    def problems(self) -> tuple[Problem, ...]:
        """Why packets are not on the network's time, if they are not."""
        limits = self._providers.problems(self._mode)
        # Closed ports are told once, by who knows the remedy.
        told = {problem.hint for problem in limits}
        problems = [*(problem for problem in self._refused if problem.hint not in told), *limits]
        trial = self._trial
        if trial is not None and self._mode != "auto":
            text = f'The clock is to change to "{trial.provider.name}", which has not locked yet: {trial.reading.why}'
            problems.append(Problem("clock.changing", "info", text, "The one in use goes on meanwhile.", "clock"))
        return (*problems, *clock_problems(self._clock, self._mode))
