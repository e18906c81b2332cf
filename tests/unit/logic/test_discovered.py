"""Discovered sessions as one list, its changes, and who sends where we send."""

from __future__ import annotations

from dataclasses import replace

import pytest

from aes67_sender.logic.discovered import changes, collisions, free_address, merge
from aes67_sender.model.session import Destination, DiscoveredSession

A = DiscoveredSession(
    identity="- 1 IN IP4 192.168.1.77",
    version=1,
    name="Stage",
    origin="192.168.1.77",
    address="239.69.7.1",
    port=5004,
    destinations=(Destination("239.69.7.1", 5004),),
    format="L24/48000/2",
    packet_time_ms=1.0,
    clock="",
    sources=("sap",),
    age_s=3.0,
    ours=False,
    sdp="",
)
B = replace(A, identity="- 2 IN IP4 192.168.1.77", name="booth", address="239.69.7.2", destinations=())


def test_what_two_sources_tell_of_a_session_is_told_once_of_its_newest_version() -> None:
    by_mdns = replace(A, version=2, sources=("mdns",), age_s=1.0)
    assert merge([A, B], [by_mdns]) == (B, replace(by_mdns, sources=("sap", "mdns"), age_s=1.0))
    assert merge([by_mdns], [A]) == (replace(by_mdns, sources=("sap", "mdns")),)
    assert merge() == ()


def test_a_watcher_is_told_what_appears_changes_and_goes() -> None:
    assert [(change.kind, change.session) for change in changes([], [A])] == [("appeared", A)]
    assert [(change.kind, change.session) for change in changes([A], [])] == [("gone", A)]
    renamed = replace(A, name="Stage left", version=2)
    assert [(change.kind, change.session) for change in changes([A, B], [B, renamed])] == [("changed", renamed)]


def test_growing_older_is_no_change() -> None:
    assert changes([A], [replace(A, age_s=99.0)]) == ()


def test_a_session_that_moves_to_another_address_has_changed() -> None:
    moved = replace(A, address="239.69.9.9", version=2)
    assert [(change.kind, change.session) for change in changes([A, B], [moved, B])] == [("changed", moved)]


def test_a_foreign_session_on_our_address_is_named_with_its_origin_and_a_free_address() -> None:
    ours = {"s1": [Destination("239.69.7.1", 5004)], "s2": [Destination("239.69.7.2", 5004)]}
    (problem,) = collisions(ours, [A])
    assert (problem.code, problem.severity, problem.path) == ("sap.address-in-use", "error", "streams.s1")
    assert "Stage of 192.168.1.77" in problem.text
    assert "239.69.7.1, port 5004" in problem.text
    assert "239.69.7.3" in problem.hint


@pytest.mark.parametrize(
    "session", [replace(A, ours=True), replace(A, destinations=(Destination("239.69.7.1", 5006),))]
)
def test_our_own_session_and_another_port_are_no_collision(session: DiscoveredSession) -> None:
    assert collisions({"s1": [Destination("239.69.7.1", 5004)]}, [session]) == ()


def test_a_flood_of_sessions_on_our_address_is_named_in_part_and_counted() -> None:
    flood = [replace(A, identity=f"- {number} IN IP4 192.168.1.77") for number in range(1000)]
    problems = collisions({"s1": [Destination("239.69.7.1", 5004)]}, flood)
    assert len(problems) == 4
    assert "997 more" in problems[-1].text
    assert {problem.path for problem in problems} == {"streams.s1"}


def test_the_second_copy_of_a_foreign_stream_collides_too() -> None:
    both = replace(A, destinations=(Destination("239.1.0.1", 5004), Destination("239.2.0.1", 5004)))
    (problem,) = collisions({"s1": [Destination("239.2.0.1", 5004)]}, [both])
    assert "239.2.0.1" in problem.text


@pytest.mark.parametrize(
    ("base", "taken", "free"),
    [
        ("239.69.1.1", (), "239.69.1.1"),
        ("239.69.1.1", ("239.69.1.1", "239.69.1.2"), "239.69.1.3"),
        ("239.69.1.254", ("239.69.1.254",), "239.69.2.1"),
        ("239.69.1.0", (), "239.69.1.1"),
        ("239.69.255.254", ("239.69.255.254",), "239.69.0.1"),
        ("239.69.1.1", [f"239.69.{high}.{low}" for high in range(256) for low in range(256)], None),
    ],
)
def test_a_free_address_is_the_next_within_the_same_prefix(base: str, taken: list[str], free: str | None) -> None:
    assert free_address(base, set(taken)) == free
