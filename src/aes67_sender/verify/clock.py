"""PTP time for who listens: by a follower of its own, or from the sender that runs on this computer."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from aes67_sender.engine.clock.builtin import BuiltinPtpProvider
from aes67_sender.engine.clock.ptp_node import PtpNode
from aes67_sender.errors import MachineError, SenderError
from aes67_sender.logic.ptp.follower import FollowerSettings
from aes67_sender.logic.verify.clock import ClockFacts
from aes67_sender.model.clock import ClockMapping
from aes67_sender.net.closing import Closing
from aes67_sender.supervisor.client import fetch_snapshot

if TYPE_CHECKING:
    from collections.abc import Callable

    from aes67_sender.model.interface import Interface
    from aes67_sender.supervisor.client import Door

_LOOK_EVERY_S: Final = 0.05
_ASK_EVERY_S: Final = 2.0
#: A sender's clock that has no opinion of its own error.
_UNTOLD_NS: Final = 100_000


class NetworkClock(Closing):
    """The grandmaster's time, as far as it can be had; never raises once made. A context manager; one thread."""

    def __init__(
        self,
        interface: Interface,
        domain: int,
        sender_url: str | Door,
        make_node: Callable[[Interface, int], PtpNode] = PtpNode,
    ) -> None:
        """Where the PTP ports cannot be had, the sender at ``sender_url`` is asked, which must be on this computer."""
        self._domain = domain
        self._url = sender_url
        self._node: PtpNode | None = None
        self._provider: BuiltinPtpProvider | None = None
        self._refused = ""
        self._asked_s: float | None = None
        self._facts = ClockFacts()
        self._mapping: ClockMapping | None = None
        self._anchor = 0
        try:
            self._node = make_node(interface, domain)
            self._node.start()
            self._provider = BuiltinPtpProvider(self._node, FollowerSettings(domain=domain))
        except MachineError as refused:
            self._refused = str(refused)

    def wait(self, patience_s: float, meanwhile: Callable[[], object]) -> None:
        """Until there is time, or patience is at its end; ``meanwhile`` is called again and again."""
        until_s = time.monotonic() + patience_s
        while time.monotonic() < until_s:
            mapping, _ = self.read()
            if mapping is not None or self._provider is None:
                return
            meanwhile()
            time.sleep(_LOOK_EVERY_S)

    def read(self) -> tuple[ClockMapping | None, int]:
        """PTP time of the monotonic clock, ``None`` if there is none; and how far it may be off, in ns."""
        if self._provider is not None and self._node is not None:
            self._follow(self._provider, self._node)
        elif self._asked_s is None or time.monotonic() - self._asked_s > _ASK_EVERY_S:
            self._asked_s = time.monotonic()
            self._ask()
        return self._mapping, self._facts.accuracy_ns or 0

    @property
    def facts(self) -> ClockFacts:
        """As of the last reading."""
        return self._facts

    def _follow(self, provider: BuiltinPtpProvider, node: PtpNode) -> None:
        reading = provider.poll()
        masters = tuple((each.domain, each.grandmaster) for each in node.masters() if each.version > 1)
        same = reading.grandmaster == self._facts.grandmaster
        self._facts = ClockFacts(
            origin="follower" if reading.media_ns is not None else "none",
            why=reading.why,
            grandmaster=reading.grandmaster,
            domain=self._domain,
            accuracy_ns=reading.accuracy_ns,
            masters=masters,
        )
        if reading.media_ns is None:
            self._mapping = None
            return
        self._anchor += self._mapping is None or not same
        self._mapping = ClockMapping(reading.monotonic_ns, reading.media_ns, reading.rate_ppm or 0.0, self._anchor)

    def _ask(self) -> None:
        try:
            clock = fetch_snapshot(self._url, timeout_s=1.0).clock
        except SenderError:
            self._mapping, self._facts = None, ClockFacts(why=self._refused)
            return
        locked = clock.state in {"locked", "holdover"} and clock.media_time_ns is not None
        self._facts = ClockFacts(
            origin="sender" if locked else "none",
            why=f"{self._refused} The sender on this computer: {clock.why}",
            grandmaster=clock.grandmaster,
            domain=clock.domain,
            accuracy_ns=clock.accuracy_ns or _UNTOLD_NS,
            masters=tuple((each.domain, each.grandmaster) for each in clock.masters if each.version > 1),
        )
        self._mapping = None
        if locked and clock.media_time_ns is not None:
            self._mapping = ClockMapping(clock.monotonic_ns, clock.media_time_ns, clock.rate_ppm, clock.anchors)

    def close(self) -> None:
        """Give the ports back; safe to call twice."""
        if self._provider is not None:
            self._provider.close()
        if self._node is not None:
            self._node.close()
