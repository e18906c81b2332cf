"""The Syncs of one master: matched with their Follow_Ups, in whatever order, and each counted once."""

from __future__ import annotations

import math
from collections import OrderedDict, deque
from statistics import median_low
from typing import TYPE_CHECKING, Final

from aes67_sender.logic.ptp.bmca import interval_ns
from aes67_sender.logic.ptp.estimator import Estimator
from aes67_sender.units import NS_PER_S, NS_PER_US
from aes67_sender.wire.ptp import SUBNS_PER_NS, Flag
from aes67_sender.wire.ptp_messages import FollowUp, Sync

if TYPE_CHECKING:
    from aes67_sender.wire.ptp import Message

#: Syncs that wait for their Follow_Up, and Follow_Ups that came first; none waits for longer than this, for sequence
#: numbers come again: with the next round of 65536, or at once when a master starts anew.
_WAITING: Final = 16
_WAIT_NS: Final = 2 * NS_PER_S
#: Sequence numbers remembered, so that a duplicate counts once.
_REMEMBERED: Final = 64
#: Sync intervals that ST 2059-2, AES67 and IEEE 1588 know.
_LOG_INTERVALS: Final = (-7, 4)
#: How a distance between Syncs becomes the interval, should the master tell a wrong one: the median of so many.
_GAPS: Final = 5
#: Standard deviations with which a time is sure, and no longer; the media clock is stepped by a millisecond.
_SURE_NS: Final = 150 * NS_PER_US
_UNSURE_NS: Final = 300 * NS_PER_US
#: Without Sync for so many intervals, and for so long, the master has fallen silent.
_SILENT_INTERVALS: Final = 4
_SILENT_NS: Final = 1 * NS_PER_S


