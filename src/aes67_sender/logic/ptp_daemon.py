"""A conversation with a linuxptp daemon without its socket: questions out, answers in, a view of the daemon."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Final, Literal

from aes67_sender.errors import WireError
from aes67_sender.units import NS_PER_S
from aes67_sender.wire.ptp_datasets import (
    CurrentDataSet,
    DataSet,
    DefaultDataSet,
    ManagementId,
    ParentDataSet,
    PortDataSet,
    PortProperties,
    PortState,
    TimeProperties,
    TimeStatus,
)
from aes67_sender.wire.ptp_management import Get, Message, Response, decode, encode
from aes67_sender.wire.ptp_types import ClockIdentity, PortIdentity

#: ``absent``: nothing there to ask. ``forbidden``: no permission. ``silent``: asked, no answer (yet). ``answers``.
Link = Literal["absent", "forbidden", "silent", "answers"]

_ASK_EVERY_NS: Final = NS_PER_S
#: Three questions unanswered; a stalled machine must not look like a dead daemon.
_SILENT_AFTER_NS: Final = 3_500_000_000
_SCAN_AFTER_NS: Final = 2 * NS_PER_S
#: So few that they fit in the daemon's queue (ten datagrams by default).
_SCAN_STEP: Final = 4
_DOMAINS: Final = 256


@dataclass(frozen=True, slots=True)
class DaemonView:
    """What is known of the daemon now; empty but for ``link`` and ``other_domain`` unless it answers.

    ``other_domain`` is the domain of a daemon that is there but not in ours.
    """

    link: Link = "silent"
    own: DefaultDataSet | None = None
    current: CurrentDataSet | None = None
    parent: ParentDataSet | None = None
    time: TimeProperties | None = None
    status: TimeStatus | None = None
    ports: dict[int, PortState] = field(default_factory=dict)
    timestamping: int | None = None
    other_domain: int | None = None


class DaemonConversation:
    """Asks once a second and keeps the answers. Not thread-safe; time comes in as monotonic ns.

    A daemon that is restarted is found again by itself; one with another ``transportSpecific`` is found by trying.
    """

    def __init__(self, domain: int, source: PortIdentity | None = None) -> None:
        self._domain = domain
        self._source = source or PortIdentity(ClockIdentity(bytes(8)), 1)
        self._transport_specific = 0
        self._sequence = 0
        self._ask_at_ns: int | None = None
        self._asked_since_ns: int | None = None
        self._heard_ns: int | None = None
        self._scan = 0
        self._view = DaemonView()

    def questions(self, now_ns: int) -> list[bytes]:
        """The datagrams to send now; mostly none."""
        if self._ask_at_ns is not None and now_ns < self._ask_at_ns:
            return self._scan_questions(now_ns)
        self._ask_at_ns = now_ns + _ASK_EVERY_NS
        if self._asked_since_ns is None:
            self._asked_since_ns = now_ns
        return [self._question(each, self._domain, self._transport_specific) for each in ManagementId]

    def answer(self, octets: bytes, now_ns: int) -> None:
        """Take in a datagram; whatever is no answer to us is dropped."""
        try:
            message = decode(octets)
        except WireError:
            return
        if message.domain != self._domain:
            self._view = replace(self._view, other_domain=message.domain)
            return
        self._transport_specific = message.transport_specific
        self._heard_ns = now_ns
        self._view = replace(self._view, link="answers", other_domain=None)
        if isinstance(message.content, Response):
            self._view = _fold(self._view, message.content.data)

    def unreachable(self, why: Literal["absent", "forbidden"]) -> None:
        """A question could not be sent: there is no daemon, or none for us."""
        self._forget(why)
        self._asked_since_ns = None

    def view(self, now_ns: int) -> DaemonView:
        """The state of knowledge."""
        if self._heard_ns is not None and now_ns - self._heard_ns > _SILENT_AFTER_NS:
            self._forget("silent")
            self._asked_since_ns = now_ns
        return self._view

    def silent_for_ns(self, now_ns: int) -> int:
        """How long questions have gone out unanswered."""
        since = self._asked_since_ns if self._heard_ns is None else self._heard_ns
        return 0 if since is None else now_ns - since

    def _forget(self, link: Link) -> None:
        self._heard_ns = None
        self._view = DaemonView(link=link, other_domain=self._view.other_domain if link == "silent" else None)

    def _question(self, identifier: ManagementId, domain: int, transport_specific: int) -> bytes:
        self._sequence = (self._sequence + 1) & 0xFFFF
        return encode(Message(Get(identifier), self._source, domain, self._sequence, transport_specific))

    def _scan_questions(self, now_ns: int) -> list[bytes]:
        """Knock at the other domains of a daemon that is there and ignores ours."""
        if self._heard_ns is not None or self.silent_for_ns(now_ns) < _SCAN_AFTER_NS:
            return []
        steps = range(self._scan, self._scan + _SCAN_STEP)
        self._scan = (self._scan + _SCAN_STEP) % (2 * _DOMAINS)
        return [self._question(ManagementId.DEFAULT_DATA_SET, step // 2, step % 2) for step in steps]


def _fold(view: DaemonView, data: DataSet) -> DaemonView:
    match data:
        case DefaultDataSet():
            view = replace(view, own=data)
        case CurrentDataSet():
            view = replace(view, current=data)
        case ParentDataSet():
            view = replace(view, parent=data)
        case TimeProperties():
            view = replace(view, time=data)
        case TimeStatus():
            view = replace(view, status=data)
        case PortDataSet():
            view = replace(view, ports={**view.ports, data.port.port: data.state})
        case PortProperties():
            view = replace(view, timestamping=data.timestamping)
    return view
