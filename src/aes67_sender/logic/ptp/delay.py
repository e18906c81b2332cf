"""Asking how long the way is: end to end to the master (IEEE 1588-2008 11.3), or to the peer on the wire (11.4)."""

from __future__ import annotations

from collections import OrderedDict, deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from aes67_sender.logic.ptp.bmca import interval_ns
from aes67_sender.model.ptp import Outgoing
from aes67_sender.units import NS_PER_MS, NS_PER_S
from aes67_sender.wire.ptp import SUBNS_PER_NS, Flag, Message
from aes67_sender.wire.ptp_messages import (
    DelayReq,
    DelayResp,
    PdelayReq,
    PdelayResp,
    PdelayRespFollowUp,
)

if TYPE_CHECKING:
    from random import Random

    from aes67_sender.wire.ptp_types import PortIdentity

#: At first, and after a jump, one question every so often until there are some answers: a single one may be 15 µs off,
#: and the master's wish, a mean, is kept all the same within seconds.
_FIRST_EVERY_NS: Final = 250 * NS_PER_MS
_FIRST_ANSWERS: Final = 4
#: The master's wish is kept, within what AES67 and 1588 know, for what a broken one says.
_LOG_INTERVALS: Final = (-5, 5)
_PENDING: Final = 8
#: A master that answers nothing is asked less often after so many questions.
_EAGER_QUESTIONS: Final = 8
#: Peer delay: one question a second, and the smallest of so many answers.
_PEER_EVERY_NS: Final = NS_PER_S
_PEER_ANSWERS: Final = 8


@dataclass(slots=True)
class _Question:
    """One Delay_Req: when it left, and what was answered; both are needed, and may come in either order."""

    sent_ns: int | None = None
    came_subns: int | None = None


class EndToEnd:
    """Delay_Req to one master. One owner."""

    def __init__(self, port: PortIdentity, domain: int, random: Random) -> None:
        self._port = port
        self._domain = domain
        self._random = random
        self._sequence = random.randrange(1 << 16)
        self._questions: OrderedDict[int, _Question] = OrderedDict()
        self._interval_ns = _FIRST_EVERY_NS
        self._answers = 0
        #: When the next question is due; monotonic ns.
        self.due_ns = 0
        #: Questions since the last answer.
        self.unanswered = 0

    def ask_now(self) -> None:
        """All is to be measured anew: do not wait for the next regular question."""
        self.due_ns = self._answers = 0

    def ask(self, now_ns: int) -> Outgoing:
        """The question that is due."""
        self._sequence = (self._sequence + 1) & 0xFFFF
        self._questions[self._sequence] = _Question()
        while len(self._questions) > _PENDING:
            self._questions.popitem(last=False)
        self.unanswered += 1
        if self.unanswered > _EAGER_QUESTIONS:
            self._interval_ns = max(self._interval_ns, NS_PER_S)
        # Random, so that many followers do not ask in step (9.5.11.2); the mean is the master's wish.
        every_ns = self._interval_ns
        if self._answers < _FIRST_ANSWERS and self.unanswered <= _EAGER_QUESTIONS:
            every_ns = min(every_ns, _FIRST_EVERY_NS)
        self.due_ns = now_ns + round(self._random.uniform(0.1, 1.9) * every_ns)
        return Outgoing(Message(DelayReq(), self._port, self._domain, self._sequence))

    def left(self, sequence: int, stamp_ns: int) -> tuple[int, int] | None:
        """A question has left; gives question and answer if the answer is here already."""
        question = self._questions.get(sequence)
        if question is None:
            return None
        question.sent_ns = stamp_ns
        return self._complete(sequence, question)

    def answered(self, message: Message, answer: DelayResp) -> tuple[int, int] | None:
        """``(sent_ns, came_subns)`` once a question has both its stamp and its answer."""
        question = self._questions.get(message.sequence)
        if question is None or answer.requesting != self._port:
            return None
        self._interval_ns = interval_ns(message.log_interval, _LOG_INTERVALS)
        self._answers += 1
        question.came_subns = answer.time_ns * SUBNS_PER_NS - message.correction_subns
        self.unanswered = 0
        return self._complete(message.sequence, question)

    def _complete(self, sequence: int, question: _Question) -> tuple[int, int] | None:
        if question.sent_ns is None or question.came_subns is None:
            return None
        del self._questions[sequence]
        return question.sent_ns, question.came_subns


class PeerDelay:
    """Pdelay_Req to whoever is at the other end of the wire. One owner."""

    def __init__(self, port: PortIdentity, domain: int) -> None:
        self._port = port
        self._domain = domain
        self._sequence = 0
        self._sent_ns: int | None = None
        self._got_ns: int | None = None
        self._response: Message | None = None
        self._response_follow_up: Message | None = None
        self._delays: deque[int] = deque(maxlen=_PEER_ANSWERS)
        self.due_ns = 0
        #: Questions since the last answer.
        self.unanswered = 0

    @property
    def delay_ns(self) -> int | None:
        """The smallest of the last delays: a packet is never early."""
        return min(self._delays, default=None)

    def ask(self, now_ns: int) -> Outgoing:
        """The question that is due; the one before is given up."""
        self._sequence = (self._sequence + 1) & 0xFFFF
        self._sent_ns = self._got_ns = self._response = self._response_follow_up = None
        self.unanswered += 1
        self.due_ns = now_ns + _PEER_EVERY_NS
        return Outgoing(Message(PdelayReq(), self._port, self._domain, self._sequence), peer=True)

    def left(self, sequence: int, stamp_ns: int) -> None:
        """Our question has left."""
        if sequence == self._sequence:
            self._sent_ns = stamp_ns
            self._complete()

    def hear(self, message: Message, stamp_ns: int) -> None:
        """Take in a Pdelay_Resp that came at ``stamp_ns``, or its Follow_Up."""
        body = message.body
        if not isinstance(body, PdelayResp | PdelayRespFollowUp):
            return
        if message.sequence != self._sequence or body.requesting != self._port:
            return
        if isinstance(body, PdelayResp):
            # Behind a switch that knows no PTP several answer; one is enough, and its Follow_Up must be its own.
            if self._response is None:
                self._response, self._got_ns = message, stamp_ns
        elif self._response is None or message.source == self._response.source:
            self._response_follow_up = message
        self._complete()

    def _complete(self) -> None:
        """11.4.3: the round trip, less what the peer kept the question, halved."""
        response, follow_up = self._response, self._response_follow_up
        if self._sent_ns is None or self._got_ns is None or response is None:
            return
        kept_subns = response.correction_subns
        if Flag.TWO_STEP in response.flags:
            if follow_up is None or follow_up.source != response.source:
                return
            kept_subns += (_time_ns(follow_up) - _time_ns(response)) * SUBNS_PER_NS + follow_up.correction_subns
        delay_ns = (self._got_ns - self._sent_ns - kept_subns // SUBNS_PER_NS) // 2
        if 0 <= delay_ns < NS_PER_S:
            self._delays.append(delay_ns)
            self.unanswered = 0
        self._sent_ns = None


def _time_ns(message: Message) -> int:
    body = message.body
    return body.time_ns if isinstance(body, PdelayResp | PdelayRespFollowUp) else 0
