"""The PTP follower in any network: it never raises, never hangs, and asks only what can be sent."""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random
from typing import TYPE_CHECKING, Final

from fuzz.messages import FOLLOWER
from fuzz.play import START_NS, play

from aes67_sender.errors import WireError
from aes67_sender.logic.ptp.bmca import MOST_MASTERS
from aes67_sender.logic.ptp.follower import Follower, FollowerSettings
from aes67_sender.model.ptp import Arrival, Departure, Outgoing
from aes67_sender.wire.ptp import decode, encode

if TYPE_CHECKING:
    from collections.abc import Iterable

#: Questions that may be due at one moment.
_MOST_ROUNDS: Final = 4
#: Spans of time as ``play`` reads them: 122 << 20 ns is an eighth of a second.
_EIGHTH: Final = bytes([122, 20])
_AT_ONCE: Final = bytes(2)


@dataclass(slots=True)
class FollowerSubject:
    """A follower whose questions leave at once."""

    follower: Follower = field(
        default_factory=lambda: Follower(FOLLOWER, FollowerSettings(), START_NS, random=Random(1))  # noqa: S311  the same every time
    )
    asked: int = 0
    has_locked: bool = False

    def receive(self, octets: bytes, arrival: Arrival) -> None:
        try:
            message = decode(octets)
        except WireError:
            return
        self._send(self.follower.receive(message, arrival), arrival.stamp_ns)

    def tick(self, now_ns: int) -> None:
        follower = self.follower
        for _ in range(_MOST_ROUNDS):
            self._send(follower.tick(now_ns), now_ns)
            if follower.due_ns > now_ns:
                break
        else:
            raise AssertionError(f"due at {follower.due_ns} for ever, and it is {now_ns}")
        assert len(follower.masters.all()) <= MOST_MASTERS
        estimate = follower.estimate(now_ns)
        assert (follower.state(now_ns) == "locked") == (estimate is not None)
        if estimate is not None:
            self.has_locked = True
            assert isinstance(estimate.master_at(now_ns), int)

    def _send(self, outgoing: Iterable[Outgoing], now_ns: int) -> None:
        for each in outgoing:
            self.asked = each.message.sequence
            self._send(self.follower.sent(each.message, Departure(encode(each.message), now_ns, "kernel")), now_ns)


def _life(*, two_step: bool) -> bytes:
    """One master announces itself, sends Syncs and answers, until there is a lock to be lost."""
    sync = bytes([0x08 if two_step else 0])
    follow_up = bytes([0x01]) + _AT_ONCE + bytes(3) if two_step else b""
    announce, answer = bytes([0x03]) + _AT_ONCE, bytes([0x12]) + _AT_ONCE + bytes(3)
    life = b""
    for number in range(32):
        if number % 8 == 0:
            life += announce + bytes([0, 0, 0, number])
        life += bytes([0x00]) + _EIGHTH + sync + bytes([0, 0, number])
        life += follow_up + (bytes([number]) if follow_up else b"") + answer
    return life


SEEDS: Final = (_life(two_step=False), _life(two_step=True))


def check(octets: bytes) -> None:
    """Raises on anything that must not happen."""
    play(FollowerSubject(), octets)
