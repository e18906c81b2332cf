"""The provider ``builtin``: our own PTP follower."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from aes67_sender.logic.ptp import reasons
from aes67_sender.logic.ptp.follower import GIVE_UP_QUESTIONS, UNKNOWN_DELAY_NS, Follower, FollowerSettings
from aes67_sender.model.clock import ClockReading, ProviderName
from aes67_sender.monotonic import monotonic_ns
from aes67_sender.units import NS_PER_US

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aes67_sender.engine.clock.ptp_node import PtpNode
    from aes67_sender.logic.ptp.track import SyncTrack
    from aes67_sender.model.snapshot import MasterStatus

#: What a stamp may be wrong by however many there are, in ns: it is taken so much before or after the wire.
_STAMP_NS: Final = {"hardware": 100, "kernel": 1_000, "user-space": 50_000}
_SIGMAS: Final = 3
_STAMPED_BY: Final = {"hardware": "the network interface", "kernel": "the kernel", "user-space": "this program"}


class BuiltinPtpProvider:
    """Follows the grandmaster of the node's domain. See ``ClockProvider`` for the rules.

    In holdover there is no media time: the media clock's own mapping goes on at the rate known.
    """

    name: ProviderName = "builtin"

    def __init__(self, node: PtpNode, settings: FollowerSettings, *, rate_ppm: float = 0.0) -> None:
        """``rate_ppm`` is what is known of PTP time's rate against the monotonic clock."""
        self.node = node
        self.follower = Follower(node.new_port_identity(), settings, monotonic_ns(), rate_ppm=rate_ppm)
        node.add(self.follower)

    def poll(self) -> ClockReading:
        """The estimate at this instant."""
        masters = self.node.masters()
        with self.node.lock:
            return self._read(monotonic_ns(), masters)

    def close(self) -> None:
        """Follow no longer; the node goes on."""
        self.node.remove(self.follower)

    def _read(self, now_ns: int, masters: Sequence[MasterStatus]) -> ClockReading:
        follower, kind = self.follower, self.node.stamp_kind
        state, estimate, track = follower.state(now_ns), follower.estimate(now_ns), follower.track
        master = follower.master
        accuracy_ns = None
        if estimate is not None:
            accuracy_ns = round(_SIGMAS * estimate.sigma_at(now_ns)) + _STAMP_NS[kind]
            accuracy_ns += UNKNOWN_DELAY_NS if follower.mechanism == "none" else 0
        return ClockReading(
            state=state,
            why=self._why(now_ns, masters),
            monotonic_ns=now_ns,
            media_ns=estimate.master_at(now_ns) if estimate else None,
            rate_ppm=estimate.rate_ppm if estimate else None,
            grandmaster=str(master.candidate.grandmaster) if master else None,
            steps_removed=master.candidate.steps_removed + 1 if master else None,
            offset_ns=track.offset_ns if track else None,
            path_delay_ns=track.estimator.delay_ns if track else None,
            accuracy_ns=accuracy_ns,
            timestamping=kind,
        )

    def _why(self, now_ns: int, masters: Sequence[MasterStatus]) -> str:
        follower = self.follower
        where = reasons.here(self.node.interface.name, self.node.domain)
        master, track = follower.master, follower.track
        if master is None or track is None:
            return self._why_nobody(masters)
        named = f"grandmaster {master.candidate.grandmaster}"
        if follower.is_silent(now_ns):
            what = "Follow_Ups" if track.lacks_follow_ups else "Syncs"
            return f"{named[0].upper()}{named[1:]} {where} announces itself, but its {what} do not arrive."
        if follower.estimate(now_ns) is not None:
            text = f"This program follows {named} {where}, with time stamps by {_STAMPED_BY[self.node.stamp_kind]}."
            if follower.mechanism == "none":
                text += " It answers no delay request: the path delay is taken for zero."
            elif follower.unanswered >= GIVE_UP_QUESTIONS:
                text += " It answers delay requests no more: the path delay is taken for what it was."
            return text
        return self._why_not_yet(named, track)

    def _why_not_yet(self, named: str, track: SyncTrack) -> str:
        place = self.node.interface.name, self.node.domain
        heard = f"A master is heard {reasons.here(*place)}"
        if track.estimator.is_settling:
            return reasons.jumped(named, *place)
        if (estimate := track.estimator.estimate) is not None and not track.is_sure:
            known_us = _SIGMAS * estimate.sigma_ns / NS_PER_US
            return f"{heard}; packets take so unevenly long that its time is known to {known_us:.0f} µs only."
        if self.follower.unanswered > 1:
            return f"{heard}, but it has not answered a delay request yet."
        return f"{heard}; its time is being measured."

    def _why_nobody(self, masters: Sequence[MasterStatus]) -> str:
        place = self.node.interface.name, self.node.domain
        if self.follower.state(monotonic_ns()) == "holdover":
            return reasons.silent("the grandmaster", *place)
        ours = [master for master in masters if master.domain == self.node.domain]
        others = {master.domain for master in masters if master.version > 1} - {self.node.domain}
        if ours:
            return f"A master is heard {reasons.here(*place)}; it counts once it has announced itself twice."
        if others:
            return reasons.other_domains(others, self.node.domain)
        if self.follower.hears_syncs:
            return reasons.unannounced(*place)
        if masters:
            return reasons.version_1_only(self.node.interface.name)
        return reasons.nobody(*place)
