"""What goes by on the PTP ports: every master of every domain and version, and how often which message comes."""

from __future__ import annotations

from collections import OrderedDict, deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from aes67_sender.logic.ptp.bmca import ANNOUNCE_TIMEOUT, interval_ns
from aes67_sender.model.snapshot import MasterStatus
from aes67_sender.units import NS_PER_S
from aes67_sender.wire.ptp import Flag
from aes67_sender.wire.ptp_messages import Announce, MessageType

if TYPE_CHECKING:
    from aes67_sender.wire.ptp import Message, Version1Message

#: Rates are counted over so long, in steps of a second.
_WINDOW_S: Final = 5
#: A master that is silent is shown for so long, or for the intervals after which others give it up, if these are long.
_SHOWN_NS: Final = 10 * NS_PER_S
_LOG_INTERVALS: Final = (-4, 4)
_MOST_MASTERS: Final = 64
_V1_SYNC: Final = 0
_V1_NOTE: Final = "PTP version 1, as Dante devices speak among themselves; it cannot be followed."


@dataclass(slots=True)
class _Heard:
    status: MasterStatus
    until_ns: int


class MessageRates:
    """Messages per second by type, over the last seconds."""

    def __init__(self) -> None:
        self._seconds: deque[tuple[int, dict[str, int]]] = deque(maxlen=_WINDOW_S + 1)
        self._begun_ns: int | None = None

    def count(self, label: str, now_ns: int) -> None:
        """One message."""
        if self._begun_ns is None:
            self._begun_ns = now_ns
        second = now_ns // NS_PER_S
        if not self._seconds or self._seconds[-1][0] < second:
            self._seconds.append((second, {}))
        counts = self._seconds[-1][1]
        counts[label] = counts.get(label, 0) + 1

    def per_second(self, now_ns: int) -> dict[str, float]:
        """By type, over the whole seconds just gone; a type that no longer comes is left out."""
        if self._begun_ns is None:
            return {}
        second = now_ns // NS_PER_S
        counts: dict[str, int] = {}
        for at, each in self._seconds:
            if second - _WINDOW_S <= at < second:
                for label, count in each.items():
                    counts[label] = counts.get(label, 0) + count
        span_s = min(_WINDOW_S, max(second - self._begun_ns // NS_PER_S, 1))
        return {label: round(count / span_s, 2) for label, count in sorted(counts.items())}


class Observer:
    """Sees all that the sockets hear. Time is monotonic ns; one owner."""

    def __init__(self, domain: int) -> None:
        """``domain`` is the one whose messages are counted."""
        self._domain = domain
        self._masters: OrderedDict[tuple[int, str], _Heard] = OrderedDict()
        self._seen = MessageRates()
        self._sent = MessageRates()

    def see(self, message: Message, source: str, now_ns: int) -> None:
        """A message came from an IPv4 address."""
        if message.domain == self._domain:
            self._seen.count(message.type.label, now_ns)
        announce = message.body
        if isinstance(announce, Announce):
            status = MasterStatus(
                domain=message.domain,
                grandmaster=str(announce.grandmaster),
                steps_removed=announce.steps_removed,
                address=source,
                priority1=announce.priority1,
                clock_class=announce.quality.clock_class,
                priority2=announce.priority2,
                utc_offset_s=announce.utc_offset_s,
                ptp_timescale=Flag.PTP_TIMESCALE in message.flags,
            )
            shown_ns = max(_SHOWN_NS, ANNOUNCE_TIMEOUT * interval_ns(message.log_interval, _LOG_INTERVALS, untold=1))
            self._remember((message.domain, str(message.source)), status, now_ns + shown_ns)

    def see_version_1(self, message: Version1Message, source: str, now_ns: int) -> None:
        """A message of PTP version 1 came; whoever sends Sync there is a master."""
        if message.control == _V1_SYNC:
            status = MasterStatus(domain=-1, grandmaster=message.uuid, note=_V1_NOTE, address=source, version=1)
            self._remember((-1, message.uuid), status, now_ns + _SHOWN_NS)

    def sent(self, kind: MessageType, now_ns: int) -> None:
        """We sent a message."""
        self._sent.count(kind.label, now_ns)

    def masters(self, now_ns: int) -> tuple[MasterStatus, ...]:
        """Those heard within the last ten seconds or so, the ones of the own domain first."""
        for key in [key for key, heard in self._masters.items() if now_ns > heard.until_ns]:
            del self._masters[key]
        found = [heard.status for heard in self._masters.values()]
        return tuple(sorted(found, key=lambda each: (each.domain != self._domain, each.domain, each.grandmaster)))

    def seen_per_second(self, now_ns: int) -> dict[str, float]:
        """Messages of the own domain that came, per second and type."""
        return self._seen.per_second(now_ns)

    def sent_per_second(self, now_ns: int) -> dict[str, float]:
        """Messages sent, per second and type."""
        return self._sent.per_second(now_ns)

    def _remember(self, key: tuple[int, str], status: MasterStatus, until_ns: int) -> None:
        self._masters[key] = _Heard(status, until_ns)
        self._masters.move_to_end(key)
        if len(self._masters) > _MOST_MASTERS:
            self._masters.popitem(last=False)
