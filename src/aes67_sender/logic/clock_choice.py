"""Which clock provider to use now, and when to change it. Pure: facts and time come in, decisions come out.

The provider that is to take over runs beside the one in use and takes its place once it has locked: the media clock
never waits for anybody.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal

from aes67_sender.units import NS_PER_S

if TYPE_CHECKING:
    from aes67_sender.model.clock import ClockState, ProviderName

#: A provider that has not locked beside the other for so long is given up, and tried again after a while.
TRIAL_NS: Final = 20 * NS_PER_S
AGAIN_NS: Final = 30 * NS_PER_S
#: How long the one in use may hear a master and make nothing of it, or a daemon may not be in lock.
PATIENCE_NS: Final = 15 * NS_PER_S


@dataclass(frozen=True, slots=True)
class Way:
    """A provider that can be had, and why it would be it: one sentence."""

    provider: ProviderName
    why: str


@dataclass(frozen=True, slots=True)
class Facts:
    """What this machine allows: a sentence says why not, an empty one that it does."""

    daemon_socket: str
    daemon: bool
    ports: str
    gstreamer: str


def ways(mode: str, facts: Facts) -> tuple[Way, ...]:
    """Those that can be tried, the best first; for any mode but ``auto`` there is just the one asked for."""
    match mode:
        case "builtin" | "gstreamer" | "system" | "free-run" | "grandmaster":
            return (Way(mode, f'The mode is "{mode}".'),)
    found = []
    if facts.daemon:
        why = f"A PTP daemon of this computer, at {facts.daemon_socket}, keeps the system clock."
        found.append(Way("system", why))
    if not facts.ports:
        found.append(Way("builtin", "UDP ports 319 and 320 are open to this program, whose own follower is the best."))
    if not facts.gstreamer:
        why = (
            f"This program's own follower cannot be used: {facts.ports}" if facts.ports else "GStreamer can follow too."
        )
        found.append(Way("gstreamer", why))
    return tuple(found) or (Way("free-run", f"No PTP clock can be had here: {facts.ports}"),)


@dataclass(frozen=True, slots=True)
class Standing:
    """How a provider is doing: its state, and since when it is so, monotonic ns."""

    provider: ProviderName
    state: ClockState
    since_ns: int


@dataclass(frozen=True, slots=True)
class Try:
    """Start this one beside the one in use."""

    way: Way


@dataclass(frozen=True, slots=True)
class Settle:
    """End the trial: ``taken`` puts the tried one into use."""

    taken: bool


Decision = Try | Settle | Literal["keep"]


@dataclass(slots=True)
class Chooser:
    """Decides anew at every look. One owner; time is monotonic ns."""

    _given_up_ns: dict[str, int] = field(default_factory=dict)

    def decide(self, now_ns: int, found: tuple[Way, ...], active: Standing, trial: Standing | None) -> Decision:
        """``found`` is the present answer of ``ways``; ``since_ns`` of a trial is its beginning."""
        names = [way.provider for way in found]
        if trial is not None:
            return self._judge(now_ns, names, trial)
        place = names.index(active.provider) if active.provider in names else len(names)
        for way in found[:place]:
            if self._may_try(now_ns, way):
                return Try(way)
        # Who hears nobody at all leaves nothing for another one to hear; a daemon may be on another network or domain.
        fails = active.state == "locking" or (active.provider == "system" and active.state != "locked")
        stuck = fails and now_ns - active.since_ns > PATIENCE_NS
        for way in found[place + 1 :] if stuck else ():
            if self._may_try(now_ns, way):
                return Try(way)
        return "keep"

    def give_up(self, provider: ProviderName, now_ns: int) -> None:
        """It could not be had, or did not lock; leave it for a while."""
        self._given_up_ns[provider] = now_ns

    def _judge(self, now_ns: int, names: list[ProviderName], trial: Standing) -> Decision:
        if trial.provider not in names:
            return Settle(taken=False)
        if trial.state == "locked" or (trial.provider == "free-run" and trial.state == "free-running"):
            self._given_up_ns.pop(trial.provider, None)
            return Settle(taken=True)
        if len(names) > 1 and now_ns - trial.since_ns > TRIAL_NS:
            self.give_up(trial.provider, now_ns)
            return Settle(taken=False)
        return "keep"

    def _may_try(self, now_ns: int, way: Way) -> bool:
        given_up_ns = self._given_up_ns.get(way.provider)
        return given_up_ns is None or now_ns - given_up_ns > AGAIN_NS
