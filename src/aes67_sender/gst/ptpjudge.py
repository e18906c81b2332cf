"""Judges GStreamer's PTP clock by its statistics, because ``is_synced()`` never goes back to false. Pure logic."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias, assert_never

from aes67_sender.logic.ptp import reasons
from aes67_sender.units import NS_PER_MS, NS_PER_S, NS_PER_US

if TYPE_CHECKING:
    from aes67_sender.model.clock import ClockState

#: Without news of the master for this long, or for three of its Sync intervals, the clock runs free.
_PATIENCE_NS: Final = 3 * NS_PER_S
#: GStreamer says "synced" early: up to 7.9 ms off in the first half minute, in one run.
_EARLY_NS: Final = 30 * NS_PER_S
_EARLY_ACCURACY_NS: Final = NS_PER_MS
_BEST_ACCURACY_NS: Final = 100 * NS_PER_US
_RESIDUALS: Final = 64


@dataclass(frozen=True, slots=True)
class DomainFound:
    """An Announce came from a domain nobody had been heard in."""

    domain: int


@dataclass(frozen=True, slots=True)
class MasterSelected:
    """The best master of a domain."""

    domain: int
    grandmaster: str


@dataclass(frozen=True, slots=True)
class PathDelayMeasured:
    """The mean of the last path delays, in ns."""

    domain: int
    mean_ns: int


@dataclass(frozen=True, slots=True)
class TimeUpdated:
    """A Sync was used. ``offset_ns`` is estimated minus received time, ``None`` before there is an estimate."""

    domain: int
    monotonic_ns: int
    offset_ns: int | None
    synced: bool


PtpEvent: TypeAlias = DomainFound | MasterSelected | PathDelayMeasured | TimeUpdated


@dataclass(frozen=True, slots=True)
class Judgement:
    """What to tell about the clock; ``usable``: its time may be believed."""

    state: ClockState
    why: str
    usable: bool
    accuracy_ns: int | None = None


class PtpJudge:
    """Folds the statistics of one domain into a state and a sentence. One thread; time is an argument."""

    def __init__(self, interface: str, domain: int) -> None:
        self._interface = interface
        self._domain = domain
        self._domains: set[int] = set()
        self._residuals: deque[int] = deque(maxlen=_RESIDUALS)
        self._last: TimeUpdated | None = None
        self._interval_ns = 0
        self._good_since_ns: int | None = None
        self.grandmaster: str | None = None
        self.path_delay_ns: int | None = None

    @property
    def offset_ns(self) -> int | None:
        """The last estimate minus what the master said."""
        return self._last.offset_ns if self._last is not None else None

    def fold(self, event: PtpEvent) -> None:
        """Take in one event."""
        self._domains.add(event.domain)
        if event.domain != self._domain:
            return
        match event:
            case DomainFound():
                pass
            case MasterSelected():
                self.grandmaster = event.grandmaster
            case PathDelayMeasured():
                self.path_delay_ns = event.mean_ns
            case TimeUpdated():
                self._fold_time(event)
            case _:
                assert_never(event)

    def _fold_time(self, event: TimeUpdated) -> None:
        if self._last is not None:
            gap_ns = event.monotonic_ns - self._last.monotonic_ns
            # One lost Sync must not count as a longer interval, and a long absence not at all.
            self._interval_ns = min(self._interval_ns or gap_ns, gap_ns)
            if gap_ns > self._patience_ns():
                self._good_since_ns = None
        if not event.synced:
            self._good_since_ns = None
            self._residuals.clear()
        elif self._good_since_ns is None:
            self._good_since_ns = event.monotonic_ns
        if event.offset_ns is not None:
            self._residuals.append(event.offset_ns)
        self._last = event

    def _patience_ns(self) -> int:
        return max(_PATIENCE_NS, 3 * self._interval_ns)

    def judge(self, now_ns: int, *, synced_once: bool) -> Judgement:
        """The state at ``now_ns``; ``synced_once`` is GStreamer's own "synced"."""
        place = (self._interface, self._domain)
        where = reasons.here(*place)
        master = f"grandmaster {self.grandmaster}" if self.grandmaster else "the master"
        last = self._last
        if last is None or not synced_once:
            return self._judge_beginning(now_ns)
        if now_ns - last.monotonic_ns > self._patience_ns():
            return Judgement("holdover", reasons.silent(master, *place), usable=False)
        if not last.synced:
            return Judgement("holdover", reasons.jumped(master, *place), usable=False)
        text = f"GStreamer follows {master} {where}, with time stamps taken in user space."
        return Judgement("locked", text, usable=True, accuracy_ns=self._accuracy_ns(now_ns))

    def _judge_beginning(self, now_ns: int) -> Judgement:
        here = reasons.here(self._interface, self._domain)
        others = self._domains - {self._domain}
        last = self._last
        if self._domain in self._domains and (last is None or now_ns - last.monotonic_ns < self._patience_ns()):
            if self.path_delay_ns is None:
                text = (
                    f"A master is heard {here}, but it has not answered a delay request yet. "
                    "GStreamer sends them by the route to 224.0.1.129, which may be another interface."
                )
                return Judgement("locking", text, usable=False)
            return Judgement("locking", f"A master is heard {here}; GStreamer is measuring its time.", usable=False)
        if others and last is None:
            return Judgement("listening", reasons.other_domains(others, self._domain), usable=False)
        return Judgement("listening", reasons.nobody(self._interface, self._domain), usable=False)

    def _accuracy_ns(self, now_ns: int) -> int:
        """A bound: an asymmetric path is wrong by its delay at most, to which comes three times the scatter."""
        residuals = self._residuals
        square = sum(value * value for value in residuals) / len(residuals) if residuals else 0.0
        bound_ns = (self.path_delay_ns or 0) + round(3 * math.sqrt(square))
        early = self._good_since_ns is None or now_ns - self._good_since_ns < _EARLY_NS
        return max(bound_ns, _EARLY_ACCURACY_NS if early else _BEST_ACCURACY_NS)
