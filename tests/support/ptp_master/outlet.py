"""The way out of the scripted grandmaster: where its messages are lost, doubled, held back, and remembered."""

from __future__ import annotations

import time
from collections import Counter, deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

from support.ptp_master import messages
from support.ptp_master.messages import encode
from support.ptp_master.sockets import GROUP, PEER_GROUP

if TYPE_CHECKING:
    import random
    from collections.abc import Callable

    from support.ptp_master.messages import Header
    from support.ptp_master.settings import Settings
    from support.ptp_master.sockets import Sockets

    Later = Callable[[int, Callable[[], object]], None]

_REMEMBER = 2000
_NS_PER_MS = 1_000_000
_TO_PEERS = {messages.PDELAY_REQ, messages.PDELAY_RESP, messages.PDELAY_RESP_FOLLOW_UP}


@dataclass(frozen=True, slots=True)
class Sent:
    """What left, and when."""

    monotonic_ns: int
    event: bool
    octets: bytes
    to: str


class Outlet:
    """Sends messages as the settings of the moment say. ``later(due_ns, action)`` runs something at its time."""

    def __init__(
        self, sockets: Sockets, dice: random.Random, later: Callable[[int, Callable[[], object]], None]
    ) -> None:
        self._sockets = sockets
        self._dice = dice
        self._later = later
        self._sent: deque[Sent] = deque(maxlen=_REMEMBER)
        self.counts: Counter[str] = Counter()

    def send(self, settings: Settings, header: Header, body: bytes, to: str | None = None) -> int:
        """Returns when it left, CLOCK_REALTIME in ns; what is lost on the way has left all the same."""
        name = messages.NAMES[header.kind]
        if settings.silent or name in settings.muted:
            return time.time_ns()
        octets = encode(header, body)
        target = to or (PEER_GROUP if header.kind in _TO_PEERS else GROUP)
        packet = Sent(time.monotonic_ns(), header.is_event, octets, target)
        left_ns = None
        for _ in range(2 if name in settings.doubled else 1):
            if self._dice.random() < settings.chance_lost(name):
                self.counts[f"lost {name}"] += 1
                continue
            late_ms = settings.late_ms.get(name, 0.0)
            if late_ms and not packet.event:
                self._later(packet.monotonic_ns + round(late_ms * _NS_PER_MS), lambda: self._put(packet))
            else:
                # Of a doubled message the first counts; the second is the network's doing.
                stamp_ns = self._put(packet)
                left_ns = left_ns or stamp_ns
            self.counts[name] += 1
        self._sent.append(packet)
        return left_ns or time.time_ns()

    def _put(self, packet: Sent) -> int | None:
        if packet.event:
            return self._sockets.send_event(packet.octets, packet.to)
        self._sockets.send_general(packet.octets, packet.to)
        return None

    def noise(self, octets: bytes, *, event: bool) -> None:
        """Something that is no message of this master."""
        self._put(Sent(0, event, octets, GROUP))
        self.counts["noise"] += 1

    def replay(self, seconds: float, age_s: float) -> int:
        """Send again, in the old rhythm, what left from ``age_s`` ago on for some seconds; returns how many packets."""
        now_ns = time.monotonic_ns()
        age_ns = round(age_s * 1e9)
        until_ns = now_ns - age_ns + round(seconds * 1e9)
        old = [packet for packet in self._sent if now_ns - age_ns <= packet.monotonic_ns < until_ns]
        for packet in old:
            self._later(packet.monotonic_ns + age_ns, lambda packet=packet: self._put(packet))  # type: ignore[misc]
        self.counts["replayed"] += len(old)
        return len(old)
