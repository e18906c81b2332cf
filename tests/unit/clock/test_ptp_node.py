"""The thread between port and roles."""

from __future__ import annotations

import queue
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

from aes67_sender.engine.clock.ptp_node import PtpNode
from aes67_sender.model.ptp import Arrival, Departure, Outgoing
from aes67_sender.monotonic import monotonic_ns
from aes67_sender.net.interfaces import chosen_interface
from aes67_sender.units import NS_PER_S
from aes67_sender.wire.ptp import Message, encode
from aes67_sender.wire.ptp_messages import DelayReq, Sync
from support.ptp_world import OURS, Master, port
from support.waiting import wait_until

if TYPE_CHECKING:
    import pytest

    from aes67_sender.model.ptp import StampKind
    from aes67_sender.net.ptp.port import PtpPort


@dataclass
class FakePort:
    """What is put into ``inbox`` arrives; what is sent leaves at once."""

    clock_identity = OURS.clock
    kind: StampKind = "kernel"
    problems = ()
    inbox: queue.SimpleQueue[Arrival | Departure | None] = field(default_factory=queue.SimpleQueue)
    sent: list[bytes] = field(default_factory=list)
    closed: bool = False

    def receive(self, timeout_s: float) -> list[Arrival | Departure]:
        try:
            record = self.inbox.get(timeout=timeout_s)
        except queue.Empty:
            return []
        return [record] if record else []

    def send(self, octets: bytes, *, event: bool, peer: bool = False, to: str | None = None) -> bool:
        assert not peer
        assert to is None
        self.sent.append(octets)
        if event:
            self.inbox.put(Departure(octets, monotonic_ns(), "kernel"))
        return True

    def wake(self) -> None:
        self.inbox.put(None)

    def close(self) -> None:
        self.closed = True

    def arrive(self, message: Message) -> None:
        self.inbox.put(Arrival(encode(message), monotonic_ns(), "10.0.0.1", message.type.is_event, "kernel"))


@dataclass
class FakeRole:
    """Answers each Sync with a question, and fails if it is told to."""

    faults: int = 0
    heard: list[Message] = field(default_factory=list)
    left: list[Message] = field(default_factory=list)
    ticks: int = 0
    due_ns: int = 1 << 62

    def receive(self, message: Message, _arrival: Arrival) -> tuple[Outgoing, ...]:
        if self.faults:
            self.faults -= 1
            raise RuntimeError("a bug")
        self.heard.append(message)
        return (Outgoing(Message(DelayReq(), OURS, 0, 1)),) if isinstance(message.body, Sync) else ()

    def sent(self, message: Message, _departure: Departure) -> tuple[Outgoing, ...]:
        self.left.append(message)
        return ()

    def tick(self, now_ns: int) -> tuple[Outgoing, ...]:
        self.ticks += 1
        self.due_ns = now_ns + 3600 * NS_PER_S
        return ()


def node_at(fake: FakePort) -> PtpNode:
    return PtpNode(chosen_interface("lo", "127.0.0.1"), 0, lambda _interface: cast("PtpPort", fake))


def test_what_arrives_is_seen_and_what_is_said_leaves_and_is_counted() -> None:
    fake, role = FakePort(), FakeRole()
    node = node_at(fake)
    node.start()
    try:
        node.add(role)
        fake.arrive(Master(port(1)).announce(0))
        fake.arrive(Message(Sync(), port(1), 0, 1))
        wait_until(lambda: role.left)
        assert [message.type.label for message in role.heard] == ["Announce", "Sync"]
        assert [master.grandmaster for master in node.masters()] == [str(port(1).clock)]
        fake.inbox.put(Arrival(b"garbage", monotonic_ns(), "10.0.0.1", event=True, kind="kernel"))
        node.remove(role)
        fake.arrive(Message(Sync(), port(1), 0, 2))
        wait_until(fake.inbox.empty)
        assert len(fake.sent) == 1
    finally:
        node.close()
    assert fake.closed


def test_a_role_that_is_due_has_its_turn() -> None:
    fake, role = FakePort(), FakeRole(due_ns=0)
    node = node_at(fake)
    node.start()
    try:
        node.add(role)
        wait_until(lambda: role.ticks)
        assert role.ticks == 1
    finally:
        node.close()


def test_a_message_that_makes_a_role_fail_costs_no_other_and_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    fake, role = FakePort(), FakeRole(faults=20)
    node = node_at(fake)
    node.start()
    try:
        node.add(role)
        for sequence in range(21):
            fake.arrive(Message(Sync(), port(1), 0, sequence))
        wait_until(lambda: role.heard)
        assert [message.sequence for message in role.heard] == [20]
    finally:
        node.close()
    assert len([each for each in caplog.records if each.exc_info]) == 1


def test_it_ends_within_a_moment_also_twice_and_before_it_began() -> None:
    fake = FakePort()
    node = node_at(fake)
    node.start()
    begun_ns = monotonic_ns()
    node.close()
    node.close()
    assert monotonic_ns() - begun_ns < 10 * NS_PER_S
    never = FakePort()
    node_at(never).close()
    assert never.closed
