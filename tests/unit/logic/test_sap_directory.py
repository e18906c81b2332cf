"""What is remembered of announced sessions, and for how long."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aes67_sender.logic.sap_directory import Limits, SapDirectory
from support.sap_sessions import HERE, THERE, description, packet

A1, A2 = description("A", version=1), description("A", version=2, address="239.69.7.2")


class Group:
    """A directory and its time."""

    def __init__(self, limits: Limits | None = None) -> None:
        self.directory = SapDirectory(limits or Limits())
        self.now_s = 1000.0

    def hear(self, text: str, number: int = 7, *, origin: str = THERE, times: int = 1, every_s: float = 0.0) -> None:
        for _ in range(times):
            self.directory.hear(packet(text, number, origin=origin), self.now_s)
            self.now_s += every_s

    def delete(self, text: str, number: int = 7, *, origin: str = THERE) -> None:
        self.directory.hear(packet(text, number, message="delete", origin=origin), self.now_s)

    def names(self) -> list[str]:
        self.directory.expire(self.now_s)
        return [f"{session.name}{session.version}" for session in self.directory.sessions(self.now_s)]


@pytest.fixture
def group() -> Group:
    return Group()


def test_a_session_is_told_with_all_its_description_says(group: Group) -> None:
    group.hear(A1)
    group.now_s += 2
    (session,) = group.directory.sessions(group.now_s)
    assert (session.name, session.origin, session.address, session.port) == ("A", THERE, "239.69.7.1", 5004)
    assert (session.format, session.packet_time_ms, session.sources) == ("L24/48000/2", 1.0, ("sap",))
    assert session.clock == "ptp=IEEE1588-2008:00-1D-C1-FF-FE-12-34-56:0"
    assert (session.age_s, session.ours, session.sdp) == (2.0, False, A1)


def test_our_own_session_is_known_by_its_identity(group: Group) -> None:
    group.hear(A1)
    group.hear(description("B", session_id=2), 8)
    mine = group.directory.sessions(group.now_s)[0].identity
    assert [session.ours for session in group.directory.sessions(group.now_s, {mine})] == [True, False]


def test_a_newer_version_replaces_the_older_and_an_older_that_comes_late_does_not(group: Group) -> None:
    group.hear(A1, 7)
    group.hear(A2, 8)
    group.hear(A1, 7)
    assert group.names() == ["A2"]
    assert group.directory.sessions(group.now_s)[0].address == "239.69.7.2"


def test_a_device_that_lost_its_clock_is_believed_when_the_newer_version_has_been_silent(group: Group) -> None:
    group.hear(A2, 8, times=3, every_s=30)
    group.now_s += 100
    group.hear(A1, 7)
    assert group.names() == ["A1"]


def test_a_changed_text_under_the_old_hash_is_read_all_the_same(group: Group) -> None:
    group.hear(A1, 7)
    group.hear(A2, 7)
    assert group.names() == ["A2"]


def test_a_deletion_ends_a_session(group: Group) -> None:
    group.hear(A1)
    group.delete(A1)
    assert group.names() == []
    assert group.directory.count == 0


def test_a_deletion_may_name_the_origin_only(group: Group) -> None:
    group.hear(A1)
    group.delete("o=- 1 1 IN IP4 192.168.1.77\r\n")
    assert group.names() == []


def test_nobody_else_can_delete_a_session(group: Group) -> None:
    group.hear(A1)
    group.delete(A1, origin=HERE)
    group.delete(A1, 0, origin=HERE)
    assert group.names() == ["A1"]


def test_the_deletion_of_an_old_version_that_comes_late_leaves_the_new_one(group: Group) -> None:
    group.hear(A1, 7)
    group.hear(A2, 8)
    group.delete(A1, 7)
    assert group.names() == ["A2"]
    group.delete(A2, 8)
    assert group.names() == []


def test_a_hash_of_0_says_nothing_so_the_description_does(group: Group) -> None:
    group.hear(A1, 0)
    group.hear(description("B", session_id=2), 0)
    assert group.names() == ["A1", "B1"]
    group.delete(A1, 0)
    assert group.names() == ["B1"]


def test_two_sessions_of_one_device_under_one_hash_are_both_known(group: Group) -> None:
    group.hear(A1, 7)
    group.hear(description("B", session_id=2), 7)
    group.hear(A1, 7)
    assert group.names() == ["A1", "B1"]


def test_one_session_announced_by_two_addresses_is_one(group: Group) -> None:
    group.hear(A1, origin=THERE)
    group.hear(A1, origin=HERE)
    assert group.names() == ["A1"]
    group.delete(A1, origin=THERE)
    assert group.names() == ["A1"]


def test_devices_that_all_have_the_same_identity_are_told_apart(group: Group) -> None:
    group.hear(description("X", session_id=0, origin="127.0.0.1", address="239.69.1.1"), origin=HERE)
    group.hear(description("Y", session_id=0, origin="127.0.0.1", address="239.69.1.2"), origin=THERE)
    assert group.names() == ["X1", "Y1"]


@pytest.mark.parametrize(
    ("every_s", "times", "life_s"),
    [
        pytest.param(0, 1, 900, id="heard once: it may come every 400 s"),
        pytest.param(5, 10, 300, id="every 5 s"),
        pytest.param(30, 10, 300, id="every 30 s"),
        pytest.param(60, 10, 600, id="every minute"),
        pytest.param(400, 10, 3600, id="as the standard has it"),
    ],
)
def test_a_session_is_forgotten_after_ten_of_its_periods_within_reason(
    group: Group, every_s: float, times: int, life_s: float
) -> None:
    group.hear(A1, times=times, every_s=every_s)
    group.now_s += life_s - every_s - 1
    assert group.names() == ["A1"]
    group.now_s += 2
    assert group.names() == []
    assert group.directory.count == 0


def test_a_device_that_begins_quickly_and_goes_on_slowly_is_not_forgotten(group: Group) -> None:
    group.hear(A1, times=3, every_s=1)
    for _ in range(5):
        group.now_s += 400
        assert group.names() == ["A1"]
        group.hear(A1)


def test_packets_that_are_of_no_use_are_counted(group: Group) -> None:
    directory = group.directory
    directory.hear(replace(packet(A1), payload_type="text/plain"), 0.0)
    directory.hear(replace(packet(A1), encrypted=True, payload_type=None), 0.0)
    directory.hear(packet("hello"), 0.0)
    directory.hear(packet(A1 + "a=x\r\n" * 2000), 0.0)
    directory.hear(packet("hello", message="delete"), 0.0)
    assert (directory.refused, directory.count) == (4, 0)


def test_a_flood_pushes_out_nothing_that_is_announced_time_and_again() -> None:
    group = Group(Limits(sessions=4, candidates=8))
    for _ in range(2):
        group.hear(A1)
        group.hear(description("B", session_id=2), 8)
    for number in range(1000):
        group.hear(description("flood", session_id=number + 10), 9, origin=f"10.1.{number // 250}.{number % 250}")
    assert group.directory.count == 10
    assert {"A1", "B1"} <= set(group.names())
    assert group.directory.refused == 992
    # A device that comes while the flood lasts is known at once, and stays when it is heard again.
    group.hear(description("C", session_id=3), 10)
    group.hear(description("C", session_id=3), 10)
    for number in range(20):
        group.hear(description("flood", session_id=number + 10), 9, origin="10.9.9.9")
    assert {"A1", "B1", "C1"} <= set(group.names())


def test_a_flood_of_repeated_sessions_ends_at_the_limit() -> None:
    group = Group(Limits(sessions=4, candidates=8))
    for _ in range(3):
        for number in range(50):
            group.hear(description("flood", session_id=number), number + 1)
    assert group.directory.count <= 12
    assert group.directory.octets <= 12 * 400


EVENTS = st.tuples(
    st.sampled_from(["hear", "delete", "wait"]),
    st.integers(0, 3),
    st.integers(1, 3),
    st.integers(0, 2),
    st.sampled_from([HERE, THERE]),
)


@given(st.lists(EVENTS, max_size=40))
def test_whatever_happens_the_bounds_hold_and_the_hashes_fit(events: list[tuple[str, int, int, int, str]]) -> None:
    group = Group(Limits(sessions=2, candidates=1))
    for kind, session_id, version, number, origin in events:
        text = description("X", session_id=session_id, version=version)
        match kind:
            case "hear":
                group.hear(text, number, origin=origin)
            case "delete":
                group.delete(text, number, origin=origin)
            case _:
                group.now_s += 200 * number
        names = group.names()
        assert len(names) <= group.directory.count <= 3
    group.now_s += 10_000
    assert group.names() == []
    assert group.directory.count == 0
    assert group.directory.octets == 0
