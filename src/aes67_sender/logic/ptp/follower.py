"""An ordinary clock that only follows (IEEE 1588-2008 clause 9): messages and times in, messages and an estimate out.

All times are ns of the local monotonic clock, given by the caller; one owner, no thread of its own, never raises on
what comes from the network. It never announces anything: an unasked participant has unlocked whole networks.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING, Final, Literal

from aes67_sender.logic.ptp.bmca import ForeignMasters
from aes67_sender.logic.ptp.delay import EndToEnd, PeerDelay
from aes67_sender.logic.ptp.track import SyncTrack
from aes67_sender.units import NS_PER_MS, NS_PER_S
from aes67_sender.wire.ptp import UNKNOWN_CORRECTION, Flag
from aes67_sender.wire.ptp_messages import Announce, DelayReq, DelayResp, FollowUp, MessageType, PdelayReq, Sync

if TYPE_CHECKING:
    from aes67_sender.logic.ptp.bmca import ForeignMaster
    from aes67_sender.logic.ptp.fit import Estimate
    from aes67_sender.model.ptp import Arrival, Departure, Outgoing
    from aes67_sender.wire.ptp import Message
    from aes67_sender.wire.ptp_types import PortIdentity

DelayMechanism = Literal["auto", "e2e", "p2p"]
FollowerState = Literal["listening", "locking", "locked", "holdover"]

#: Ports whose Syncs are kept at once: the master, and those that may be it soon.
_MOST_TRACKS: Final = 4
#: A lock rests on so many Syncs, and on fewer where they are rare.
_LOCK_SYNCS: Final = 4
_LOCK_SPAN_NS: Final = 2 * NS_PER_S
_LOCK_FEWEST: Final = 2
#: The only master heard need not announce itself twice if it sends so many Syncs meanwhile.
_CONVINCING_SYNCS: Final = 4
#: After so many unanswered questions the peer's delay is asked for, if others on the wire do so; and then none.
GIVE_UP_QUESTIONS: Final = 8
#: After a stall of this process, so long may what has come meanwhile take to be read, before silence counts as silence.
_STALL_NS: Final = 200 * NS_PER_MS
_GRACE_NS: Final = 200 * NS_PER_MS
#: Silence counts without ``tick`` after so long.
_UNJUDGED_NS: Final = 3 * NS_PER_S
#: A delay that nobody tells is taken for zero; a network's is below this.
UNKNOWN_DELAY_NS: Final = NS_PER_MS


@dataclass(frozen=True, slots=True)
class FollowerSettings:
    """What to follow. ``asymmetry_ns``: how much longer the way from the master is than the mean (7.4.2)."""

    domain: int = 0
    delay_mechanism: DelayMechanism = "auto"
    asymmetry_ns: int = 0


class Follower:
    """Follows the best master of one domain. ``tick`` is to be called when ``due_ns`` is reached."""

    def __init__(
        self,
        port: PortIdentity,
        settings: FollowerSettings,
        now_ns: int,
        *,
        rate_ppm: float = 0.0,
        random: Random | None = None,
    ) -> None:
        """``rate_ppm`` is what is known of PTP time's rate against the local clock."""
        self.port = port
        self.settings = settings
        self.masters = ForeignMasters(port.clock)
        self.parent: PortIdentity | None = None
        self.active = True
        self._random = random or Random()  # noqa: S311  spreads questions over time, protects nothing
        self._tracks: dict[PortIdentity, SyncTrack] = {}
        self._rate_ppm = rate_ppm
        self._end_to_end = EndToEnd(port, settings.domain, self._random)
        self._peer = PeerDelay(port, settings.domain)
        self._peers_ask = False
        self._asks_peer = settings.delay_mechanism == "p2p"
        self._was_locked = False
        self._now_ns = now_ns
        #: Until when silence is judged, and from when on again after a stall of this process.
        self._judged_ns = now_ns
        self._grace_ns = now_ns

    # --- what is known -----------------------------------------------------------------------------------------

    @property
    def master(self) -> ForeignMaster | None:
        """The master followed, as it announced itself last."""
        return self.masters.of(self.parent) if self.parent else None

    @property
    def track(self) -> SyncTrack | None:
        """The Syncs of the master followed."""
        return self._tracks.get(self.parent) if self.parent else None

    @property
    def mechanism(self) -> Literal["e2e", "p2p", "none"]:
        """How the path delay is measured; ``none``: nobody answers, it is taken for zero."""
        if (track := self.track) and track.assumes_delay:
            return "none"
        return "p2p" if self._asks_peer else "e2e"

    @property
    def unanswered(self) -> int:
        """Delay_Reqs, or Pdelay_Reqs, since the last answer."""
        return self._asked.unanswered

    @property
    def hears_syncs(self) -> bool:
        """Whether anybody sends Sync, announced or not."""
        return bool(self._tracks)

    def estimate(self, now_ns: int) -> Estimate | None:
        """The master's time, if it is good enough to go by at ``now_ns``."""
        track = self.track
        if track is None or self.is_silent(now_ns) or self.master is None:
            return None
        estimator = track.estimator
        settled = estimator.syncs >= _LOCK_SYNCS or (
            estimator.syncs >= _LOCK_FEWEST and estimator.span_ns >= _LOCK_SPAN_NS
        )
        return estimator.estimate if settled and track.is_sure else None

    def is_silent(self, now_ns: int) -> bool:
        """Whether the master followed sends no Syncs that tell a time; judged by ``tick``."""
        track = self.track
        unjudged_ns = now_ns - _UNJUDGED_NS if now_ns >= self._grace_ns else 0
        return track is not None and track.is_silent(max(self._judged_ns, unjudged_ns))

    def state(self, now_ns: int) -> FollowerState:
        """Holdover means: there was a lock once, and there is none now."""
        if self.estimate(now_ns) is not None:
            return "locked"
        if self._was_locked:
            return "holdover"
        return "locking" if self.parent is not None or self._tracks else "listening"

    # --- what happens ------------------------------------------------------------------------------------------

    def receive(self, message: Message, arrival: Arrival) -> tuple[Outgoing, ...]:
        """Take in what came to the port, of whatever kind and from whomever."""
        self._now_ns = max(self._now_ns, arrival.stamp_ns)
        if (message.domain, message.transport_specific) != (self.settings.domain, 0):
            return ()
        if message.source.clock == self.port.clock or (message.type.is_event and not arrival.event):
            return ()
        if message.correction_subns == UNKNOWN_CORRECTION or Flag.ALTERNATE_MASTER in message.flags:
            return ()
        match message.body:
            case Announce():
                self.masters.hear(message, arrival.source, arrival.stamp_ns)
                self._choose(arrival.stamp_ns)
            case Sync() | FollowUp():
                self._hear_sync(message, arrival.stamp_ns)
            case DelayResp() as answer if message.source == self.parent:
                self._use(self._end_to_end.answered(message, answer))
            case PdelayReq():
                self._peers_ask = True
            case _ if message.type in {MessageType.PDELAY_RESP, MessageType.PDELAY_RESP_FOLLOW_UP}:
                self._peer.hear(message, arrival.stamp_ns)
                self._use_peer_delay()
        return ()

    def sent(self, message: Message, departure: Departure) -> tuple[Outgoing, ...]:
        """An event message of ours has left at the stamp."""
        if message.source != self.port:
            # Of another follower at this port.
            return ()
        match message.body:
            case DelayReq():
                self._use(self._end_to_end.left(message.sequence, departure.stamp_ns))
            case PdelayReq():
                self._peer.left(message.sequence, departure.stamp_ns)
                self._use_peer_delay()
        return ()

    @property
    def due_ns(self) -> int:
        """When ``tick`` has something to do next, if nothing comes before."""
        due = [self._now_ns + NS_PER_S]
        if (gone_ns := self.masters.next_gone_ns()) is not None:
            due.append(max(gone_ns + 1, self._grace_ns))
        if (track := self.track) and not track.is_silent(self._judged_ns):
            due.append(max(track.silent_at_ns + 1, self._grace_ns))
        if self._may_ask():
            due.append(self._asked.due_ns)
        return min(due)

    def tick(self, now_ns: int) -> tuple[Outgoing, ...]:
        """Judge who is still there, and ask what is due."""
        if now_ns - self.due_ns > _STALL_NS:
            # This process stood still; what came meanwhile may lie unread in the sockets.
            self._grace_ns = now_ns + _GRACE_NS
        self._now_ns = max(self._now_ns, now_ns)
        if now_ns >= self._grace_ns:
            self._judge(now_ns)
        if not self._may_ask() or now_ns < self._asked.due_ns:
            return ()
        self._reconsider_mechanism()
        return (self._asked.ask(now_ns),)

    def _judge(self, now_ns: int) -> None:
        self._judged_ns = max(self._judged_ns, now_ns)
        self.masters.forget_gone(now_ns)
        self._choose(now_ns)
        for port in [port for port, track in self._tracks.items() if track.is_silent(now_ns) and port != self.parent]:
            del self._tracks[port]

    # --- the choice of the master ------------------------------------------------------------------------------

    def _choose(self, now_ns: int) -> None:
        best = self.masters.best()
        if best is None:
            # A stranger's first Announce must not cost the only master, which has not announced itself twice either.
            best = self.master or self._only_one()
        port = best.candidate.sender if best else None
        if port == self.parent:
            return
        self._keep_rate()
        self.parent = port
        if port is None:
            return
        if port not in self._tracks:
            self._add_track(port, now_ns)
        self._start_asking()

    def _only_one(self) -> ForeignMaster | None:
        """At first, and where only one master is heard, its Syncs speak for it as a second Announce would."""
        heard = self.masters.all()
        if len(heard) != 1 or len(self._tracks) > 1:
            return None
        track = self._tracks.get(heard[0].candidate.sender)
        return heard[0] if track and track.estimator.syncs >= _CONVINCING_SYNCS else None

    def _keep_rate(self) -> None:
        if (track := self.track) and track.estimator.estimate:
            self._rate_ppm = track.estimator.estimate.rate_ppm

    def _start_asking(self) -> None:
        self._end_to_end = EndToEnd(self.port, self.settings.domain, self._random)
        self._use_peer_delay()

    # --- Syncs and delays --------------------------------------------------------------------------------------

    def _hear_sync(self, message: Message, stamp_ns: int) -> None:
        track = self._tracks.get(message.source)
        if track is None:
            if not isinstance(message.body, Sync):
                return
            track = self._add_track(message.source, stamp_ns)
        had_time = track.estimator.estimate is not None
        track.hear(message, stamp_ns)
        if message.source == self.parent:
            if had_time and track.estimator.estimate is None:
                # Another time, or another path: the delay must be asked anew before it is believed.
                self._end_to_end.ask_now()
            self._was_locked |= self.estimate(stamp_ns) is not None
        elif self.parent is None:
            self._choose(stamp_ns)

    def _add_track(self, port: PortIdentity, now_ns: int) -> SyncTrack:
        while len(self._tracks) >= _MOST_TRACKS:
            others = [each for each in self._tracks if each != self.parent]
            del self._tracks[min(others, key=lambda each: self._tracks[each].heard_ns)]
        track = self._tracks[port] = SyncTrack(self._rate_ppm, self.settings.asymmetry_ns, now_ns)
        return track

    def _may_ask(self) -> bool:
        """Questions make sense while there is a master that sends Sync."""
        track = self.track
        return self.active and track is not None and track.estimator.syncs > 0 and not track.is_silent(self._now_ns)

    @property
    def _asked(self) -> EndToEnd | PeerDelay:
        return self._peer if self._asks_peer else self._end_to_end

    def _use(self, answer: tuple[int, int] | None) -> None:
        track = self.track
        if answer is not None and track is not None and not self._asks_peer:
            track.hear_answer(*answer)
            self._was_locked |= self.estimate(self._now_ns) is not None

    def _use_peer_delay(self) -> None:
        if self._asks_peer and self._peer.delay_ns is not None and self.track:
            self.track.take_delay(self._peer.delay_ns)

    def _reconsider_mechanism(self) -> None:
        """Who is never answered asks the peer, if that is the custom here, or takes the delay for what it was."""
        track = self.track
        if track is None or self.unanswered < GIVE_UP_QUESTIONS:
            return
        never = track.estimator.delay_ns is None
        if self.settings.delay_mechanism == "auto" and (self._asks_peer or (never and self._peers_ask)):
            self._asks_peer = not self._asks_peer
            # Once; should they go on asking each other, then again.
            self._peers_ask = False
        elif track.estimator.estimate is None:
            track.assume_delay()
