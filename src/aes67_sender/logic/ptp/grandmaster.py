"""The PTP grandmaster: serves the media clock's time, unless a better clock is heard (IEEE 1588-2008 9.2, 9.3, 11).

Messages with their stamps and times go in, messages to send come out; every time is on the monotonic clock, in ns. One
owner, no thread of its own, never raises. A two-step clock with one port and end-to-end delay, peer delay if asked for.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, Literal, TypeVar

from aes67_sender.logic.ptp.bmca import ANNOUNCE_TIMEOUT, Candidate, ForeignMaster, ForeignMasters, interval_ns
from aes67_sender.logic.ptp.cadence import Cadence
from aes67_sender.model.ptp import Outgoing
from aes67_sender.units import NS_PER_MS, NS_PER_S
from aes67_sender.wire.ptp import NO_INTERVAL, Flag, Message
from aes67_sender.wire.ptp_messages import (
    Announce,
    Body,
    ClockQuality,
    DelayReq,
    DelayResp,
    FollowUp,
    PdelayReq,
    PdelayResp,
    PdelayRespFollowUp,
    Sync,
)

if TYPE_CHECKING:
    from aes67_sender.model.clock import ClockMapping
    from aes67_sender.model.ptp import Arrival, Departure
    from aes67_sender.wire.ptp_types import PortIdentity

_Key = TypeVar("_Key")
_Value = TypeVar("_Value")
GrandmasterState = Literal["listening", "master", "yielding"]

#: timeSource of a clock that nothing but its own crystal keeps (table 7).
INTERNAL_OSCILLATOR: Final = 0xA0
#: Any clock, of unknown accuracy and stability (7.6.2.4, 7.6.2.5, 7.6.3.3).
ANY_CLOCK: Final = ClockQuality(248, 0xFE, 0xFFFF)
#: Everything from every 1/128 s (ST 2059-2) to every 32 s (default profile).
_LOG_INTERVALS: Final = (-7, 5)
#: How long a follower counts after its last Delay_Req. The slowest that AES67 allows asks every 32 s.
FOLLOWER_NS: Final = 10 * NS_PER_S
#: Followers remembered; the one heard longest ago makes room, so that forged ones cannot fill the memory.
MOST_FOLLOWERS: Final = 1024
#: Answers to Pdelay_Req whose transmit stamps may be outstanding.
MOST_PEERS: Final = 64
#: After a stall of this process, so long may what has come meanwhile take to be read, before silence counts as silence.
_STALL_NS: Final = NS_PER_S
_GRACE_NS: Final = 200 * NS_PER_MS


@dataclass(frozen=True, slots=True)
class GrandmasterSettings:
    """What the clock says of itself, and how often; intervals are log2 of seconds, those of the AES67 media profile.

    ``flags`` are those of Announce: ``PTP_TIMESCALE`` if the time served is TAI, ``UTC_OFFSET_VALID`` if
    ``utc_offset_s`` (TAI minus UTC) is known to be right. ``peer_delay``: answer Pdelay_Req too. Not by default: a
    ptp4l with end-to-end delay that hears such an answer, whoever asked, takes its port for faulty and stops.
    """

    domain: int = 0
    priority1: int = 128
    quality: ClockQuality = ANY_CLOCK
    priority2: int = 128
    utc_offset_s: int = 37
    flags: Flag = Flag.PTP_TIMESCALE
    time_source: int = INTERNAL_OSCILLATOR
    log_announce: int = 1
    log_sync: int = -3
    log_min_delay_req: int = 0
    peer_delay: bool = False


@dataclass(frozen=True, slots=True)
class _Peer:
    """What the second part of an answer needs of the Pdelay_Req; ``to`` is an address if it came by unicast."""

    correction_subns: int
    to: str | None


class Grandmaster:
    """One clock's part in choosing the grandmaster, and the grandmaster's duties.

    It is ``listening`` at first, then ``master``, or ``yielding`` as long as a better clock is heard: then it sends
    nothing. ``tick`` is to be called when ``due_ns`` is reached, which any ``receive`` may have moved; hand over what
    has come before that.
    """

    def __init__(self, port: PortIdentity, settings: GrandmasterSettings, mapping: ClockMapping, now_ns: int) -> None:
        """``mapping`` leads from the monotonic clock to the PTP time that is served."""
        self.port = port
        self.settings = settings
        self.state: GrandmasterState = "listening"
        #: The better clock, while yielding.
        self.yields_to: ForeignMaster | None = None
        #: Syncs whose transmit stamp never came: they got no Follow_Up, and are worth nothing to anybody.
        self.unstamped_syncs = 0
        self._own = Candidate(settings.priority1, settings.quality, settings.priority2, port.clock, 0, port)
        self._mapping = mapping
        self._masters = ForeignMasters(port.clock)
        self._announces = Cadence(interval_ns(settings.log_announce, _LOG_INTERVALS))
        self._syncs = Cadence(interval_ns(settings.log_sync, _LOG_INTERVALS))
        #: From when on silence proves that nobody is there (9.2.6.11).
        self._silence_counts_ns = now_ns + ANNOUNCE_TIMEOUT * self._announces.interval_ns
        self._announce_sequence = 0
        self._sync_sequence = 0
        #: The Sync whose transmit stamp is awaited.
        self._unstamped: int | None = None
        self._peers: OrderedDict[tuple[PortIdentity, int], _Peer] = OrderedDict()
        self._followers: OrderedDict[PortIdentity, int] = OrderedDict()

    def set_mapping(self, mapping: ClockMapping) -> None:
        """Serve another time from now on: that of the clock followed so far, so that the network's does not jump."""
        self._mapping = mapping

    def set_timescale(self, flags: Flag, utc_offset_s: int) -> None:
        """Announce the time scale of the clock followed so far: it is that clock's time that is served."""
        self.settings = replace(self.settings, flags=flags, utc_offset_s=utc_offset_s)

    def followers(self, now_ns: int) -> int:
        """How many ports have asked for their delay in the last ten seconds."""
        while self._followers and now_ns - next(iter(self._followers.values())) > FOLLOWER_NS:
            self._followers.popitem(last=False)
        return len(self._followers)

    @property
    def due_ns(self) -> int:
        """When ``tick`` has something to do next, if nothing comes before."""
        if self.state == "master":
            return min(self._announces.due_ns, self._syncs.due_ns)
        gone_ns = self._masters.next_gone_ns() if self.state == "yielding" else None
        return self._silence_counts_ns if gone_ns is None else max(self._silence_counts_ns, gone_ns + 1)

    def receive(self, message: Message, arrival: Arrival) -> tuple[Outgoing, ...]:
        """Take in what came to the port, of whatever kind and from whomever; gives the answer to it."""
        if (message.domain, message.transport_specific) != (self.settings.domain, 0):
            return ()
        if message.source.clock == self.port.clock or (message.type.is_event and not arrival.event):
            return ()
        match message.body:
            case Announce():
                self._masters.hear(message, arrival.source, arrival.stamp_ns)
                self._decide(arrival.stamp_ns)
            case DelayReq() if self.state == "master":
                return (self._answer_delay(message, arrival),)
            case PdelayReq() if self.state == "master" and self.settings.peer_delay:
                # While yielding the grandmaster answers: a peer that gets two answers believes neither.
                return (self._answer_peer(message, arrival),)
        return ()

    def sent(self, message: Message, departure: Departure) -> tuple[Outgoing, ...]:
        """An event message of ours has left at the stamp; gives the message that tells so."""
        left_ns = self._mapping.media_at(departure.stamp_ns)
        match message.body:
            case Sync() if message.sequence == self._unstamped:
                self._unstamped = None
                follow_up = self._message(FollowUp(left_ns), message.sequence, log_interval=self.settings.log_sync)
                return (Outgoing(follow_up),)
            case PdelayResp(requesting=requesting):
                peer = self._peers.pop((requesting, message.sequence), None)
                if peer is not None:
                    follow_up = self._message(
                        PdelayRespFollowUp(left_ns, requesting),
                        message.sequence,
                        message.flags & Flag.UNICAST,
                        correction_subns=peer.correction_subns,
                    )
                    return (Outgoing(follow_up, peer=True, to=peer.to),)
        return ()

    def tick(self, now_ns: int) -> tuple[Outgoing, ...]:
        """Judge who is still there, and send what is due."""
        if self.state != "master" and now_ns - self.due_ns > _STALL_NS:
            # This process stood still. The better clock's messages may lie unread in the socket.
            self._silence_counts_ns = now_ns + _GRACE_NS
        if now_ns >= self._silence_counts_ns:
            self._masters.forget_gone(now_ns)
            self._decide(now_ns)
        if self.state != "master":
            return ()
        # Sync first: right behind another packet it finds all caches warm and is faster than its followers' Delay_Reqs,
        # by 15 µs in three namespaces of one machine, which they take for an offset.
        sync = (self._sync(),) if self._syncs.take(now_ns) else ()
        return (*sync, self._announce()) if self._announces.take(now_ns) else sync

    def _decide(self, now_ns: int) -> None:
        """The state decision (figure 26), for a clock that is not to follow: better ones are yielded to."""
        best = self._masters.best()
        if best is not None and best.candidate.beats(self._own):
            self.state, self.yields_to = "yielding", best
            self._unstamped = None
            self._peers.clear()
            self._followers.clear()
        elif self.state != "master" and (best is not None or now_ns >= self._silence_counts_ns):
            self.state, self.yields_to = "master", None

    def _announce(self) -> Outgoing:
        settings = self.settings
        body = Announce(
            0,  # may be; the time is in the Syncs (13.5.2.1)
            settings.utc_offset_s,
            settings.priority1,
            settings.quality,
            settings.priority2,
            self.port.clock,
            0,
            settings.time_source,
        )
        sequence, self._announce_sequence = self._announce_sequence, _next(self._announce_sequence)
        return Outgoing(self._message(body, sequence, settings.flags, log_interval=settings.log_announce))

    def _sync(self) -> Outgoing:
        if self._unstamped is not None:
            self.unstamped_syncs += 1
        sequence, self._sync_sequence = self._sync_sequence, _next(self._sync_sequence)
        self._unstamped = sequence
        return Outgoing(self._message(Sync(), sequence, Flag.TWO_STEP, log_interval=self.settings.log_sync))

    def _answer_delay(self, request: Message, arrival: Arrival) -> Outgoing:
        """Delay_Resp (11.3.2 c); by unicast it tells no interval (table 24)."""
        _remember(self._followers, request.source, arrival.stamp_ns, MOST_FOLLOWERS)
        unicast = request.flags & Flag.UNICAST
        answer = self._message(
            DelayResp(self._mapping.media_at(arrival.stamp_ns), request.source),
            request.sequence,
            unicast,
            correction_subns=request.correction_subns,
            log_interval=NO_INTERVAL if unicast else self.settings.log_min_delay_req,
        )
        return Outgoing(answer, to=arrival.source if unicast else None)

    def _answer_peer(self, request: Message, arrival: Arrival) -> Outgoing:
        """Pdelay_Resp of a two-step clock: the correction goes into the Pdelay_Resp_Follow_Up (11.4.3 c)."""
        unicast = request.flags & Flag.UNICAST
        to = arrival.source if unicast else None
        peer = _Peer(request.correction_subns, to)
        _remember(self._peers, (request.source, request.sequence), peer, MOST_PEERS)
        body = PdelayResp(self._mapping.media_at(arrival.stamp_ns), request.source)
        return Outgoing(self._message(body, request.sequence, Flag.TWO_STEP | unicast), peer=True, to=to)

    def _message(
        self,
        body: Body,
        sequence: int,
        flags: Flag = Flag.NONE,
        *,
        correction_subns: int = 0,
        log_interval: int = NO_INTERVAL,
    ) -> Message:
        return Message(body, self.port, self.settings.domain, sequence, flags, correction_subns, log_interval)


def _next(sequence: int) -> int:
    return (sequence + 1) & 0xFFFF


def _remember(memory: OrderedDict[_Key, _Value], key: _Key, value: _Value, most: int) -> None:
    """Keep the newest ``most`` entries."""
    memory[key] = value
    memory.move_to_end(key)
    if len(memory) > most:
        memory.popitem(last=False)
