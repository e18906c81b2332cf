"""Listens to PTP as the sender would, beside a follower, and asks a ptp4l on this computer."""

from __future__ import annotations

import time
from collections import Counter
from functools import partial
from typing import TYPE_CHECKING, Final

from aes67_sender.engine.clock.builtin import BuiltinPtpProvider
from aes67_sender.engine.clock.ptp_node import PtpNode
from aes67_sender.errors import MachineError
from aes67_sender.logic.doctor.ptp import DaemonFacts, PtpFacts
from aes67_sender.logic.ptp.follower import FollowerSettings
from aes67_sender.monotonic import monotonic_ns
from aes67_sender.net.doctor.ports import is_grandmaster_here
from aes67_sender.net.ptp.port import open_ptp_port
from aes67_sender.net.ptp4l import Ptp4lClient
from aes67_sender.units import NS_PER_S
from aes67_sender.wire.ptp import Flag
from aes67_sender.wire.ptp_datasets import PortState
from aes67_sender.wire.ptp_messages import FollowUp, Sync

if TYPE_CHECKING:
    from aes67_sender.config.model import ClockSettings
    from aes67_sender.logic.doctor.ptp import Role
    from aes67_sender.logic.ptp_daemon import DaemonView
    from aes67_sender.model.interface import Interface
    from aes67_sender.model.ptp import Arrival, Departure, Outgoing
    from aes67_sender.wire.ptp import Message

_LOOK_EVERY_S: Final = 0.05
_NEVER_NS: Final = 1 << 62
_DAEMON_S: Final = 2.0
_FOLLOWING: Final = frozenset({PortState.SLAVE, PortState.UNCALIBRATED})
_LEADING: Final = frozenset({PortState.MASTER, PortState.GRAND_MASTER})


class Tap:
    """A role in the node that only counts. Called by the node's thread."""

    def __init__(self, domain: int) -> None:
        self._domain = domain
        self.multicast: Counter[str] = Counter()
        self.unicast: Counter[str] = Counter()
        self.raw_error_ns: int | None = None

    @property
    def due_ns(self) -> int:
        """Never."""
        return _NEVER_NS

    def receive(self, message: Message, arrival: Arrival) -> tuple[Outgoing, ...]:
        """Count it, and look at the time in it, to the precision that a path delay of some ms leaves."""
        if message.domain != self._domain:
            return ()
        counted = self.unicast if Flag.UNICAST in message.flags else self.multicast
        counted[message.type.label] += 1
        body = message.body
        two_step = Flag.TWO_STEP in message.flags
        if isinstance(body, FollowUp) or (isinstance(body, Sync) and not two_step):
            utc_ns = time.time_ns() - (monotonic_ns() - arrival.stamp_ns)
            self.raw_error_ns = utc_ns - body.origin_ns
        return ()

    def sent(self, message: Message, departure: Departure) -> tuple[Outgoing, ...]:  # noqa: ARG002  a role's signature
        """Nothing of it matters."""
        return ()

    def tick(self, now_ns: int) -> tuple[Outgoing, ...]:  # noqa: ARG002  a role's signature
        """Nothing to do."""
        return ()


def listen_to_ptp(interface: Interface, clock: ClockSettings, seconds: float) -> PtpFacts:
    """Blocks for ``seconds``. Sends what any follower sends: delay requests."""
    daemon = Daemon(clock.ptp4l_socket, clock.domain)
    try:
        # The interface's own stamps would stay switched on: the kernel's are good enough here.
        node = PtpNode(interface, clock.domain, partial(open_ptp_port, hardware=False))
    except MachineError as refused:
        daemon.ask_until(time.monotonic() + _DAEMON_S)
        return PtpFacts(interface.name, clock.domain, seconds, refused=str(refused), daemon=daemon.facts())
    tap = Tap(clock.domain)
    try:
        node.start()
        node.add(tap)
        provider = BuiltinPtpProvider(node, FollowerSettings(domain=clock.domain))
        daemon.ask_until(time.monotonic() + seconds)
        reading = provider.poll()
        masters = node.masters()
        provider.close()
    finally:
        node.close()
    return PtpFacts(
        interface=interface.name,
        domain=clock.domain,
        seconds=seconds,
        masters=masters,
        multicast=dict(tap.multicast),
        unicast=dict(tap.unicast),
        locked=reading.state == "locked",
        why=reading.why,
        accuracy_ns=reading.accuracy_ns,
        raw_error_s=None if tap.raw_error_ns is None else tap.raw_error_ns / NS_PER_S,
        daemon=daemon.facts(),
    )


class Daemon:
    """A PTP daemon on this computer, if there is one. One thread."""

    def __init__(self, path: str, domain: int) -> None:
        self._path = path
        self._domain = domain
        self._view: DaemonView | None = None

    def ask_until(self, until_s: float) -> None:
        """Ask it all the time; blocks, also where there is none."""
        client = Ptp4lClient(self._path, self._domain)
        try:
            while time.monotonic() < until_s:
                self._view = client.poll(monotonic_ns())
                time.sleep(_LOOK_EVERY_S)
        finally:
            client.close()

    def facts(self) -> DaemonFacts | None:
        """What it answered; ``None`` if nothing, and no grandmaster of ours runs here."""
        view = self._view
        if view is None or view.link in {"absent", "silent"}:
            return DaemonFacts("grandmaster") if is_grandmaster_here() else None
        if view.other_domain is not None:
            return DaemonFacts("other", self._path, domain=view.other_domain)
        if view.link == "forbidden":
            return DaemonFacts("forbidden", self._path)
        if view.link != "answers" or view.own is None or view.parent is None:
            return None
        states = set(view.ports.values())
        identity = view.parent.grandmaster
        leads = bool(states & _LEADING) and view.own.identity == identity
        role: Role = "grandmaster" if leads else "follower" if states & _FOLLOWING else "other"
        return DaemonFacts(role, self._path, str(identity), view.own.domain)
