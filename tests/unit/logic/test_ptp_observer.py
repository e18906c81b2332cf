"""What is shown of the PTP traffic."""

from __future__ import annotations

from aes67_sender.logic.ptp.observer import Observer
from aes67_sender.units import NS_PER_S
from aes67_sender.wire.ptp import Message, Version1Message
from aes67_sender.wire.ptp_messages import MessageType, Sync
from aes67_sender.wire.ptp_types import ClockIdentity, PortIdentity
from support.ptp_world import START_NS, Master, port


def at(seconds: float) -> int:
    return START_NS + round(seconds * NS_PER_S)


def announce(number: int, *, domain: int = 0, log_announce: int = 1) -> Message:
    return Master(port(number), domain=domain, log_announce=log_announce).announce(0)


def seen(observer: Observer, seconds: float) -> list[tuple[int, str]]:
    return [(each.domain, each.grandmaster[-2:]) for each in observer.masters(at(seconds))]


def test_masters_of_every_domain_are_shown_the_own_first() -> None:
    observer = Observer(5)
    for number, domain in ((1, 0), (2, 127), (3, 5)):
        observer.see(announce(number, domain=domain), "10.0.0.1", at(0))
    assert seen(observer, 1) == [(5, "03"), (0, "01"), (127, "02")]


def test_a_master_is_shown_as_it_announces_itself() -> None:
    observer = Observer(0)
    observer.see(Master(port(1), priority1=7, steps_removed=2).announce(0), "10.0.0.9", at(0))
    (status,) = observer.masters(at(0))
    assert (status.grandmaster, status.address) == ("00-1d-c1-ff-fe-00-00-01", "10.0.0.9")
    assert (status.priority1, status.priority2, status.clock_class, status.steps_removed) == (7, 128, 248, 2)


def test_a_master_that_falls_silent_is_shown_for_ten_seconds() -> None:
    observer = Observer(0)
    observer.see(announce(1), "10.0.0.1", at(0))
    observer.see(announce(2), "10.0.0.1", at(3))
    assert seen(observer, 10) == [(0, "01"), (0, "02")]
    assert seen(observer, 10.1) == [(0, "02")]
    assert seen(observer, 13.1) == []


def test_a_master_that_announces_itself_rarely_does_not_flicker() -> None:
    observer = Observer(0)
    observer.see(announce(1, log_announce=4), "10.0.0.1", at(0))
    assert seen(observer, 40) == [(0, "01")]
    assert seen(observer, 48.1) == []


def test_version_1_is_shown_with_a_note() -> None:
    observer = Observer(0)
    observer.see_version_1(Version1Message("00-1d-c1-12-34-56", "_DFLT", 0), "10.0.0.1", at(0))
    observer.see_version_1(Version1Message("00-1d-c1-12-34-99", "_DFLT", 1), "10.0.0.2", at(0))
    (status,) = observer.masters(at(0))
    assert (status.version, status.grandmaster) == (1, "00-1d-c1-12-34-56")
    assert "version 1" in status.note


def test_messages_of_the_own_domain_are_counted_over_the_last_seconds() -> None:
    observer = Observer(0)
    for number in range(80):
        observer.see(Message(Sync(), port(1), 0, number), "10.0.0.1", at(number / 8))
        observer.see(Message(Sync(), port(1), 9, number), "10.0.0.1", at(number / 8))
    assert observer.seen_per_second(at(10)) == {"Sync": 8.0}
    observer.sent(MessageType.DELAY_REQ, at(9.5))
    assert observer.sent_per_second(at(10.2)) == {"Delay_Req": 1.0}
    assert observer.sent_per_second(at(15.2)) == {}
    assert observer.seen_per_second(at(16)) == {}


def test_in_the_first_seconds_rates_are_not_too_low() -> None:
    observer = Observer(0)
    assert observer.seen_per_second(at(0)) == {}
    for number in range(16):
        observer.see(Message(Sync(), port(1), 0, number), "10.0.0.1", at(number / 8))
    assert observer.seen_per_second(at(2)) == {"Sync": 8.0}


def test_strangers_do_not_fill_the_memory() -> None:
    observer = Observer(0)
    for number in range(1000):
        clock = ClockIdentity(number.to_bytes(8, "big"))
        observer.see(Master(PortIdentity(clock, 1)).announce(0), "10.0.0.1", at(number / 1000))
        observer.see_version_1(Version1Message(f"{number}", "_DFLT", 0), "10.0.0.1", at(number / 1000))
    assert len(observer.masters(at(1))) == 64
