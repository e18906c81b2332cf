"""The life of the media clock: waiting, following, holding over, running free. Pure; time is an argument."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from aes67_sender.logic.discipline import Discipline
from aes67_sender.logic.step_doubt import StepDoubt
from aes67_sender.units import NS_PER_MS, NS_PER_S, NS_PER_US

if TYPE_CHECKING:
    from collections.abc import Callable

    from aes67_sender.logic.discipline import DisciplineSettings
    from aes67_sender.model.clock import ClockMapping, ClockReading, ClockState

#: How long streams wait before they start on the local clock: where nobody is heard (masters announce themselves every
#: two seconds at least, AES67 Annex A), and where a master is heard but its time is not known yet.
PATIENCE_S: Final = 3.0
PATIENCE_LOCKING_S: Final = 15.0
#: When the grandmaster appears after a time without, a phase beyond this is stepped, not slewed: receivers buffer a ms.
JOIN_STEP_NS: Final = 1 * NS_PER_MS

#: A machine that stalls between reading one clock and the other learns nothing from it.
USELESS_NS: Final = 100 * NS_PER_US
USELESS_FOR_S: Final = 3.0
#: Media time is counted in 63 bits of ns, which end in 2262; PTP has 48 bits of seconds.
LATEST_NS: Final = 9_000_000_000 * NS_PER_S
_NO_TIME: Final = "The time that is served lies before 1970 or after 2255, so it cannot be followed."


class MediaClock:
    """One media clock over whatever a provider reads. Call from one thread."""

    def __init__(
        self,
        now_ns: int,
        read_local: Callable[[], ClockReading] | None,
        *,
        mapping: ClockMapping | None = None,
        grandmaster: str | None = None,
        settings: DisciplineSettings | None = None,
    ) -> None:
        """``read_local`` reads this computer's own clock to fall back on, ``None`` to wait for ever.

        ``mapping`` and ``grandmaster`` continue an earlier clock.
        """
        self.discipline = Discipline(settings, mapping=mapping)
        # Who had no grandmaster before its predecessor ended has none to hold over.
        self._on_local = mapping is not None and grandmaster is None
        self.state: ClockState = "free-running" if self._on_local else "holdover" if mapping else "listening"
        self.why = ""
        self.since_ns = now_ns
        self._begun_ns = now_ns
        self._read_local = read_local
        self._grandmaster = grandmaster
        self._useful_ns = now_ns
        self._doubt = StepDoubt()

    @property
    def grandmaster(self) -> str | None:
        """Identity of the grandmaster followed, or last followed in holdover; ``None`` when free-running."""
        return self._grandmaster if self.state in {"locked", "holdover"} else None

    def observe(self, now_ns: int, reading: ClockReading) -> ClockMapping | None:
        """Judge one reading; returns the mapping to go by from now on, ``None`` while there is none."""
        if reading.media_ns is not None and not 0 <= reading.media_ns < LATEST_NS:
            reading = replace(reading, state="locking", why=_NO_TIME)
        elif reading.media_ns is not None and reading.state in {"locked", "free-running"}:
            if self.discipline.mapping and reading.uncertainty_ns > USELESS_NS:
                return self._pass_over(now_ns)
            self._useful_ns = now_ns
            if self._doubts(now_ns, reading, reading.media_ns):
                return self._wait_for_it_to_last(now_ns)
            self._grandmaster = reading.grandmaster
            mapping = self._follow(reading, reading.media_ns)
            self._enter(now_ns, reading.state, reading.why)
            return mapping
        patience_s = PATIENCE_LOCKING_S if reading.state == "locking" else PATIENCE_S
        if self.discipline.mapping is None and now_ns - self._begun_ns > patience_s * NS_PER_S:
            self._fall_back()
        if self.discipline.mapping is None:
            self._enter(now_ns, reading.state, reading.why)
            return None
        if self._on_local:
            self._enter(now_ns, "free-running", f"{reading.why} Sending on this computer's own clock meanwhile.")
        else:
            self._enter(now_ns, "holdover", reading.why)
        return self.discipline.coast(now_ns)

    def change_provider(self, now_ns: int) -> None:
        """The next reading is another provider's: time and rate go on, what was learnt of the old one is forgotten."""
        self._doubt = StepDoubt()
        if self.discipline.mapping is not None:
            self.discipline.restart(now_ns)

    def _follow(self, reading: ClockReading, media_ns: int) -> ClockMapping:
        if self._on_local and reading.state == "locked":
            self._join(reading.monotonic_ns, media_ns)
        before = self.discipline.mapping
        if reading.rate_ppm is None:
            mapping = self.discipline.follow(reading.monotonic_ns, media_ns)
        else:
            accuracy_ns = reading.accuracy_ns or 0
            mapping = self.discipline.adopt(reading.monotonic_ns, media_ns, reading.rate_ppm, accuracy_ns)
        if before is not None and mapping.anchor != before.anchor:
            self._doubt.stepped(reading.monotonic_ns)
        return mapping

    def _doubts(self, now_ns: int, reading: ClockReading, media_ns: int) -> bool:
        """Whether a reading tells of another epoch that has not lasted for long enough."""
        mapping = self.discipline.mapping
        if mapping is None or self._on_local:
            return False
        step_ns = self.discipline.step_ns(filtered=reading.rate_ppm is not None) + (reading.accuracy_ns or 0)
        if abs(media_ns - mapping.media_at(reading.monotonic_ns)) <= step_ns:
            self._doubt.stays()
            return False
        return not self._doubt.believes(now_ns)

    def _wait_for_it_to_last(self, now_ns: int) -> ClockMapping:
        wait_s = self._doubt.patience_ns(now_ns) // NS_PER_S
        times = "" if self._doubt.steps == 1 else f" {self._doubt.steps} times"
        why = f"The time that is served has jumped{times} lately; another one is followed once it lasts for {wait_s} s."
        self._enter(now_ns, "holdover", why)
        return self.discipline.coast(now_ns)

    def _pass_over(self, now_ns: int) -> ClockMapping:
        """A reading that tells nothing; a clock that can only be read so is none."""
        if now_ns - self._useful_ns > USELESS_FOR_S * NS_PER_S:
            state: ClockState = "free-running" if self._on_local else "holdover"
            self._enter(now_ns, state, "The clock cannot be read precisely enough to be followed.")
        return self.discipline.coast(now_ns)

    def _fall_back(self) -> None:
        local = self._read_local() if self._read_local else None
        if local and local.media_ns is not None:
            self._on_local = True
            self.discipline.anchor(local.monotonic_ns, local.media_ns)

    def _join(self, monotonic_ns: int, media_ns: int) -> None:
        """A grandmaster at last: small differences are slewed, others are one step to its time."""
        self._on_local = False
        mapping = self.discipline.mapping
        if mapping is None:
            return
        if abs(media_ns - mapping.media_at(monotonic_ns)) > JOIN_STEP_NS:
            self.discipline.anchor(monotonic_ns, media_ns)
        else:
            self.discipline.restart(monotonic_ns)

    def _enter(self, now_ns: int, state: ClockState, why: str) -> None:
        if state != self.state:
            self.since_ns = now_ns
        self.state, self.why = state, why
