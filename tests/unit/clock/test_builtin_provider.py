"""What the built-in follower tells of itself: state, accuracy, and a sentence for the user."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from random import Random
from typing import TYPE_CHECKING, cast

import pytest

from aes67_sender.engine.clock import builtin
from aes67_sender.engine.clock.builtin import BuiltinPtpProvider
from aes67_sender.logic.ptp import follower
from aes67_sender.logic.ptp.follower import FollowerSettings
from aes67_sender.logic.ptp.observer import Observer
from aes67_sender.net.interfaces import chosen_interface
from aes67_sender.units import NS_PER_S
from aes67_sender.wire.ptp import Version1Message
from support.ptp_world import OURS, Master, Path, World, port

if TYPE_CHECKING:
    from aes67_sender.engine.clock.ptp_node import PtpNode
    from aes67_sender.logic.ptp.follower import Follower
    from aes67_sender.model.clock import ClockReading
    from aes67_sender.model.ptp import StampKind
    from aes67_sender.model.snapshot import MasterStatus
    from aes67_sender.wire.ptp_types import PortIdentity

KERNEL_NS = 1_000


@dataclass
class FakeNode:
    """Stands between a provider and a world."""

    world: World
    stamp_kind: StampKind = "kernel"
    domain: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)
    interface: object = field(default_factory=lambda: chosen_interface("lo", "127.0.0.1"))
    observer: Observer = field(default_factory=lambda: Observer(0))

    def new_port_identity(self, _number: int | None = None) -> PortIdentity:
        return OURS

    def add(self, role: Follower) -> None:
        self.world.follower = role

    def remove(self, _role: Follower) -> None:
        self.world.deaf = True

    def masters(self) -> tuple[MasterStatus, ...]:
        return self.observer.masters(self.world.now_ns)


@dataclass
class Bench:
    world: World
    node: FakeNode
    provider: BuiltinPtpProvider

    def after(self, seconds: float) -> ClockReading:
        self.world.run(seconds)
        return self.provider.poll()


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> Bench:
    world = World()
    monkeypatch.setattr(builtin, "monotonic_ns", lambda: world.now_ns)
    # When a question is asked decides which delay it meets: the same on every run.
    monkeypatch.setattr(follower, "Random", lambda: Random(1))
    node = FakeNode(world)
    return Bench(world, node, BuiltinPtpProvider(cast("PtpNode", node), FollowerSettings()))


def test_a_reading_in_lock_has_time_rate_and_an_honest_accuracy(bench: Bench) -> None:
    master = bench.world.add(Master(port(1), Path(40_000, 40_000, queue_us=5), rate_ppm=12.0, steps_removed=2))
    reading = bench.after(20)
    assert (reading.state, reading.grandmaster, reading.steps_removed) == ("locked", str(port(1).clock), 3)
    assert reading.media_ns is not None
    assert reading.accuracy_ns is not None
    assert abs(reading.media_ns - master.at(reading.monotonic_ns)) < reading.accuracy_ns < 20_000
    assert reading.accuracy_ns > KERNEL_NS
    assert reading.rate_ppm == pytest.approx(12.0, abs=0.5)
    assert reading.path_delay_ns == pytest.approx(42_000, abs=5_000)
    assert (reading.timestamping, reading.why) == (
        "kernel",
        "This program follows grandmaster 00-1d-c1-ff-fe-00-00-01 on lo, domain 0, with time stamps by the kernel.",
    )


def test_accuracy_fades_between_rare_syncs(bench: Bench) -> None:
    bench.world.add(Master(port(1), Path(queue_us=2), log_sync=3))
    bench.after(100)
    (early, late) = (bench.after(0.1), bench.after(7))
    assert early.accuracy_ns is not None
    assert late.accuracy_ns is not None
    assert late.accuracy_ns != early.accuracy_ns


def test_a_delay_that_nobody_tells_is_said_and_counts_as_a_millisecond(bench: Bench) -> None:
    bench.world.add(Master(port(1), answers=False))
    reading = bench.after(10)
    assert reading.state == "locked"
    assert reading.why.endswith("It answers no delay request: the path delay is taken for zero.")
    assert reading.accuracy_ns is not None
    assert reading.accuracy_ns > 1_000_000


def test_a_master_that_ceases_to_answer_is_told_of(bench: Bench) -> None:
    master = bench.world.add(Master(port(1)))
    bench.after(10)
    master.answers = False
    reading = bench.after(20)
    assert reading.state == "locked"
    assert reading.why.endswith("It answers delay requests no more: the path delay is taken for what it was.")


def test_silence_has_its_reasons(bench: Bench) -> None:
    assert bench.after(1).why.startswith("No PTP master is heard on lo, domain 0:")
    v1 = Version1Message("00-1d-c1-12-34-56", "_DFLT", 0)
    bench.node.observer.see_version_1(v1, "10.0.0.1", bench.world.now_ns)
    assert bench.after(0).why.startswith("Only PTP version 1 is heard on lo")
    bench.node.observer.see(Master(port(1), domain=127).announce(0), "10.0.0.1", bench.world.now_ns)
    reading = bench.after(0)
    assert (reading.state, reading.media_ns) == ("listening", None)
    assert reading.why == "A master is on domain 127, this sender listens on domain 0."


def test_half_a_master_is_told_which_half_is_missing(bench: Bench) -> None:
    master = bench.world.add(Master(port(1), announces=False))
    assert "no Announce" in bench.after(3).why
    master.announces = True
    assert bench.after(3).state == "locked"
    master.syncs = False
    reading = bench.after(5)
    assert reading.state == "holdover"
    assert reading.why.endswith("announces itself, but its Syncs do not arrive.")


def test_an_unanswered_question_is_told_of(bench: Bench) -> None:
    bench.world.add(Master(port(1), answers=False))
    reading = bench.after(1.4)
    assert (reading.state, reading.media_ns) == ("locking", None)
    assert reading.why == "A master is heard on lo, domain 0, but it has not answered a delay request yet."


def test_an_uneven_network_is_told_of(bench: Bench) -> None:
    bench.world.add(Master(port(1), Path(queue_us=3_000)))
    readings = [bench.after(0.25) for _ in range(40)]
    uneven = [each for each in readings if "packets take so unevenly long that its time is known to" in each.why]
    assert uneven
    assert {(each.state, each.media_ns) for each in uneven} == {("locking", None)}


def test_a_jump_is_told_of_until_it_is_over(bench: Bench) -> None:
    master = bench.world.add(Master(port(1)))
    bench.after(10)
    master.answers = False
    master.ahead_ns = NS_PER_S
    assert bench.after(0.6).why.endswith("jumped and is settling.")
    master.answers = True
    bench.after(5)
    master.announces = master.syncs = False
    reading = bench.after(10)
    assert reading.state == "holdover"
    assert reading.why == "Nothing is heard from the grandmaster on lo, domain 0 any more; the media clock runs on."


def test_who_is_closed_hears_no_more(bench: Bench) -> None:
    bench.world.add(Master(port(1)))
    bench.provider.close()
    bench.provider.close()
    assert bench.after(5).state == "listening"
