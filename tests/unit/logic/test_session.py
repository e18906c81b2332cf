"""Session ids stay, versions grow with every change and with nothing else."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from aes67_sender.logic.session import ClockReference, Origin, SdpBook, Session, ntp_seconds, session_id

if TYPE_CHECKING:
    from aes67_sender.model.packet import Encoding

GM1, GM2 = "00-1d-c1-ff-fe-00-00-01", "00-1d-c1-ff-fe-00-00-02"
ORIGIN = Origin("192.168.1.20", "02:fc:00:00:00:01", "dante")
T0 = 1_795_390_000.7


@dataclass(frozen=True, slots=True)
class Stream:
    id: str
    name: str = "A"
    address: str = "239.69.1.1"
    port: int = 5004
    encoding: Encoding = "L24"
    rate: int = 48_000
    packet_time_us: int = 1000
    payload_type: int = 97
    ttl: int = 32
    channels: tuple[int, ...] = (1, 2)
    channel_names: tuple[str, ...] = ()


class Run:
    """A sender's life, its clock moved by hand."""

    def __init__(self) -> None:
        self.book = SdpBook()
        self.streams = [Stream("s1"), Stream("s2", address="239.69.1.2")]

    def at(
        self, unix_s: float, grandmaster: str | None, domain: int = 0, origin: Origin = ORIGIN, epoch: int = 1
    ) -> list[Session]:
        return self.book.update(self.streams, origin, ClockReference(grandmaster, domain, epoch), unix_s=unix_s)


def test_first_update_gives_every_session() -> None:
    run = Run()
    changed = run.at(T0, GM1)
    assert [(each.stream_id, each.revision) for each in changed] == [("s1", 1), ("s2", 1)]
    assert {each.description.version for each in changed} == {ntp_seconds(T0)}
    assert f"o=- {session_id('192.168.1.20', run.streams[0])} 4004378800 IN IP4 192.168.1.20\r\n" in changed[0].text


def test_nothing_changes_nothing() -> None:
    run = Run()
    first = run.at(T0, GM1)
    assert run.at(T0 + 100, GM1) == []
    assert list(run.book.sessions.values()) == first


def test_another_grandmaster_is_another_version() -> None:
    run = Run()
    run.at(T0, GM1)
    changed = run.at(T0 + 60, GM2)
    assert [each.revision for each in changed] == [2, 2]
    assert changed[0].description.version == ntp_seconds(T0 + 60)
    assert GM2.upper() in changed[0].text


def test_a_new_epoch_is_another_version_even_of_the_same_words() -> None:
    run = Run()
    before = run.at(T0, GM1)
    changed = run.at(T0 + 60, GM1, epoch=2)
    assert [each.revision for each in changed] == [2, 2]
    assert changed[0].description.version > before[0].description.version
    assert run.at(T0 + 61, GM1, epoch=2) == []


def test_losing_the_clock_names_no_grandmaster() -> None:
    run = Run()
    run.at(T0, GM1)
    changed = run.at(T0 + 60, None)
    assert "a=ts-refclk:localmac=02-FC-00-00-00-01\r\na=mediaclk:sender\r\n" in changed[0].text
    assert "IEEE1588" not in changed[0].text


def test_versions_grow_within_a_second_and_when_wall_time_steps_back() -> None:
    run = Run()
    versions = [
        run.at(time_s, grandmaster)[0].description.version
        for time_s, grandmaster in [(T0, GM1), (T0, GM2), (T0 - 3600, GM1), (T0, GM2)]
    ]
    assert versions == sorted(set(versions))


def test_only_the_edited_stream_changes() -> None:
    run = Run()
    run.at(T0, GM1)
    run.streams[1] = replace(run.streams[1], name="B")
    assert [each.stream_id for each in run.at(T0 + 1, GM1)] == ["s2"]


def test_a_removed_stream_is_forgotten() -> None:
    run = Run()
    run.at(T0, GM1)
    run.streams.pop()
    assert run.at(T0 + 1, GM1) == []
    assert list(run.book.sessions) == ["s1"]


def test_a_restart_keeps_ids_and_raises_versions() -> None:
    before, after = Run().at(T0, GM1), Run().at(T0 + 5, GM1)
    for old, new in zip(before, after, strict=True):
        assert new.description.session_id == old.description.session_id
        assert new.description.version > old.description.version


def test_session_ids_differ_and_fit_32_bits() -> None:
    ids = {session_id(f"10.0.0.{host}", Stream(f"s{number}")) for host in range(1, 20) for number in range(64)}
    assert len(ids) == 19 * 64
    assert all(0 < each < 1 << 32 for each in ids)


def test_domain_and_address_belong_to_the_text() -> None:
    run = Run()
    run.at(T0, GM1)
    assert len(run.at(T0 + 1, GM1, domain=127)) == 2
    moved = run.at(T0 + 2, GM1, domain=127, origin=replace(ORIGIN, address="192.168.1.21"))
    assert len(moved) == 2
    assert "IN IP4 192.168.1.21\r\n" in moved[0].text