class SyncTrack:
    """What one master's Syncs tell. One owner."""

    def __init__(self, rate_ppm: float, asymmetry_ns: int, now_ns: int) -> None:
        """``asymmetry_ns`` is how much longer the way from the master is than the mean of both (1588-2008 7.4.2)."""
        self.estimator = Estimator(rate_ppm)
        self.heard_ns = now_ns
        self.two_step = False
        #: Whether the time is known well enough not to be stepped and stepped back.
        self.is_sure = False
        #: Nobody tells the path delay: it is taken for zero.
        self.assumes_delay = False
        self._heard_one = False
        #: Distance of the newest Sync from the fit before it, in ns.
        self.offset_ns: int | None = None
        self._asymmetry_ns = asymmetry_ns
        self._syncs: OrderedDict[int, tuple[int, int]] = OrderedDict()
        self._follow_ups: OrderedDict[int, tuple[int, int]] = OrderedDict()
        self._done: deque[tuple[int, int]] = deque(maxlen=_REMEMBERED)
        self._told_interval_ns = NS_PER_S
        self._gaps_ns: deque[int] = deque(maxlen=_GAPS)

    @property
    def interval_ns(self) -> int:
        """How far Syncs are apart: as the master tells, or as they come if that is slower."""
        longest_ns = interval_ns(_LOG_INTERVALS[1], _LOG_INTERVALS)
        return max(self._told_interval_ns, min(median_low(self._gaps_ns), longest_ns) if self._gaps_ns else 0)

    def is_silent(self, now_ns: int) -> bool:
        """Whether no Sync that tells a time has come for too long."""
        return now_ns > self.silent_at_ns

    @property
    def silent_at_ns(self) -> int:
        """When it will have been silent for too long."""
        return self.heard_ns + max(_SILENT_INTERVALS * self.interval_ns, _SILENT_NS)

    @property
    def lacks_follow_ups(self) -> bool:
        """Whether Syncs wait for Follow_Ups: in silence, that these are what is missing."""
        return bool(self._syncs)

    def hear(self, message: Message, stamp_ns: int) -> None:
        """Take in a Sync that came at ``stamp_ns``, or a Follow_Up."""
        match message.body:
            case Sync(origin_ns):
                self._hear_sync(message, origin_ns, stamp_ns)
            case FollowUp(origin_ns):
                self._hear_follow_up(message.sequence, origin_ns * SUBNS_PER_NS + message.correction_subns, stamp_ns)

    def _hear_sync(self, message: Message, origin_ns: int, stamp_ns: int) -> None:
        sequence = message.sequence
        self._forget_waiting(stamp_ns)
        if self._is_done(sequence, stamp_ns) or sequence in self._syncs:
            return
        self._told_interval_ns = interval_ns(message.log_interval, _LOG_INTERVALS)
        self.two_step = Flag.TWO_STEP in message.flags
        if not self.two_step:
            self._take(sequence, stamp_ns, origin_ns * SUBNS_PER_NS + message.correction_subns)
        elif (follow_up := self._follow_ups.pop(sequence, None)) is not None:
            self._take(sequence, stamp_ns, follow_up[1] + message.correction_subns)
        else:
            self._syncs[sequence] = (stamp_ns, message.correction_subns)
            _shorten(self._syncs)

    def _hear_follow_up(self, sequence: int, left_subns: int, heard_ns: int) -> None:
        self._forget_waiting(heard_ns)
        if self._is_done(sequence, heard_ns):
            return
        waiting = self._syncs.pop(sequence, None)
        if waiting is not None:
            stamp_ns, correction_subns = waiting
            self._take(sequence, stamp_ns, left_subns + correction_subns)
        else:
            self._follow_ups[sequence] = (heard_ns, left_subns)
            _shorten(self._follow_ups)

    def _is_done(self, sequence: int, now_ns: int) -> bool:
        """Whether it is the double of one just counted."""
        return any(done == sequence and now_ns - at_ns < _WAIT_NS for at_ns, done in self._done)

    def _forget_waiting(self, now_ns: int) -> None:
        for waiting in (self._syncs, self._follow_ups):
            for sequence in [each for each, (heard_ns, _) in waiting.items() if now_ns - heard_ns > _WAIT_NS]:
                del waiting[sequence]

    def _take(self, sequence: int, stamp_ns: int, left_subns: int) -> None:
        self._done.append((stamp_ns, sequence))
        if self._heard_one:
            self._gaps_ns.append(max(stamp_ns - self.heard_ns, 0))
        self._heard_one = True
        self.heard_ns = max(self.heard_ns, stamp_ns)
        left_ns = (left_subns + SUBNS_PER_NS // 2) // SUBNS_PER_NS + self._asymmetry_ns
        before = self.estimator.estimate
        if before is not None:
            self.offset_ns = before.master_at(stamp_ns) - before.delay_ns - left_ns
        self.estimator.forward(stamp_ns, left_ns)
        self._judge()

    def take_delay(self, delay_ns: int) -> None:
        """The path delay is told by the peer."""
        self.assumes_delay = False
        self.estimator.fix_delay(delay_ns)
        self._judge()

    def assume_delay(self) -> None:
        """Nobody tells the path delay any more: it is what it was, or zero."""
        known_ns = self.estimator.delay_ns
        self.assumes_delay |= known_ns is None
        self.estimator.fix_delay(known_ns or 0)
        self._judge()

    def hear_answer(self, sent_ns: int, came_subns: int) -> None:
        """A Delay_Req that left at ``sent_ns`` came, its corrections subtracted, at ``came_subns`` (2⁻¹⁶ ns)."""
        came_ns = (came_subns + SUBNS_PER_NS // 2) // SUBNS_PER_NS + self._asymmetry_ns
        self.estimator.backward(sent_ns, came_ns)
        if self.estimator.answers:
            self.assumes_delay = False
            self.estimator.fix_delay(None)
        self._judge()

    def _judge(self) -> None:
        estimate = self.estimator.estimate
        sigma_ns = estimate.sigma_ns if estimate else math.inf
        self.is_sure = sigma_ns < (_UNSURE_NS if self.is_sure else _SURE_NS)


def _shorten(waiting: OrderedDict[int, tuple[int, int]]) -> None:
    while len(waiting) > _WAITING:
        waiting.popitem(last=False)
